"""The command line as a whole: help, exit codes, JSON and errors of all commands."""

import json
from pathlib import Path

import pytest
from commands import Main, command

import edgecnn.cli

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


def test_no_colour_codes_where_there_is_no_terminal(
    main: Main, int8: Path, run_folder: Path
) -> None:
    for done in (command("inspect", int8), command("--help"), main("evaluate", run_folder)):
        assert "\x1b" not in done.stdout + done.stderr
