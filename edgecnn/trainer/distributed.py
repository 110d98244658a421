"""Data-parallel training: several processes train one network, each on its share of a batch.

Start them with torchrun: `torchrun --nproc-per-node 2 -m edgecnn train ...`. The backend is gloo on
CPUs and nccl on GPUs. All processes draw the same order of pictures; of n processes, each takes
every n-th picture of a batch. Gradients are summed, so that a step equals one process's step on the
whole batch; only batch norm differs, because it normalises each share by itself.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True)
class ProcessGroup:
    """This process's rank, and how many processes train together."""

    rank: int = 0
    size: int = 1

    @property
    def is_leader(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def share(self, batch: Tensor) -> Tensor:
        """Return this process's part of a batch, (n,) indexes."""
        return batch[self.rank :: self.size]

    def sum_gradients(self, network: nn.Module) -> None:
        """Sum the gradients over all processes (all-reduce)."""
        if self.size > 1:
            self._sum([p.grad for p in network.parameters() if p.grad is not None])

    def average_statistics(self, network: nn.Module) -> None:
        """Average the batch norm statistics over all processes (all-reduce)."""
        statistics = [b for b in network.buffers() if b.is_floating_point()]
        if self.size > 1 and statistics:
            self._sum(statistics)
            for tensor in statistics:
                tensor /= self.size

    def any(self, flag: bool) -> bool:
        """Return whether the flag is set in any process; all processes get the same result."""
        return self.total(flag) > 0

    def total(self, value: float) -> float:
        """Return the sum of a number over all processes."""
        if self.size == 1:
            return value
        summed = torch.tensor(value, dtype=torch.float64)
        dist.all_reduce(summed)
        return float(summed)

    def _sum(self, tensors: list[Tensor]) -> None:
        """Sum each tensor over all processes in place, all in one message."""
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        sizes = [tensor.numel() for tensor in tensors]
        parts = flat.split(sizes)  # type: ignore[no-untyped-call]
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))


@contextmanager
def joined(device: torch.device) -> Iterator[ProcessGroup]:
    """Join the process group that torchrun has started; without torchrun, a group of one.

    Source: torchrun's environment variables, pytorch.org/docs/stable/elastic/run.html.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ProcessGroup()
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # gloo as well as nccl: the numbers of `total` and `any` are on the CPU.
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    try:
        yield ProcessGroup(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()


def is_leader() -> bool:
    """Return whether this process shows progress and prints, also before it has joined a group."""
    return int(os.environ.get("RANK", "0")) == 0
