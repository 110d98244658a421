"""Native code that crashes, hangs or is missing ends a process of its own, and is told."""

import os
import time
from pathlib import Path

import pytest

from edgecnn.errors import DeviceError
from edgecnn.inference.isolated import ask_aside

MODULES = {
    "echo": "import os\ndef answer(text): return text.upper() + os.environ.get('EXTRA', '')",
    "loud": "import os\nos.write(1, b'noise')\ndef answer(text): print('noise'); return text",
    "crash": "import os, signal\ndef answer(text): os.kill(os.getpid(), signal.SIGILL)",
    "hang": "import time\ndef answer(text): time.sleep(60)",
    "wrong": "def answer(text): raise ValueError('a\\x1b[2J driver')",
    "told": (
        "from edgecnn.errors import NotFound\n"
        "def answer(text): raise NotFound('no such thing', remedy='buy one')"
    ),
    "lacking": "import a_package_that_nobody_has\ndef answer(text): return text",
}


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in MODULES.items():
        (tmp_path / f"aside_{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_the_answer_comes_back() -> None:
    assert ask_aside("aside_echo", "a ü") == "A Ü"


def test_variables_can_be_set_there_and_only_there() -> None:
    assert ask_aside("aside_echo", "a", environment={"EXTRA": "!"}) == "A!"
    assert "EXTRA" not in os.environ


def test_what_libraries_print_is_not_in_the_answer() -> None:
    assert ask_aside("aside_loud", "a") == "a"


def test_a_crash_names_its_signal() -> None:
    with pytest.raises(DeviceError, match="SIGILL") as refusal:
        ask_aside("aside_crash", "")
    assert "for this CPU" in refusal.value.remedy


def test_what_hangs_is_ended() -> None:
    start = time.monotonic()
    with pytest.raises(DeviceError, match=r"no answer for 0\.5 s"):
        ask_aside("aside_hang", "", limit_s=0.5)
    assert time.monotonic() - start < 60


def test_an_error_is_told_in_its_last_line_without_control_characters() -> None:
    with pytest.raises(DeviceError) as refusal:
        ask_aside("aside_wrong", "")
    assert refusal.value.what == "ValueError: a[2J driver"


def test_an_error_of_ours_keeps_its_remedy() -> None:
    with pytest.raises(DeviceError, match="no such thing") as refusal:
        ask_aside("aside_told", "")
    assert refusal.value.remedy == "buy one"


def test_a_missing_package_is_named_with_its_pip_line() -> None:
    with pytest.raises(DeviceError, match="a_package_that_nobody_has") as refusal:
        ask_aside("aside_lacking", "")
    assert refusal.value.remedy == "pip install a_package_that_nobody_has"
