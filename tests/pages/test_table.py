"""A table's CSV is read back whole."""

import csv
import io

from edgecnn.pages.table import Table


def test_csv_keeps_every_digit_and_every_text() -> None:
    rows = (('a "b", c', 1 / 3, 7), ("two\nlines", 1e-12, -1))
    text = Table(("name", "share", "count"), ("", ".1%", "d"), rows).to_csv()
    header, *read = csv.reader(io.StringIO(text))
    assert header == ["name", "share", "count"]
    assert [(name, float(share), int(count)) for name, share, count in read] == list(rows)


def test_numbers_are_shown_as_their_column_says() -> None:
    table = Table(("name", "share", "count"), ("", ".1%", ","), (("a", 0.125, 12345),))
    assert table.body == [[("a", False), ("12.5%", True), ("12,345", True)]]
    assert table.head == [("name", False), ("share", True), ("count", True)]
