"""A virtual screen, and the keys that a person would press on it: Xvfb and xdotool."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

SIZE = "1280x800x24"


@dataclass(frozen=True)
class Screen:
    """A running X server without a monitor."""

    display: str

    @property
    def environment(self) -> dict[str, str]:
        """Return this process's environment, on that screen."""
        return {**os.environ, "DISPLAY": self.display}

    def press(self, title: str, key: str) -> None:
        """Wait for a window of that title, then press a key in it."""
        subprocess.run(
            ["xdotool", "search", "--sync", "--onlyvisible", "--name", title,
             "windowfocus", "--sync", "key", key],
            env=self.environment, check=True, timeout=120, capture_output=True,
        )  # fmt: skip


@contextmanager
def virtual_screen() -> Iterator[Screen]:
    """Start an X server on a free display; skip the test where it is not installed."""
    for program in ("Xvfb", "xdotool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", SIZE, "-nolisten", "tcp"],
        pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    try:
        with os.fdopen(read) as told:
            yield Screen(f":{told.readline().strip()}")
    finally:
        server.terminate()
        server.wait(60)
