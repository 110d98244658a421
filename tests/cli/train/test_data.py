"""`edgecnn data inspect` as a user meets it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import Main

from edgecnn.opencv import encode_png


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: `animals/train/{ant,bee}`, 30 and 9 pictures, one of them broken."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGECNN_CACHE", str(tmp_path / "cache"))
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
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "edgecnn", "data", "inspect", "animals"],
        capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
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


def test_inspect_prints_json_for_programs(main: Main, folder: Path) -> None:
    done = main(
        "data", "inspect", "animals", "--format", "json", "--size", "16", "--channels", "1",
        "--fit", "letterbox", "--out", "there",
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert [report["input"][key] for key in ("height", "channels", "fit")] == [16, 1, "letterbox"]
    assert report["problems"] == ["animals/train/bee/8.png: broken"]
    assert (folder / "there" / "contact-sheet.png").is_file()
    assert not (folder / "data-report").exists()


def test_strict_refuses_unusable_files(main: Main, folder: Path) -> None:
    done = main("data", "inspect", "animals", "--strict")
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
@pytest.mark.usefixtures("folder")
def test_wrong_usage_has_one_message_and_a_stable_exit_code(
    main: Main, arguments: list[str], code: int, words: str
) -> None:
    done = main("data", *arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_many_classes_are_counted_below_the_first(main: Main, folder: Path) -> None:
    random = np.random.default_rng(0)
    for label in range(33):
        place = folder / "many" / f"class{label:02}"
        place.mkdir(parents=True)
        for i in range(8):
            pixels = random.integers(0, 256, (20, 24, 3), np.uint8)
            (place / f"{i}.png").write_bytes(encode_png(pixels))
    done = main("data", "inspect", "many")
    assert done.returncode == 0, done.stderr
    assert "and 3 more classes" in done.stdout
    assert "class29" in done.stdout
