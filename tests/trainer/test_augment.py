"""Augmentation: each number moves pixels as far as it says, and the generator decides the rest."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from edgecnn.errors import OptionError
from edgecnn.trainer.augment import Augment, augment
from edgecnn.trainer.networks import to_input

EVERYTHING = Augment(
    flip=True, shift=0.1, rotate=10, scale=0.1, shear=5, brightness=0.2, contrast=0.2,
    saturation=0.2, noise=5, cutout=0.3,
)  # fmt: skip


def noise(n: int = 64, height: int = 12, width: int = 12, channels: int = 3) -> Tensor:
    """Return (n, height, width, channels) uint8 pictures in which every pixel differs."""
    random = np.random.default_rng(0)
    return torch.tensor(random.integers(0, 256, (n, height, width, channels), np.uint8))


def copies(picture: np.ndarray, n: int) -> Tensor:
    """Return one (h, w) gray picture n times: (n, h, w, 1) uint8."""
    return torch.tensor(picture)[None, :, :, None].expand(n, -1, -1, -1)


def vary(frames: Tensor, seed: int = 0, **numbers: Any) -> Tensor:
    return augment(frames, Augment(**numbers), Generator().manual_seed(seed))


@pytest.mark.parametrize("channels", [1, 3])
def test_zeros_give_to_inputs_own_bits(channels: int) -> None:
    frames = noise(channels=channels)
    assert torch.equal(vary(frames), to_input(frames))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_generators_state_alone_decides_the_batch(channels: int) -> None:
    frames, generator = noise(channels=channels), Generator().manual_seed(5)
    first = augment(frames, EVERYTHING, generator)
    second = augment(frames, EVERYTHING, generator)
    torch.rand(3)
    assert torch.equal(first, augment(frames, EVERYTHING, Generator().manual_seed(5)))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("numbers", [{}, {"flip": True, "shift": 0.2}, {"rotate": 9.0}], ids=str)
def test_a_batch_is_channels_last_in_0_to_1(numbers: dict[str, Any], channels: int) -> None:
    x = vary(noise(4, 12, 20, channels), **numbers)
    assert x.shape == (4, channels, 12, 20)
    assert x.dtype is torch.float32
    assert x.is_contiguous(memory_format=torch.channels_last)
    assert 0 <= x.min() <= x.max() <= 1


def test_every_number_does_something() -> None:
    plain = to_input(noise())
    for name, value in vars(EVERYTHING).items():
        assert not torch.equal(vary(noise(), **{name: value}), plain), name


def test_flip_mirrors_half_of_the_pictures_exactly() -> None:
    frames = noise(400)
    x, plain = vary(frames, flip=True), to_input(frames)
    mirrored = [torch.equal(one, before.flip(2)) for one, before in zip(x, plain, strict=True)]
    same = [torch.equal(one, before) for one, before in zip(x, plain, strict=True)]
    assert sum(mirrored) + sum(same) == 400
    assert 150 < sum(mirrored) < 250


def test_a_shift_is_of_whole_pixels_and_the_border_fills_what_comes_in() -> None:
    frames = noise(300, 10, 20, 1)
    x = (vary(frames, shift=0.1) * 255).round().byte()[:, 0].numpy()
    seen = set()
    for before, after in zip(frames[..., 0].numpy(), x, strict=True):
        around = np.pad(before, ((1, 1), (2, 2)), mode="edge")  # a tenth of 10 rows, 20 columns
        places = [
            (down, right)
            for down in range(3)
            for right in range(5)
            if np.array_equal(around[down : down + 10, right : right + 20], after)
        ]
        assert len(places) == 1
        seen.add(places[0])
    assert len(seen) == 15


def test_a_rotation_by_90_degrees_is_numpys_either_way_and_no_further() -> None:
    picture = np.kron(np.random.default_rng(1).integers(0, 256, (4, 4)), np.ones((8, 8)))
    x = vary(copies(picture.astype(np.uint8), 1500), rotate=90.0)[:, 0] * 255
    off = [float((x - torch.tensor(np.rot90(picture, k).copy())).abs().mean((1, 2)).min())
           for k in range(4)]  # fmt: skip
    assert max(off[0], off[1], off[3]) < 2
    assert off[2] > 20


def test_a_rotation_keeps_the_shape_of_what_is_on_a_wide_picture() -> None:
    rows, columns = np.mgrid[:24, :48]
    disc = (np.hypot(rows - 11.5, columns - 23.5) < 8) * np.uint8(255)
    x = vary(copies(disc, 50), rotate=90.0)[:, 0]
    assert float((x - torch.tensor(disc) / 255).abs().mean((1, 2)).max()) < 0.02


def test_angles_are_spread_evenly_over_their_range() -> None:
    """A mark right of the middle: where its weight lies tells the angle."""
    spot = np.zeros((41, 41), np.uint8)
    spot[18:23, 34:39] = 255
    x = vary(copies(spot, 2000), rotate=40.0)[:, 0]
    total = x.sum((1, 2))
    down = (x.sum(2) * torch.arange(-20, 21)).sum(1) / total
    right = (x.sum(1) * torch.arange(-20, 21)).sum(1) / total
    angles = torch.rad2deg(torch.atan2(down, right))
    assert 39 < angles.max() < 41
    assert -41 < angles.min() < -39
    assert abs(float(angles.mean())) < 2
    assert abs(float(angles.std()) - 80 / 12**0.5) < 1


def test_scale_makes_things_smaller_and_larger_by_that_share() -> None:
    square = np.zeros((60, 60), np.uint8)
    square[20:40, 20:40] = 255
    sides = vary(copies(square, 500), scale=0.25).sum((1, 2, 3)).sqrt()
    assert float(sides.min()) == pytest.approx(15, abs=0.3)
    assert float(sides.max()) == pytest.approx(25, abs=0.3)


def test_shear_leans_a_line_by_that_angle_and_leaves_rows_in_place() -> None:
    line = np.zeros((41, 61), np.uint8)
    line[:, 30] = 255
    x = vary(copies(line, 500), shear=20.0)[:, 0]
    torch.testing.assert_close(x.sum(2), torch.ones(500, 41), atol=1e-3, rtol=0)
    middle = (x * torch.arange(61)).sum(2)
    lean = torch.rad2deg(torch.atan((middle[:, -1] - middle[:, 0]) / 40))
    assert float(lean.abs().max()) == pytest.approx(20, abs=0.3)
    assert lean.min() < -19 < 19 < lean.max()


def test_brightness_multiplies_and_clamps() -> None:
    gray = torch.full((1000, 2, 2, 1), 100, dtype=torch.uint8)
    levels = vary(gray, brightness=0.3) * 255
    assert float(levels.min()) == pytest.approx(70, abs=0.5)
    assert float(levels.max()) == pytest.approx(130, abs=0.5)
    assert float(vary(gray * 0 + 250, brightness=0.3).max()) == 1


def test_contrast_stretches_around_each_pictures_mean() -> None:
    frames = torch.tensor([90, 110], dtype=torch.uint8).reshape(1, 2, 1, 1).expand(1000, 2, 1, 1)
    levels = vary(frames, contrast=0.5) * 255
    torch.testing.assert_close(levels.mean((1, 2, 3)), torch.full((1000,), 100.0))
    spread = levels[:, 0, 1, 0] - levels[:, 0, 0, 0]
    assert float(spread.min()) == pytest.approx(10, abs=0.2)
    assert float(spread.max()) == pytest.approx(30, abs=0.2)


def test_saturation_stretches_around_gray_and_leaves_gray_alone() -> None:
    colour = torch.tensor([90, 100, 110], dtype=torch.uint8).expand(1000, 1, 1, 3)
    levels = vary(colour, saturation=0.5)[:, :, 0, 0] * 255
    torch.testing.assert_close(levels.mean(1), torch.full((1000,), 100.0))
    spread = levels[:, 2] - levels[:, 0]
    assert float(spread.min()) == pytest.approx(10, abs=0.2)
    assert float(spread.max()) == pytest.approx(30, abs=0.2)
    gray = noise(channels=1)
    torch.testing.assert_close(vary(gray, saturation=0.5), to_input(gray))


def test_colour_never_leaves_0_to_1() -> None:
    x = vary(noise(), brightness=1.0, contrast=1.0, saturation=1.0, noise=128.0)
    assert float(x.min()) == 0
    assert float(x.max()) == 1


def test_noise_has_a_sigma_between_none_and_the_number_of_levels() -> None:
    gray = torch.full((400, 30, 30, 1), 128, dtype=torch.uint8)
    levels = vary(gray, noise=20.0) * 255
    sigma = levels.std((1, 2, 3))
    assert sigma.min() < 1
    assert 19 < sigma.max() < 21
    assert float(sigma.mean()) == pytest.approx(10, abs=1)
    assert float(levels.mean()) == pytest.approx(128, abs=0.3)


@pytest.mark.parametrize("share", [0.25, 0.3, 0.5])
def test_cutout_covers_one_gray_square_of_that_side(share: float) -> None:
    black = torch.zeros(500, 20, 28, 3, dtype=torch.uint8)
    x = vary(black, cutout=share)
    assert set(x.flatten().tolist()) == {0.0, 0.5}
    covered = x[:, 0] > 0
    assert torch.equal(x, covered[:, None].float().expand_as(x) / 2)
    heights, widths = covered.any(2).sum(1), covered.any(1).sum(1)
    assert torch.equal(covered.sum((1, 2)), heights * widths)
    assert (int(heights.max()), int(widths.max())) == (round(20 * share), round(28 * share))
    assert covered.float().mean(0).min() > 0  # no pixel is safe


@pytest.mark.parametrize(
    ("name", "value"),
    [("shift", 0.6), ("scale", 1.0), ("rotate", 181.0), ("shear", 90.0), ("brightness", 1.1),
     ("contrast", -0.1), ("saturation", 2.0), ("noise", 200.0), ("cutout", 1.5),
     ("rotate", float("nan"))],
)  # fmt: skip
def test_a_number_that_leaves_no_picture_is_refused(name: str, value: float) -> None:
    numbers: dict[str, Any] = {name: value}
    with pytest.raises(OptionError, match=rf"augment\.{name} is {value}") as caught:
        Augment(**numbers)
    assert caught.value.remedy.startswith("give 0 to ")
