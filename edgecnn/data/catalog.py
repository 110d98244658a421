"""Data sets by name or path: where each is found, and how it is loaded for a model."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgecnn.data.cache import cache_key, cached
from edgecnn.data.csv_lists import list_csv
from edgecnn.data.dataset import (
    Dataset,
    Pictures,
    RawDataset,
    check_classes,
    prepare,
    refuse_problems,
)
from edgecnn.data.downloads import BUNDLED, DOWNLOADS, download
from edgecnn.data.folders import list_image_folder
from edgecnn.data.idx import is_idx_folder, read_idx_folder
from edgecnn.data.picture_files import FileList, outline, read_pictures
from edgecnn.errors import NotFound
from edgecnn.model.spec import Fit, ModelSpec


@dataclass(frozen=True)
class InputOptions:
    """The model input that the user asks for; a zero means the data set's default."""

    size: int = 0
    """Height and width, pixels."""
    channels: int = 0
    """1: gray. 3: BGR."""
    fit: Fit = Fit.CROP

    def spec(self, raw: RawDataset) -> ModelSpec:
        """Return the spec of a model for this data set; raises SpecError if it is impossible."""
        height, width, channels = raw.shape
        return ModelSpec(
            labels=raw.labels,
            height=self.size or height,
            width=self.size or width,
            channels=self.channels or channels,
            fit=self.fit,
        )


def load(
    data: str, options: InputOptions, train_size: int = 0, *, strict: bool = False
) -> tuple[Dataset, ModelSpec]:
    """Load a data set for a new model, fitted and split, with the spec of that model.

    Args:
        data: digits, mnist, fashion-mnist, kmnist, or the path of an IDX folder, an image folder or
            a CSV list of pictures.
        options: The input that the user asks for.
        train_size: Number of training pictures; the rest of the non-test pictures is for
            validation. 0: five sixths of them.
        strict: Refuse a data set with unusable files, instead of leaving them out.

    Raises:
        NotFound: The data set is not on this machine and cannot be downloaded.
        DataError: It is broken, or cannot be trained on.
        SpecError: The input asked for is impossible.
    """
    found = _find(data)
    raw = outline(found) if isinstance(found, FileList) else found
    check_classes(raw)
    spec = options.spec(raw)
    return _fitted(found, spec, train_size, strict=strict), spec


def load_as(data: str, spec: ModelSpec, train_size: int = 0, *, strict: bool = False) -> Dataset:
    """Load a data set for an existing model; the labels of the two may differ.

    Args:
        data: What `load` takes.
        spec: The model's input.
        train_size: As for `load`.
        strict: As for `load`.

    Raises what `load` raises.
    """
    return _fitted(_find(data), spec, train_size, strict=strict)


def read(data: str, *, strict: bool = False) -> RawDataset:
    """Read a data set as it is stored, each picture in its own size; raises what `load` raises.

    All pictures are in memory at full size; `load` and `load_as` hold the fitted ones only.
    """
    found = _find(data)
    raw = read_pictures(found) if isinstance(found, FileList) else found
    return _checked(raw, strict=strict)


def _find(data: str) -> RawDataset | FileList:
    """Return the raw data set if it is small; for picture files, only the list of them."""
    if data == BUNDLED:
        return _read_bundled()
    place = locate(data)
    if place.is_file():
        return list_csv(place, data)
    if is_idx_folder(place):
        return read_idx_folder(place, data)
    return list_image_folder(place, data)


def _fitted(
    found: RawDataset | FileList, spec: ModelSpec, train_size: int, *, strict: bool
) -> Dataset:
    if isinstance(found, RawDataset):
        return prepare(_checked(found, strict=strict), spec, train_size)

    def make() -> Dataset:
        check_classes(outline(found))
        raw = _checked(read_pictures(found, spec), strict=strict)
        return prepare(raw, spec, train_size)

    dataset = cached(cache_key(found, spec, train_size), make)
    if strict:
        refuse_problems(dataset.name, dataset.problems)
    return dataset


def _checked(raw: RawDataset, *, strict: bool) -> RawDataset:
    check_classes(raw)
    if strict:
        refuse_problems(raw.name, raw.problems)
    return raw


def locate(data: str) -> Path:
    """Return the folder or CSV file of a data set; downloads a published one that is missing.

    It is looked for as a path, then under EDGECNN_DATA, then in the user's cache folder.

    Raises:
        NotFound: It is in none of these places and cannot be downloaded.
    """
    from platformdirs import user_cache_path

    places = [Path(data)] if data else []
    if data and "EDGECNN_DATA" in os.environ:
        places.append(Path(os.environ["EDGECNN_DATA"]) / data)
    if data and data not in DOWNLOADS:  # a download may be incomplete
        places.append(user_cache_path("edgecnn") / data)
    found = next((place for place in places if place.is_dir() or _is_list(place)), None)
    if found is not None:
        return found
    if data in DOWNLOADS:
        return download(data, DOWNLOADS[data])
    raise NotFound(
        f"there is no data set {data!r}",
        remedy=f"give a folder, a .csv file, or one of: {', '.join([BUNDLED, *DOWNLOADS])}",
    )


def _is_list(place: Path) -> bool:
    return place.suffix.lower() == ".csv" and place.is_file()


def _read_bundled() -> RawDataset:
    """Return scikit-learn's 1,797 handwritten digits: 8x8 pixels of 17 grays, enlarged to 28x28.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI 1998.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    frames = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    pictures = Pictures(frames[..., None], bunch.target.astype(np.int64))
    return RawDataset(BUNDLED, tuple("0123456789"), (28, 28, 1), pictures)
