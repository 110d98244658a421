"""A run's folder: the checkpoint as safetensors, never pickle, and what was measured."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from torch import nn

from edgecnn.atomic import write_atomic
from edgecnn.errors import DataError, NotFound, OptionError, SpecError
from edgecnn.model.spec import ModelSpec
from edgecnn.records import Record
from edgecnn.trainer.checkpoint import CHECKPOINT, read_checkpoint, write_checkpoint
from edgecnn.trainer.metrics import Metrics
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.report.plots import plot_confusion, plot_history
from edgecnn.trainer.snapshot import SNAPSHOT, Epoch

METRICS = "metrics.json"


@dataclass(frozen=True)
class TrainReport(Record):
    """`metrics.json`: how a run was made and how well it does."""

    recipe: Recipe
    dataset_digest: str
    problems: tuple[str, ...]
    """Files of the data set that could not be used."""
    warnings: tuple[str, ...]
    """What of the data set will hurt the model."""
    pictures: dict[str, int]
    """How many were in each part."""
    parameters: int
    history: tuple[Epoch, ...]
    ended: str
    """Why training ended: all epochs, time or patience."""
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
    """Raise OptionError if the folder already holds a run, finished or not, or is a file."""
    if out.exists() and not out.is_dir():
        raise OptionError(f"{out} is not a folder", remedy="choose another --out")
    if (out / SNAPSHOT).exists() and not overwrite:
        raise OptionError(
            f"{out} holds a run that is not finished",
            remedy="go on with --resume, choose another --out, or give --overwrite",
        )
    if (out / CHECKPOINT).exists() and not overwrite:
        raise OptionError(
            f"{out} already holds a run", remedy="choose another --out, or give --overwrite"
        )


def write_run(out: Path, network: nn.Module, spec: ModelSpec, report: TrainReport) -> None:
    """Write the checkpoint, the measurements, and its plots; the checkpoint comes last."""
    write_atomic(out / "history.png", plot_history(report.history))
    write_atomic(out / "confusion.png", plot_confusion(report.test))
    write_atomic(out / METRICS, report.to_json(indent=1))
    write_checkpoint(out / CHECKPOINT, network, report.recipe, spec)
    (out / SNAPSHOT).unlink(missing_ok=True)


def read_run(folder: Path) -> Run:
    """Read a run back.

    Raises:
        NotFound: The folder holds no run, or one that was stopped.
        DataError: Its files are broken or its checkpoint does not fit its network.
    """
    if (folder / SNAPSHOT).is_file():
        raise NotFound(
            f"{folder} holds a run that was stopped before its end",
            remedy=f"finish it: edgecnn train --resume --out {folder}",
        )
    for name in (CHECKPOINT, METRICS):
        if not (folder / name).is_file():
            raise NotFound(f"{folder} holds no run: {name} is missing", remedy="`edgecnn train`")
    found, report = read_checkpoint(folder), _read_report(folder / METRICS)
    return Run(found.network, found.recipe, found.spec, report)


def _read_report(path: Path) -> TrainReport:
    try:
        return TrainReport.from_json(path.read_text(encoding="utf-8"))
    except (SpecError, UnicodeDecodeError) as error:
        reason = error.what if isinstance(error, SpecError) else str(error)
        raise DataError(f"{path} is broken: {reason}", remedy="train again") from error


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that shape a model; what is not installed is left out."""
    names = ("edgecnn", "numpy", "onnx", "onnxruntime", "opencv-python", "opencv-python-headless",
             "torch")  # fmt: skip
    installed = {name: _version(name) for name in names}
    return {name: found for name, found in installed.items() if found}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # OpenCV comes under several names
        return ""
