"""A recording without end: labelled videos of some minutes each, the oldest of which make room."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgecnn.errors import DeviceError, EdgeError, OptionError
from edgecnn.model.frame import Frame
from edgecnn.runner.result import Result
from edgecnn.sinks.names import number_of, numbered_name, oldest_first, slug
from edgecnn.sinks.overlay import draw_label
from edgecnn.sinks.storage import check_free, remove_oldest
from edgecnn.sinks.video.video_file import remove_parts
from edgecnn.sinks.video.video_writer import VideoWriter

LOOK_S = 2.0
"""How often the folder's size is looked at."""
PARTS_OF_QUOTA = 4
"""A segment ends early where it is such a part of the quota, so that some remain."""
GIB = 2**30


@dataclass(frozen=True)
class Segments:
    """Where a recording goes, and how much of it."""

    folder: Path
    """A folder for each source is made in it."""
    minutes: float = 10.0
    """The length of a segment."""
    quota_gib: float = 0.0
    """What all segments in the folder may take; 0: no limit."""

    def __post_init__(self) -> None:
        """Refuse lengths that are none."""
        if not (self.minutes > 0 and self.quota_gib >= 0):
            raise OptionError(
                f"segments of {self.minutes:g} minutes, {self.quota_gib:g} GiB",
                remedy="give --segment-minutes above 0 and --quota-gib of 0 or more",
            )


class SegmentSink:
    """Records each source into a folder of its own: `FOLDER/SOURCE/TIME-NUMBER.mp4`."""

    name, depth, sees, vital = "video", 8, True, False

    def __init__(self, plan: Segments, rates: Mapping[str, float]) -> None:
        """Prepare a recording; parts that a killed one left are removed.

        Args:
            plan: Where, and how much.
            rates: Frames a second of each source, as it claims them; those of others are measured.

        Raises:
            DeviceError: The folder cannot be made.
        """
        self.is_recording = True
        self._plan, self._rates = plan, rates
        self._films: dict[str, VideoWriter] = {}
        self._looked_s = -LOOK_S
        try:
            plan.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(plan.folder, error) from error
        for folder in plan.folder.iterdir():
            remove_parts(folder, "[0-9]*T[0-9]*Z-[0-9]*")
        self._number = max(map(number_of, self._segments()), default=0)

    def __call__(self, result: Result) -> None:
        """Draw and write one frame.

        Raises:
            DeviceError: The disk is nearly full or cannot be written: recording ends.
        """
        check_free(self._plan.folder)
        film, frame = self._film(result.source), draw_label(result)
        if self._is_over(film, frame):
            film.finish()
        film.add(result.time_s, frame)
        self._make_room()

    def close(self) -> None:
        """Finish the segments that have begun.

        Raises:
            EdgeError: One could not be finished; the others are.
        """
        self.is_recording = False
        errors = []
        for film in self._films.values():
            try:
                film.finish()
            except EdgeError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _film(self, source: str) -> VideoWriter:
        if source not in self._films:
            folder = self._plan.folder / slug(source)
            try:
                folder.mkdir(exist_ok=True)
            except OSError as error:
                raise _unwritable(folder, error) from error
            rate = self._rates.get(source)
            self._films[source] = VideoWriter(lambda time_s: self._place(folder, time_s), rate)
        return self._films[source]

    def _place(self, folder: Path, time_s: float) -> Path:
        self._number += 1
        return folder / numbered_name(time_s, self._number, ".mp4")

    def _is_over(self, film: VideoWriter, frame: Frame) -> bool:
        share_kib = self._plan.quota_gib * GIB / 1024 / PARTS_OF_QUOTA / len(self._films)
        is_large = bool(share_kib) and film.kib >= share_kib
        return film.seconds >= self._plan.minutes * 60 or is_large or not film.fits(frame)

    def _make_room(self) -> None:
        if not self._plan.quota_gib or time.monotonic() - self._looked_s < LOOK_S:
            return
        self._looked_s = time.monotonic()
        begun = sum(film.kib for film in self._films.values()) * 1024
        remove_oldest(self._segments(), self._plan.quota_gib * GIB - begun)

    def _segments(self) -> list[Path]:
        return oldest_first(self._plan.folder.glob("*/[0-9]*.mp4"))


def _unwritable(folder: Path, error: OSError) -> DeviceError:
    return DeviceError(
        f"{folder} cannot be written: {error.strerror}", remedy="give --save another folder"
    )
