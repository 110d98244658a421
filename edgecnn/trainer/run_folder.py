"""A run's folder: checkpoint, metrics and plots."""

from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from torch import nn

from edgecnn.atomic import write_atomic
from edgecnn.errors import NotFound, OptionError, SpecError
from edgecnn.model.spec import ModelSpec
from edgecnn.records import Record
from edgecnn.trainer.checkpoint import CHECKPOINT, broken, read_checkpoint, write_checkpoint
from edgecnn.trainer.metrics import Metrics
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.report.plots import plot_confusion, plot_history
from edgecnn.trainer.snapshot import SNAPSHOT, Epoch

METRICS = "metrics.json"
PACKAGES = ("edgecnn", "numpy", "onnx", "onnxruntime", "opencv-python", "opencv-python-headless",
            "torch")  # fmt: skip
"""Their versions are recorded; OpenCV has several package names."""


@dataclass(frozen=True)
class TrainReport(Record):
    """`metrics.json`: recipe, data, history and test metrics of a run."""

    recipe: Recipe
    dataset_digest: str
    """SHA-256 of the fitted pictures and labels."""
    problems: tuple[str, ...]
    """One line for each file of the data set that could not be used."""
    warnings: tuple[str, ...]
    """One sentence for each property of the data set that will make the model worse."""
    pictures: dict[str, int]
    """Number of pictures in each part."""
    parameters: int
    """Number of trained weights."""
    history: tuple[Epoch, ...]
    ended: str
    """Why training ended: all epochs, the time budget, or patience."""
    test: Metrics
    seconds: float
    """Time of the training loop."""
    device: str
    """PyTorch device that it was trained on."""
    versions: dict[str, str]


@dataclass(frozen=True)
class Run:
    """A finished run, as it is read for evaluation and export."""

    network: nn.Module
    recipe: Recipe
    spec: ModelSpec
    report: TrainReport


def check_free(out: Path, *, overwrite: bool) -> None:
    """Raise OptionError if `out` is a file, or a folder with a run in it, finished or not."""
    if out.exists() and not out.is_dir():
        raise OptionError(f"{out} is not a folder", remedy="choose another --out")
    if (out / SNAPSHOT).exists() and not overwrite:
        raise OptionError(
            f"{out} holds an unfinished run",
            remedy="continue it with --resume, choose another --out, or give --overwrite",
        )
    if (out / CHECKPOINT).exists() and not overwrite:
        raise OptionError(
            f"{out} already holds a run", remedy="choose another --out, or give --overwrite"
        )


def write_run(out: Path, network: nn.Module, spec: ModelSpec, report: TrainReport) -> None:
    """Write plots, metrics and checkpoint, and remove the snapshot; the checkpoint comes last.

    Args:
        out: The run's folder.
        network: The trained network.
        spec: Its input and labels.
        report: What is written as `metrics.json`.

    Raises:
        DeviceError: A file cannot be written.
    """
    write_atomic(out / "history.png", plot_history(report.history))
    write_atomic(out / "confusion.png", plot_confusion(report.test))
    write_atomic(out / METRICS, report.to_json(indent=1))
    write_checkpoint(out / CHECKPOINT, network, report.recipe, spec)
    (out / SNAPSHOT).unlink(missing_ok=True)


def read_run(folder: Path) -> Run:
    """Read a finished run.

    Raises:
        NotFound: The folder holds no run, or one that was interrupted.
        DataError: A file is broken, or the weights do not fit the network.
    """
    if (folder / SNAPSHOT).is_file():
        raise NotFound(
            f"{folder} holds a run that was interrupted before its end",
            remedy=f"finish it: edgecnn train --resume --out {folder}",
        )
    for name in (CHECKPOINT, METRICS):
        if not (folder / name).is_file():
            raise NotFound(
                f"{folder} holds no run: {name} is missing", remedy="run `edgecnn train`"
            )
    found, report = read_checkpoint(folder), _read_report(folder / METRICS)
    return Run(found.network, found.recipe, found.spec, report)


def _read_report(path: Path) -> TrainReport:
    try:
        return TrainReport.from_json(path.read_text(encoding="utf-8"))
    except (SpecError, UnicodeDecodeError) as error:
        raise broken(path, error) from error


def package_versions() -> dict[str, str]:
    """Return the versions of the installed packages that influence a model."""
    found = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
