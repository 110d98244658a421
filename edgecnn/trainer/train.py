"""`train`: trains by a recipe and writes the run's folder."""

import math
from pathlib import Path

import torch
from torch import nn

from edgecnn.data.catalog import InputOptions, load
from edgecnn.data.dataset import PARTS, Dataset
from edgecnn.data.inspection import class_warnings
from edgecnn.errors import DataError, NotFound, OptionError
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.distill import make_teacher
from edgecnn.trainer.distributed import ProcessGroup, joined
from edgecnn.trainer.metrics import measure
from edgecnn.trainer.networks import build
from edgecnn.trainer.progress import LoopOptions, OnProgress, ignore
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.report.presentation import present
from edgecnn.trainer.run_folder import TrainReport, check_free, package_versions, write_run
from edgecnn.trainer.score import choose_device, logits_of
from edgecnn.trainer.snapshot import SNAPSHOT, Snapshot, TrainingState, read_snapshot
from edgecnn.trainer.train_network import train_network
from edgecnn.trainer.transfer import take_features


def train(
    recipe: Recipe,
    out: str | Path,
    *,
    device: str = "auto",
    overwrite: bool = False,
    resume: bool = False,
    strict: bool = False,
    budget_seconds: float = math.inf,
    on_progress: OnProgress = ignore,
) -> TrainReport:
    """Train by a recipe and write the run's folder.

    The same recipe on the same machine gives the same weights, also when it is interrupted and
    resumed. The test part is used once, after the last epoch. Under torchrun, several processes
    train together and the one of rank 0 writes.

    Args:
        recipe: Data set, network and hyperparameters.
        out: Folder for checkpoint, tables and plots; during training, for the snapshot.
        device: auto, cpu, cuda or mps.
        overwrite: Replace a run in `out`.
        resume: Continue the unfinished run in `out`, which must have the same recipe.
        strict: Refuse a data set with unusable files.
        budget_seconds: Time after which training ends; with one, the result depends on the speed of
            the machine.
        on_progress: Called after each step.

    Raises:
        NotFound: The data set is not found; or with `resume`, there is no unfinished run.
        DataError: The data set cannot be used, or has changed since the unfinished run began.
        OptionError: The network does not fit the input, or `out` already holds a run.
        DeviceError: The device is missing, or `out` cannot be written.
        CheckFailed: The loss is not finite.
        Stopped: Ctrl-C was pressed; `resume` continues the run.
    """
    folder = Path(out)
    unfinished = read_unfinished(folder, recipe) if resume else None
    if not resume:
        check_free(folder, overwrite=overwrite)
    data, spec = load_for(recipe, strict=strict)
    if unfinished is not None and unfinished.dataset_digest != data.digest:
        raise DataError(
            f"data set {recipe.data!r} has changed since the run in {folder} began",
            remedy="restore the old pictures, or start again with --overwrite",
        )
    if unfinished is None:  # a snapshot of an earlier run must not be resumed later
        (folder / SNAPSHOT).unlink(missing_ok=True)
    options = LoopOptions(folder / SNAPSHOT, budget_seconds)
    with joined(choose_device(device)) as group:
        report, network = train_on(
            data, spec, recipe, device=device, on_progress=on_progress,
            group=group, options=options, unfinished=unfinished,
        )  # fmt: skip
        if group.is_leader:
            present(folder, network, data, report)
            write_run(folder, network, spec, report)
    return report


def read_unfinished(folder: Path, recipe: Recipe) -> Snapshot:
    """Read the snapshot in a run's folder.

    Raises:
        NotFound: There is none.
        OptionError: It belongs to another recipe.
        DataError: It is broken.
    """
    found = find_snapshot(folder)
    if found.recipe != recipe:
        raise OptionError(
            f"the unfinished run in {folder} has another recipe",
            remedy="give --out and --resume without other options, or start again with --overwrite",
        )
    return found


def find_snapshot(folder: Path) -> Snapshot:
    """Read the snapshot of the unfinished run in a folder; raises NotFound, DataError."""
    if not (folder / SNAPSHOT).is_file():
        raise NotFound(f"{folder} holds no unfinished run", remedy="train without --resume")
    return read_snapshot(folder / SNAPSHOT)


def load_for(recipe: Recipe, *, strict: bool = False) -> tuple[Dataset, ModelSpec]:
    """Load the data set of a recipe, fitted to its input; raises what `load` raises."""
    options = InputOptions(recipe.size, recipe.channels, recipe.fit)
    return load(recipe.data, options, recipe.train_size, strict=strict)


def train_on(
    data: Dataset,
    spec: ModelSpec,
    recipe: Recipe,
    *,
    device: str = "auto",
    on_progress: OnProgress = ignore,
    group: ProcessGroup | None = None,
    options: LoopOptions | None = None,
    unfinished: Snapshot | None = None,
) -> tuple[TrainReport, nn.Module]:
    """Train on a data set in memory, and score the test part; raises what `train` raises.

    Args:
        data: The fitted data set.
        spec: The network's input and labels.
        recipe: Network and hyperparameters.
        device: auto, cpu, cuda or mps.
        on_progress: Called after each step.
        group: The processes that train together. None: this one alone.
        options: Snapshot file and time budget. None: neither.
        unfinished: The snapshot to continue from, of the same recipe and data.
    """
    target, options = choose_device(device), options or LoopOptions()
    torch.backends.cudnn.deterministic = True
    network = make_network(recipe, spec)
    state = train_network(
        network, data, recipe, target, on_progress,
        teacher=make_teacher(recipe, spec, target), group=group, options=options,
        unfinished=unfinished,
    )  # fmt: skip
    predicted = logits_of(network, data.test, target).argmax(1).numpy()
    report = TrainReport(
        recipe=recipe,
        dataset_digest=data.digest,
        problems=data.problems,
        warnings=class_warnings(data),
        pictures={part: len(data.part(part)) for part in PARTS},
        parameters=sum(p.numel() for p in network.parameters()),
        history=state.history,
        ended=_ended(recipe, state, options),
        test=measure(spec.labels, data.test.labels, predicted, form="torch", split="test"),
        seconds=round(state.seconds, 3),
        device=str(target),
        versions=package_versions(),
    )
    return report, network


def _ended(recipe: Recipe, state: TrainingState, options: LoopOptions) -> str:
    """Return why training ended, as a phrase."""
    if len(state.history) == recipe.epochs:
        return "all epochs done"
    if not recipe.patience or state.seconds >= options.budget_seconds:
        return f"time budget of {options.budget_seconds:g} s used up"
    return f"no better validation accuracy for {recipe.patience} epochs"


def make_network(recipe: Recipe, spec: ModelSpec) -> nn.Module:
    """Build the recipe's network with its initial weights; raises what `take_features` raises."""
    torch.manual_seed(recipe.seed)
    network = build(recipe.network, spec.shape, len(spec.labels))
    take_features(network, recipe, spec)
    return network
