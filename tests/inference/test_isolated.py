"""Native code that crashes, hangs or is missing ends only its child process, and is reported."""

import importlib
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from edgecnn.errors import ChildFailed, NotFound
from edgecnn.inference.isolated import NOTHING, USUAL, ProcessLimits, isolated

TASKS = """
import os, signal, time
from edgecnn.errors import NotFound

def echo(text):
    return text.upper() + os.environ.get("EXTRA", "")

def loud(text):
    os.write(1, b"noise")
    print("noise")
    return text

def crash(text):
    os.kill(os.getpid(), signal.SIGILL)

def hang(text):
    time.sleep(60)

def fail(text):
    raise ValueError("a\x1b[2J driver")

def refuse(text):
    raise NotFound("no such thing", remedy="buy one")

def lack(text):
    import a_package_that_nobody_has

def take(text):
    return str(len(bytearray(2**31)))
"""


@pytest.fixture(autouse=True)
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "isolated_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "isolated_tasks", raising=False)


def run(
    name: str,
    text: str = "",
    limits: ProcessLimits = USUAL,
    environment: Mapping[str, str] = NOTHING,
) -> str:
    """Run one of the tasks in a child process."""
    task = getattr(importlib.import_module("isolated_tasks"), name)
    return isolated(task, text, limits=limits, environment=environment)


def test_the_answer_comes_back() -> None:
    assert run("echo", "a ü") == "A Ü"


def test_variables_can_be_set_there_and_only_there() -> None:
    assert run("echo", "a", environment={"EXTRA": "!"}) == "A!"
    assert "EXTRA" not in os.environ


def test_what_libraries_print_is_not_in_the_answer() -> None:
    assert run("loud", "a") == "a"


def test_a_crash_names_its_signal() -> None:
    with pytest.raises(ChildFailed, match="SIGILL") as refusal:
        run("crash")
    assert "for this CPU" in refusal.value.remedy


def test_what_hangs_is_ended() -> None:
    start = time.monotonic()
    with pytest.raises(ChildFailed, match=r"no answer for 0\.5 s"):
        run("hang", limits=ProcessLimits(clock_seconds=0.5))
    assert time.monotonic() - start < 60


def test_an_error_is_reported_by_its_last_line_without_control_characters() -> None:
    with pytest.raises(ChildFailed) as refusal:
        run("fail")
    assert refusal.value.what == "ValueError: a[2J driver"


def test_an_error_of_ours_keeps_its_class_and_its_remedy() -> None:
    with pytest.raises(NotFound, match="no such thing") as refusal:
        run("refuse")
    assert refusal.value.remedy == "buy one"


def test_a_missing_package_is_named_with_its_pip_line() -> None:
    with pytest.raises(ChildFailed, match="a_package_that_nobody_has") as refusal:
        run("lack")
    assert refusal.value.remedy == "pip install a_package_that_nobody_has"


def test_memory_can_be_limited() -> None:
    with pytest.raises(ChildFailed, match="takes more than 1024 MiB"):
        run("take", limits=ProcessLimits(memory_mib=1024))
