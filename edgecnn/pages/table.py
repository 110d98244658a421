"""A table, written once: shown on a page, and kept as CSV and JSON with every digit."""

import csv
import io
from dataclasses import dataclass

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """Rows under a header; the cells are raw, only the page rounds them."""

    header: tuple[str, ...]
    formats: tuple[str, ...]
    """How a column's cells are shown, as `format` takes it. Empty: text, on the left."""
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def head(self) -> list[tuple[str, bool]]:
        """The header's cells, each with whether its column holds numbers."""
        return [(name, bool(spec)) for name, spec in zip(self.header, self.formats, strict=True)]

    @property
    def body(self) -> list[list[tuple[str, bool]]]:
        """The rows' cells as they are shown, each with whether it is a number."""
        return [
            [(format(cell, spec), bool(spec)) for cell, spec in zip(row, self.formats, strict=True)]
            for row in self.rows
        ]

    def to_csv(self) -> str:
        """Return CSV text: the header, then one line a row."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.header, *self.rows])
        return text.getvalue()
