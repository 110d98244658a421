"""The tables of a training run: shown on its page, written as CSV and as one JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
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
    """Return one row an epoch, one column a quantity."""
    header = tuple(field.name for field in fields(history[0]))
    formats = tuple(HISTORY_FORMATS.get(name, ".4f") for name in header)
    return Table(header, formats, tuple(tuple(asdict(epoch).values()) for epoch in history))


def classes_table(metrics: Metrics) -> Table:
    """Return one row a class; `called`: how many pictures were taken for it."""
    called = [sum(column) for column in zip(*metrics.confusion, strict=True)]
    return Table(
        ("class", "pictures", "called", "precision", "recall", "f1"),
        ("", ",", ",", SHARE, SHARE, SHARE),
        tuple(
            (row.label, row.pictures, count, row.precision, row.recall, row.f1)
            for row, count in zip(metrics.classes, called, strict=True)
        ),
    )


def confusion_table(metrics: Metrics) -> Table:
    """Return one row a true class, one column a called class."""
    labels = [row.label for row in metrics.classes]
    rows = zip(labels, metrics.confusion, strict=True)
    return Table(
        ("is \\ called", *labels),
        ("", *("," for _ in labels)),
        tuple((label, *counts) for label, counts in rows),
    )


def confused_table(metrics: Metrics, limit: int = 10) -> Table:
    """Return the pairs of classes that were confused most often."""
    labels = [row.label for row in metrics.classes]
    pairs = [
        (labels[i], labels[j], count)
        for i, counts in enumerate(metrics.confusion)
        for j, count in enumerate(counts)
        if i != j and count
    ]
    most = sorted(pairs, key=lambda pair: -pair[2])[:limit]
    return Table(("is", "called", "pictures"), ("", "", ","), tuple(most))


def reliability_table(reliability: Reliability) -> Table:
    """Return one row a bin that holds pictures."""
    return Table(
        ("sure from", "to", "pictures", "confidence", "accuracy"),
        (".1%", ".1%", ",", SHARE, SHARE),
        tuple(
            (row.lower, row.upper, row.count, row.confidence, row.accuracy)
            for row in reliability.bins
        ),
    )


def mistakes_table(metrics: Metrics, mistakes: Sequence[Misclassified]) -> Table:
    """Return one row a mistake; `picture`: its position in the part that was scored."""
    labels = [row.label for row in metrics.classes]
    return Table(
        ("picture", "is", "called", "confidence"),
        ("d", "", "", SHARE),
        tuple(
            (mistake.index, labels[mistake.truth], labels[mistake.called], mistake.confidence)
            for mistake in mistakes
        ),
    )


def write_tables(
    out: Path,
    history: Sequence[Epoch],
    metrics: Metrics,
    reliability: Reliability,
    mistakes: Sequence[Misclassified],
) -> None:
    """Write history, classes, confusion, reliability and mistakes as CSV, and as `tables.json`.

    Raises:
        DeviceError: The folder cannot be written.
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
