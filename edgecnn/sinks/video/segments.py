"""A continuous recording as videos of some minutes; the oldest are removed under a quota."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgecnn.errors import EdgeError, OptionError
from edgecnn.model.frame import Frame
from edgecnn.runner.result import Result
from edgecnn.sinks.names import number_of, numbered_name, oldest_first, slug
from edgecnn.sinks.overlay import draw_label
from edgecnn.sinks.storage import check_free, make_folder, remove_oldest
from edgecnn.sinks.video.video_file import remove_parts
from edgecnn.sinks.video.video_writer import VideoWriter

QUOTA_CHECK_S = 2.0
"""How often the size of the folder is checked."""
PARTS_OF_QUOTA = 4
"""A segment ends early at this part of the quota, so that several fit into it."""
GIB = 2**30


@dataclass(frozen=True)
class Segments:
    """Folder, length and quota of a recording."""

    folder: Path
    """Each source gets a subfolder."""
    minutes: float = 10.0
    """The length of a segment."""
    quota_gib: float = 0.0
    """What all segments in the folder may take on disk; 0: no limit."""

    def __post_init__(self) -> None:
        """Raise OptionError unless the length is positive and the quota is not negative."""
        if not (self.minutes > 0 and self.quota_gib >= 0):
            raise OptionError(
                f"segments of {self.minutes:g} minutes, {self.quota_gib:g} GiB",
                remedy="give --segment-minutes above 0 and --quota-gib of 0 or more",
            )


class SegmentSink:
    """Records each source into its own folder: `FOLDER/SOURCE/TIME-NUMBER.mp4`."""

    name, queue_size, needs_frames, required = "video", 8, True, False

    def __init__(self, plan: Segments, rates: Mapping[str, float]) -> None:
        """Prepare a recording; temporary files of killed processes are removed.

        Args:
            plan: Folder, length and quota.
            rates: Frames per second by source name, as claimed; for other sources it is measured.

        Raises:
            DeviceError: The folder cannot be made.
        """
        self.is_recording = True
        self._plan, self._rates = plan, rates
        self._writers: dict[str, VideoWriter] = {}
        self._checked_s = -QUOTA_CHECK_S
        make_folder(plan.folder, "--save")
        for folder in plan.folder.iterdir():
            remove_parts(folder, "[0-9]*T[0-9]*Z-[0-9]*")
        self._number = max(map(number_of, self._segments()), default=0)

    def __call__(self, result: Result) -> None:
        """Draw the label and write the frame.

        Raises:
            DeviceError: The disk is nearly full or not writable.
        """
        check_free(self._plan.folder)
        writer, frame = self._writer(result.source), draw_label(result)
        if self._is_complete(writer, frame):
            writer.finish()
        writer.add(result.time_s, frame)
        self._enforce_quota()

    def close(self) -> None:
        """Complete the open segments.

        Raises:
            EdgeError: A segment could not be completed; the others are.
        """
        self.is_recording = False
        errors = []
        for writer in self._writers.values():
            try:
                writer.finish()
            except EdgeError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _writer(self, source: str) -> VideoWriter:
        if source not in self._writers:
            folder = self._plan.folder / slug(source)
            make_folder(folder, "--save")
            rate = self._rates.get(source)
            self._writers[source] = VideoWriter(lambda time_s: self._path(folder, time_s), rate)
        return self._writers[source]

    def _path(self, folder: Path, time_s: float) -> Path:
        self._number += 1
        return folder / numbered_name(time_s, self._number, ".mp4")

    def _is_complete(self, writer: VideoWriter, frame: Frame) -> bool:
        share_kib = self._plan.quota_gib * GIB / 1024 / PARTS_OF_QUOTA / len(self._writers)
        is_large = bool(share_kib) and writer.kib >= share_kib
        return writer.seconds >= self._plan.minutes * 60 or is_large or not writer.fits(frame)

    def _enforce_quota(self) -> None:
        if not self._plan.quota_gib or time.monotonic() - self._checked_s < QUOTA_CHECK_S:
            return
        self._checked_s = time.monotonic()
        open_bytes = sum(writer.kib for writer in self._writers.values()) * 1024
        remove_oldest(self._segments(), self._plan.quota_gib * GIB - open_bytes)

    def _segments(self) -> list[Path]:
        return oldest_first(self._plan.folder.glob("*/[0-9]*.mp4"))
