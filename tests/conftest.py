"""What many tests share: a small run that really was trained, and its real export."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import torch
from clocks import set_clock
from commands import Main, run_here
from torch.onnx._internal.exporter._registration import ONNXRegistry

import edgecnn.cli
from edgecnn.data.dataset import Dataset
from edgecnn.exporter.export import export, export_source_of
from edgecnn.exporter.export_source import ExportSource
from edgecnn.exporter.gate.gate import GateLimits
from edgecnn.exporter.quantization.search import find_int8
from edgecnn.exporter.ship import ExportReport
from edgecnn.model.form import Form
from edgecnn.model.frame import Frame
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.run_folder import read_run
from edgecnn.trainer.train import load_for, train

SLOW_LAST = ("test_demos.py", "test_readme.py", "test_whole_way.py", "test_wheel.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what starts whole programs and installs packages after everything else."""
    items.sort(key=lambda item: item.path.name in SLOW_LAST)


ANY_DROP = GateLimits(max_drop=100.0, min_agreement=0.0)
SMALL = Recipe(data="digits", epochs=3, seed=5)
"""By this seed the first calibration agrees with fp32 everywhere, and an export tries no other."""


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Small networks train faster on one thread than on two that wait for other processes."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Fitted pictures are kept in this session's own folder, by the programs it starts too."""
    os.environ["EDGECNN_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session", autouse=True)
def ctrl_c() -> None:
    """A shell's background jobs ignore Ctrl-C, and so would the programs that tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def one_table_of_operators() -> Iterator[None]:
    """torch parses the sources of its 500 operators for each export anew, a second each time."""
    with pytest.MonkeyPatch.context() as patch:
        once = staticmethod(cache(ONNXRegistry.from_torchlib))
        patch.setattr(ONNXRegistry, "from_torchlib", once)
        yield


@pytest.fixture(scope="session")
def main() -> Main:
    """Return the command `edgecnn`, run in this process."""
    return partial(run_here, edgecnn.cli.main, "edgecnn")


@pytest.fixture(scope="session")
def digits() -> tuple[Dataset, ModelSpec]:
    """The bundled digits, fitted to 28x28 gray."""
    return load_for(SMALL)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small run on the bundled digits; tests only read it."""
    folder = tmp_path_factory.mktemp("run") / "small"
    train(SMALL, folder, device="cpu")
    return folder


@pytest.fixture(scope="session")
def exported(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    """The export of the small run; tests only read it."""
    return export(
        run_folder, tmp_path_factory.mktemp("exported"), name="small", clock=set_clock(0.8)
    )


@pytest.fixture(scope="session")
def int8(exported: ExportReport) -> Path:
    """The small run's int8 model file."""
    return Path(exported.files[Form.INT8])


@pytest.fixture(scope="session")
def fp32(exported: ExportReport) -> Path:
    """The small run's fp32 model file."""
    return Path(exported.files[Form.FP32])


@pytest.fixture(scope="session")
def frames(digits: tuple[Dataset, ModelSpec]) -> list[Frame]:
    """Twenty fitted test pictures, each (28, 28, 1)."""
    return list(digits[0].test.frames[:20])


@pytest.fixture(scope="session")
def candidate(run_folder: Path, digits: tuple[Dataset, ModelSpec]) -> ExportSource:
    """The small run."""
    return export_source_of(read_run(run_folder), digits[0])


@pytest.fixture(scope="session")
def agreeing(candidate: ExportSource) -> ExportSource:
    """The small run with the validation pictures on which int8 says what fp32 says: quick."""
    answers, data = find_int8(candidate, 7, ANY_DROP, lambda _: None).answers, candidate.data
    alike = data.validation.take(np.flatnonzero(answers.fp32 == answers.own))
    return replace(candidate, data=replace(data, validation=alike))


@pytest.fixture
def camera_frame() -> Frame:
    """One (480, 640, 3) BGR frame of noise."""
    return np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)


def real_data(*parts: str) -> Path:
    """Return a path under EDGECNN_DATA, or skip the test with the reason."""
    root = os.environ.get("EDGECNN_DATA", "")
    path = Path(root, *parts)
    if not root or not path.exists():
        pytest.skip(f"EDGECNN_DATA holds no {'/'.join(parts)}")
    return path
