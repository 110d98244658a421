"""A CSV file with one row per result; later runs append to it."""

import csv
import io
import os
from datetime import datetime, timezone
from pathlib import Path

from edgecnn.atomic import write_whole
from edgecnn.errors import DeviceError, OptionError
from edgecnn.runner.result import Result
from edgecnn.text import printable

COLUMNS = (
    "time", "source", "picture", "frame", "label", "probability", "known", "status", "latency_ms",
    "age_ms", "model",
)  # fmt: skip
"""`time` is UTC, `frame` counts from the start of the run, `model` is the start of its digest."""
DIGEST_DIGITS = 12
LONGEST_ROW = 2**16
"""Bytes."""
FORMULA = tuple("=+-@＝＋－＠")
"""Spreadsheets run a cell that starts with one of these characters as a formula."""


class CsvSink:
    """Appends each row with one system call, so that a crash cannot leave half a row."""

    name, queue_size, needs_frames, required = "csv", 1000, False, False

    def __init__(self, path: Path, digest: str) -> None:
        """Open the file, or create it with a header.

        Args:
            path: The CSV file. Rows are appended if it has the same columns.
            digest: The model's SHA-256, in hex.

        Raises:
            OptionError: The file has other columns, or the path is not a file.
            DeviceError: The file is not writable.
        """
        self._path, self._digest = path, digest[:DIGEST_DIGITS]
        if path.exists() and not path.is_file():
            raise OptionError(
                f"--csv is {path}, which is not a file", remedy="give a path like r.csv"
            )
        try:
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            self._prepare()
        except OSError as error:
            raise self._unwritable(error) from error

    def __call__(self, result: Result) -> None:
        """Append the row of a result.

        Raises:
            DeviceError: The disk is full or was removed.
        """
        try:
            write_whole(self._file, _row(_cells(result, self._digest)))
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Flush the rows to disk."""
        try:
            os.fsync(self._file)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            os.close(self._file)

    def _prepare(self) -> None:
        """Write the header of a new file; check an old one's header and repair its last line."""
        header = _row(list(COLUMNS))
        found = os.pread(self._file, len(header), 0)
        if found == header:
            self._repair_last_line()
        elif header.startswith(found):  # new, or truncated by a power cut
            os.ftruncate(self._file, 0)
            write_whole(self._file, header)
        else:
            os.close(self._file)
            raise OptionError(
                f"--csv is {self._path}, which does not begin with {header.decode().strip()}",
                remedy="give another file, or move this one away",
            )

    def _repair_last_line(self) -> None:
        """Complete a last line that a power cut has truncated, inside a character or in quotes."""
        size = os.fstat(self._file).st_size
        start = max(0, size - LONGEST_ROW)
        broken = os.pread(self._file, size - start, start).rpartition(b"\n")[2]
        if broken:
            text = broken.decode(errors="ignore").encode()
            os.ftruncate(self._file, size - len(broken) + len(text))
            write_whole(self._file, b'"\n' if text.count(b'"') % 2 else b"\n")

    def _unwritable(self, error: OSError) -> DeviceError:
        return DeviceError(
            f"CSV file {self._path} could not be written: {error.strerror}",
            remedy="free some disk space, or give a folder that you may write to",
        )


def _cells(result: Result, digest: str) -> list[str]:
    prediction = result.prediction
    time = datetime.fromtimestamp(result.time_s, timezone.utc).isoformat(timespec="milliseconds")
    return [
        time.replace("+00:00", "Z"),
        _without_formula(result.source),
        _without_formula(result.picture),
        str(result.number),
        _without_formula(result.label),
        f"{result.probability:.6f}" if prediction else "",
        str(bool(prediction and prediction.known)).lower(),
        result.status.value,
        f"{prediction.latency_ms:.4f}" if prediction else "",
        f"{result.age_ms:.3f}",
        digest,
    ]


def _without_formula(text: str) -> str:
    """Return text that a spreadsheet shows as text, never runs as a formula."""
    clean = printable(text, limit=1000)
    return f"'{clean}" if clean.startswith(FORMULA) else clean


def _row(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode(errors="replace")
