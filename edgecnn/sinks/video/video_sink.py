"""A labelled video of a run in one file."""

from glob import escape
from pathlib import Path

from edgecnn.runner.result import Result
from edgecnn.sinks.overlay import draw_label
from edgecnn.sinks.video.video_file import remove_parts
from edgecnn.sinks.video.video_writer import VideoWriter


class VideoSink:
    """Writes an MP4 with the labels drawn on the frames; it appears when it is complete."""

    name, queue_size, needs_frames, required = "video", 8, True, False

    def __init__(self, path: Path, fps: float | None) -> None:
        """Prepare a video.

        Args:
            path: The video, usually `.mp4`.
            fps: Frames per second as the source claims them; None: measure them.
        """
        self.is_recording = True
        remove_parts(path.parent, escape(path.stem))
        self._writer = VideoWriter(lambda _: path, fps)

    def __call__(self, result: Result) -> None:
        """Draw the label and write the frame, scaled to the size of the first one."""
        self._writer.add(result.time_s, draw_label(result))

    def close(self) -> None:
        """Complete the file.

        Raises:
            DeviceError: The disk is full; an older file of this name is unchanged.
        """
        self.is_recording = False
        self._writer.finish()
