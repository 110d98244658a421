"""`train`: from a recipe to a run's folder."""

import math
from pathlib import Path

import torch
from torch import nn

from edgecnn.data.catalog import InputOptions, load
from edgecnn.data.dataset import Dataset
from edgecnn.data.inspection import class_warnings
from edgecnn.errors import DataError, NotFound, OptionError
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.distill import make_teacher
from edgecnn.trainer.distributed import ProcessGroup, joined
from edgecnn.trainer.metrics import measure
from edgecnn.trainer.networks import build
from edgecnn.trainer.progress import Keep, OnProgress, ignore
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

    The same recipe on the same machine gives the same weights, in one go or resumed. The test part
    is read once, after the last epoch. Started by torchrun, several processes train together and
    the first one writes.

    Args:
        recipe: Data set, network and every number.
        out: Folder for checkpoint, tables and plots; while training, for the unfinished run.
        device: auto, cpu, cuda or mps.
        overwrite: Replace a run that is already there.
        resume: Go on with the unfinished run that is there; its recipe must be this one.
        strict: Refuse a data set with unusable files.
        budget_seconds: End training after so long; the result depends on the machine's speed.
        on_progress: Called after each step.

    Raises:
        NotFound, DataError: The data set is not there or unusable.
        OptionError: The network does not fit the input, or `out` already holds a run.
        DeviceError: The device is not there, or `out` cannot be written.
        CheckFailed: The loss is not a number.
        Stopped: Ctrl-C; `resume` goes on.
    """
    folder = Path(out)
    unfinished = read_unfinished(folder, recipe) if resume else None
    if not resume:
        check_free(folder, overwrite=overwrite)
    data, spec = load_for(recipe, strict=strict)
    if unfinished is not None and unfinished.dataset_digest != data.digest:
        raise DataError(
            f"data set {recipe.data!r} has changed since the run in {folder} began",
            remedy="bring the old pictures back, or start again with --overwrite",
        )
    if unfinished is None:  # another run's: to go on with it now would be a mistake
        (folder / SNAPSHOT).unlink(missing_ok=True)
    keep = Keep(folder / SNAPSHOT, budget_seconds)
    with joined(choose_device(device)) as team:
        report, network = train_on(
            data, spec, recipe, device=device, on_progress=on_progress,
            team=team, keep=keep, unfinished=unfinished,
        )  # fmt: skip
        if team.leads:
            present(folder, network, data, report)
            write_run(folder, network, spec, report)
    return report


def read_unfinished(folder: Path, recipe: Recipe) -> Snapshot:
    """Read the snapshot in a run's folder.

    Raises:
        NotFound: There is none.
        OptionError: It is of another recipe.
        DataError: It is broken.
    """
    found = _snapshot_in(folder)
    if found.recipe != recipe:
        raise OptionError(
            f"the unfinished run in {folder} has another recipe",
            remedy="resume with --out and --resume alone, or start again with --overwrite",
        )
    return found


def recipe_of_unfinished(folder: Path) -> Recipe:
    """Return the recipe of the unfinished run in a folder; raises NotFound, DataError."""
    return _snapshot_in(folder).recipe


def _snapshot_in(folder: Path) -> Snapshot:
    if not (folder / SNAPSHOT).is_file():
        raise NotFound(f"{folder} holds no unfinished run", remedy="train without --resume")
    return read_snapshot(folder / SNAPSHOT)


def load_for(recipe: Recipe, *, strict: bool = False) -> tuple[Dataset, ModelSpec]:
    """Load a recipe's data set, fitted for its network; raises what `load` raises."""
    options = InputOptions(recipe.size, recipe.channels, recipe.fit)
    return load(recipe.data, options, recipe.train_size, strict=strict)


def train_on(
    data: Dataset,
    spec: ModelSpec,
    recipe: Recipe,
    *,
    device: str = "auto",
    on_progress: OnProgress = ignore,
    team: ProcessGroup | None = None,
    keep: Keep | None = None,
    unfinished: Snapshot | None = None,
) -> tuple[TrainReport, nn.Module]:
    """Train on a data set in memory; raises what `train` raises."""
    target, keep = choose_device(device), keep or Keep()
    torch.backends.cudnn.deterministic = True
    network = make_network(recipe, spec)
    state = train_network(
        network, data, recipe, target, on_progress,
        teacher=make_teacher(recipe, spec, target), team=team, keep=keep, unfinished=unfinished,
    )  # fmt: skip
    answers = logits_of(network, data.test, target).argmax(1).numpy()
    report = TrainReport(
        recipe=recipe,
        dataset_digest=data.digest,
        problems=data.problems,
        warnings=class_warnings(data),
        pictures={part: len(getattr(data, part)) for part in ("train", "validation", "test")},
        parameters=sum(p.numel() for p in network.parameters()),
        history=state.history,
        ended=_ended(recipe, state, keep),
        test=measure(spec.labels, data.test.labels, answers, form="torch", split="test"),
        seconds=round(state.seconds, 3),
        device=str(target),
        versions=package_versions(),
    )
    return report, network


def _ended(recipe: Recipe, state: TrainingState, keep: Keep) -> str:
    if len(state.history) == recipe.epochs:
        return "all epochs done"
    if not recipe.patience or state.seconds >= keep.budget_seconds:
        return f"time budget of {keep.budget_seconds:g} s used up"
    return f"no better validation accuracy for {recipe.patience} epochs"


def make_network(recipe: Recipe, spec: ModelSpec) -> nn.Module:
    """Return a network with the recipe's initial weights; raises what `take_features` raises."""
    torch.manual_seed(recipe.seed)
    network = build(recipe.network, spec.shape, len(spec.labels))
    take_features(network, recipe, spec)
    return network
