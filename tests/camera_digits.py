"""MNIST's digits as a camera would see them: pen on paper, turned, lit, blurred and noisy.

    python tests/camera_digits.py OUT --digits DIR --side 32 --copies 4 --seed 0

DIR holds MNIST's four files; OUT gets four of the same kind, gray pictures fitted to `side`.
`--sheet FILE.png` also writes a sheet of frames to look at.
"""

import multiprocessing
import struct
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer
from camera_effects import camera_spec
from camera_scene import draw_scene, paint
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from edgecnn.atomic import write_atomic
from edgecnn.data.dataset import VALIDATION_SHARE
from edgecnn.data.idx import IMAGES, LABELS, read_idx_folder
from edgecnn.errors import OptionError
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.opencv import cv2, encode_png

TRAIN, VALIDATION, TEST, ORDER, SHEET = range(5)
"""Branches of the seed: no two parts share a random number."""
CHUNK = 250
"""Pictures that a process renders at a time."""
SHEET_ROWS, SHEET_COLUMNS, SHEET_SIDE = 8, 12, 160
"""Frames on a sheet, and the side of each, pixels."""

Watch = Callable[[int, int], None]
"""Is told how many renderings are done, and of how many."""


@dataclass(frozen=True)
class Digits:
    """Digits (n, 28, 28), uint8, white on black, and their labels (n,), uint8."""

    frames: Frame
    labels: npt.NDArray[np.uint8]

    def first(self, limit: int | None) -> "Digits":
        """Return the first so many, or all."""
        return Digits(self.frames[:limit], self.labels[:limit])


def render(digit: npt.NDArray[np.uint8], rng: np.random.Generator, side: int) -> Frame:
    """Render a digit as a camera frame.

    Args:
        digit: (28, 28) uint8, white on black.
        rng: Decides everything else.
        side: Side of the network's input, pixels: blur and noise are what they are after
            `fit_frame` brought the frame to that size.

    Returns:
        (H, W, 3) BGR uint8, of a shape in `camera_scene.SHAPES`.
    """
    return paint(digit, draw_scene(rng), rng, side)


def write_set(
    out: Path,
    digits: Path,
    side: int,
    copies: int,
    seed: int,
    *,
    limit: int | None = None,
    processes: int = 1,
    watch: Watch = lambda done, total: None,
) -> Path:
    """Write an MNIST-format data set of fitted frames; the same arguments give the same bytes.

    The last sixth of the training digits, MNIST's last 10,000, are for validation. The train files
    hold `copies` renderings of each other digit, shuffled; these digits once more as they are;
    then, for each validation digit, a rendering and the digit as it is. The t10k files hold one
    rendering of each test digit.

    Args:
        out: The folder to write.
        digits: A folder with MNIST's four files.
        side: Height and width of the pictures, pixels.
        copies: Renderings of each training digit.
        seed: Seed of everything random.
        limit: Use only so many digits of each part.
        processes: How many render; they do not change what is written.
        watch: Told after each chunk how many renderings are done, and of how many.

    Raises:
        OptionError: A number is not positive.
        DataError: A file of `digits` is missing or broken.
        DeviceError: `out` cannot be written.
    """
    _check_positive(
        side=side, copies=copies, processes=processes, limit=1 if limit is None else limit
    )
    train, validation, test = (part.first(limit) for part in read_digits(digits))
    copied = Digits(np.tile(train.frames, (copies, 1, 1)), np.tile(train.labels, copies))
    order = _random(seed, ORDER).permutation(len(copied.labels))
    parts = ((TRAIN, copied), (VALIDATION, validation), (TEST, test))
    seen, seen_validation, seen_test = _render_parts(parts, side, seed, processes, watch)
    pairs = np.stack((seen_validation, _plain(validation, side)), 1).reshape(-1, side, side)
    pictures = np.concatenate((seen[order], _plain(train, side), pairs))
    labels = (copied.labels[order], train.labels, validation.labels.repeat(2))
    _write_part(out, "train", pictures, np.concatenate(labels))
    _write_part(out, "t10k", seen_test, test.labels)
    return out


def read_digits(folder: Path) -> tuple[Digits, Digits, Digits]:
    """Read the training, validation and test digits of an MNIST folder."""
    raw = read_idx_folder(folder, "digits")
    assert raw.test is not None  # an MNIST folder always has its test part
    parts = []
    for pictures in (raw.train, raw.test):
        frames = np.asarray(pictures.frames)[..., 0]
        parts.append(Digits(frames, pictures.labels.astype(np.uint8)))
    whole, test = parts
    start = len(whole.labels) - round(VALIDATION_SHARE * len(whole.labels))
    return whole.first(start), Digits(whole.frames[start:], whole.labels[start:]), test


