"""The command line as a user meets it: in a process of its own, by its output and exit codes."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from conftest import real_data
from safetensors import safe_open
from safetensors.torch import save

import edgecnn.cli
from edgecnn.opencv import cv2

DIGITS = ("--data", "digits", "--out", "never-made")
PATTERN = ("--source", "pattern")


class Ran(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


Main = Callable[..., Ran]


@pytest.fixture
def main(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Main:
    """Return the command's own `main`, run in this process: a second faster each time."""

    def run(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["edgecnn", *map(str, arguments)])
        capsys.readouterr()
        try:
            edgecnn.cli.main()
        except SystemExit as stop:
            code = stop.code
        else:
            code = 0
        assert isinstance(code, int | None)
        return Ran(code or 0, *capsys.readouterr())

    return run


def command(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run edgecnn with nothing on stdin, as in a service."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "edgecnn", *map(str, arguments)],
        capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
        env={**os.environ, **environment}, check=False,
    )  # fmt: skip


def test_the_version_is_the_packages() -> None:
    done = command("--version")
    assert (done.returncode, done.stdout) == (0, f"edgecnn {edgecnn.__version__}\n")


def test_help_names_every_command_and_the_exit_codes(main: Main) -> None:
    text = main("--help").stdout
    for name in ("demo", "train", "evaluate", "export", "collect", "run", "bench", "inspect",
                 "data", "Exit codes"):  # fmt: skip
        assert name in text


def test_the_help_of_train_names_what_a_run_can_be_told(main: Main) -> None:
    text = main("train", "--help").stdout
    for name in ("--set", "--from", "--resume", "--time-budget", "--recipe", "torchrun"):
        assert name in text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["nonsense"], 2, "No such command", id="unknown command"),
        pytest.param(["run"], 2, "Missing", id="missing argument"),
        pytest.param(["run", "M", *PATTERN, "--size", "big"], 2, "640x480", id="unreadable size"),
        pytest.param(["train", *DIGITS, "--fit", "no"], 2, "letterbox", id="unknown fit"),
        pytest.param(["train", *DIGITS, "--network", "no"], 2, "article", id="unknown network"),
        pytest.param(["train", *DIGITS, "--widths", "a"], 2, "32,64,64", id="unreadable widths"),
        pytest.param(["train", *DIGITS, "--set", "x=1"], 2, "'x=1'", id="unknown setting"),
        pytest.param(["train", *DIGITS, "--time-budget", "5d"], 2, "'5d'", id="unreadable time"),
        pytest.param(["train", *DIGITS, "--resume"], 3, "no unfinished run", id="none to resume"),
        pytest.param(["train", *DIGITS, "--from", "gone"], 3, "gone", id="no run to start from"),
        pytest.param(["run", "nothing.onnx", "--source", "0"], 3, "nothing.onnx", id="no model"),
        pytest.param(["run", "M", "--source", "gone.mp4"], 3, "gone.mp4", id="no source"),
        pytest.param(["train", "--out", "o", "--data", "gone"], 3, "digits", id="no data"),
        pytest.param(["export", "gone", "--out", "o"], 3, "holds no run", id="no run"),
        pytest.param(["inspect", "LICENSE"], 4, "not a whole ONNX model", id="not a model"),
        pytest.param(["run", "M", *PATTERN, "--source", "0", "--show"], 2, "2 sources", id="two"),
        pytest.param(["run", "M", *PATTERN, *PATTERN], 2, "given twice", id="twice"),
        pytest.param(["run", "M", "--source", "exec:"], 2, "no command", id="no command"),
        pytest.param(["run", "M", "--source", "99"], 5, "did not open", id="no camera"),
        pytest.param(["run", "M", *PATTERN, "--provider", "x"], 5, "'x'", id="unknown provider"),
        pytest.param(["train", *DIGITS, "--device", "x"], 5, "'x'", id="unknown device"),
    ],
)  # fmt: skip
def test_what_goes_wrong_has_one_message_and_a_stable_exit_code(
    main: Main, arguments: list[str], code: int, words: str, int8: Path
) -> None:
    done = main(*(int8 if argument == "M" else argument for argument in arguments))
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert code == 2 or "\n  try: " in done.stderr


def test_debug_shows_the_traceback_too(main: Main) -> None:
    done = main("--debug", "inspect", "gone.onnx")
    assert done.returncode == 3
    assert "Traceback" in done.stderr
    assert "try: " in done.stderr


def test_run_prints_a_line_a_frame_and_a_summary(main: Main, int8: Path) -> None:
    done = main("run", int8, "--source", "pattern", "--max-frames", "5")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 5
    assert "5 frames in" in done.stderr
    assert "p99" in done.stderr


