"""Work on an external file stays within its limits: real child processes, real limits."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from edgecnn.errors import ModelError
from edgecnn.exporter.adopt.confined import limits_for, run_confined
from exporter.adopt.confined_tasks import (
    crash,
    note_surroundings,
    refuse,
    sleep,
    stumble,
    use_memory,
    use_time,
    write_much,
)

MODEST = limits_for(0, seconds=20)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (use_memory, "takes more than 1024 MiB"),
        (crash, "SIGSEGV"),
        (stumble, "a bug of ours"),
        (refuse, "it is hostile"),
        (write_much, "failed: "),
    ],
)
def test_a_child_that_ends_badly_is_a_model_error(task: object, words: str, tmp_path: Path) -> None:
    limits = replace(MODEST, file_mib=4)
    with pytest.raises(ModelError, match=words) as refusal:
        run_confined(task, tmp_path, limits)  # type: ignore[arg-type]
    assert refusal.value.remedy


def test_a_child_that_never_ends_is_ended(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="longer than 2 s of the CPU"):
        run_confined(use_time, tmp_path, replace(MODEST, cpu_seconds=2))
    with pytest.raises(ModelError, match="no answer for 1 s"):
        run_confined(sleep, tmp_path, replace(MODEST, clock_seconds=1))


def test_a_child_has_no_network_and_no_environment_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGECNN_SECRET", "token")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        (tmp_path / "port").write_text(str(listening.getsockname()[1]))
        run_confined(note_surroundings, tmp_path, MODEST)
    assert (tmp_path / "secret").read_text() == "none"
    if not _can_unshare():
        pytest.skip("this system gives no process a network of its own")
    assert int((tmp_path / "code").read_text()) != 0


def _can_unshare() -> bool:
    return os.system("unshare -n true 2>/dev/null || unshare -Un true 2>/dev/null") == 0


def test_the_memory_is_stated_and_grows_with_the_file() -> None:
    assert limits_for(0).memory_mib == 1024
    assert limits_for(256 * 2**20).memory_mib == 3072
