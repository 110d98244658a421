"""Commands open a file that is new to this machine first in a child, and can be left meanwhile."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import pytest
from commands import Main, command, started
from craft import with_entry, with_fields, with_new_digest
from hostile_models import endless_products, pad_bomb, written
from processes import children_of, left

from edgecnn.model import digest

MAIN = "from edgecnn.__main__ import main; main()"
PATTERN = ("--source", "pattern", "--max-frames", "3")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("EDGECNN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


COMMANDS = {
    "run": ("run", "MODEL", *PATTERN),
    "inspect": ("inspect", "MODEL"),
    "bench": ("bench", "MODEL", "--rounds", "10"),
    "the second of bench": ("bench", "digits", "MODEL", "--rounds", "10"),
    "evaluate": ("evaluate", "MODEL", "--data", "digits"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_file_that_takes_all_memory_is_refused(
    main: Main, tmp_path: Path, words: tuple[str, ...]
) -> None:
    path = written(pad_bomb(), tmp_path)
    done = main(*(str(path) if word == "MODEL" else word for word in words))
    assert done.returncode == 4
    assert "cannot run it with 768 MiB" in done.stderr


def test_verify_says_what_is_wrong_with_such_a_file(main: Main, tmp_path: Path) -> None:
    done = main("verify", written(pad_bomb(), tmp_path))
    assert done.returncode == 1
    assert "contract  FAIL" in done.stdout
    assert "cannot run it with 768 MiB" in done.stdout


def test_verify_reports_a_file_that_cannot_be_read_as_before(
    main: Main, int8: Path, tmp_path: Path
) -> None:
    path = with_new_digest(int8, tmp_path, with_entry(digest.CARD_KEY, "{}"))
    done = main("verify", path)
    assert done.returncode == 1
    assert "ModelCard has fields []" in done.stdout


def test_a_new_file_runs_and_is_known_from_then_on(
    main: Main, int8: Path, tmp_path: Path, cache: Path
) -> None:
    path = with_new_digest(int8, tmp_path, with_fields(digest.CARD_KEY, name="stranger"))
    for _ in range(2):
        done = main("run", path, *PATTERN)
        assert done.returncode == 0
        assert len(done.stdout.splitlines()) == 3
        assert len(list((cache / "opened").iterdir())) == 1


def test_without_a_cache_folder_it_runs_and_says_so_once(int8: Path, tmp_path: Path) -> None:
    path = with_new_digest(int8, tmp_path, with_fields(digest.CARD_KEY, name="stranger"))
    line = ("-c", MAIN, "run", str(path), *PATTERN)
    with started(sys.executable, *line, env={"HOME": "/proc/1/nothing"}) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 0
    assert len(output.splitlines()) == 3
    assert errors.count("cannot be written") == 1
    assert "edgecnn: warning: /proc/1/nothing/.cache/edgecnn/opened" in errors


@contextmanager
def opening(*words: str | Path) -> Iterator["Popen[str]"]:
    """A command whose model file is being opened in a child process."""
    with started(sys.executable, "-c", MAIN, *words) as process:
        while not children_of(process.pid):
            assert process.poll() is None
            time.sleep(0.01)
        yield process


@pytest.mark.parametrize(("sign", "code"), [
    (signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 0),
])  # fmt: skip
def test_a_signal_ends_a_run_that_opens_its_model(
    tmp_path: Path, sign: signal.Signals, code: int
) -> None:
    path = written(endless_products(), tmp_path)
    with opening("run", path, *PATTERN) as process:
        children = children_of(process.pid)
        process.send_signal(sign)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert f"stopped by {sign.name} while the model was opened" in errors
    assert left(children) == 0


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -15)])
def test_a_signal_ends_another_command_that_opens_its_model(
    tmp_path: Path, sign: signal.Signals, code: int
) -> None:
    with opening("inspect", written(endless_products(), tmp_path)) as process:
        children = children_of(process.pid)
        process.send_signal(sign)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in errors
    assert left(children) == 0


def test_a_killed_command_leaves_no_child(tmp_path: Path) -> None:
    with opening("inspect", written(endless_products(), tmp_path)) as process:
        children = children_of(process.pid)
        process.kill()
        process.communicate(timeout=60)
    assert left(children) == 0


def test_a_file_that_never_ends_is_refused_at_the_deadline(tmp_path: Path) -> None:
    done = command("run", written(endless_products(), tmp_path), *PATTERN)
    assert done.returncode == 4
    assert "first opening on this machine failed" in done.stderr
    assert "took longer than 11 s of the CPU" in done.stderr or "no answer for 33 s" in done.stderr
