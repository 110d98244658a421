"""The command line as a user meets it: in a process of its own, by its output and exit codes."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import Main, command, started
from conftest import real_data
from craft import resealed, with_fields
from external_models import as_keras, random_network

import edgecnn.cli
from edgecnn.exporter.quantization.targets import Target, weight_bits
from edgecnn.inference.machine import describe_machine
from edgecnn.model.digest import SPEC_KEY
from edgecnn.model.model_file import read_model
from edgecnn.opencv import cv2

DIGITS = ("--data", "digits", "--out", "never-made")
PATTERN = ("--source", "pattern")


def test_the_version_is_the_packages() -> None:
    done = command("--version")
    assert (done.returncode, done.stdout) == (0, f"edgecnn {edgecnn.__version__}\n")


def test_help_names_every_command_and_the_exit_codes(main: Main) -> None:
    text = main("--help").stdout
    for name in ("demo", "train", "evaluate", "export", "adopt", "verify", "collect", "run",
                 "bench", "inspect", "data", "Exit codes"):  # fmt: skip
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
        pytest.param(["adopt", "gone", "--labels", "l", "--out", "o"], 3, "gone", id="no network"),
        pytest.param(["adopt", "L", "--labels", "L", "--out", "o"], 4, "not a whole", id="no onnx"),
        pytest.param(["adopt", "M", "--labels", "L", "--out", "o"], 4, "already", id="ours"),
        pytest.param(["adopt", "M", "--labels", "L", "--out", "o", "--assume", "x"], 2, "imagenet",
                     id="unknown assumption"),
        pytest.param(["adopt", "M", "--labels", "L", "--out", "o", "--mean", "x"], 2, "numbers",
                     id="unreadable mean"),
        pytest.param(["run", "M", *PATTERN, "--source", "0", "--save", "x.mp4"], 2, "2 sources",
                     id="two"),
        pytest.param(["run", "M", *PATTERN, *PATTERN], 2, "given twice", id="twice"),
        pytest.param(["run", "M", "--source", "exec:"], 2, "no command", id="no command"),
        pytest.param(["run", "M", "--source", "99"], 3, "no camera '99'", id="no camera"),
        pytest.param(["run", "M", *PATTERN, "--provider", "x"], 5, "'x'", id="unknown provider"),
        pytest.param(["train", *DIGITS, "--device", "x"], 5, "'x'", id="unknown device"),
    ],
)  # fmt: skip
def test_what_goes_wrong_has_one_message_and_a_stable_exit_code(
    main: Main, arguments: list[str], code: int, words: str, int8: Path
) -> None:
    places = {"M": int8, "L": Path("LICENSE")}
    done = main(*(places.get(argument, argument) for argument in arguments))
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
    ["verify", "M", "--data", "digits", "--against", "R"],
    ["evaluate", "R", "--split", "validation"],
    ["export", "R", "--out", "OUT", "--force"],
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
    done = main("export", run_folder, "--out", tmp_path, "--max-kib", "1")
    assert done.returncode == 1, done.stderr
    assert "the gate says FAIL" in done.stderr
    assert "--force" in done.stderr
    assert list(tmp_path.glob("*.onnx")) == []
    assert (tmp_path / "gate.json").is_file()


def test_an_export_for_this_machine_says_so_and_what_the_gate_found(
    main: Main, run_folder: Path, tmp_path: Path
) -> None:
    done = main("export", run_folder, "--out", tmp_path, "--target", "auto",
                "--max-ratio", "100", "--precision", "int8")  # fmt: skip
    assert done.returncode == 0, done.stderr
    (int8,) = tmp_path.glob("*.onnx")
    card = read_model(int8).card
    bits = weight_bits(Target.AUTO, describe_machine())
    assert f"{bits}-bit weights" in card.quantization
    assert card.gate.removeprefix("accuracy ")[:4] in done.stdout


def test_verify_says_what_is_wrong_and_is_exit_code_1(
    main: Main, int8: Path, tmp_path: Path
) -> None:
    changed = resealed(int8, tmp_path, with_fields(SPEC_KEY, fit="stretch"))
    done = main("verify", changed, "--format", "json")
    assert done.returncode == 1
    results = {row["name"]: row["result"] for row in json.loads(done.stdout)["checks"]}
    assert (results["digest"], results["fit rule"], results["run"]) == ("OK", "FAIL", "SKIPPED")
    assert "frames are fitted by another rule: the file says stretch, grid8" in done.stderr


def test_an_existing_run_is_not_overwritten_unasked(main: Main, run_folder: Path) -> None:
    done = main("train", "--data", "digits", "--epochs", "1", "--out", run_folder)
    assert done.returncode == 2
    assert "--overwrite" in done.stderr


def test_ctrl_c_stops_a_run_with_a_summary(int8: Path) -> None:
    words = ("-m", "edgecnn", "run", int8, "--source", "pattern")
    with started(sys.executable, *words) as process:
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


def test_no_colour_codes_where_there_is_no_terminal(
    main: Main, int8: Path, run_folder: Path
) -> None:
    for done in (command("inspect", int8), command("--help"), main("evaluate", run_folder)):
        assert "\x1b" not in done.stdout + done.stderr


def test_inspect_tells_what_the_model_wants_and_costs(main: Main, int8: Path) -> None:
    text = main("inspect", int8).stdout
    for words in ("28x28 gray", "93,322", "2,794,240", "center-crop", "QLinearConv", "pictures"):
        assert words in text


def test_inspect_shows_what_is_safe_of_a_file_without_contract(main: Main, tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(as_keras(random_network()).SerializeToString())
    done = main("inspect", path)
    assert done.returncode == 0, done.stderr
    for words in ("none: `edgecnn adopt`", "keras_tensor: float32 (batch, 8, 8, 1)", "2 Conv"):
        assert words in done.stdout
    assert json.loads(main("inspect", path, "--format", "json").stdout)["outline"]["producer"]


def test_adopt_says_what_it_read_and_was_told(main: Main, tmp_path: Path) -> None:
    path, labels = tmp_path / "other.onnx", tmp_path / "labels.txt"
    path.write_bytes(as_keras(random_network()).SerializeToString())
    labels.write_text("a\nb\nc\n")
    done = main("adopt", path, "--labels", labels, "--assume", "unit", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    for words in ("NHWC", "told ", "guessed ", "16 synthetic frames", "other.fp32.onnx", "no int8"):
        assert words in done.stdout


def test_bench_tells_the_ratio_the_threads_and_the_machine(
    main: Main, int8: Path, fp32: Path
) -> None:
    text = main("bench", fp32, int8, "--rounds", "20").stdout
    for words in ("second / first", "20 rounds", "1 thread", "onnxruntime", "cores"):
        assert words in text
