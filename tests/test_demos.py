"""Every demo is short, uses public names only, runs, and fails when it should."""

import ast
import csv
import re
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from commands import Ran, run_here
from conftest import real_data

from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2

DEMOS = Path(__file__).parents[1] / "demos"
NAMES = sorted(path.name for path in DEMOS.glob("*.py"))


def run_demo(name: str, *arguments: str | int | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error", DEMOS / name, *map(str, arguments)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def run_demo_here(name: str, *arguments: str | Path) -> Ran:
    path = str(DEMOS / name)
    return run_here(lambda: runpy.run_path(path, run_name="__main__"), path, *arguments)


@pytest.mark.parametrize("name", NAMES)
def test_a_demo_is_under_60_lines_and_uses_public_names_only(name: str) -> None:
    text = (DEMOS / name).read_text()
    assert len(text.splitlines()) < 60
    modules = [n.module for n in ast.walk(ast.parse(text)) if isinstance(n, ast.ImportFrom)]
    assert [module for module in modules if module and module.startswith("edgecnn.")] == []


def test_train_and_ship_makes_model_files(tmp_path: Path) -> None:
    done = run_demo_here(
        "train_and_ship.py", "--epochs", "4", "--min-accuracy", "0.7", "--out", tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "int8 loses" in done.stdout
    assert sorted(path.name for path in tmp_path.glob("*.onnx")) == [
        "article-digits.fp32.onnx", "article-digits.int8.onnx",
    ]  # fmt: skip


def test_train_and_ship_fails_when_the_accuracy_is_missed(tmp_path: Path) -> None:
    done = run_demo_here(
        "train_and_ship.py", "--epochs", "1", "--min-accuracy", "1.0", "--out", tmp_path
    )
    assert done.returncode == 1
    assert "below 100.00%" in done.stderr


def test_webcam_labels_a_folder_and_misses_frames_that_are_not_there(
    int8: Path, frames: list[Frame], tmp_path: Path
) -> None:
    for i, frame in enumerate(frames[:3]):
        cv2.imwrite(str(tmp_path / f"{i}.png"), frame)
    done = run_demo("webcam.py", "--source", tmp_path, "--model", int8, "--frames", "3")
    assert (done.returncode, done.stdout.count(" ms")) == (0, 3), done.stderr
    done = run_demo("webcam.py", "--source", tmp_path, "--model", int8, "--frames", "4")
    assert (done.returncode, "labelled 3 of 4" in done.stderr) == (1, True)


def test_web_camera_shows_its_labels_on_a_page(int8: Path) -> None:
    done = run_demo("web_camera.py", "--source", "pattern", "--model", int8, "--port", "0",
                    "--frames", "6")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "the last label was " in done.stdout


def test_web_camera_needs_a_port_that_is_free(int8: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run_demo("web_camera.py", "--source", "pattern", "--model", int8, "--port", port)
    assert done.returncode == 1
    assert f"port {port} is in use" in done.stderr


def test_surveillance_logs_two_cars_in_a_real_video(tmp_path: Path) -> None:
    real_data("video", "car-detection.mp4")
    done = run_demo("surveillance.py", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    times = [float(time) for time in re.findall(r"([\d.]+) s into the video", done.stdout)]
    assert times == [pytest.approx(6.4, abs=0.5), pytest.approx(16.8, abs=0.5)]
    assert len(list(tmp_path.glob("*.jpg"))) == 2


def test_surveillance_fails_where_it_sees_no_car(tmp_path: Path) -> None:
    real_data("video", "car-detection.mp4")
    done = run_demo("surveillance.py", "--region", "0,0,0.1,0.1", "--out", tmp_path)
    assert (done.returncode, "logged 0 events of 2" in done.stderr) == (1, True)


def test_triage_sorts_pictures_and_keeps_a_log(tmp_path: Path) -> None:
    real_data("hymenoptera", "val")
    done = run_demo("triage.py", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    sure = [row for row in rows if row["sure"] == "True"]
    assert (len(rows), len(list((tmp_path / "sure").rglob("*.png")))) == (200, len(sure))
    assert {len(row["model"]) for row in rows} == {64}


def test_triage_fails_where_too_little_is_sure(int8: Path, tmp_path: Path) -> None:
    real_data("hymenoptera", "val")
    done = run_demo("triage.py", "--model", int8, "--out", tmp_path)
    assert done.returncode == 1
    assert "are wrong" in done.stderr


def test_fp32_vs_int8_compares_the_two_forms(fp32: Path, int8: Path) -> None:
    done = run_demo("fp32_vs_int8.py", fp32, int8, "--frames", "20", "--max-disagreement", "1")
    assert done.returncode == 0, done.stderr
    assert "int8 / fp32: " in done.stdout


def test_fp32_vs_int8_fails_when_too_many_labels_differ(fp32: Path, int8: Path) -> None:
    done = run_demo("fp32_vs_int8.py", fp32, int8, "--frames", "20", "--max-disagreement", "-1")
    assert done.returncode == 1
    assert "labels differ" in done.stderr
