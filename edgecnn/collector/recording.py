"""A recording: the pictures that one start of `collect` keeps, and what is known of them."""

import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from edgecnn.atomic import write_atomic
from edgecnn.collector.filters import Filters
from edgecnn.collector.frame_quality import measure_quality
from edgecnn.collector.layout import RECORDINGS, Split, class_folder, pictures_in
from edgecnn.errors import DataError, EdgeError
from edgecnn.model.frame import Frame
from edgecnn.opencv import decode_picture, encode_fast
from edgecnn.records import Record

JPEG_QUALITY = 95


@dataclass(frozen=True)
class Recording(Record):
    """What is stored of a recording beside its pictures."""

    id: str
    """UTC time of its start, and six random digits."""
    label: str
    split: Split
    source: str
    """As the user gave it, without credentials."""
    facts: str
    """Size, rate and format, as the source tells them."""
    seconds: float
    seen: int
    """Frames that the source gave."""
    dropped: dict[str, int]
    """Frames that were due and not kept, by reason."""
    interrupted: bool
    """Stopped by Ctrl-C."""
    filters: Filters
    hashes: dict[str, int]
    """The 64-bit difference hash of each picture, by its file's name."""


class Recorder:
    """Saves the pictures of one recording under its own id."""

    def __init__(self, out: Path, label: str, split: Split, *, jpeg: bool = False) -> None:
        self.id = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self.label, self.split = label, split
        self.folder = class_folder(out, split, label)
        self.hashes: dict[str, int] = {}
        self._file = out / RECORDINGS / f"{self.id}.json"
        self._suffix = ".jpg" if jpeg else ".png"
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return round(time.perf_counter() - self._start, 3)

    def save(self, frame: Frame, difference_hash: int) -> Path:
        """Save a whole (H, W, 3) BGR frame; raises DeviceError when the disk is full."""
        path = self.folder / f"{self.id}-{len(self.hashes) + 1:04}{self._suffix}"
        write_atomic(path, encode_fast(frame, self._suffix, JPEG_QUALITY))
        self.hashes[path.name] = difference_hash
        return path

    def store(self, recording: Recording) -> None:
        """Write what is known of the recording; nothing, if it has no pictures."""
        if self.hashes:
            write_atomic(self._file, recording.to_json(indent=1))


def kept_hashes(out: Path, label: str) -> list[int]:
    """Return the difference hash of every picture that a label has, in whatever part.

    Recordings remember theirs. Pictures that came another way are read, broken ones left out.

    Raises:
        DataError: The file of a recording cannot be read.
    """
    remembered = _remembered(out / RECORDINGS)
    folders = (class_folder(out, split, label) for split in Split if split is not Split.AUTO)
    paths = [path for folder in folders for path in pictures_in(folder)]
    hashes = (
        remembered[path.name] if path.name in remembered else _hash_of(path) for path in paths
    )
    return [found for found in hashes if found is not None]


def _remembered(folder: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for path in sorted(folder.glob("[!.]*.json")):
        try:
            found |= Recording.from_json(path.read_text("utf-8")).hashes
        except (EdgeError, UnicodeDecodeError) as error:
            raise DataError(
                f"{path} is not a recording: {error}",
                remedy="remove that file: its pictures are then looked at one by one",
            ) from error
    return found


def _hash_of(path: Path) -> int | None:
    picture = decode_picture(path.read_bytes())
    return None if picture is None else measure_quality(picture).difference_hash
