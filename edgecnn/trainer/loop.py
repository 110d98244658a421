"""The training loop: epochs, steps, snapshots, and when it ends."""

import math
import time
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from edgecnn.data.dataset import Dataset
from edgecnn.errors import CheckFailed, OptionError, Stopped
from edgecnn.trainer.augment import augment
from edgecnn.trainer.distill import Teacher
from edgecnn.trainer.distributed import ProcessGroup
from edgecnn.trainer.optimize import learning_rate, make_average, make_optimizer, set_rate
from edgecnn.trainer.progress import Interrupt, LoopOptions, OnProgress, Progress
from edgecnn.trainer.recipe import Precision, Recipe
from edgecnn.trainer.score import score, tensors
from edgecnn.trainer.snapshot import (
    Epoch,
    Snapshot,
    TrainingState,
    optimizer_tensors,
    prefixed,
    restore_optimizer,
    under,
    write_snapshot,
)
from edgecnn.trainer.transfer import freeze


class TrainingLoop:
    """A training run with everything that changes from step to step."""

    def __init__(
        self,
        network: nn.Module,
        data: Dataset,
        recipe: Recipe,
        device: torch.device,
        teacher: Teacher | None,
        group: ProcessGroup,
        options: LoopOptions,
    ) -> None:
        if recipe.batch < group.size:
            raise OptionError(
                f"batch {recipe.batch} is too small for {group.size} processes",
                remedy="use a larger batch or fewer processes",
            )
        # Frames are (n, h, w, c), so their (n, c, h, w) view is channels-last already.
        network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network, self.data, self.recipe, self.device = network, data, recipe, device
        self.teacher, self.group, self.options = teacher, group, options
        self.optimizer = make_optimizer(network, recipe)
        self.average = make_average(network, recipe)
        self.best: dict[str, Tensor] = {}
        self.state = TrainingState()
        self.digest = data.digest if options.snapshot else ""
        self.frames, self.labels = tensors(data.train, device)
        self.generator = torch.Generator(device)
        self.mixed_precision = recipe.precision is Precision.BF16
        self.steps = math.ceil(len(self.labels) / recipe.batch)

    @property
    def done(self) -> bool:
        """Whether all epochs are done, or the time budget or the patience is used up."""
        history, patience = self.state.history, self.recipe.patience
        scores = [epoch.validation_accuracy for epoch in history]
        without_gain = len(scores) - 1 - int(np.argmax(scores)) if scores else 0
        out_of_patience = self.group.any(bool(patience) and without_gain >= patience)
        # A resumed epoch is finished and scored also when the time is used up.
        out_of_time = self.budget_used >= 1 and not self.state.step
        return len(history) >= self.recipe.epochs or out_of_patience or out_of_time

    @property
    def budget_used(self) -> float:
        """Share of the time budget that is used up, equal in all processes."""
        seconds = self.group.total(self.state.seconds) / self.group.size
        return seconds / self.options.budget_seconds

    @property
    def result(self) -> nn.Module:
        """The network that is scored and kept: the moving average, if there is one."""
        return self.network if self.average is None else self.average.module

    def run_epoch(self, on_progress: OnProgress, interrupt: Interrupt) -> None:
        """Train one epoch, or the rest of a resumed one, and score the validation part.

        Args:
            on_progress: Called after each step.
            interrupt: Read after each step.

        Raises:
            CheckFailed: The loss is not finite.
            Stopped: Ctrl-C was pressed; the snapshot is written.
        """
        epoch = len(self.state.history) + 1
        self.network.train()
        freeze(self.network, epoch <= self.recipe.transfer.freeze)
        batches = self._batches(epoch)
        rate = self._rate(epoch, self.state.step)  # if the epoch has no step left
        before = (epoch - 1) * self.steps  # steps of the epochs before this one
        for step in range(self.state.step + 1, len(batches) + 1):
            start = time.perf_counter()
            rate = self._rate(epoch, step)
            loss, hits, size = self.train_step(batches[step - 1], before + step, rate)
            self._count(loss, hits, size, time.perf_counter() - start)
            self._check(loss, "loss", f"in epoch {epoch}, step {step}")
            t = self.state
            on_progress(Progress(epoch, self.recipe.epochs, step, len(batches), t.loss / t.seen,
                           t.correct / t.seen))  # fmt: skip
            self._stop_if(interrupt.requested, epoch, step)
            if self.budget_used >= 1:
                break
        self._end_epoch(epoch, rate)

    def _batches(self, epoch: int) -> list[Tensor]:
        """Return an epoch's batches of (n,) indexes, without one too small for all processes."""
        batches = self._order(epoch).split(self.recipe.batch)  # type: ignore[no-untyped-call]
        return [batch for batch in batches if len(batch) >= self.group.size]

    def _order(self, epoch: int) -> Tensor:
        """Return an epoch's (n,) indexes of pictures, in an order set by seed and epoch."""
        generator = torch.Generator().manual_seed(self.recipe.seed)
        labels = torch.as_tensor(self.data.train.labels)
        if self.recipe.balance:
            weights = 1.0 / torch.bincount(labels)[labels].double()
            generator.manual_seed(self.recipe.seed + epoch * 1_000_003)
            return torch.multinomial(
                weights, len(labels), replacement=True, generator=generator
            ).to(self.device)
        for _ in range(epoch - 1):
            torch.randperm(len(labels), generator=generator)
        return torch.randperm(len(labels), generator=generator).to(self.device)

    def _rate(self, epoch: int, step: int) -> float:
        done = ((epoch - 1) * self.steps + step - 1) / (self.recipe.epochs * self.steps)
        return learning_rate(self.recipe, max(done, min(1.0, self.budget_used)))

    def train_step(self, batch: Tensor, number: int, rate: float) -> tuple[float, float, int]:
        """Take one optimizer step.

        Args:
            batch: (n,) indexes of the pictures of all processes.
            number: Number of the step in the run; it seeds the augmentation.
            rate: Learning rate.

        Returns:
            Mean loss, number of correct labels and number of pictures of this process's share.
        """
        recipe, own = self.recipe, self.group.share(batch)
        own_number = number * self.group.size + self.group.rank
        self.generator.manual_seed(recipe.seed * 1_000_003 + own_number)
        x, labels = augment(self.frames[own], recipe.augment, self.generator), self.labels[own]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed_precision):
            logits = self.network(x)  # (n, classes)
            targets = None if self.teacher is None else self.teacher.logits(x)
        loss = self._loss(logits.float(), labels, targets)
        self.optimizer.zero_grad()
        (loss * (len(own) / len(batch))).backward()  # type: ignore[no-untyped-call]
        self.group.sum_gradients(self.network)
        set_rate(self.optimizer, rate)
        self.optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.network)
        return float(loss.detach()), int((logits.argmax(1) == labels).sum()), len(own)

    def _loss(self, logits: Tensor, labels: Tensor, targets: Tensor | None) -> Tensor:
        """Return the loss of (n, classes) logits against labels and the teacher's logits."""
        own = F.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)
        if self.teacher is None or targets is None:
            return own
        weight = self.teacher.weight
        return (1 - weight) * own + weight * self.teacher.loss(logits, targets)

    def _count(self, loss: float, hits: float, size: int, seconds: float) -> None:
        t = self.state
        self.state = replace(
            t, step=t.step + 1, seen=t.seen + size, correct=t.correct + hits,
            loss=t.loss + loss * size, seconds=t.seconds + seconds,
        )  # fmt: skip

    def _end_epoch(self, epoch: int, rate: float) -> None:
        for network in (self.network, self.result):
            self.group.average_statistics(network)
        # Each process scores the whole part: cheaper than exchanging the logits.
        validation = score(self.result, self.data.validation, self.device)
        self._check(validation[0], "validation loss", f"after epoch {epoch}")
        sums = (self.state.seen, self.state.loss, self.state.correct)
        seen, loss, correct = map(self.group.total, sums)
        done = Epoch(epoch, loss / seen, correct / seen, *validation, rate)
        earlier = [before.validation_accuracy for before in self.state.history]
        if self.recipe.patience and validation[1] > max(earlier, default=-1):
            self.best = {n: t.detach().clone() for n, t in self.result.state_dict().items()}
        history = (*self.state.history, done)
        self.state = TrainingState(history=history, seconds=self.state.seconds)
        self.save()

    def _stop_if(self, requested: bool, epoch: int, step: int) -> None:
        if not self.group.any(requested):
            return
        self.save()
        where = f"training was stopped in epoch {epoch} after step {step} of {self.steps}"
        path = self.options.snapshot
        raise Stopped(
            f"{where}; its state is kept in {path}" if path else where,
            remedy="the same command with --resume continues it" if path else "start again",
        )

    def _check(self, loss: float, name: str, where: str) -> None:
        """Raise CheckFailed in all processes if the loss of any of them is not finite."""
        if not self.group.any(not math.isfinite(loss)):
            return
        path, shown = self.options.snapshot, "not a number" if math.isfinite(loss) else loss
        kept = f"; the last good epoch is kept in {path}" if path and path.exists() else ""
        raise CheckFailed(
            f"the {name} is {shown} {where}{kept}", remedy="use a smaller learning rate"
        )

    def save(self) -> None:
        """Replace the snapshot, if there is to be one and this process writes it."""
        if self.options.snapshot is None or not self.group.is_leader:
            return
        tensors = {
            **prefixed("network", self.network.state_dict()),
            **prefixed("average", self.average.state_dict() if self.average else {}),
            **prefixed("best", self.best),
            **prefixed("optimizer", optimizer_tensors(self.optimizer)),
        }
        snapshot = Snapshot(self.recipe, self.digest, self.state, tensors)
        write_snapshot(self.options.snapshot, snapshot)

    def restore(self, unfinished: Snapshot) -> None:
        """Load the state of a snapshot."""
        saved = unfinished.tensors
        self.network.load_state_dict(under("network", saved))
        if self.average is not None:
            self.average.load_state_dict(under("average", saved))
        self.best = under("best", saved)
        restore_optimizer(self.optimizer, under("optimizer", saved))
        self.state = unfinished.state
        if not self.group.is_leader:  # the sums of the epoch in progress are those of rank 0
            self.state = replace(self.state, seen=0, correct=0.0, loss=0.0)

    def finish(self) -> None:
        """Load the result into the network: the best epoch's weights, or the moving average."""
        self.network.load_state_dict(self.best or self.result.state_dict())
        freeze(self.network, False)
