"""A table that is shown rounded on a page and written as CSV with all digits."""

import csv
import io
from dataclasses import dataclass

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """Rows below a header. Cells hold unrounded values; only the page rounds them."""

    header: tuple[str, ...]
    formats: tuple[str, ...]
    """A format specification per column. Empty: a column of text, aligned left."""
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def head(self) -> list[tuple[str, bool]]:
        """The cells of the header, each with a flag: is its column one of numbers?"""
        return [(name, bool(spec)) for name, spec in zip(self.header, self.formats, strict=True)]

    @property
    def body(self) -> list[list[tuple[str, bool]]]:
        """The formatted cells of the rows, each with a flag: is it a number?"""
        return [
            [(format(cell, spec), bool(spec)) for cell, spec in zip(row, self.formats, strict=True)]
            for row in self.rows
        ]

    def to_csv(self) -> str:
        """Return CSV text: the header, then one line per row."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.header, *self.rows])
        return text.getvalue()
