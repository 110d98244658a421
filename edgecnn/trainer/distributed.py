"""Several processes that train one network, each on its share of every batch.

Start them with torchrun: `torchrun --nproc-per-node 2 -m edgecnn train ...`. gloo carries CPUs,
nccl GPUs. Every process draws the same order of pictures and takes every n-th of a batch;
gradients are summed, so a step is the step of the whole batch, but for batch norm, which sees its
share only.
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
    """This process among those that train together."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    def share(self, batch: Tensor) -> Tensor:
        """Return this process's pictures of a batch."""
        return batch[self.rank :: self.size]

    def sum_gradients(self, network: nn.Module) -> None:
        """Add up the gradients of all processes, in each of them."""
        if self.size > 1:
            self._sum([p.grad for p in network.parameters() if p.grad is not None])

    def average_norms(self, network: nn.Module) -> None:
        """Give every process the mean of all processes' batch norm statistics."""
        norms = [b for b in network.buffers() if b.is_floating_point()]
        if self.size > 1 and norms:
            self._sum(norms)
            for norm in norms:
                norm /= self.size

    def any(self, flag: bool) -> bool:
        """Tell whether any process says so; all of them learn the same answer."""
        if self.size == 1:
            return flag
        told = torch.tensor(float(flag))
        dist.all_reduce(told)
        return bool(told)

    def total(self, value: float) -> float:
        """Return the sum of a number over the processes."""
        if self.size == 1:
            return value
        told = torch.tensor(value, dtype=torch.float64)
        dist.all_reduce(told)
        return float(told)

    def _sum(self, tensors: list[Tensor]) -> None:
        """Add tensors up in one message."""
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        sizes = [tensor.numel() for tensor in tensors]
        parts = flat.split(sizes)  # type: ignore[no-untyped-call]
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))


@contextmanager
def joined(device: torch.device) -> Iterator[ProcessGroup]:
    """Join the processes that torchrun started; alone, there is nothing to join.

    Source: torchrun's environment variables, pytorch.org/docs/stable/elastic/run.html.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ProcessGroup()
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # gloo beside nccl: numbers such as `total`'s lie on the CPU.
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    try:
        yield ProcessGroup(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()


def is_leader() -> bool:
    """Tell whether this process writes files, before or after it has joined."""
    return int(os.environ.get("RANK", "0")) == 0