def test_run_prints_json_lines_that_parse(main: Main, int8: Path) -> None:
    done = main("run", int8, "--source", "pattern", "--max-frames", "3", "--format", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["frame"] for row in rows] == [1, 2, 3]
    assert rows[0]["label"] in "0123456789"
    assert rows[0]["top"][0] == [rows[0]["label"], rows[0]["probability"]]


def test_run_drops_no_frame_of_a_video(main: Main, int8: Path) -> None:
    video = real_data("video", "car-detection.mp4")
    done = main("run", int8, "--source", video, "--format", "json")
    report = json.loads(done.stdout)
    assert (report["frames"], report["dropped"]) == (377, 0)


def test_run_reads_several_sources_and_tags_their_lines(
    main: Main, int8: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "one.png"), np.zeros((40, 40, 3), np.uint8))
    sources = ("--source", tmp_path / "a", "--source", tmp_path / "b")
    done = main("run", int8, *sources)
    assert sorted(line.split()[0] for line in done.stdout.splitlines()) == [
        str(tmp_path / "a"),
        str(tmp_path / "b"),
    ]
    rows = [
        json.loads(line)
        for line in main("run", int8, *sources, "--format", "jsonl").stdout.splitlines()
    ]
    assert {row["source"] for row in rows} == {str(tmp_path / "a"), str(tmp_path / "b")}
    assert all(row["age_ms"] >= row["latency_ms"] for row in rows)


def test_run_saves_a_labelled_video(main: Main, int8: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    done = main("run", int8, "--source", "pattern", "--max-frames", "4", "--save", path)
    assert done.returncode == 0
    capture = cv2.VideoCapture(str(path))
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == 4


@pytest.mark.parametrize("arguments", [
    ["run", "M", "--source", "pattern", "--max-frames", "2"],
    ["bench", "M", "--rounds", "10"],
    ["bench", "M", "F", "--rounds", "10"],
    ["inspect", "M"],
    ["evaluate", "M"],
    ["evaluate", "R", "--split", "validation"],
    ["export", "R", "--out", "OUT"],
    ["train", "--data", "digits", "--epochs", "1", "--out", "OUT"],
], ids=" ".join)  # fmt: skip
def test_every_command_prints_json_that_parses(
    main: Main, arguments: list[str], int8: Path, fp32: Path, run_folder: Path, tmp_path: Path
) -> None:
    places = {"M": int8, "F": fp32, "R": run_folder, "OUT": tmp_path / "out"}
    done = main(*(places.get(word, word) for word in arguments), "--format", "json")
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)


def test_a_failed_gate_is_exit_code_1_and_leaves_no_model(
    main: Main, run_folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "run"
    shutil.copytree(run_folder, other)
    spoil(other / "checkpoint.safetensors")
    done = main("export", other, "--out", tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert "the gate says FAIL" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["gate.json"]


def spoil(path: Path) -> None:
    """Make one channel 30,000 times larger than the others: the same network, but not in int8."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name in ("conv1.weight", "conv1.bias"):
        weights[name][0] *= 3e4
    weights["conv2.weight"][:, 0] /= 3e4
    path.write_bytes(save(weights, metadata))


def test_an_existing_run_is_not_overwritten_unasked(main: Main, run_folder: Path) -> None:
    done = main("train", "--data", "digits", "--epochs", "1", "--out", run_folder)
    assert done.returncode == 2
    assert "--overwrite" in done.stderr


def test_ctrl_c_stops_a_run_with_a_summary(int8: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "edgecnn", "run", str(int8), "--source", "pattern"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped, " in errors
    assert "Traceback" not in errors


def test_a_reader_that_goes_away_ends_the_run_quietly(int8: Path) -> None:
    line = f"{sys.executable} -m edgecnn run {int8} --source pattern | head -n 2"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert len(done.stdout.splitlines()) == 2
    assert "Traceback" not in done.stderr


def test_no_colour_codes_where_there_is_no_terminal(int8: Path, run_folder: Path) -> None:
    for done in (command("inspect", int8), command("--help"), command("evaluate", run_folder)):
        assert "\x1b" not in done.stdout + done.stderr


def test_inspect_tells_what_the_model_wants_and_costs(main: Main, int8: Path) -> None:
    text = main("inspect", int8).stdout
    for words in ("28x28 gray", "93,322", "2,794,240", "center-crop", "QLinearConv", "pictures"):
        assert words in text


def test_bench_tells_the_ratio_the_threads_and_the_machine(
    main: Main, int8: Path, fp32: Path
) -> None:
    text = main("bench", fp32, int8, "--rounds", "20").stdout
    for words in ("second / first", "20 rounds", "1 thread", "onnxruntime", "cores"):
        assert words in text
