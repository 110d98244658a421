"""A training run in progress, step by step."""

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
from edgecnn.trainer.progress import Interrupt, Keep, OnProgress, Progress
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


class Loop:
    """A run in progress: everything that changes from step to step."""

    def __init__(
        self,
        network: nn.Module,
        data: Dataset,
        recipe: Recipe,
        device: torch.device,
        teacher: Teacher | None,
        team: ProcessGroup,
        keep: Keep,
    ) -> None:
        if recipe.batch < team.size:
            raise OptionError(
                f"batch {recipe.batch} is too small for {team.size} processes",
                remedy="use a larger batch or fewer processes",
            )
        # Frames come as (n, h, w, c), so their (n, c, h, w) view is channels-last already.
        network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network, self.data, self.recipe, self.device = network, data, recipe, device
        self.teacher, self.team, self.keep = teacher, team, keep
        self.optimizer = make_optimizer(network, recipe)
        self.average = make_average(network, recipe)
        self.best: dict[str, Tensor] = {}
        self.state = TrainingState()
        self.digest = data.digest if keep.snapshot else ""
        self.frames, self.labels = tensors(data.train, device)
        self.draws = torch.Generator(device)
        self.steps = math.ceil(len(self.labels) / recipe.batch)

    @property
    def done(self) -> bool:
        """Whether epochs, time or patience are used up."""
        history, patience = self.state.history, self.recipe.patience
        scores = [epoch.validation_accuracy for epoch in history]
        stale = len(scores) - 1 - int(np.argmax(scores)) if scores else 0
        tired = self.team.any(bool(patience) and stale >= patience)
        late = self.spent >= 1 and not self.state.step  # an epoch that began also ends
        return len(history) >= self.recipe.epochs or tired or late

    @property
    def spent(self) -> float:
        """Share of the time budget that is used up, the same for the whole team."""
        seconds = self.team.total(self.state.seconds) / self.team.size
        return seconds / self.keep.budget_seconds

    @property
    def result(self) -> nn.Module:
        """The network whose weights count: the moving average, if there is one."""
        return self.network if self.average is None else self.average.module

    def run_epoch(self, on_progress: OnProgress, interrupt: Interrupt) -> None:
        """Go through the training pictures once, or through what is left of them.

        Raises:
            CheckFailed: The loss is not a number.
            Stopped: Ctrl-C; the snapshot is written.
        """
        epoch = len(self.state.history) + 1
        self.network.train()
        freeze(self.network, epoch <= self.recipe.transfer.freeze)
        batches = self._batches(epoch)
        rate = self._rate(epoch, self.state.step)  # of the last step, if that was the epoch's last
        for step in range(self.state.step + 1, len(batches) + 1):
            start = time.perf_counter()
            rate = self._rate(epoch, step)
            loss, hits, size = self.learn(batches[step - 1], epoch, step, rate)
            self._count(loss, hits, size, time.perf_counter() - start)
            self._check(loss, "loss", f"in epoch {epoch}, step {step}")
            t = self.state
            on_progress(Progress(epoch, self.recipe.epochs, step, len(batches), t.loss / t.seen,
                           t.correct / t.seen))  # fmt: skip
            self._stop_if(interrupt.wanted, epoch, step)
            if self.spent >= 1:
                break
        self._end_epoch(epoch, rate)

    def _batches(self, epoch: int) -> list[Tensor]:
        """Return the batches of an epoch; a last one with nothing for some process is left out."""
        batches = self._order(epoch).split(self.recipe.batch)  # type: ignore[no-untyped-call]
        return [batch for batch in batches if len(batch) >= self.team.size]

    def _order(self, epoch: int) -> Tensor:
        """Return the order of an epoch's pictures; the same epoch always has the same."""
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
        return learning_rate(self.recipe, max(done, min(1.0, self.spent)))

    def learn(self, batch: Tensor, epoch: int, step: int, rate: float) -> tuple[float, float, int]:
        """Learn one batch; return its mean loss, how many labels were right, and its size."""
        recipe, own = self.recipe, self.team.share(batch)
        number = ((epoch - 1) * self.steps + step) * self.team.size + self.team.rank
        self.draws.manual_seed(recipe.seed * 1_000_003 + number)
        x, labels = augment(self.frames[own], recipe.augment, self.draws), self.labels[own]
        with self._autocast():
            logits = self.network(x)  # (n, classes)
            answers = None if self.teacher is None else self.teacher.answer(x)
        loss = self._loss(logits.float(), labels, answers)
        self.optimizer.zero_grad()
        (loss * (len(own) / len(batch))).backward()  # type: ignore[no-untyped-call]
        self.team.sum_gradients(self.network)
        set_rate(self.optimizer, rate)
        self.optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.network)
        return float(loss.detach()), int((logits.argmax(1) == labels).sum()), len(own)

    def _autocast(self) -> torch.autocast:
        wanted = self.recipe.precision is Precision.BF16
        return torch.autocast(self.device.type, torch.bfloat16, enabled=wanted)

    def _loss(self, logits: Tensor, labels: Tensor, answers: Tensor | None) -> Tensor:
        own = F.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)
        if self.teacher is None or answers is None:
            return own
        share = self.teacher.weight
        return (1 - share) * own + share * self.teacher.loss(logits, answers)

    def _count(self, loss: float, hits: float, size: int, seconds: float) -> None:
        t = self.state
        self.state = replace(
            t, step=t.step + 1, seen=t.seen + size, correct=t.correct + hits,
            loss=t.loss + loss * size, seconds=t.seconds + seconds,
        )  # fmt: skip

    def _end_epoch(self, epoch: int, rate: float) -> None:
        for network in (self.network, self.result):
            self.team.average_norms(network)
        # Each process scores all of it: cheaper than telling the others, and all agree.
        validation = score(self.result, self.data.validation, self.device)
        self._check(validation[0], "validation loss", f"after epoch {epoch}")
        seen = self.team.total(self.state.seen)
        loss, correct = self.team.total(self.state.loss), self.team.total(self.state.correct)
        done = Epoch(epoch, loss / seen, correct / seen, *validation, rate)
        earlier = [before.validation_accuracy for before in self.state.history]
        if self.recipe.patience and validation[1] > max(earlier, default=-1):
            self.best = {n: t.detach().clone() for n, t in self.result.state_dict().items()}
        history = (*self.state.history, done)
        self.state = TrainingState(history=history, seconds=self.state.seconds)
        self.save()

    def _stop_if(self, wanted: bool, epoch: int, step: int) -> None:
        if not self.team.any(wanted):
            return
        self.save()
        where = f"training was stopped in epoch {epoch} after step {step} of {self.steps}"
        kept = self.keep.snapshot
        raise Stopped(
            f"{where}; all of it is kept in {kept}" if kept else where,
            remedy="the same command with --resume goes on from there" if kept else "start again",
        )

    def _check(self, loss: float, name: str, where: str) -> None:
        if not self.team.any(not math.isfinite(loss)):
            return
        kept, shown = self.keep.snapshot, "not a number" if math.isfinite(loss) else loss
        there = f"; the last good epoch is kept in {kept}" if kept and kept.exists() else ""
        raise CheckFailed(
            f"the {name} is {shown} {where}{there}", remedy="use a smaller learning rate"
        )

    def save(self) -> None:
        """Write the snapshot over the last one, if it is wanted."""
        if self.keep.snapshot is None or not self.team.leads:
            return
        found = {
            **prefixed("network", self.network.state_dict()),
            **prefixed("average", self.average.state_dict() if self.average else {}),
            **prefixed("best", self.best),
            **prefixed("optimizer", optimizer_tensors(self.optimizer)),
        }
        snapshot = Snapshot(self.recipe, self.digest, self.state, found)
        write_snapshot(self.keep.snapshot, snapshot)

    def restore(self, unfinished: Snapshot) -> None:
        """Go on where a snapshot was taken."""
        found = unfinished.tensors
        self.network.load_state_dict(under("network", found))
        if self.average is not None:
            self.average.load_state_dict(under("average", found))
        self.best = under("best", found)
        restore_optimizer(self.optimizer, under("optimizer", found))
        self.state = unfinished.state
        if not self.team.leads:  # the counts of the epoch that is not done are the leader's
            self.state = replace(self.state, seen=0, correct=0.0, loss=0.0)

    def finish(self) -> None:
        """Leave the weights that count in the network: the best epoch's, or the average's."""
        self.network.load_state_dict(self.best or self.result.state_dict())
        freeze(self.network, False)
