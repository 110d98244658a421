"""Tasks for a confined child process, in a module that is imported quickly."""

import os
import signal
import socket
import time
from pathlib import Path

import numpy as np

from edgecnn.errors import ModelError


def use_memory(folder: Path) -> None:
    np.ones(2**28)


def use_time(folder: Path) -> None:
    while True:
        pass


def sleep(folder: Path) -> None:
    time.sleep(600)


def crash(folder: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def stumble(folder: Path) -> None:
    raise KeyError("a bug of ours")


def refuse(folder: Path) -> None:
    raise ModelError("it is hostile", remedy="use another")


def write_much(folder: Path) -> None:
    with (folder / "much").open("wb") as file:
        for _ in range(8):
            file.write(bytes(2**20))


def note_surroundings(folder: Path) -> None:
    with socket.socket() as found:
        found.settimeout(5)
        code = found.connect_ex(("127.0.0.1", int((folder / "port").read_text())))
    (folder / "code").write_text(str(code))
    (folder / "secret").write_text(os.environ.get("EDGECNN_SECRET", "none"))
