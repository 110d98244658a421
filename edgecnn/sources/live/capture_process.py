"""The parent's side of a capture process: start it, exchange messages with it, end it."""

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

NOTIFICATION = b"?"
PIPE_BYTES = 1 << 16
"""Capacity of a pipe."""
GRACE_S, REAP_S = 0.8, 1.0
"""Time a process has to release its source before it is killed, and to disappear after that."""

# Not `-m`: that would put the working folder, and whatever lies in it, before the standard library.
_MAIN = (
    "import sys; sys.path[:] = {path!r}; "
    "from edgecnn.parent_death import die_with_parent; die_with_parent(); "
    "from edgecnn.sources.live.capture_child import main; main()"
)

SPAWNER = ThreadPoolExecutor(1, "spawner")
"""The kernel ties a child's life to the *thread* that starts it; this thread is never ended."""


class CaptureProcess:
    """One attempt to read one source, in a process of its own."""

    def __init__(self, job: CaptureJob) -> None:
        job = replace(job, parent=os.getpid())
        self._buffers, self._requests = make_buffers(), make_requests()
        self._pipe, write_end = os.pipe()
        os.set_blocking(self._pipe, False)
        self._partial_line = b""
        self.gone = False
        """Whether the process has closed its pipe, so that no more messages will come."""
        try:
            self._process = SPAWNER.submit(self._start, write_end, job).result()
        except BaseException:
            self._close_descriptors()
            raise
        finally:
            os.close(write_end)

    def _start(self, write_end: int, job: CaptureJob) -> "subprocess.Popen[bytes]":
        passed = [write_end, self._requests, *(buffer.descriptor for buffer in self._buffers)]
        process = subprocess.Popen(
            [sys.executable, "-c", _MAIN.format(path=sys.path), *map(str, passed)],
            stdin=subprocess.PIPE,
            bufsize=0,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=passed,
            # A process group of its own: the terminal's Ctrl-C does not reach it, and it can be
            # killed together with the processes that it starts.
            start_new_session=True,
        )
        self._write(process, job.to_json().encode() + b"\n")
        return process

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def fileno(self) -> int:
        """Return the descriptor to poll: readable when there are messages, or no more will come."""
        return self._pipe

    def messages(self) -> list[Message]:
        """Return the messages that arrived since the last call, without waiting."""
        try:
            data = os.read(self._pipe, PIPE_BYTES)
        except BlockingIOError:
            return []
        self.gone = not data
        *lines, self._partial_line = (self._partial_line + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def request(self) -> None:
        """Request the next frame, and return the buffer of the last one."""
        os.eventfd_write(self._requests, 1)

    def notify(self) -> None:
        """Have a frame that already waits delivered for the request."""
        self._write(self._process, NOTIFICATION)

    def wait(self, seconds: float) -> None:
        """Wait for a message, at most `seconds`."""
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        poll.poll(seconds * 1000)

    def frames(self, message: Message) -> list[Frame]:
        """Return copies of the uint8 arrays that a `frame` message describes."""
        return self._buffers[message["buffer"]].read(message["shapes"])

    def ending(self) -> str:
        """Return a sentence on how the process ended."""
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(REAP_S)
            if code < 0:
                return f"the capture process was ended by {signal.Signals(-code).name}"
            return f"the capture process ended with {code}"
        return "the capture process closed its pipe"

    def release(self) -> None:
        """Ask the process to release its source and end, without waiting for it."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def close(self, grace_s: float) -> None:
        """Ask the process to end, wait `grace_s`, then kill it and all processes it started."""
        self.release()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # a driver can block even a killed process
            self._process.wait(REAP_S)
        self._close_descriptors()

    def _close_descriptors(self) -> None:
        os.close(self._pipe)
        os.close(self._requests)
        for buffer in self._buffers:
            buffer.close()

    @staticmethod
    def _write(process: "subprocess.Popen[bytes]", data: bytes) -> None:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # the process has ended, as `messages` will show
            write_whole(process.stdin.fileno(), data)
