"""A labelled video of a run: one file."""

from glob import escape
from pathlib import Path

from edgecnn.runner.result import Result
from edgecnn.sinks.overlay import draw_label
from edgecnn.sinks.video.video_file import remove_parts
from edgecnn.sinks.video.video_writer import VideoWriter


class VideoSink:
    """Writes an MP4 with the labels drawn; it gets its name when it is whole."""

    name, depth, sees, vital = "video", 8, True, False

    def __init__(self, path: Path, fps: float | None) -> None:
        """Plan a video: frames a second as a file claims them; None, and they are measured."""
        self.is_recording = True
        remove_parts(path.parent, escape(path.stem))
        self._film = VideoWriter(lambda _: path, fps)

    def __call__(self, result: Result) -> None:
        """Draw and write one frame; frames of another size are scaled to the first one's."""
        self._film.add(result.time_s, draw_label(result))

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises:
            DeviceError: The disk is full; an older file of that name is untouched.
        """
        self.is_recording = False
        self._film.finish()
