"""`edgecnn data inspect` as a user meets it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgecnn.opencv import encode_png


def command(*arguments: str | Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "edgecnn", "data", *map(str, arguments)],
        capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=False, cwd=cwd,
        env={**os.environ, "EDGECNN_CACHE": str(cwd / "cache")},
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`animals/train/{ant,bee}`: 30 and 9 pictures, one of them broken."""
    random = np.random.default_rng(0)
    for label, count in (("ant", 30), ("bee", 9)):
        place = tmp_path / "animals" / "train" / label
        place.mkdir(parents=True)
        for i in range(count):
            pixels = random.integers(0, 256, (20, 24, 3), np.uint8)
            (place / f"{i}.png").write_bytes(encode_png(pixels))
    (tmp_path / "animals" / "train" / "bee" / "8.png").write_bytes(b"broken")
    return tmp_path


def test_inspect_prints_classes_facts_and_warnings(folder: Path) -> None:
    done = command("inspect", "animals", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["class", "train", "validation", "test"]
    assert [line.split()[0] for line in lines[1:3]] == ["ant", "bee"]
    assert len({len(line) for line in lines[:3]}) == 1
    facts = {line[:14].strip(): line[14:].strip() for line in lines[4:] if line[:1] not in "! "}
    assert facts["width"] == "min 24, median 24, max 24 pixels"
    assert facts["input"] == "32x32 BGR, center-crop"
    assert facts["unusable"] == "1 files, first animals/train/bee/8.png: broken"
    assert facts["leaks"] == "0 exact, 0 near"
    assert facts["contact sheet"] == "data-report/contact-sheet.png"
    assert any(line.startswith("! fewer than 20 training pictures: bee") for line in lines)
    assert (folder / "data-report" / "contact-sheet.png").is_file()


def test_inspect_prints_json_for_programs(folder: Path) -> None:
    done = command(
        "inspect", "animals", "--format", "json", "--size", "16", "--channels", "1",
        "--fit", "letterbox", "--out", "there", cwd=folder,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert [report["input"][key] for key in ("height", "channels", "fit")] == [16, 1, "letterbox"]
    assert report["problems"] == ["animals/train/bee/8.png: broken"]
    assert (folder / "there" / "contact-sheet.png").is_file()
    assert not (folder / "data-report").exists()


def test_strict_refuses_unusable_files(folder: Path) -> None:
    done = command("inspect", "animals", "--strict", cwd=folder)
    assert done.returncode == 4
    assert "unusable files: 1; animals/train/bee/8.png: broken" in done.stderr
    assert "\n  try: " in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["inspect", "gone"], 3, "'gone'"),
        (["inspect", "animals", "--fit", "no"], 2, "letterbox"),
        (["inspect", "animals", "--channels", "2"], 4, "2 channels"),
        (["inspect"], 2, "Missing"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_wrong_usage_has_one_message_and_a_stable_exit_code(
    arguments: list[str], code: int, words: str, folder: Path
) -> None:
    done = command(*arguments, cwd=folder)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_many_classes_are_counted_below_the_first(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for label in range(33):
        place = tmp_path / "many" / f"class{label:02}"
        place.mkdir(parents=True)
        for i in range(8):
            pixels = random.integers(0, 256, (20, 24, 3), np.uint8)
            (place / f"{i}.png").write_bytes(encode_png(pixels))
    done = command("inspect", "many", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "and 3 more classes" in done.stdout
    assert "class29" in done.stdout
