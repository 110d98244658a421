"""`train`: from a recipe to a run's folder."""

import time
from pathlib import Path

import torch

from edgecnn.spec import ModelSpec
from edgecnn.trainer.catalog import InputWish, load
from edgecnn.trainer.dataset import Dataset
from edgecnn.trainer.fit import Progress, Watch, choose_device, fit, logits_of
from edgecnn.trainer.metrics import measure
from edgecnn.trainer.networks import build
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.run_folder import TrainReport, check_free, package_versions, write_run


def ignore(_: Progress) -> None:
    """Watch nothing."""


def train(
    recipe: Recipe,
    out: str | Path,
    *,
    device: str = "auto",
    overwrite: bool = False,
    watch: Watch = ignore,
) -> TrainReport:
    """Train by a recipe and write the run's folder.

    The same recipe on the same machine gives the same weights. The test part is read once, after
    the last epoch.

    Args:
        recipe: Data set, network and every number.
        out: Folder for checkpoint, tables and plots.
        device: auto, cpu, cuda or mps.
        overwrite: Replace a run that is already there.
        watch: Called after each step.

    Raises:
        NotFound, DataError: The data set is not there or unusable.
        OptionError: The network does not fit the input, or `out` already holds a run.
        DeviceError: The device is not there.
        CheckFailed: The loss is not a number.
    """
    check_free(Path(out), overwrite=overwrite)
    data, spec = load_for(recipe)
    report, network = train_on(data, spec, recipe, device=device, watch=watch)
    write_run(Path(out), network, spec, report)
    return report


def load_for(recipe: Recipe) -> tuple[Dataset, ModelSpec]:
    """Load a recipe's data set, fitted for its network; raises what `load` raises."""
    return load(recipe.data, InputWish(recipe.size, recipe.channels, recipe.fit), recipe.train_size)


def train_on(
    data: Dataset, spec: ModelSpec, recipe: Recipe, *, device: str = "auto", watch: Watch = ignore
) -> tuple[TrainReport, torch.nn.Module]:
    """Train on a data set in memory; raises what `train` raises."""
    target = choose_device(device)
    torch.manual_seed(recipe.seed)
    torch.backends.cudnn.deterministic = True
    network = build(recipe.network, spec.shape, len(spec.labels))
    start = time.perf_counter()
    history = fit(network, data, recipe, target, watch)
    seconds = time.perf_counter() - start
    answers = logits_of(network, data.test, target).argmax(1).numpy()
    report = TrainReport(
        recipe=recipe,
        dataset_digest=data.digest,
        problems=data.problems,
        pictures={part: len(getattr(data, part)) for part in ("train", "validation", "test")},
        parameters=sum(p.numel() for p in network.parameters()),
        history=tuple(history),
        test=measure(spec.labels, data.test.labels, answers, form="torch", split="test"),
        seconds=round(seconds, 3),
        device=str(target),
        versions=package_versions(),
    )
    return report, network
