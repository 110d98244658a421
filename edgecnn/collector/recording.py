"""A recording: the pictures that one run of `collect` keeps, and a JSON file about them."""

import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from edgecnn.atomic import write_atomic
from edgecnn.collector.filters import Filters
from edgecnn.collector.frame_quality import FrameSelector, measure_quality
from edgecnn.collector.layout import RECORDINGS, Split, class_folder, pictures_in
from edgecnn.errors import DataError, EdgeError
from edgecnn.model.frame import Frame
from edgecnn.opencv import decode_picture, encode_fast
from edgecnn.records import Record

JPEG_QUALITY = 95


@dataclass(frozen=True)
class Recording(Record):
    """What is stored about a recording as JSON."""

    id: str
    """UTC time of the start, and six random hex digits."""
    label: str
    split: Split
    source: str
    """As the user gave it, without credentials."""
    facts: str
    """Size, frame rate and format that the source reports."""
    seconds: float
    seen: int
    """Frames that the source gave."""
    dropped: dict[str, int]
    """Frames that were due and not kept, by reason."""
    interrupted: bool
    """Whether Ctrl-C stopped it."""
    filters: Filters
    hashes: dict[str, int]
    """The dHash of each picture, by file name."""


class Recorder:
    """Saves the pictures of one recording, with the id of the recording in their names.

    Args:
        out: The image folder.
        label: The class.
        split: The part, not AUTO.
        jpeg: Save JPEG of quality 95 instead of PNG.
    """

    def __init__(self, out: Path, label: str, split: Split, *, jpeg: bool = False) -> None:
        self.id = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self.label, self.split = label, split
        self.folder = class_folder(out, split, label)
        self.hashes: dict[str, int] = {}
        self._file = out / RECORDINGS / f"{self.id}.json"
        self._suffix = ".jpg" if jpeg else ".png"
        self._start = time.perf_counter()

    def save(self, frame: Frame, difference_hash: int) -> Path:
        """Save a (H, W, 3) uint8 BGR frame; raises DeviceError if the disk is full."""
        path = self.folder / f"{self.id}-{len(self.hashes) + 1:04}{self._suffix}"
        write_atomic(path, encode_fast(frame, self._suffix, JPEG_QUALITY))
        self.hashes[path.name] = difference_hash
        return path

    def store(
        self,
        source: str,
        facts: str,
        *,
        seen: int,
        selector: FrameSelector,
        interrupted: bool = False,
    ) -> Recording:
        """Return the recording so far, and write it as JSON if it has pictures.

        Args:
            source: As the user gave it, without credentials.
            facts: Size, frame rate and format that the source reports.
            seen: Frames that the source gave.
            selector: Selected the frames.
            interrupted: Whether Ctrl-C stopped it.

        Raises:
            DeviceError: The disk is full.
        """
        seconds = round(time.perf_counter() - self._start, 3)
        recording = Recording(
            self.id, self.label, self.split, source, facts, seconds, seen,
            selector.dropped, interrupted, selector.filters, self.hashes,
        )  # fmt: skip
        if self.hashes:
            write_atomic(self._file, recording.to_json(indent=1))
        return recording


def kept_hashes(out: Path, label: str) -> list[int]:
    """Return the dHash of every picture of a label, in all parts.

    Pictures of recordings have theirs in the JSON file. Other pictures are read from disk; broken
    ones are left out.

    Raises:
        DataError: The JSON file of a recording cannot be read.
    """
    recorded = _recorded_hashes(out / RECORDINGS)
    folders = (class_folder(out, split, label) for split in Split if split is not Split.AUTO)
    paths = [path for folder in folders for path in pictures_in(folder)]
    hashes = (recorded[path.name] if path.name in recorded else _hash_of(path) for path in paths)
    return [found for found in hashes if found is not None]


def _recorded_hashes(folder: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for path in sorted(folder.glob("[!.]*.json")):
        try:
            found |= Recording.from_json(path.read_text("utf-8")).hashes
        except (EdgeError, UnicodeDecodeError) as error:
            raise DataError(
                f"{path} is not a recording: {error}",
                remedy="remove that file: its pictures are then read one by one",
            ) from error
    return found


def _hash_of(path: Path) -> int | None:
    picture = decode_picture(path.read_bytes())
    return None if picture is None else measure_quality(picture).difference_hash
