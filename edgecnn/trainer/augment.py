"""Data augmentation of whole batches on the training device.

Each picture of a batch gets its own random numbers; one seeded generator draws them all.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Generator, Tensor

from edgecnn.errors import OptionError
from edgecnn.records import Record


@dataclass(frozen=True)
class Augment(Record):
    """The strength of each augmentation; zeros change nothing."""

    flip: bool = False
    """Mirror each picture left to right with probability one half."""
    shift: float = 0.0
    """Largest shift along each axis, as a share of that side; in whole pixels."""
    rotate: float = 0.0
    """Largest rotation, degrees."""
    scale: float = 0.0
    """Largest change of size: 0.1 is 10 % smaller to 10 % larger."""
    shear: float = 0.0
    """Largest shear, degrees."""
    brightness: float = 0.0
    """0.2 multiplies all levels by a factor of 0.8 to 1.2."""
    contrast: float = 0.0
    """0.2 multiplies the differences from the picture's mean level by 0.8 to 1.2."""
    saturation: float = 0.0
    """0.2 multiplies the differences from each pixel's gray level by 0.8 to 1.2."""
    noise: float = 0.0
    """Largest standard deviation of Gaussian noise, in levels of 255."""
    cutout: float = 0.0
    """Side of a gray square at a random place, as a share of the picture's side."""

    def __post_init__(self) -> None:
        """Refuse strengths that leave nothing of the picture."""
        for name, most in (("shift", 0.5), ("scale", 0.9), ("cutout", 1), ("rotate", 180),
                           ("shear", 60), ("brightness", 1), ("contrast", 1),
                           ("saturation", 1), ("noise", 128)):  # fmt: skip
            if not 0 <= getattr(self, name) <= most:
                raise OptionError(
                    f"augment.{name} is {getattr(self, name)}", remedy=f"give 0 to {most}"
                )


def augment(frames: Tensor, numbers: Augment, generator: Generator) -> Tensor:
    """Augment a batch of fitted frames.

    Args:
        frames: (n, h, w, c) uint8, on the device to compute on.
        numbers: The strength of each augmentation.
        generator: On the same device; its state decides the result.

    Returns:
        (n, c, h, w) float32 in 0..1, in channels-last memory format.
    """
    if numbers.flip or numbers.shift:
        frames = _move(frames, numbers, generator)
    x = frames.permute(0, 3, 1, 2).float() * (1.0 / 255.0)
    if numbers.rotate or numbers.scale or numbers.shear:
        x = _warp(x, numbers, generator)
    if numbers.brightness or numbers.contrast or numbers.saturation:
        x = _colour(x, numbers, generator)
    if numbers.noise:
        sigma = _uniform(x, generator, 0, numbers.noise / 255)
        x = x + sigma * torch.randn(x.shape, generator=generator, device=x.device)
        x = x.clamp(0, 1)
    if numbers.cutout:
        x = _cut(x, numbers.cutout, generator)
    return x.contiguous(memory_format=torch.channels_last)


def _move(frames: Tensor, numbers: Augment, generator: Generator) -> Tensor:
    """Mirror and shift by whole pixels; the border pixels are repeated into the gap."""
    n, height, width, _ = frames.shape
    device = frames.device
    rows, columns = (
        torch.arange(side, device=device)
        + _random_offsets(n, side * numbers.shift, generator, device)
        for side in (height, width)
    )  # (n, height), (n, width)
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    if numbers.flip:
        mirrored = torch.rand(n, 1, generator=generator, device=device) < 0.5
        columns = torch.where(mirrored, width - 1 - columns, columns)
    pictures = torch.arange(n, device=device)[:, None, None]
    return frames[pictures, rows[:, :, None], columns[:, None, :]]


def _random_offsets(n: int, most: float, generator: Generator, device: torch.device) -> Tensor:
    """Draw (n, 1) integers from -most to most."""
    reach = round(most)
    return torch.randint(-reach, reach + 1, (n, 1), generator=generator, device=device)


def _warp(x: Tensor, numbers: Augment, generator: Generator) -> Tensor:
    """Rotate, scale and shear around the center, with bilinear interpolation."""
    angle = _uniform(x, generator, -numbers.rotate, numbers.rotate).flatten() * (math.pi / 180)
    shear = _uniform(x, generator, -numbers.shear, numbers.shear).flatten() * (math.pi / 180)
    size = 1 / _uniform(x, generator, 1 - numbers.scale, 1 + numbers.scale).flatten()
    cos, sin, lean, zero = angle.cos(), angle.sin(), shear.tan(), torch.zeros_like(angle)
    tall = (
        x.shape[2] / x.shape[3]
    )  # affine_grid scales both axes to -1..1; angles need square pixels
    top = torch.stack((size * cos, size * (cos * lean - sin) * tall, zero), 1)
    bottom = torch.stack((size * sin / tall, size * (sin * lean + cos), zero), 1)
    grid = F.affine_grid(torch.stack((top, bottom), 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


def _colour(x: Tensor, numbers: Augment, generator: Generator) -> Tensor:
    for reach, middle in (
        (numbers.brightness, torch.zeros_like(x[:, :1, :1, :1])),
        (numbers.contrast, x.mean((1, 2, 3), keepdim=True)),
        (numbers.saturation, x.mean(1, keepdim=True)),
    ):
        if reach:
            x = middle + (x - middle) * _uniform(x, generator, 1 - reach, 1 + reach)
    return x.clamp(0, 1)


def _cut(x: Tensor, share: float, generator: Generator) -> Tensor:
    """Cover a square with gray. Source: DeVries and Taylor 2017, "Cutout"."""
    n, _, height, width = x.shape
    covered = torch.ones(n, 1, 1, 1, dtype=torch.bool, device=x.device)
    for side, axis in ((height, 2), (width, 3)):
        reach = round(share * side)
        middle = torch.randint(side, (n, 1, 1, 1), generator=generator, device=x.device)
        place = torch.arange(side, device=x.device).reshape(
            [-1 if a == axis else 1 for a in range(4)]
        )
        offset = place - middle + reach // 2
        covered = covered & (offset >= 0) & (offset < reach)
    return torch.where(covered, 0.5, x)


def _uniform(x: Tensor, generator: Generator, low: float, high: float) -> Tensor:
    """Draw (n, 1, 1, 1) numbers, uniform from `low` to `high`."""
    drawn = torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device)
    return low + (high - low) * drawn
