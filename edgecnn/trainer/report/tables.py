"""The tables of a training run, for its page and as CSV and JSON files."""

import json
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from edgecnn.atomic import write_atomic
from edgecnn.pages.table import Table
from edgecnn.trainer.metrics import Metrics
from edgecnn.trainer.report.misclassified import Misclassified
from edgecnn.trainer.report.reliability import Reliability
from edgecnn.trainer.snapshot import Epoch

SHARE = ".2%"
HISTORY_FORMATS = {"epoch": "d", "learning_rate": ".3g"}


def history_table(history: Sequence[Epoch]) -> Table:
    """Return a table with one row per epoch and one column per quantity."""
    header = tuple(field.name for field in fields(history[0]))
    formats = tuple(HISTORY_FORMATS.get(name, ".4f") for name in header)
    return Table(header, formats, tuple(map(astuple, history)))


def classes_table(metrics: Metrics) -> Table:
    """Return a table with one row per class; `predicted` counts the predictions of it."""
    predicted = [sum(column) for column in zip(*metrics.confusion, strict=True)]
    return Table(
        ("class", "pictures", "predicted", "precision", "recall", "f1"),
        ("", ",", ",", SHARE, SHARE, SHARE),
        tuple(
            (row.label, row.pictures, count, row.precision, row.recall, row.f1)
            for row, count in zip(metrics.classes, predicted, strict=True)
        ),
    )


def confusion_table(metrics: Metrics) -> Table:
    """Return a table with one row per true class and one column per predicted class."""
    labels = [row.label for row in metrics.classes]
    rows = zip(labels, metrics.confusion, strict=True)
    header, formats = ("true \\ predicted", *labels), ("", *("," for _ in labels))
    return Table(header, formats, tuple((label, *counts) for label, counts in rows))


def confused_table(metrics: Metrics, limit: int = 10) -> Table:
    """Return a table of the pairs of classes that were confused most often."""
    labels = [row.label for row in metrics.classes]
    pairs = [
        (labels[i], labels[j], count)
        for i, counts in enumerate(metrics.confusion)
        for j, count in enumerate(counts)
        if i != j and count
    ]
    most = sorted(pairs, key=lambda pair: -pair[2])[:limit]
    return Table(("true", "predicted", "pictures"), ("", "", ","), tuple(most))


def reliability_table(reliability: Reliability) -> Table:
    """Return a table with one row per bin."""
    header = ("confidence from", "to", "pictures", "confidence", "accuracy")
    return Table(header, (".1%", ".1%", ",", SHARE, SHARE), tuple(map(astuple, reliability.bins)))


def mistakes_table(metrics: Metrics, mistakes: Sequence[Misclassified]) -> Table:
    """Return a table with one row per misclassified picture, by its index in the scored part."""
    labels = [row.label for row in metrics.classes]
    rows = ((m.index, labels[m.truth], labels[m.predicted], m.confidence) for m in mistakes)
    header = ("picture", "true", "predicted", "confidence")
    return Table(header, ("d", "", "", SHARE), tuple(rows))


def write_tables(
    out: Path,
    history: Sequence[Epoch],
    metrics: Metrics,
    reliability: Reliability,
    mistakes: Sequence[Misclassified],
) -> None:
    """Write each table as CSV, and all of them as `tables.json`.

    Args:
        out: The run's folder.
        history: The figures of each epoch.
        metrics: Of the test part.
        reliability: Of the test part.
        mistakes: Misclassified test pictures.

    Raises:
        DeviceError: A file cannot be written.
    """
    tables = {
        "history": history_table(history),
        "classes": classes_table(metrics),
        "confusion": confusion_table(metrics),
        "reliability": reliability_table(reliability),
        "mistakes": mistakes_table(metrics, mistakes),
    }
    for name, table in tables.items():
        write_atomic(out / f"{name}.csv", table.to_csv())
    write_atomic(out / "tables.json", _to_json(tables))


def _to_json(tables: dict[str, Table]) -> str:
    columns = {name: {"header": t.header, "rows": t.rows} for name, t in tables.items()}
    return json.dumps(columns, ensure_ascii=False)
