"""The camera's digits: the ranges that are promised, measured on frames, and the set's parts."""

import struct
from dataclasses import replace
from pathlib import Path

import camera_digits
import camera_scene
import numpy as np
import pytest
import typer
from camera_digits import Digits, contact_sheet, read_digits, render, write_set
from camera_effects import LUMA, Ruling, blurred, camera_spec, light, tinted
from camera_scene import SHAPES, Scene, draw_scene, paint
from commands import run_here
from conftest import real_data
from sklearn.datasets import load_digits

from edgecnn.data.idx import IMAGES, read_idx_folder
from edgecnn.data.idx import LABELS as LABEL_FILE
from edgecnn.errors import DataError, OptionError
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.opencv import cv2

SIDE = 32
TRAIN, TEST = 60, 8
"""Digits in the small folder. The last 10 of the training digits are for validation."""

STILL = Scene(
    shape=(240, 320), ink_height=0.5, turn_degrees=0.0, corners=((0.0, 0.0),) * 4,
    paper_gray=200.0, ink_gray=40.0, pen=0.5, ruling=Ruling.NONE, texture=0.0, desk=False,
    gradient=0.0, blur=0.0, noise=0.0,
)  # fmt: skip
"""Nothing but ink on paper."""


def bundled_digits() -> tuple[Frame, np.ndarray]:
    """Return sklearn's digits as MNIST would hold them: (1797, 28, 28) and labels."""
    bunch = load_digits()
    frames = np.zeros((len(bunch.images), 28, 28), np.uint8)
    for frame, picture in zip(frames, bunch.images, strict=True):
        large = cv2.resize(picture * 15.9, (20, 20), interpolation=cv2.INTER_LINEAR)
        frame[4:24, 4:24] = large.astype(np.uint8)
    return frames, bunch.target.astype(np.uint8)


def idx_bytes(values: np.ndarray) -> bytes:
    """Return an IDX file by the format's description: magic, big-endian sizes, the bytes."""
    header = struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return header + values.tobytes()


FRAMES, LABELS = bundled_digits()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small MNIST-format folder of the bundled digits, no two alike."""
    folder = tmp_path_factory.mktemp("digits")
    for part, rows in (("train", slice(TRAIN)), ("t10k", slice(TRAIN, TRAIN + TEST))):
        (folder / f"{part}-{IMAGES}").write_bytes(idx_bytes(FRAMES[rows]))
        (folder / f"{part}-{LABEL_FILE}").write_bytes(idx_bytes(LABELS[rows]))
    return folder


@pytest.fixture(scope="module")
def written(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two renderings of each of the small folder's digits."""
    return write_set(tmp_path_factory.mktemp("set"), folder, SIDE, 2, seed=3)


def ink_of(frame: Frame) -> np.ndarray:
    """Return which pixels of a still frame are at least half ink: (H, W) bool."""
    gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY).astype(int)
    return np.asarray(gray < (STILL.paper_gray + STILL.ink_gray) / 2)


