"""`fit_frame` takes any uint8 picture, gives the network's shape, and the same bytes everywhere."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pixel_digest import EXPECTED, pixel_digest

from edgecnn.errors import FrameError
from edgecnn.model import frame
from edgecnn.model.frame import fit_frame
from edgecnn.model.spec import Fit, ModelSpec, Shrink
from edgecnn.opencv import cv2

VIEWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "whole": lambda frame: frame,
    "every other column": lambda frame: frame[:, ::2],
    "every third row": lambda frame: frame[::3],
    "upside down": lambda frame: frame[::-1],
    "mirrored": lambda frame: frame[:, ::-1],
    "channels reversed": lambda frame: frame[..., ::-1] if frame.ndim == 3 else frame,
    "a window": lambda frame: frame[frame.shape[0] // 3 :, frame.shape[1] // 4 :],
    "transposed": lambda frame: frame.swapaxes(0, 1),
    "Fortran order": np.asfortranarray,
    "read only": lambda frame: np.frombuffer(frame.tobytes(), np.uint8).reshape(frame.shape),
}

sides = st.integers(1, 90)
specs = st.builds(
    ModelSpec,
    labels=st.just(("a", "b")),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    channels=st.sampled_from((1, 3)),
    fit=st.sampled_from(Fit),
    shrink=st.sampled_from(Shrink),
)


def spec(height: int = 28, width: int = 28, channels: int = 3, **more: object) -> ModelSpec:
    return ModelSpec(("a", "b"), height, width, channels, **more)  # type: ignore[arg-type]


def noise(height: int, width: int, channels: int | None = 3, seed: int = 0) -> np.ndarray:
    shape = (height, width) if channels is None else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@settings(deadline=None, max_examples=400)
@given(sides, sides, st.sampled_from((None, 1, 3, 4)), st.sampled_from(sorted(VIEWS)), specs)
def test_any_uint8_picture_becomes_the_networks_shape(
    height: int, width: int, channels: int | None, view: str, wanted: ModelSpec
) -> None:
    frame = VIEWS[view](noise(height, width, channels))
    fitted = fit_frame(frame, wanted)
    assert fitted.shape == wanted.shape
    assert fitted.dtype == np.uint8
    assert fitted.flags.c_contiguous


@settings(deadline=None, max_examples=200)
@given(sides, sides, st.sampled_from((None, 1, 3, 4)), st.sampled_from(sorted(VIEWS)), specs)
def test_strides_do_not_change_the_pixels(
    height: int, width: int, channels: int | None, view: str, wanted: ModelSpec
) -> None:
    frame = VIEWS[view](noise(height, width, channels))
    assert np.array_equal(fit_frame(frame, wanted), fit_frame(frame.copy(order="C"), wanted))


@settings(deadline=None, max_examples=200)
@given(sides, sides, st.integers(0, 255), st.sampled_from((None, 1, 3, 4)), specs)
def test_a_frame_of_one_colour_keeps_it(
    height: int, width: int, level: int, channels: int | None, wanted: ModelSpec
) -> None:
    frame = np.full_like(noise(height, width, channels), level)
    values = set(np.unique(fit_frame(frame, wanted)))
    assert values <= ({level} if wanted.fit is not Fit.LETTERBOX else {0, level})
    assert level in values


@settings(deadline=None, max_examples=100)
@given(sides, sides, specs)
def test_the_callers_frame_is_left_as_it_was(height: int, width: int, wanted: ModelSpec) -> None:
    frame = noise(height, width)
    before = frame.copy()
    fit_frame(frame, wanted)
    assert np.array_equal(frame, before)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        pytest.param(None, "NoneType", id="None: nothing was read"),
        pytest.param([[0, 1]], "list", id="a list"),
        pytest.param(np.zeros((4, 4, 3)), r"float64 \(4, 4, 3\)", id="floats"),
        pytest.param(np.zeros((4, 4, 3), np.int8), "int8", id="signed bytes"),
        pytest.param(np.zeros((4, 4, 3), np.uint16), "uint16", id="16 bits"),
        pytest.param(np.zeros((4, 4), bool), "bool", id="a mask"),
        pytest.param(np.zeros(4, np.uint8), r"uint8 \(4,\)", id="one dimension"),
        pytest.param(np.zeros((4, 4, 2), np.uint8), r"\(4, 4, 2\)", id="two channels"),
        pytest.param(np.zeros((3, 4, 5), np.uint8), r"\(3, 4, 5\)", id="channels first"),
        pytest.param(np.zeros((1, 4, 4, 3), np.uint8), r"\(1, 4, 4, 3\)", id="a batch"),
        pytest.param(np.zeros((0, 4, 3), np.uint8), "no pixels", id="no rows"),
        pytest.param(np.zeros((4, 0), np.uint8), "no pixels", id="no columns"),
    ],
)
def test_anything_else_is_refused_and_named(frame: np.ndarray, words: str) -> None:
    with pytest.raises(FrameError, match=words) as caught:
        fit_frame(frame, spec())
    assert caught.value.remedy


def test_a_frame_of_the_right_size_is_not_touched() -> None:
    frame = noise(28, 28)
    assert np.shares_memory(fit_frame(frame, spec()), frame)


def test_center_crop_takes_the_middle_and_distorts_nothing() -> None:
    frame = np.zeros((48, 100, 3), np.uint8)
    frame[:, 26:74] = 200
    assert (fit_frame(frame, spec(24, 24)) == 200).all()


def test_stretch_takes_the_whole_frame() -> None:
    frame = np.zeros((32, 64), np.uint8)
    frame[:, 32:] = 250
    fitted = fit_frame(frame, spec(16, 16, 1, fit=Fit.STRETCH))[..., 0]
    assert ((fitted[:, :8] == 0).all(), (fitted[:, 8:] == 250).all()) == (True, True)


def test_letterbox_takes_the_whole_frame_undistorted_on_black() -> None:
    fitted = fit_frame(np.full((32, 64), 250, np.uint8), spec(16, 16, 1, fit=Fit.LETTERBOX))
    assert (fitted[4:12] == 250).all()
    assert (fitted[:4] == 0).all()
    assert (fitted[12:] == 0).all()


def test_alpha_is_dropped() -> None:
    frame = noise(28, 28, 4)
    assert np.array_equal(fit_frame(frame, spec()), frame[..., :3])


def test_gray_becomes_three_equal_channels() -> None:
    fitted = fit_frame(noise(30, 40, None), spec())
    assert (fitted == fitted[..., :1]).all()


def test_colour_becomes_gray_as_opencv_weighs_it() -> None:
    blue = np.zeros((28, 28, 3), np.uint8)
    blue[..., 0] = 255
    assert np.unique(fit_frame(blue, spec(channels=1))) == [29]  # 0.114 * 255


def test_enlarging_is_bilinear() -> None:
    frame = noise(8, 8, 1)
    expected = cv2.resize(frame, (28, 28), interpolation=cv2.INTER_LINEAR_EXACT)
    assert np.array_equal(fit_frame(frame, spec(channels=1))[..., 0], expected)


def test_grid8_averages_the_pixels_nearest_to_64_cell_centers() -> None:
    """An independent oracle in plain numpy: the same grid, halved with rounding."""
    frame = noise(480, 480, 1)[..., 0]
    rows = (2 * np.arange(8 * 28) + 1) * 480 // (2 * 8 * 28)
    grid = frame[np.ix_(rows, rows)].astype(int)
    for _ in range(3):
        grid = (grid[::2, ::2] + grid[::2, 1::2] + grid[1::2, ::2] + grid[1::2, 1::2] + 2) // 4
    assert np.array_equal(fit_frame(frame, spec(channels=1))[..., 0], grid)


@pytest.mark.parametrize("limit", [64, 5000, 2**14])
@pytest.mark.parametrize(("height", "width"), [(48, 64), (37, 91), (5, 3), (301, 77)])
@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_a_large_grid_is_averaged_in_bands_to_the_same_pixels(
    height: int, width: int, channels: int | None, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = noise(height, width, channels)
    wanted = [spec(*size, fit=fit) for size in ((28, 28), (33, 51), (7, 90)) for fit in Fit]
    whole = [fit_frame(picture, each) for each in wanted]
    monkeypatch.setattr(frame, "MAX_GRID", limit)
    for each, expected in zip(wanted, whole, strict=True):
        assert np.array_equal(fit_frame(picture, each), expected)


def test_grid8_stays_close_to_area_on_a_noisy_frame() -> None:
    frame = np.clip(np.random.default_rng(0).normal(128, 25, (480, 640, 3)), 0, 255)
    both = [fit_frame(frame.astype(np.uint8), spec(shrink=rule)) for rule in Shrink]
    assert np.abs(both[0].astype(int) - both[1]).mean() < 3.0


def test_every_machine_gives_the_same_bytes() -> None:
    assert pixel_digest() == EXPECTED
