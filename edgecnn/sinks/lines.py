"""Results as lines of text or JSON."""

import json
import sys
from functools import partial
from typing import TextIO

from edgecnn.atomic import write_whole
from edgecnn.errors import DeviceError
from edgecnn.runner.result import Result
from edgecnn.text import printable

TOP = 3
"""How many classes a JSON line lists."""


def result_line(result: Result, *, tagged: bool = False) -> str:
    """Return a line of text; `tagged` puts the source's name first."""
    source = f"{printable(result.source):<16} " if tagged else ""
    line = f"{source}{result.number:>6}  {printable(result.label):<16}"
    prediction = result.prediction
    if prediction:
        line += f" {prediction.probability:6.1%} {prediction.latency_ms:8.3f} ms"
        if result.label != prediction.label:
            line += f"  ({printable(prediction.label)}?)"
    status = f"  ({result.status.value})" if result.status else ""
    return line + status + (result.picture and f"  {printable(result.picture)}")


def result_json(result: Result) -> str:
    """Return a line of JSON."""
    prediction = result.prediction
    top = prediction.top(TOP) if prediction else []
    return json.dumps(
        {
            "frame": result.number,
            "source": printable(result.source, limit=1000),
            "picture": printable(result.picture, limit=1000),
            "time": round(result.time_s, 3),
            "label": printable(result.label, limit=1000),
            "changed": result.changed,
            "status": result.status.value,
            "probability": round(result.probability, 6),
            "known": bool(prediction and prediction.known),
            "latency_ms": round(prediction.latency_ms, 4) if prediction else None,
            "age_ms": round(result.age_ms, 3),
            "top": [[printable(label, limit=1000), round(p, 6)] for label, p in top],
        },
        ensure_ascii=False,
    )


class LineSink:
    """Writes one line per result, as text or JSON."""

    name, queue_size, needs_frames, required = "lines", 1000, False, True

    def __init__(self, *, as_json: bool, tagged: bool = False, out: TextIO | None = None) -> None:
        """Prepare to write.

        Args:
            as_json: Write JSON instead of text.
            tagged: Start each line of text with the name of its source.
            out: Where to write; by default standard output.
        """
        self._format = result_json if as_json else partial(result_line, tagged=tagged)
        self._out = out or sys.stdout
        self._file = _descriptor(self._out)

    def __call__(self, result: Result) -> None:
        """Write the line without buffering, so that the reader of a pipe gets it at once.

        Raises:
            BrokenPipeError: The reader of the pipe has ended.
            DeviceError: The line could not be written.
        """
        try:
            self._write(self._format(result) + "\n")
        except BrokenPipeError:
            raise
        except OSError as error:
            raise DeviceError(
                f"lines could not be written: {error.strerror}", remedy="free some disk space"
            ) from error

    def close(self) -> None:
        """Do nothing: the caller owns the stream."""

    def _write(self, line: str) -> None:
        if self._file < 0:
            self._out.write(line)
            self._out.flush()
        else:  # not through the stream: if this thread hangs in it, it cannot be flushed at exit
            write_whole(self._file, line.encode(self._out.encoding or "utf-8", "replace"))


def _descriptor(out: TextIO) -> int:
    """Return the stream's file descriptor; -1 for a stream in memory."""
    try:
        out.flush()
        return out.fileno()
    except OSError:  # io.UnsupportedOperation is one
        return -1
