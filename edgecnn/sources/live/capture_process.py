"""The parent's end of a capture process: start it, ask it, hear it, kill it."""

import json
import os
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from edgecnn.atomic import write_whole
from edgecnn.model.frame import Frame
from edgecnn.sources.live.capture_job import CaptureJob
from edgecnn.sources.live.frame_exchange import Message, make_buffers, make_requests

RING = b"?"
PIPE_BYTES = 1 << 16
GRACE_S, REAP_S = 0.8, 1.0

# Not `-m`: that would put the working folder, and whatever lies in it, before the standard library.
_MAIN = (
    "import sys; sys.path[:] = {path!r}; "
    "from edgecnn.sources.live.parent_death import die_with_parent; die_with_parent(); "
    "from edgecnn.sources.live.capture_child import main; main()"
)

SPAWNER = ThreadPoolExecutor(1, "nursery")
"""The kernel ties a child to the *thread* that starts it: this one lasts as long as we do."""


class CaptureProcess:
    """One attempt at one source, in a process of its own."""

    def __init__(self, job: CaptureJob) -> None:
        job = replace(job, parent=os.getpid())
        self._buffers, self._requests = make_buffers(), make_requests()
        self._pipe, write = os.pipe()
        os.set_blocking(self._pipe, False)
        self._held = b""
        self.gone = False
        """Whether it has closed its pipe: nothing more will come."""
        try:
            self._process = SPAWNER.submit(self._start, write, job).result()
        except BaseException:
            self._give_back()
            raise
        finally:
            os.close(write)

    def _start(self, write: int, job: CaptureJob) -> "subprocess.Popen[bytes]":
        passed = [write, self._requests, *(buffer.descriptor for buffer in self._buffers)]
        process = subprocess.Popen(
            [sys.executable, "-c", _MAIN.format(path=sys.path), *map(str, passed)],
            stdin=subprocess.PIPE,
            bufsize=0,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=passed,
            start_new_session=True,  # Ctrl-C is the parent's affair; and all of it can be killed
        )
        self._write(process, job.to_json().encode() + b"\n")
        return process

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def fileno(self) -> int:
        """Return what to poll: it is readable when there are messages, or the end."""
        return self._pipe

    def messages(self) -> list[Message]:
        """Return what it has said since the last call, without waiting."""
        try:
            data = os.read(self._pipe, PIPE_BYTES)  # all that a pipe holds
        except BlockingIOError:
            return []
        self.gone = not data
        self._held += data
        *lines, self._held = self._held.split(b"\n")
        return [json.loads(line) for line in lines]

    def ask(self) -> None:
        """Wish for the next frame, which gives back the one that was lent."""
        os.eventfd_write(self._requests, 1)

    def ring(self) -> None:
        """Have the frame that was requested for now: it is there already."""
        self._write(self._process, RING)

    def wait(self, seconds: float) -> None:
        """Wait until it has said something, but not longer."""
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        poll.poll(seconds * 1000)

    def frames(self, message: Message) -> list[Frame]:
        """Return copies of the frames that a message lends."""
        return self._buffers[message["buffer"]].read(message["shapes"])

    def ending(self) -> str:
        """Return how it ended, in words."""
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(REAP_S)
            if code < 0:
                return f"the capture process was ended by {signal.Signals(-code).name}"
            return f"the capture process ended with {code}"
        return "the capture process hung up"

    def let_go(self) -> None:
        """Let it release its source and end."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def close(self, grace_s: float) -> None:
        """Let it release its source for a moment, then kill it and all that it started."""
        self.let_go()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # a broken driver may hold even the dead
            self._process.wait(REAP_S)
        self._give_back()

    def _give_back(self) -> None:
        """Close what was opened for the process."""
        os.close(self._pipe)
        os.close(self._requests)
        for buffer in self._buffers:
            buffer.close()

    @staticmethod
    def _write(process: "subprocess.Popen[bytes]", data: bytes) -> None:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it has died, and the end of its pipe tells so
            write_whole(process.stdin.fileno(), data)
