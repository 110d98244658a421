"""`edgecnn demo` from training to report: on real digits, with few pictures, without a network."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from edgecnn.data.dataset import Dataset
from edgecnn.demo.demo import (
    SHOWN_FRAMES,
    VIDEO_PICTURES,
    DemoReport,
    _classify_video,
    run_demo,
)
from edgecnn.demo.video import write_video
from edgecnn.exporter.ship import ExportReport
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.progress import OnProgress, ignore
from edgecnn.trainer.recipe import Recipe


@contextmanager
def silent(_: Recipe) -> Iterator[OnProgress]:
    yield ignore


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def report(out: Path) -> DemoReport:
    return run_demo(out, "digits", training=silent, on_progress=lambda _: None)


def test_every_file_that_the_demo_makes_is_named_and_there(report: DemoReport, out: Path) -> None:
    made = {str(path) for path in out.rglob("*") if path.is_file()}
    assert set(report.files.values()) == made


def test_the_accuracy_over_the_video_is_counted_on_all_its_frames(report: DemoReport) -> None:
    assert report.video.total == 600
    assert 0.9 <= report.video.value < 1.0


def test_int8_was_timed_against_fp32(report: DemoReport) -> None:
    assert [row.form for row in report.bench.models] == ["fp32", "int8"]
    assert report.bench.ratio
    assert report.bench.ratio.rounds == 500


def test_without_a_network_and_without_mnist_the_bundled_digits_are_used(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], check=False).returncode:
        pytest.skip("this system lets us make no network namespace")
    code = "from edgecnn.demo.demo import choose_recipe; print(choose_recipe('', print).data)"
    done = subprocess.run(
        [unshare, "-rn", sys.executable, "-c", code],
        capture_output=True, text=True, timeout=120, cwd=tmp_path, check=True,
        env={"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert "mnist is not on this machine" in done.stdout
    assert done.stdout.splitlines()[-1] == "digits"


def test_three_test_pictures_make_a_video_that_is_classified_and_shown(
    exported: ExportReport, digits: tuple[Dataset, ModelSpec], tmp_path: Path
) -> None:
    """A folder of people's own pictures may be that small: nine frames, six of them shown."""
    few = digits[0].test.take(np.arange(3))
    truth = write_video(tmp_path / "held-out.mp4", few, VIDEO_PICTURES)
    run = _classify_video(exported, tmp_path / "held-out.mp4", tmp_path / "labelled.mp4", truth)
    assert run.accuracy.total == len(truth) == 9
    assert len(run.shown) == SHOWN_FRAMES
    assert np.hstack(run.shown).shape == (180, 6 * 244, 3)
