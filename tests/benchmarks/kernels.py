"""Which layers int8 runs fast: blocks in ONNX Runtime on the CPU, 1 thread, calls interleaved.

    python tests/benchmarks/kernels.py

Each block sits behind the same first convolution (16 channels, 32x32); the table gives the time it
adds, its multiply-adds a nanosecond, how long its fp32 twin takes, and the operators that stay
float. The network family `edge` was chosen from this table.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

import torch
import typer
from graphs import REPEATS, caller, forms, seeded
from torch import Tensor, nn

from edgecnn.bench.clock import time_rounds
from edgecnn.exporter.graph.multiply_adds import count_macs
from edgecnn.exporter.graph.operator_counts import optimized_graph
from edgecnn.trainer.networks.layers import pool_all

SHAPE = (32, 32, 3)
ROUNDS, WARMUP = 200, 20
AS_INT8 = ("NhwcMaxPool", "Transpose", "Reshape", "Softmax")
"""Operators that work on bytes too, and those that every graph has at its ends."""


class Mean(nn.Module):
    """The mean over two axes, which becomes ReduceMean."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, c)."""
        return x.mean((2, 3))


class GlobalPool(nn.Module):
    """The project's global average pooling."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, c)."""
        return pool_all(x)


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """Return a convolution that keeps the size."""
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)


def plain(width: int, kernel: int = 3, activation: Callable[[], nn.Module] = nn.ReLU) -> nn.Module:
    """Return two convolutions at 16x16 behind the one that halves."""
    layers = [conv(16, width, 3, 2), nn.ReLU(), conv(width, width, kernel), activation()]
    return nn.Sequential(*layers, conv(width, width, kernel), activation())


def separable(width: int) -> nn.Module:
    """Return depthwise and pointwise convolutions, four pairs at 16x16."""
    layers: list[nn.Module] = [conv(16, width, 3, 2), nn.ReLU()]
    for _ in range(4):
        layers += [conv(width, width, groups=width), nn.ReLU(), conv(width, width, 1), nn.ReLU()]
    return nn.Sequential(*layers)


BLOCKS: dict[str, Callable[[], nn.Module]] = {
    "nothing": nn.Identity,
    "3x3, 24 channels": lambda: plain(24),
    "3x3, 32 channels": lambda: plain(32),
    "3x3, 40 channels": lambda: plain(40),
    "3x3, 48 channels": lambda: plain(48),
    "3x3, 64 channels": lambda: plain(64),
    "5x5, 32 channels": lambda: plain(32, 5),
    "depthwise + 1x1, 32 channels": lambda: separable(32),
    "depthwise + 1x1, 64 channels": lambda: separable(64),
    "3x3, 32, LeakyReLU": lambda: plain(32, 3, nn.LeakyReLU),
    "3x3, 32, Hardswish": lambda: plain(32, 3, nn.Hardswish),
    "stride 2": lambda: nn.Sequential(conv(16, 32, 3, 2), nn.ReLU()),
    "convolution, then max pool": lambda: nn.Sequential(conv(16, 32), nn.ReLU(), nn.MaxPool2d(2)),
}


@dataclass(frozen=True)
class Measured:
    """One block in both forms."""

    int8: Callable[[], object]
    fp32: Callable[[], object]
    macs: int
    floats: tuple[str, ...]


def build(make: Callable[[], nn.Module], head: nn.Module) -> Measured:
    """Export a block behind the first convolution, with random weights."""
    body = seeded(lambda: nn.Sequential(conv(3, 16), nn.ReLU(), make()))
    outputs = body(torch.zeros(1, *SHAPE[2:], *SHAPE[:2])).shape[1]
    core, int8, fp32 = forms(nn.Sequential(body, head, nn.Linear(outputs, 10)), SHAPE)
    kinds = {node.op_type for node in optimized_graph(int8).graph.node}
    floats = tuple(sorted(k for k in kinds if not k.startswith("Q") and k not in AS_INT8))
    macs = sum(count_macs(core).values())
    return Measured(caller(int8, SHAPE), caller(fp32, SHAPE), macs, floats)


def main(rounds: int = ROUNDS) -> None:
    """Print the table."""
    blocks = {name: build(make, GlobalPool()) for name, make in BLOCKS.items()}
    blocks["nothing, ReduceMean"] = build(nn.Identity, Mean())
    calls = [call for block in blocks.values() for call in (block.int8, block.fp32)]
    time_rounds(calls, WARMUP)
    times = [statistics.median(t) / 1e3 / REPEATS for t in time_rounds(calls, rounds)]
    base_macs, base_int8, base_fp32 = blocks["nothing"].macs, times[0], times[1]
    print(f"{'block':<30} int8 us  fp32 us  MMAC  int8 MAC/ns  stays float")
    for place, (name, block) in enumerate(blocks.items()):
        int8, fp32 = times[2 * place] - base_int8, times[2 * place + 1] - base_fp32
        macs = block.macs - base_macs
        speed = f"{macs / int8 / 1e3:11.0f}" if macs > 0 else " " * 11
        print(
            f"{name:<30} {int8:7.1f}  {fp32:7.1f}  {macs / 1e6:4.1f}  {speed}  "
            f"{', '.join(block.floats) or '-'}"
        )


if __name__ == "__main__":
    typer.run(main)
