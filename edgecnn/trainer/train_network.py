"""`train_network`: trains a network on a data set in memory."""

import torch
from torch import nn

from edgecnn.data.dataset import Dataset
from edgecnn.trainer.distill import Teacher
from edgecnn.trainer.distributed import ProcessGroup
from edgecnn.trainer.loop import TrainingLoop
from edgecnn.trainer.progress import LoopOptions, OnProgress, deferred_interrupt
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
    group: ProcessGroup | None = None,
    options: LoopOptions | None = None,
    unfinished: Snapshot | None = None,
) -> TrainingState:
    """Train a network in place.

    Args:
        network: From `build`; it stays on `device`.
        data: The weights learn from its training part; its validation part is scored after each
            epoch. The test part is not used.
        recipe: The hyperparameters.
        device: Where to compute.
        on_progress: Called after each step.
        teacher: The network to distill from, if any.
        group: The processes that train together. None: this one alone.
        options: Snapshot file and time budget. None: neither.
        unfinished: The snapshot to continue from, of the same recipe and data.

    Returns:
        The figures of each epoch, and the time of all steps.

    Raises:
        CheckFailed: The loss is not finite.
        Stopped: Ctrl-C was pressed; the snapshot is written.
        DeviceError: The snapshot cannot be written.
    """
    group, options = group or ProcessGroup(), options or LoopOptions()
    loop = TrainingLoop(network, data, recipe, device, teacher, group, options)
    if unfinished is not None:
        loop.restore(unfinished)
    with deferred_interrupt() as interrupt:
        while not loop.done:
            loop.run_epoch(on_progress, interrupt)
    loop.finish()
    return loop.state
