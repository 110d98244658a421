"""Writing the frames of one source to videos, which start once the frame rate is known."""

from collections.abc import Callable
from pathlib import Path

from edgecnn.model.frame import Frame
from edgecnn.sinks.video.frame_rate import measured_fps, plausible_fps
from edgecnn.sinks.video.video_file import VideoFile

MEASURED_FRAMES = 10
MEASURED_S = 2.0
"""The rate is measured over this many frames or seconds, whichever comes first; meanwhile the
frames wait in memory."""
KEPT_TIMES = 3000
"""How many frame times are kept to measure the next video's rate."""


class VideoWriter:
    """Writes frames to one video after the other."""

    def __init__(self, path_for: Callable[[float], Path], fps: float | None) -> None:
        """Prepare to write.

        Args:
            path_for: Returns the path of a video that begins at a Unix time, seconds.
            fps: Frames per second as the source claims them; None: measure them.
        """
        self._path_for, self._claimed_fps = path_for, fps
        self._fps = 0.0 if fps is None else plausible_fps(fps)
        self._file: VideoFile | None = None
        self._early: list[tuple[float, Frame]] = []
        self._times_s: list[float] = []
        self._shape: tuple[int, ...] = ()

    @property
    def kib(self) -> float:
        """The size of the video on disk so far."""
        return self._file.kib if self._file else 0.0

    @property
    def seconds(self) -> float:
        """The length of the video so far."""
        return self._file.frames / self._fps if self._file else 0.0

    def fits(self, frame: Frame) -> bool:
        """Return whether a frame has the shape of the video's frames; True before the first one."""
        return not self._shape or frame.shape == self._shape

    def add(self, time_s: float, frame: Frame) -> None:
        """Write a (H, W, 3) uint8 BGR frame; while the rate is measured, keep it in memory.

        Args:
            time_s: When the frame was read, Unix time.
            frame: Of the shape of the first one, else it is scaled.

        Raises:
            DeviceError: See `VideoFile`.
        """
        self._shape = self._shape or frame.shape
        if len(self._times_s) < KEPT_TIMES:
            self._times_s.append(time_s)
        if self._file:
            self._file.write(frame)
            return
        self._early.append((time_s, frame))
        waited_s = time_s - self._early[0][0]
        if self._fps or len(self._early) >= MEASURED_FRAMES or abs(waited_s) >= MEASURED_S:
            self._begin()

    def finish(self) -> None:
        """Complete the video, if there is one; the next frame starts another.

        Raises:
            DeviceError: See `VideoFile`.
        """
        if self._early:
            self._begin()
        file, self._file, self._shape = self._file, None, ()
        if self._claimed_fps is None:  # the next video gets the rate of this one
            is_long = len(self._times_s) > MEASURED_FRAMES
            self._fps = measured_fps(self._times_s) if is_long else 0.0
        self._times_s = []
        if file:
            file.finish()

    def _begin(self) -> None:
        early, self._early = self._early, []
        self._fps = self._fps or measured_fps(self._times_s)
        height, width = self._shape[:2]
        self._file = VideoFile(self._path_for(early[0][0]), self._fps, (width, height))
        for _, frame in early:
            self._file.write(frame)
