"""`fit`: a network learns a data set."""

import torch
from torch import nn

from edgecnn.data.dataset import Dataset
from edgecnn.trainer.distill import Teacher
from edgecnn.trainer.distributed import ProcessGroup
from edgecnn.trainer.loop import Loop
from edgecnn.trainer.progress import Keep, OnProgress, interrupts
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.snapshot import Snapshot, TrainingState


def train_network(
    network: nn.Module,
    data: Dataset,
    recipe: Recipe,
    device: torch.device,
    on_progress: OnProgress,
    *,
    teacher: Teacher | None = None,
    team: ProcessGroup | None = None,
    keep: Keep | None = None,
    unfinished: Snapshot | None = None,
) -> TrainingState:
    """Train a network in place; the validation part is only looked at.

    Args:
        network: From `build`; left on `device`.
        data: Its training part is learned, its validation part scored after each epoch.
        recipe: Every number.
        device: Where to compute.
        on_progress: Called after each step.
        teacher: Whose answers are learned beside the labels.
        team: The processes that train together.
        keep: Where the unfinished run is kept.
        unfinished: A run of this recipe and data to go on with.

    Returns:
        What each epoch gave, and the time of all steps.

    Raises:
        CheckFailed: The loss is not a number.
        Stopped: Ctrl-C; the snapshot is written.
        DeviceError: The snapshot cannot be written.
    """
    loop = Loop(network, data, recipe, device, teacher, team or ProcessGroup(), keep or Keep())
    if unfinished is not None:
        loop.restore(unfinished)
    with interrupts() as interrupt:
        while not loop.done:
            loop.run_epoch(on_progress, interrupt)
    loop.finish()
    return loop.state
