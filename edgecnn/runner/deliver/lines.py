"""Results as lines, for people and programs."""

import json
import sys
from functools import partial
from typing import TextIO

from edgecnn.runner.events import printable
from edgecnn.runner.result import Result

TOP = 3


def result_line(result: Result, *, tagged: bool = False) -> str:
    """Return one line for a person; tagged with its source, where there are several."""
    source = f"{result.source:<16} " if tagged else ""
    line = f"{source}{result.number:>6}  {result.label:<16}"
    prediction = result.prediction
    if prediction:
        line += f" {prediction.probability:6.1%} {prediction.latency_ms:8.3f} ms"
        if result.label != prediction.label:
            line += f"  ({prediction.label}?)"
    trouble = f"  ({result.trouble.value})" if result.trouble else ""
    return line + trouble + (result.picture and f"  {printable(result.picture)}")


def result_json(result: Result) -> str:
    """Return one line of JSON for a program."""
    prediction = result.prediction
    return json.dumps(
        {
            "frame": result.number,
            "source": result.source,
            "picture": result.picture,
            "time": round(result.time_s, 3),
            "label": result.label,
            "changed": result.changed,
            "trouble": result.trouble.value,
            "probability": round(result.probability, 6),
            "known": bool(prediction and prediction.known),
            "latency_ms": round(prediction.latency_ms, 4) if prediction else None,
            "age_ms": round(result.age_ms, 3),
            "top": [[label, round(p, 6)] for label, p in prediction.top(TOP)] if prediction else [],
        },
        ensure_ascii=False,
    )


class LineSink:
    """Writes one line a result, for a person or as JSON."""

    name, depth, vital = "lines", 1000, True

    def __init__(self, *, as_json: bool, tagged: bool = False, out: TextIO | None = None) -> None:
        self._format = result_json if as_json else partial(result_line, tagged=tagged)
        self._out = out or sys.stdout

    def __call__(self, result: Result) -> None:
        """Write and flush the line: whoever reads a pipe wants it now."""
        self._out.write(self._format(result) + "\n")
        self._out.flush()

    def close(self) -> None:
        """Leave the stream to its owner."""