def _check_positive(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise OptionError(f"{name} is {number}", remedy="give 1 or more")


def _random(seed: int, *branch: int) -> np.random.Generator:
    """Return the generator of one branch, as `SeedSequence.spawn` would."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=branch))


def _render_parts(
    parts: Sequence[tuple[int, Digits]], side: int, seed: int, processes: int, watch: Watch
) -> list[Frame]:
    """Render and fit each part's digits: arrays (n, side, side)."""
    jobs = [
        (digits.frames[start : start + CHUNK], side, (seed, part, start))
        for part, digits in parts
        for start in range(0, len(digits.labels), CHUNK)
    ]
    sizes = [len(digits.labels) for _, digits in parts]
    done, total = 0, sum(sizes)
    pictures = np.empty((total, side, side), np.uint8)
    with _pool(processes) as pool:
        for chunk in pool.map(_render_chunk, jobs):
            pictures[done : done + len(chunk)] = chunk
            done += len(chunk)
            watch(done, total)
    return np.split(pictures, np.cumsum(sizes)[:-1])


def _pool(processes: int) -> Executor:
    if processes == 1:
        return ThreadPoolExecutor(1)  # starts no process
    # Not forked: a fork would copy the locks of OpenCV's threads.
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, spawn, initializer=cv2.setNumThreads, initargs=(1,))


def _render_chunk(job: tuple[Frame, int, tuple[int, int, int]]) -> Frame:
    """Render and fit digits, each with its own seed, so that chunks do not matter."""
    digits, side, (seed, part, start) = job
    spec = camera_spec(side)
    frames = (
        fit_frame(render(digit, _random(seed, part, start + i), side), spec)[..., 0]
        for i, digit in enumerate(digits)
    )
    return np.stack(list(frames))


def _plain(digits: Digits, side: int) -> Frame:
    spec = camera_spec(side)
    return np.stack([fit_frame(digit, spec)[..., 0] for digit in digits.frames])


def _write_part(out: Path, part: str, pictures: Frame, labels: npt.NDArray[np.uint8]) -> None:
    for name, values in ((IMAGES, pictures), (LABELS, labels)):
        header = bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape)
        write_atomic(out / f"{part}-{name}", header + values.tobytes())


def contact_sheet(digits: Frame, side: int, seed: int) -> Frame:
    """Render digits side by side: BGR, SHEET_ROWS x SHEET_COLUMNS squares, as CROP cuts them."""
    spec = replace(camera_spec(SHEET_SIDE), channels=3)
    sheet = np.zeros((SHEET_ROWS, SHEET_SIDE, SHEET_COLUMNS, SHEET_SIDE, 3), np.uint8)
    for i, digit in enumerate(digits[: SHEET_ROWS * SHEET_COLUMNS]):
        frame = render(digit, _random(seed, SHEET, i), side)
        sheet[i // SHEET_COLUMNS, :, i % SHEET_COLUMNS] = fit_frame(frame, spec)
    return sheet.reshape(SHEET_ROWS * SHEET_SIDE, SHEET_COLUMNS * SHEET_SIDE, 3)


def main(
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    digits: Annotated[Path, typer.Option(help="Folder with MNIST's four files.")],
    side: Annotated[int, typer.Option(help="Side of the pictures, pixels.")] = 32,
    copies: Annotated[int, typer.Option(help="Renderings of each training digit.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    limit: Annotated[int | None, typer.Option(help="Only so many digits of each part.")] = None,
    processes: Annotated[int, typer.Option(help="How many render.")] = 2,
    sheet: Annotated[Path | None, typer.Option(help="PNG of frames to look at.")] = None,
) -> None:
    """Write MNIST's digits as a camera would see them, as an MNIST-format data set."""
    if sheet is not None:
        train, _, _ = read_digits(digits)
        write_atomic(sheet, encode_png(contact_sheet(train.frames, side, seed)))
    with _bar() as watch:
        write_set(out, digits, side, copies, seed, limit=limit, processes=processes, watch=watch)


@contextmanager
def _bar() -> Iterator[Watch]:
    """Show progress on stderr, if it is a terminal."""
    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("render", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


if __name__ == "__main__":
    typer.run(main)
