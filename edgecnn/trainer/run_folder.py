"""A run's folder: the checkpoint as safetensors, never pickle, and what was measured."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from edgecnn.errors import DataError, NotFound, OptionError, SpecError
from edgecnn.files import write_atomic
from edgecnn.records import Record
from edgecnn.spec import ModelSpec
from edgecnn.trainer.fit import Epoch
from edgecnn.trainer.metrics import Metrics
from edgecnn.trainer.networks import build
from edgecnn.trainer.plots import plot_confusion, plot_history
from edgecnn.trainer.recipe import Recipe

CHECKPOINT = "checkpoint.safetensors"
METRICS = "metrics.json"


@dataclass(frozen=True)
class TrainReport(Record):
    """`metrics.json`: how a run was made and how well it does."""

    recipe: Recipe
    dataset_digest: str
    problems: tuple[str, ...]
    """Files of the data set that could not be used."""
    pictures: dict[str, int]
    """How many were in each part."""
    parameters: int
    history: tuple[Epoch, ...]
    test: Metrics
    seconds: float
    """Time of the training loop."""
    device: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Run:
    """A trained network, with all that is needed to export it."""

    network: nn.Module
    recipe: Recipe
    spec: ModelSpec
    report: TrainReport


def check_free(out: Path, *, overwrite: bool) -> None:
    """Raise OptionError if the folder already holds a run, or is a file."""
    if out.exists() and not out.is_dir():
        raise OptionError(f"{out} is not a folder", remedy="choose another --out")
    if (out / CHECKPOINT).exists() and not overwrite:
        raise OptionError(
            f"{out} already holds a run", remedy="choose another --out, or give --overwrite"
        )


def write_run(out: Path, network: nn.Module, spec: ModelSpec, report: TrainReport) -> None:
    """Write the checkpoint, the measurements, and both as tables and plots."""
    metadata = {"recipe": report.recipe.to_json(), "spec": spec.to_json()}
    weights = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    write_atomic(out / "history.csv", history_csv(report.history))
    write_atomic(out / "history.png", plot_history(report.history))
    write_atomic(out / "confusion.csv", confusion_csv(report.test))
    write_atomic(out / "confusion.png", plot_confusion(report.test))
    write_atomic(out / METRICS, report.to_json(indent=1))
    write_atomic(out / CHECKPOINT, save(weights, metadata))


def read_run(folder: Path) -> Run:
    """Read a run back.

    Raises:
        NotFound: The folder holds no run.
        DataError: Its files are broken or its checkpoint does not fit its network.
    """
    for name in (CHECKPOINT, METRICS):
        if not (folder / name).is_file():
            raise NotFound(f"{folder} holds no run: {name} is missing", remedy="`edgecnn train`")
    path, report = folder / CHECKPOINT, _read_report(folder / METRICS)
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        spec = ModelSpec.from_json(metadata["spec"])
        recipe = Recipe.from_json(metadata["recipe"])
        network = build(recipe.network, spec.shape, len(spec.labels))
        network.load_state_dict(weights)
    except (SafetensorError, KeyError, TypeError, RuntimeError) as error:
        raise DataError(f"{path} is broken: {error}", remedy="train again") from error
    return Run(network, recipe, spec, report)


def _read_report(path: Path) -> TrainReport:
    try:
        return TrainReport.from_json(path.read_text(encoding="utf-8"))
    except (SpecError, UnicodeDecodeError) as error:
        reason = error.what if isinstance(error, SpecError) else str(error)
        raise DataError(f"{path} is broken: {reason}", remedy="train again") from error


def history_csv(history: Sequence[Epoch]) -> str:
    """Return one row an epoch."""
    rows = [asdict(epoch) for epoch in history]
    return _csv([list(rows[0]), *(list(row.values()) for row in rows)])


def confusion_csv(metrics: Metrics) -> str:
    """Return one row a true class, one column a called class."""
    labels = [row.label for row in metrics.classes]
    rows = zip(labels, metrics.confusion, strict=True)
    return _csv([["is \\ called", *labels], *([label, *counts] for label, counts in rows)])


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that shape a model."""
    names = ("edgecnn", "numpy", "onnx", "onnxruntime", "opencv-python", "torch")
    return {name: version(name) for name in names}


def _csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
