"""A register of results as CSV: one row a result, added to what is already there."""

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
"""`time` is UTC, `frame` counts from the run's start, `model` is its digest's first digits."""
DIGEST_DIGITS = 12
LONGEST_ROW = 2**16
FORMULA = tuple("=+-@＝＋－＠")
"""A spreadsheet runs a cell that starts with one of these."""


class CsvSink:
    """Writes each row with one system call, so that a row is there whole or not at all."""

    name, depth, sees, vital = "csv", 1000, False, False

    def __init__(self, path: Path, digest: str) -> None:
        """Open a register, or begin one.

        Args:
            path: The file. Rows are added to one that has the same columns.
            digest: The model's.

        Raises:
            OptionError: The file has another first line, or is no file.
            DeviceError: It cannot be written.
        """
        self._path, self._digest = path, digest[:DIGEST_DIGITS]
        if path.exists() and not path.is_file():
            raise OptionError(f"--csv is {path}, which is no file", remedy="give a path like r.csv")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            self._begin()
        except OSError as error:
            raise self._unwritable(error) from error

    def __call__(self, result: Result) -> None:
        """Add the result's row.

        Raises:
            DeviceError: The disk is full or gone.
        """
        try:
            write_whole(self._file, _row(_cells(result, self._digest)))
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Bring the rows to the disk."""
        try:
            os.fsync(self._file)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            os.close(self._file)

    def _begin(self) -> None:
        """Write the header of a new file; check that of an old one, and close its last line."""
        header = _row(list(COLUMNS))
        found = os.pread(self._file, len(header), 0)
        if found == header:
            self._mend()
        elif header.startswith(found):  # new, or broken by a power cut at its very start
            os.ftruncate(self._file, 0)
            write_whole(self._file, header)
        else:
            os.close(self._file)
            raise OptionError(
                f"--csv is {self._path}, which does not begin with {header.decode().strip()}",
                remedy="give another file, or move that one away",
            )

    def _mend(self) -> None:
        """Close the last line where a power cut broke it: its letter, its quote, its end."""
        size = os.fstat(self._file).st_size
        start = max(0, size - LONGEST_ROW)
        broken = os.pread(self._file, size - start, start).rpartition(b"\n")[2]
        if broken:
            letters = broken.decode(errors="ignore").encode()
            os.ftruncate(self._file, size - len(broken) + len(letters))
            write_whole(self._file, b'"\n' if letters.count(b'"') % 2 else b"\n")

    def _unwritable(self, error: OSError) -> DeviceError:
        return DeviceError(
            f"register {self._path} could not be written: {error.strerror}",
            remedy="free some space or choose a folder that you may write",
        )


def _cells(result: Result, digest: str) -> list[str]:
    prediction = result.prediction
    time = datetime.fromtimestamp(result.time_s, timezone.utc).isoformat(timespec="milliseconds")
    return [
        time.replace("+00:00", "Z"),
        _harmless(result.source),
        _harmless(result.picture),
        str(result.number),
        _harmless(result.label),
        f"{result.probability:.6f}" if prediction else "",
        str(bool(prediction and prediction.known)).lower(),
        result.status.value,
        f"{prediction.latency_ms:.4f}" if prediction else "",
        f"{result.age_ms:.3f}",
        digest,
    ]


def _harmless(text: str) -> str:
    """Return text that a spreadsheet shows and does not run."""
    clean = printable(text, limit=1000)
    return f"'{clean}" if clean.startswith(FORMULA) else clean


def _row(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode(errors="replace")
