"""The frames of one source on their way into clips; a clip begins when its rate is known."""

from collections.abc import Callable
from pathlib import Path

from edgecnn.model.frame import Frame
from edgecnn.sinks.video.frame_rate import measured, sane
from edgecnn.sinks.video.video_file import VideoFile

MEASURED_FRAMES = 10
MEASURED_S = 2.0
"""A rate is measured over so many frames or seconds, whichever is less. They wait in memory."""
LONGEST_MEASURE = 3000
"""Frame times that are kept for the next clip's rate."""

Early = list[tuple[float, Frame]]


class VideoWriter:
    """Writes frames to one clip after the other."""

    def __init__(self, place: Callable[[float], Path], fps: float | None) -> None:
        """Plan a film.

        Args:
            place: Returns the path of a clip that begins at a time.
            fps: Frames a second, as the source claims; None: measure how they come.
        """
        self._place, self._fps = place, fps
        self._rate = 0.0 if fps is None else sane(fps)
        self._clip: VideoFile | None = None
        self._early: Early = []
        self._times_s: list[float] = []
        self._shape: tuple[int, ...] = ()

    @property
    def kib(self) -> float:
        """What the clip has on the disk until now."""
        return self._clip.kib if self._clip else 0.0

    @property
    def seconds(self) -> float:
        """How long the clip is until now."""
        return self._clip.frames / self._rate if self._clip else 0.0

    def fits(self, frame: Frame) -> bool:
        """Tell whether a frame has the size of the clip that has begun, if one has."""
        return not self._shape or frame.shape == self._shape

    def add(self, time_s: float, frame: Frame) -> None:
        """Write a (H, W, 3) BGR frame that was read at that time, or keep it for a moment.

        Raises:
            DeviceError: See `VideoFile`.
        """
        self._shape = self._shape or frame.shape
        if len(self._times_s) < LONGEST_MEASURE:
            self._times_s.append(time_s)
        if self._clip:
            self._clip.write(frame)
            return
        self._early.append((time_s, frame))
        waited_s = time_s - self._early[0][0]
        if self._rate or len(self._early) >= MEASURED_FRAMES or abs(waited_s) >= MEASURED_S:
            self._begin()

    def finish(self) -> None:
        """End the clip, if there is one; the next frame begins another.

        Raises:
            DeviceError: See `VideoFile`.
        """
        if self._early:
            self._begin()
        clip, self._clip, self._shape = self._clip, None, ()
        if self._fps is None:  # the next clip has the rate of this one
            self._rate = measured(self._times_s) if len(self._times_s) > MEASURED_FRAMES else 0.0
        self._times_s = []
        if clip:
            clip.finish()

    def _begin(self) -> None:
        early, self._early = self._early, []
        self._rate = self._rate or measured(self._times_s)
        height, width = self._shape[:2]
        self._clip = VideoFile(self._place(early[0][0]), self._rate, (width, height))
        for _, frame in early:
            self._clip.write(frame)
