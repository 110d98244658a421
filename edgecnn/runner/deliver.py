"""Sinks: where results go. A sink is called with one result after the other, then closed."""

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TextIO

from edgecnn.errors import DeviceError
from edgecnn.files import sync_folder
from edgecnn.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.runner.watch import Result

TOP = 3


def result_line(result: Result, *, tagged: bool = False) -> str:
    """Return one line for a person; tagged with its source, where there are several."""
    prediction = result.prediction
    doubt = "" if prediction.known else "  (not known)"
    source = f"{result.source:<16} " if tagged else ""
    return (
        f"{source}{result.number:>6}  {prediction.label:<16} {prediction.probability:6.1%} "
        f"{prediction.latency_ms:8.3f} ms{doubt}"
    )


def result_json(result: Result) -> str:
    """Return one line of JSON for a program."""
    prediction = result.prediction
    return json.dumps(
        {
            "frame": result.number,
            "source": result.source,
            "label": prediction.label,
            "probability": round(prediction.probability, 6),
            "known": prediction.known,
            "latency_ms": round(prediction.latency_ms, 4),
            "age_ms": round(result.age_ms, 3),
            "top": [[label, round(p, 6)] for label, p in prediction.top(TOP)],
        },
        ensure_ascii=False,
    )


class LineSink:
    """Writes one line a result, for a person or as JSON."""

    def __init__(self, *, as_json: bool, tagged: bool = False, out: TextIO | None = None) -> None:
        self._format = result_json if as_json else partial(result_line, tagged=tagged)
        self._out = out or sys.stdout

    def __call__(self, result: Result) -> None:
        """Write and flush the line: whoever reads a pipe wants it now."""
        self._out.write(self._format(result) + "\n")
        self._out.flush()

    def close(self) -> None:
        """Leave the stream to its owner."""


class VideoSink:
    """Writes an MP4 with the labels drawn; it gets its name when it is whole."""

    def __init__(self, path: Path, fps: float) -> None:
        self._path = path
        self._part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix or '.mp4'}")
        self._fps = fps if 1 <= fps <= 240 else 25.0
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def __call__(self, result: Result) -> None:
        """Draw and write one frame; frames of another size are scaled to the first one's."""
        frame = draw_label(result)
        if self._writer is None:
            self._writer = self._open(frame)
        if (frame.shape[1], frame.shape[0]) != self._size:
            frame = cv2.resize(frame, self._size)
        self._writer.write(frame)

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises:
            DeviceError: The disk is full; an older file of that name is untouched.
        """
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        # OpenCV does not tell when a write fails; a cut MP4 has no index and does not open.
        if not cv2.VideoCapture(str(self._part), cv2.CAP_FFMPEG).isOpened():
            self._part.unlink(missing_ok=True)
            raise DeviceError(
                f"video {self._path} could not be written whole",
                remedy="free some space or choose another disk",
            )
        self._part.replace(self._path)
        sync_folder(self._path.parent)

    def _open(self, frame: Frame) -> "cv2.VideoWriter":
        self._size = (frame.shape[1], frame.shape[0])
        return open_video(self._part, self._path, self._fps, self._size)


def open_video(part: Path, path: Path, fps: float, size: tuple[int, int]) -> "cv2.VideoWriter":
    """Open `part` for the video that will be `path`: (height, width, 3) BGR frames as MP4.

    Raises:
        DeviceError: It cannot be written, or `path` is a folder.
    """
    if not path.is_dir():
        code = cv2.VideoWriter.fourcc(*"mp4v")
        writer = cv2.VideoWriter(str(part), cv2.CAP_FFMPEG, code, fps, size)
        if writer.isOpened():
            return writer
    raise DeviceError(
        f"video {path} cannot be written", remedy="give a path like out.mp4, or another folder"
    )


class WindowSink:
    """Shows the frames in a window; its q key or Escape stops the run."""

    _TITLE = "edgecnn"

    def __init__(self) -> None:
        if not has_screen():
            raise DeviceError(
                "there is no screen to show a window on", remedy="leave --show out, or use --save"
            )
        cv2.namedWindow(self._TITLE, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)  # no toolbar

    def __call__(self, result: Result) -> None:
        """Show one frame; raises KeyboardInterrupt when a person asks to stop."""
        cv2.imshow(self._TITLE, draw_label(result))
        if cv2.waitKey(1) & 0xFF in (ord("q"), 27):
            raise KeyboardInterrupt

    def close(self) -> None:
        """Close the window."""
        cv2.destroyAllWindows()


def draw_label(result: Result) -> Frame:
    """Return a copy of the frame with its label on a dark strip: (H, W, 3) BGR."""
    canvas = _bgr_copy(result.frame_bgr)
    scale = max(0.4, canvas.shape[0] / 260)
    strip = int(34 * scale)
    canvas[:strip] = canvas[:strip] // 3 + 48  # a strip that shows on black too
    prediction = result.prediction
    text = f"{prediction.label}  {prediction.probability:.0%}"
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(2 * scale))
    cv2.putText(canvas, text, (int(8 * scale), int(24 * scale)), font, scale * 0.8,
                (255, 255, 255), thick, cv2.LINE_AA)  # fmt: skip
    return canvas


def _bgr_copy(frame: Frame) -> Frame:
    channels = 1 if frame.ndim == 2 else frame.shape[2]
    if channels == 3:
        return frame.copy()
    code = cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_BGRA2BGR
    return cv2.cvtColor(frame, code)  # type: ignore[no-any-return]


def has_screen() -> bool:
    """Tell whether a window could open; OpenCV ends the process where none can."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
