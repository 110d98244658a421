"""Every table of a run as CSV and JSON, with every digit."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from edgecnn.trainer.metrics import measure
from edgecnn.trainer.report.misclassified import Misclassified
from edgecnn.trainer.report.reliability import measure_reliability
from edgecnn.trainer.report.tables import (
    classes_table,
    confused_table,
    mistakes_table,
    write_tables,
)
from edgecnn.trainer.run_folder import read_run

#               a  a  a  a  b  b  b  w
TRUTH = np.array([0, 0, 0, 0, 1, 1, 1, 2])
CALLS = np.array([0, 0, 1, 1, 1, 1, 0, 1])
METRICS = measure(("ant", "bee", "wasp"), TRUTH, CALLS, form="torch", split="test")
WRONG = Misclassified(7, truth=2, predicted=1, confidence=1 / 3)


def test_a_class_that_was_never_called_has_its_row() -> None:
    rows = {row[0]: row[1:] for row in classes_table(METRICS).rows}
    assert list(rows["ant"]) == pytest.approx([4, 3, 2 / 3, 0.5, 4 / 7])
    assert rows["wasp"] == (1, 0, 0.0, 0.0, 0.0)


def test_the_most_frequent_confusions_come_first() -> None:
    assert confused_table(METRICS).rows == (
        ("ant", "bee", 2),
        ("bee", "ant", 1),
        ("wasp", "bee", 1),
    )
    assert confused_table(METRICS, limit=1).rows == (("ant", "bee", 2),)


def test_a_mistake_is_written_with_names() -> None:
    assert mistakes_table(METRICS, [WRONG]).rows == ((7, "wasp", "bee", 1 / 3),)


def test_csv_and_json_hold_the_same(run_folder: Path, tmp_path: Path) -> None:
    history = read_run(run_folder).report.history
    reliability = measure_reliability(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 0]))
    write_tables(tmp_path, history, METRICS, reliability, [WRONG])
    tables = json.loads((tmp_path / "tables.json").read_text())
    assert sorted(tables) == ["classes", "confusion", "history", "mistakes", "reliability"]
    for name, table in tables.items():
        with (tmp_path / f"{name}.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        assert header == table["header"]
        assert rows == [[str(cell) for cell in row] for row in table["rows"]]
    assert len(tables["reliability"]["rows"]) == 2
    assert tables["mistakes"]["rows"] == [[7, "wasp", "bee", 1 / 3]]
