"""`edgecnn evaluate`: accuracy of a run or a model file. Needs the extra [train]."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, Provider, option, show

if TYPE_CHECKING:
    from edgecnn.trainer.metrics import Metrics


def evaluate(
    model: Annotated[
        str, typer.Argument(help="A run's folder, a model file, or a shipped model's name.")
    ],
    data: Annotated[str, option("Data set.", default="the model's own")] = "",
    split: Annotated[str, option("train, validation or test.")] = "test",
    provider: Provider = "cpu",
    form: AsFormat = Format.TEXT,
) -> None:
    """Measure the accuracy of a run (with torch) or a model file (with ONNX Runtime)."""
    from edgecnn.inference.first_opening import read_checked
    from edgecnn.trainer.evaluate import evaluate as evaluate_model

    if not Path(model).is_dir():
        read_checked(model)
    report = evaluate_model(model, data=data, split=split, provider=provider)
    show(report, metrics_text(report), form)


def metrics_text(metrics: "Metrics") -> str:
    """Return metrics as text: the accuracy, then one line per class."""
    width = max(len(row.label) for row in metrics.classes)
    head = f"{'class':<{max(width, 5)}}  precision  recall      f1  pictures"
    lines = [
        f"{row.label:<{max(width, 5)}}  {row.precision:9.2%} {row.recall:7.2%} {row.f1:7.2%}"
        f"  {row.pictures:8}"
        for row in metrics.classes
    ]
    return "\n".join([f"{metrics.accuracy.form}: {metrics.accuracy}", head, *lines])