def extent(on: np.ndarray) -> tuple[int, int, int, int]:
    """Return the top, bottom, left and right ends of what is on."""
    rows, columns = np.flatnonzero(on.any(1)), np.flatnonzero(on.any(0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def test_scenes_fill_their_ranges_and_stay_inside() -> None:
    rng = np.random.default_rng(0)
    scenes = [draw_scene(rng) for _ in range(2000)]
    for name, low, high in (
        ("ink_height", 0.3, 1.0), ("turn_degrees", -20, 20), ("gradient", 0, 0.5),
        ("blur", 0, 1.5), ("noise", 0, 15), ("corners", -0.1, 0.1),
    ):  # fmt: skip
        values = np.array([getattr(scene, name) for scene in scenes])
        assert values.min() >= low
        assert values.max() <= high
        thirds = np.histogram(values, 3, (low, high))[0] / values.size
        np.testing.assert_allclose(thirds, 1 / 3, atol=0.05, err_msg=name)


def test_ink_always_stands_out_and_half_of_it_is_darker_than_its_paper() -> None:
    rng = np.random.default_rng(0)
    scenes = [draw_scene(rng) for _ in range(2000)]
    contrast = np.array([scene.ink_gray - scene.paper_gray for scene in scenes])
    assert np.abs(contrast).min() >= 60
    assert 0.45 < np.mean(contrast < 0) < 0.55
    assert {scene.shape for scene in scenes} == set(SHAPES)
    assert {scene.ruling for scene in scenes} == set(Ruling)


@pytest.mark.parametrize("gray", [5.0, 60.0, 128.0, 250.0])
def test_a_tint_changes_the_colour_and_not_the_gray(gray: float) -> None:
    colour = tinted(gray, 0.9, np.random.default_rng(1))
    assert LUMA @ colour == pytest.approx(gray)
    assert np.ptp(colour) > 1
    assert colour.min() >= 0
    assert colour.max() <= 255


@pytest.mark.parametrize("shape", SHAPES)
def test_the_ink_has_the_promised_height_and_lies_inside_the_square(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(2)
    height, left = shape[0], (shape[1] - shape[0]) // 2
    narrow = 0
    for digit in FRAMES[:60]:
        drawn = draw_scene(rng)
        scene = replace(
            STILL, shape=shape, ink_height=drawn.ink_height, turn_degrees=drawn.turn_degrees,
            corners=drawn.corners, pen=drawn.pen,
        )  # fmt: skip
        ink = ink_of(paint(digit, scene, rng, SIDE))
        top, bottom, start, end = extent(ink)
        assert left <= start < end <= left + height
        assert abs(bottom - top - scene.ink_height * height) <= 5 or end - start >= height - 5
        narrow += end - start < height - 5
    assert narrow > 40


def test_the_ink_at_full_size_is_not_cut_off() -> None:
    rng = np.random.default_rng(4)
    for digit in FRAMES[:30]:
        scene = replace(STILL, ink_height=1.0, turn_degrees=20.0)
        wide = ink_of(paint(digit, scene, rng, SIDE))
        small = ink_of(paint(digit, replace(scene, ink_height=0.5), rng, SIDE))
        scale = np.subtract(*extent(wide)[1::-1]) / np.subtract(*extent(small)[1::-1])
        assert wide.sum() == pytest.approx(small.sum() * scale**2, rel=0.1)


def test_digits_land_all_over_the_square() -> None:
    rng = np.random.default_rng(5)
    scene = replace(STILL, ink_height=0.3)
    tops = [extent(ink_of(paint(FRAMES[0], scene, rng, SIDE)))[0] for _ in range(100)]
    lefts = [extent(ink_of(paint(FRAMES[0], scene, rng, SIDE)))[2] for _ in range(100)]
    assert min(tops) < 15
    assert max(tops) > 0.7 * 240 - 15
    assert min(lefts) < 40 + 15
    assert max(lefts) > 40 + 240 - 0.3 * 240 - 15


def test_a_low_level_draws_a_thicker_pen() -> None:
    def share(pen: float) -> float:
        rng = np.random.default_rng(0)
        return float(ink_of(paint(FRAMES[3], replace(STILL, pen=pen), rng, SIDE)).mean())

    assert share(camera_scene.PEN[0]) > 1.3 * share(camera_scene.PEN[1])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("side", [28, 32, 48])
def test_noise_has_its_sigma_after_the_frame_was_fitted(side: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(6)
    scene = replace(STILL, shape=shape, paper_gray=128.0, ink_gray=128.0, noise=15.0)
    fitted = [fit_frame(paint(FRAMES[0], scene, rng, side), camera_spec(side)) for _ in range(12)]
    assert np.std(fitted) == pytest.approx(15.0, rel=0.04)


def test_a_still_frame_has_no_noise() -> None:
    frame = paint(FRAMES[0], replace(STILL, ink_gray=200.0), np.random.default_rng(7), SIDE)
    assert fit_frame(frame, camera_spec(SIDE)).std() < 1.0


@pytest.mark.parametrize("sigma", [0.7, 1.6, 2.9, 3.1, 5.9, 6.1, 11.25])
def test_a_blur_has_its_sigma(sigma: float) -> None:
    variances = []
    for place in range(156, 164):  # a wide blur is made on a grid of 8 pixels
        line = np.zeros((240, 320), np.float32)
        line[:, place] = 1.0
        spread = blurred(line, sigma)[120].astype(np.float64)
        assert spread.sum() == pytest.approx(1.0, rel=0.3)
        variances.append((spread * (np.arange(320) - place) ** 2).sum() / spread.sum())
    assert np.mean(variances) ** 0.5 == pytest.approx(sigma, rel=0.05)


def test_the_blur_of_a_frame_is_in_pixels_of_the_network() -> None:
    frame = paint(FRAMES[0], replace(STILL, blur=1.5), np.random.default_rng(8), SIDE)
    sharp = paint(FRAMES[0], STILL, np.random.default_rng(8), SIDE)
    expected = cv2.GaussianBlur(sharp, (0, 0), 1.5 * 240 / SIDE)
    assert np.abs(frame.astype(int) - expected.astype(int)).mean() < 1.0
    assert np.abs(frame.astype(int) - sharp.astype(int)).mean() > 3.0


def test_light_falls_to_its_darkest_and_no_further() -> None:
    rng = np.random.default_rng(9)
    for _ in range(30):
        gain = light((240, 320), 0.5, rng)
        assert gain.min() == pytest.approx(0.5, abs=0.03)
        assert gain.max() == pytest.approx(1.0, abs=0.03)


def test_the_desk_is_seen_and_never_covers_ink() -> None:
    seen = 0
    for seed, digit in enumerate(FRAMES[:40]):
        scene = replace(STILL, ink_height=0.9, corners=((0.1, 0.1), (0, 0), (-0.1, 0), (0, 0.1)))
        bare = paint(digit, scene, np.random.default_rng(seed), SIDE)
        on_desk = paint(digit, replace(scene, desk=True), np.random.default_rng(seed), SIDE)
        ink = np.abs(cv2.cvtColor(bare, cv2.COLOR_BGR2GRAY) - STILL.ink_gray) <= 1
        assert ink.mean() > 0.02
        np.testing.assert_allclose(on_desk[ink].astype(int), bare[ink], atol=2)
        gray = cv2.cvtColor(on_desk, cv2.COLOR_BGR2GRAY).astype(int)
        seen += abs(gray[0, 0] - STILL.paper_gray) > 5
    assert seen > 30


def test_squares_are_printed_twice_as_densely_as_lines() -> None:
    def printed(ruling: Ruling) -> float:
        frame = paint(
            FRAMES[0],
            replace(STILL, ruling=ruling, ink_height=0.3),
            np.random.default_rng(11),
            SIDE,
        )
        blank = np.bincount(frame[..., 0].ravel()).argmax()
        return float((frame[..., 0] != blank).mean())

    assert printed(Ruling.NONE) < printed(Ruling.LINES) < printed(Ruling.SQUARES)


def test_the_same_seed_renders_the_same_frame_and_another_seed_another() -> None:
    first, again, other = (
        render(FRAMES[0], np.random.default_rng(seed), SIDE) for seed in (0, 0, 1)
    )
    assert first.dtype == np.uint8
    assert first.shape in [(*shape, 3) for shape in SHAPES]
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or (first != other).any()


def test_a_blank_picture_is_refused() -> None:
    with pytest.raises(DataError, match="no ink"):
        render(np.zeros((28, 28), np.uint8), np.random.default_rng(0), SIDE)


def test_the_set_is_renderings_then_the_same_digits_then_validation_pairs(written: Path) -> None:
    raw = read_idx_folder(written, "camera")
    assert raw.test is not None
    frames = np.asarray(raw.train.frames)
    assert frames.shape == (2 * 50 + 50 + 2 * 10, SIDE, SIDE, 1)
    plain = np.stack([fit_frame(digit, camera_spec(SIDE)) for digit in FRAMES[:TRAIN]])
    np.testing.assert_array_equal(frames[100:150], plain[:50])
    np.testing.assert_array_equal(frames[151::2], plain[50:])
    labels = raw.train.labels
    np.testing.assert_array_equal(np.bincount(labels[:100]), 2 * np.bincount(LABELS[:50]))
    np.testing.assert_array_equal(labels[100:150], LABELS[:50])
    np.testing.assert_array_equal(labels[150:], LABELS[50:60].repeat(2))
    assert (labels[:100] != np.tile(LABELS[:50], 2)).any(), "the renderings are not shuffled"
    np.testing.assert_array_equal(raw.test.labels, LABELS[TRAIN : TRAIN + TEST])


def test_each_rendering_is_of_its_label_and_has_its_own_seed(written: Path) -> None:
    raw = read_idx_folder(written, "camera")
    assert raw.test is not None
    spec = camera_spec(SIDE)
    for part, digits, frames in (
        (camera_digits.TRAIN, FRAMES[:50], np.asarray(raw.train.frames)[:100]),
        (camera_digits.VALIDATION, FRAMES[50:60], np.asarray(raw.train.frames)[150::2]),
        (camera_digits.TEST, FRAMES[60:68], np.asarray(raw.test.frames)),
    ):
        for i, digit in enumerate(digits):
            branch = np.random.SeedSequence(3).spawn(3)[part].spawn(i + 1)[i]
            expected = fit_frame(render(digit, np.random.default_rng(branch), SIDE), spec)
            found = np.flatnonzero((frames == expected).all((1, 2, 3)))
            assert len(found) == 1
            if part == camera_digits.TRAIN:
                assert raw.train.labels[found[0]] == LABELS[i]
            else:
                assert found[0] == i


def test_no_picture_of_a_set_is_there_twice(written: Path) -> None:
    raw = read_idx_folder(written, "camera")
    assert raw.test is not None
    pictures = np.concatenate((np.asarray(raw.train.frames), np.asarray(raw.test.frames)))
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)


def test_processes_and_chunks_do_not_change_the_bytes(
    written: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_digits, "CHUNK", 7)
    told: list[tuple[int, int]] = []
    again = write_set(
        tmp_path, folder, SIDE, 2, seed=3, processes=2, watch=lambda *now: told.append(now)
    )
    assert told[-1] == (118, 118)
    assert len(told) > 10
    for path in written.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()


def test_another_seed_writes_other_pictures(written: Path, folder: Path, tmp_path: Path) -> None:
    other = write_set(tmp_path, folder, SIDE, 2, seed=4)
    for name in (f"train-{IMAGES}", f"t10k-{IMAGES}"):
        assert (other / name).read_bytes() != (written / name).read_bytes()


@pytest.mark.parametrize("wrong", ["side", "copies", "processes", "limit"])
def test_a_number_that_is_not_positive_is_refused(wrong: str, folder: Path, tmp_path: Path) -> None:
    side, copies, processes, limit = (
        int(name != wrong) for name in ("side", "copies", "processes", "limit")
    )
    with pytest.raises(OptionError, match=f"{wrong} is 0"):
        write_set(tmp_path, folder, side, copies, seed=0, limit=limit, processes=processes)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_a_set_and_a_sheet(folder: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    done = run_here(
        lambda: typer.run(camera_digits.main), "camera_digits.py", tmp_path / "set",
        "--digits", folder, "--side", "8", "--copies", "1", "--limit", "5", "--processes", "1",
        "--sheet", sheet,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    raw = read_idx_folder(tmp_path / "set", "camera")
    assert raw.test is not None
    assert raw.shape == (8, 8, 1)
    assert (len(raw.train), len(raw.test)) == (5 + 5 + 10, 5)
    shown = cv2.imread(str(sheet))
    assert shown is not None
    assert shown.shape == (8 * 160, 12 * 160, 3)


def test_a_sheet_shows_its_digits_in_rows() -> None:
    sheet = contact_sheet(FRAMES[:13], SIDE, seed=0)
    places = sheet.reshape(8, 160, 12, 160, 3).any((1, 3, 4))
    assert places.ravel().tolist() == [True] * 13 + [False] * 83


def test_mnist_is_divided_as_its_users_do() -> None:
    train, validation, test = read_digits(real_data("mnist"))
    assert isinstance(train, Digits)
    assert [len(part.labels) for part in (train, validation, test)] == [50_000, 10_000, 10_000]
    pictures = [{frame.tobytes() for frame in part.frames} for part in (train, validation, test)]
    assert not pictures[0] & pictures[1]
    assert not (pictures[0] | pictures[1]) & pictures[2]
