"""Where `edgecnn run` puts results, as a user meets it."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from results import picture
from small_disk import small_disk

from edgecnn.model.model_file import read_model
from edgecnn.opencv import cv2
from edgecnn.sinks.uncertain import UncertainPicture

MODEL = "objects-small"


def run(*arguments: str | Path, model: str = MODEL) -> "subprocess.CompletedProcess[str]":
    """Run `edgecnn run` with nothing on stdin, as in a service."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "edgecnn", "run", model, *map(str, arguments)],
        capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Two sources: folders of four pictures each."""
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        for number in range(4):
            cv2.imwrite(str(tmp_path / name / f"{number}.png"), picture(number))
    return [str(tmp_path / name) for name in ("left", "right")]


def test_every_sink_gets_every_frame_of_several_sources(folders: list[str], tmp_path: Path) -> None:
    left, right = folders
    done = run(
        "--source", left, "--source", right, "--format", "jsonl", "--save", f"{tmp_path}/video/",
        "--csv", tmp_path / "r.csv", "--save-uncertain", tmp_path / "unsure",
        "--uncertain-margin", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 8
    rows = list(csv.DictReader((tmp_path / "r.csv").read_text().splitlines()))
    assert sorted(row["source"] for row in rows) == [left] * 4 + [right] * 4
    assert {row["model"] for row in rows} == {read_model(MODEL).digest[:12]}
    assert len(list((tmp_path / "video").glob("*/*.mp4"))) == 2
    facts = [UncertainPicture.from_json(p.read_text()) for p in tmp_path.glob("unsure/*.json")]
    assert sorted(fact.source for fact in facts) == [left] * 4 + [right] * 4


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (["--save", "out.mp4", "--source", "0"], 2, "2 sources for one video"),
    (["--save", "out.mp4", "--quota-gib", "1"], 2, "video/"),
    (["--save", "video/", "--segment-minutes", "0"], 2, "--segment-minutes"),
    (["--csv", "other.csv"], 2, "does not begin with time,source"),
    (["--csv", "absent/r.csv"], 5, "could not be written"),
    (["--save-uncertain", "unsure", "--uncertain-margin", "2"], 2, "--uncertain-margin"),
    (["--save-uncertain", "other.csv"], 5, "cannot be written"),
])  # fmt: skip
def test_an_option_that_cannot_be_used_is_refused_before_the_first_result(
    arguments: list[str], code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.csv").write_text("a,b\n")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(str(Path(path).resolve()) for path in sys.path)
    )
    monkeypatch.chdir(tmp_path)
    done = run("--source", "pattern", "--max-frames", "3", *arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert done.stdout == ""
    assert (tmp_path / "other.csv").read_text() == "a,b\n"


def test_a_full_disk_ends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    with small_disk(tmp_path, "1m") as disk:
        done = run("--source", "pattern", "--max-frames", "300", "--format", "jsonl",
                   "--save", f"{disk}/", "--segment-minutes", "0.01")  # fmt: skip
        assert done.returncode == 5
        assert len(done.stdout.splitlines()) == 300
        assert "video: undelivered, " in done.stderr
        assert "not everything was delivered: video: " in done.stderr
        assert str(disk) in done.stderr
        assert [path for path in disk.rglob("*") if path.name.startswith(".")] == []


def test_the_password_of_a_source_is_in_no_file_and_no_name(tmp_path: Path) -> None:
    command = f"exec:{sys.executable} -c '{STREAM}' http://user:secret@host/live?key=secret"
    done = run(
        "--source", command, "--save", f"{tmp_path}/video/", "--csv", tmp_path / "r.csv",
        "--save-uncertain", tmp_path / "unsure", "--uncertain-margin", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 4
    assert not [path for path in files if "secret" in str(path)]
    assert not [path for path in files if b"secret" in path.read_bytes()]
    assert "secret" not in done.stdout + done.stderr


STREAM = (
    "import sys, numpy, cv2; "
    'sys.stdout.buffer.write(cv2.imencode(".jpg", numpy.eye(64, dtype="u1") * 200)[1].tobytes())'
)


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_a_hostile_name_reaches_no_terminal(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "\x1b[2J\x1b]0;x\x07\u202e\x9b"
    folder.mkdir()
    cv2.imwrite(str(tmp_path / "one.png"), picture())
    (tmp_path / "one.png").rename(folder / "one.png")
    for source in (str(folder), f"{folder}/gone\n.mp4"):
        done = run("--source", source, "--source", "pattern", "--max-frames", "2", "--format", form)
        shown = done.stdout + done.stderr
        assert shown
        assert all(line.isprintable() for line in shown.split("\n")), ascii(shown)


@pytest.fixture
def unread(tmp_path: Path) -> Iterator[Path]:
    """A FIFO whose reader never reads."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield path
    os.close(reader)


def test_lines_that_nobody_reads_hold_up_no_signal_and_no_other_sink(
    unread: Path, tmp_path: Path
) -> None:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with unread.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "edgecnn", "run", MODEL, "--source", f"exec:{endless()}",
             "--format", "jsonl", "--csv", str(tmp_path / "r.csv"),
             "--save", str(tmp_path / "out.mp4")],
            stdout=out, stderr=subprocess.PIPE, text=True, env=buffered,
        )  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if "lines: undelivered, too slow" in line:
                break
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert errors.count("did not finish within") == 1
    assert "Fatal" not in errors
    rows = (tmp_path / "r.csv").read_text().splitlines()
    assert len(rows) > 1000
    assert cv2.VideoCapture(str(tmp_path / "out.mp4")).isOpened()


def endless() -> str:
    """Return a command that gives raw frames as fast as they are read."""
    code = "import sys\nwhile True: sys.stdout.buffer.write(bytes(range(192)) * 16)"
    return f"32x32:bgr24:{sys.executable} -c '{code}'"


def test_the_summary_tells_what_each_sink_took(tmp_path: Path) -> None:
    done = run("--source", "pattern", "--max-frames", "5", "--format", "json",
               "--csv", tmp_path / "r.csv")  # fmt: skip
    assert json.loads(done.stdout)["sinks"] == {"csv": {"failure": "", "lost": 0, "results": 5}}
