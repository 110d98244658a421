"""Whether the gate's bound holds for a network that quantizes badly: 100 judge sets, one export.

    PYTHONPATH=tests python tests/benchmarks/judge_sets.py

A deep network with PReLU and squeeze-and-excitation, as face-antispoofing networks are, learns to
tell two kinds of made pictures apart: fine stripes in noise, and noise alone. It is quantized once,
as `export` does. Its true drop is counted on 20,000 fresh pictures; then 100 validation sets of 300
of them are judged. The one-sided bounds of 95 % must hold in at least 90 of the 100.
"""

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
import typer
from torch import Tensor, nn

from edgecnn.data.dataset import Dataset, Pictures
from edgecnn.exporter.export_source import ExportSource, Facts
from edgecnn.exporter.exported_form import exported_form_of, reference_of
from edgecnn.exporter.gate.gate import GateLimits, PairedLabels
from edgecnn.exporter.graph.plain_graph import export_core
from edgecnn.exporter.quantization.search import find_int8
from edgecnn.memory import keep_freed_memory
from edgecnn.model.form import Form
from edgecnn.model.spec import ModelSpec

SIDE, LABELS = 32, ("noise", "stripes")
TRAINED, FRESH, SETS, JUDGED = 6000, 20_000, 100, 300
CONTRAST = 20.0
"""Gray levels of a stripe in noise of 30: hard enough that labels change."""
SPEC = ModelSpec(LABELS, SIDE, SIDE, 1)


class Excited(nn.Module):
    """A residual block with PReLU and squeeze-and-excitation: (n, c, h, w) -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.second = nn.Conv2d(channels, channels, 1)
        self.active = nn.PReLU(channels)
        self.squeeze = nn.Conv2d(channels, channels // 4, 1)
        self.excite = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.active(self.second(self.first(x)))
        gain = torch.sigmoid(self.excite(F.relu(self.squeeze(y.mean((2, 3), keepdim=True)))))
        summed: Tensor = x + y * gain
        return summed


def deep_network(blocks: int = 13, channels: int = 16) -> nn.Sequential:
    """Return a network of 55 convolutions."""
    return nn.Sequential(
        nn.Conv2d(1, channels, 3, stride=2, padding=1), nn.PReLU(channels),
        *(Excited(channels) for _ in range(blocks)),
        nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1), nn.PReLU(2 * channels),
        nn.Conv2d(2 * channels, 2 * channels, 1), nn.PReLU(2 * channels),
        nn.AvgPool2d(8), nn.Flatten(), nn.Linear(2 * channels, 2),
    )  # fmt: skip


def unbalance(network: nn.Sequential, spread: float) -> None:
    """Make channels of very different range, without changing what the network computes.

    Training without weight decay ends there; a tensor with one scale then rounds its small channels
    away.
    """
    with torch.no_grad():
        for block in (module for module in network if isinstance(module, Excited)):
            factor = torch.exp(spread * torch.randn(len(block.first.weight)))
            block.first.weight *= factor[:, None, None, None]
            assert block.first.bias is not None
            block.first.bias *= factor
            block.second.weight /= factor[None, :, None, None]


def made_pictures(count: int, seed: int) -> Pictures:
    """Return pictures of noise, every second one with fine stripes in it."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    angle = random.uniform(0, np.pi, (count, 1, 1))
    rows, columns = np.mgrid[:SIDE, :SIDE]
    phase = random.uniform(0, 2 * np.pi, (count, 1, 1))
    waves = np.sin(1.3 * (rows * np.cos(angle) + columns * np.sin(angle)) + phase)
    frames = random.normal(random.uniform(90, 165, (count, 1, 1)), 30, (count, SIDE, SIDE))
    frames += CONTRAST * waves * labels[:, None, None]
    return Pictures(frames.clip(0, 255).astype(np.uint8)[..., None], labels)


def train(network: nn.Module, pictures: Pictures, epochs: int) -> None:
    """Train with Adam and a one-cycle rate, batch 64."""
    x = torch.from_numpy(np.asarray(pictures.frames)[:, None, :, :, 0]).float() / 255
    y = torch.from_numpy(pictures.labels)
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, epochs * (len(x) // 64))
    for _ in range(epochs):
        for batch in torch.randperm(len(x))[: len(x) // 64 * 64].reshape(-1, 64):
            loss = F.cross_entropy(network(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()


def main(epochs: int = 12, seed: int = 0, spread: float = 1.7) -> None:
    """Train, quantize once, judge; `spread` is that of the channels' ranges, as a logarithm."""
    torch.manual_seed(seed)
    network, learned = deep_network(), made_pictures(TRAINED, seed + 1)
    train(network, learned, epochs)
    unbalance(network, spread)
    data = Dataset("made", LABELS, learned, learned.take(np.arange(JUDGED)), learned, ())
    source = ExportSource(
        export_core(network, SPEC), SPEC, data, reference_of(network), Facts("", "", "{}", 0)
    )
    found = find_int8(source, 7, GateLimits(), print)
    for step in found.steps:
        print(step)
    fresh = made_pictures(FRESH, seed + 2)
    fp32, int8 = (
        exported_form_of(source, "judged", form, core).answers(fresh)
        for form, core in ((Form.FP32, found.plain), (Form.INT8, found.quantized))
    )
    judge(PairedLabels(fresh.labels, fp32, int8), seed)


def judge(labels: PairedLabels, seed: int) -> None:
    """Print the true drop, and in how many judge sets the bounds hold."""
    true, random = labels.drop.points, np.random.default_rng(seed)
    print(
        f"true drop {true:.2f} points on {FRESH:,}, fp32 {(labels.fp32 == labels.truth).mean():.2%}"
    )
    above = below = 0
    for _ in range(SETS):
        places = random.choice(FRESH, JUDGED, replace=False)
        drop = replace(labels, truth=labels.truth[places], fp32=labels.fp32[places],
                       own=labels.own[places]).drop  # fmt: skip
        above += drop.high >= true
        below += drop.low <= true
    print(f"the upper bound holds in {above} of {SETS} sets, the lower one in {below}")


if __name__ == "__main__":
    keep_freed_memory()
    torch.set_num_threads(1)
    typer.run(main)
