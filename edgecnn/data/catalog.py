"""Data sets by name or path: where each lies, and how it is fetched when it lies nowhere yet."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgecnn.data.cache import kept, key_of
from edgecnn.data.csv_lists import list_csv
from edgecnn.data.dataset import (
    Dataset,
    Pictures,
    RawDataset,
    check_classes,
    prepare,
    refuse_problems,
)
from edgecnn.data.folders import list_image_folder
from edgecnn.data.idx import FILES, is_idx_folder, read_idx_folder
from edgecnn.data.picture_files import FileList, outline, read_pictures
from edgecnn.errors import NotFound
from edgecnn.model.spec import Fit, ModelSpec

CONNECT_SECONDS, READ_SECONDS = 4, 30
"""Time-outs of a download: a network that is not there costs seconds."""

BUNDLED = "digits"


@dataclass(frozen=True)
class Download:
    """Where an MNIST-format data set is published, and the MD5 digests it is published with."""

    url: str
    md5: tuple[str, ...]
    """Of `FILES`, in order."""


# Source: torchvision.datasets.mnist of pytorch/vision.
DOWNLOADS = {
    "mnist": Download(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        (
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
    ),
    "fashion-mnist": Download(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        (
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
    ),
    "kmnist": Download(
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        (
            "bdb82020997e1d708af4cf47b453dcf7",
            "e144d726b3acfaa3e44228e80efcd344",
            "5c965bf0a639b31b8f53240b1b52f4d7",
            "7320c461ea6c1c855c0b718fb2a4b134",
        ),
    ),
}


@dataclass(frozen=True)
class InputOptions:
    """What the user asks of the input; zeros mean the data set's own."""

    size: int = 0
    """Height and width, pixels."""
    channels: int = 0
    fit: Fit = Fit.CROP

    def spec(self, raw: RawDataset) -> ModelSpec:
        """Return the spec of a model for this data set."""
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
    """Load a data set for a new model.

    Args:
        data: digits, mnist, fashion-mnist, kmnist, or the path of an IDX folder, an image folder or
            a CSV list of pictures.
        options: The input that the user asks for.
        train_size: Training pictures; the rest is for validation. 0: five sixths.
        strict: Refuse a data set with unusable files, instead of leaving them out.

    Raises:
        NotFound: It is nowhere, and cannot be downloaded.
        DataError: It is broken or unusable.
    """
    found = _find(data)
    raw = outline(found) if isinstance(found, FileList) else found
    check_classes(raw)
    spec = options.spec(raw)
    return _fitted(found, spec, train_size, strict=strict), spec


def load_as(data: str, spec: ModelSpec, train_size: int = 0, *, strict: bool = False) -> Dataset:
    """Load a data set for a model that is there already; its labels may be others.

    Raises what `load` raises.
    """
    return _fitted(_find(data), spec, train_size, strict=strict)


def read(data: str, *, strict: bool = False) -> RawDataset:
    """Read a data set as it lies there, every picture in its own size; raises what `load` raises.

    Photographs of full size fill the memory: `load` and `load_as` keep fitted ones only.
    """
    found = _find(data)
    raw = read_pictures(found) if isinstance(found, FileList) else found
    return _checked(raw, strict=strict)


def _find(data: str) -> RawDataset | FileList:
    """Return a small data set itself, or the list of its files."""
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

    dataset = kept(key_of(found, spec, train_size), make)
    if strict:
        refuse_problems(dataset.name, dataset.problems)
    return dataset


def _checked(raw: RawDataset, *, strict: bool) -> RawDataset:
    check_classes(raw)
    if strict:
        refuse_problems(raw.name, raw.problems)
    return raw


def locate(data: str) -> Path:
    """Return the folder or CSV file of a data set: a path, under EDGECNN_DATA, or in the cache.

    Raises:
        NotFound: It is nowhere, and cannot be downloaded.
    """
    from platformdirs import user_cache_path

    places = [Path(data)] if data else []
    if data and "EDGECNN_DATA" in os.environ:
        places.append(Path(os.environ["EDGECNN_DATA"]) / data)
    if data and data not in DOWNLOADS:  # a download may be half there
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


def download(name: str, source: Download) -> Path:
    """Fetch the files of a data set that the cache lacks, each checked against its digest.

    Raises:
        NotFound: A file cannot be fetched; what is complete stays.
    """
    import pooch
    from platformdirs import user_cache_path

    folder = user_cache_path("edgecnn") / name
    pooch.get_logger().setLevel("ERROR")
    # Unstreamed, since pooch leaves the connection of a refused stream open.
    fetch = pooch.HTTPDownloader(timeout=(CONNECT_SECONDS, READ_SECONDS), stream=False)
    for file, md5 in zip(FILES, source.md5, strict=True):
        try:
            pooch.retrieve(source.url + file, f"md5:{md5}", file, folder, downloader=fetch)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            raise NotFound(
                f"{name} is not on this machine and {source.url}{file} cannot be fetched: "
                f"{_root_cause(error)}",
                remedy=f"set EDGECNN_DATA to a folder that holds {name}/, or use --data {BUNDLED}",
            ) from error
    return folder


def _root_cause(error: BaseException) -> str:
    """Return what the system said, without the libraries' wrapping around it."""
    while error.__context__ is not None:
        error = error.__context__
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _read_bundled() -> RawDataset:
    """Return scikit-learn's 1,797 handwritten digits: 8x8 pixels of 17 grays, enlarged to 28x28.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI 1998.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    frames = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    pictures = Pictures(frames[..., None], bunch.target.astype(np.int64))
    return RawDataset(BUNDLED, tuple("0123456789"), (28, 28, 1), pictures)
