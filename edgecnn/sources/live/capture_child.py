"""The capture process: reads one live source, and lends its newest frame to who started it.

It ends when its pipe closes or its parent dies, and it is made to be killed: a read that never
returns harms nobody else.
"""

import json
import os
import sys
import time
from threading import Lock, Thread

from edgecnn.errors import EdgeError
from edgecnn.memory import keep_freed_memory
from edgecnn.model.frame import Frame
from edgecnn.sources.address import Kind
from edgecnn.sources.live.capture_job import CaptureJob
from edgecnn.sources.live.frame_exchange import FrameBuffer, FrameWriter, Message
from edgecnn.sources.live.picture_health import Health, Note
from edgecnn.sources.live.readers import Opened, open_live
from edgecnn.sources.sampling import Sampler

LAST_MOMENT_S = 0.5


class Line:
    """The pipe to the parent: one JSON message a line."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = Lock()

    def send(self, message: Message) -> None:
        """Send one message, whole; who has gone does not need it."""
        with self._lock:
            os.write(self._descriptor, json.dumps(message).encode() + b"\n")


class Capture:
    """One source while it is read."""

    def __init__(self, job: CaptureJob, line: Line, writer: FrameWriter) -> None:
        self.stopping = False
        self._job, self._line, self._writer = job, line, writer
        self._health = Health(job.doubt_s)
        self._sampler = Sampler(job.wanted.sampling)
        self._frames = self._wanted = self._corrupt = self._alive_ns = 0

    def run(self) -> None:
        """Read until the source ends, fails, or is no longer wanted."""
        try:
            command = self._job.kind is Kind.COMMAND  # is forked, which threads must not watch
            if not command:
                self._start_listening()
            with open_live(self._job) as opened:
                if command:
                    self._start_listening()
                self._read(opened)
            self._writer.drain()
            self._line.send({"ended": True})
        except EdgeError as error:
            self._line.send({"failed": error.what, "remedy": error.remedy})

    def _read(self, opened: Opened) -> None:
        self._health.claimed_fps = opened.fps
        for picture in opened.pictures:
            stamp_ns = time.monotonic_ns()
            if self.stopping:
                return
            if picture is None:
                self._corrupt += 1
                self._tell(self._health.see_corrupt(stamp_ns / 1e9))
                continue
            if not self._frames:
                self._line.send({"opened": _facts(picture, opened), "fps": opened.fps})
            self._frames += 1
            if self._sampler.wants(stamp_ns / 1e9):
                self._wanted += 1
                self._pass_on(picture, stamp_ns)
            elif stamp_ns - self._alive_ns > self._job.alive_s * 1e9:
                self._alive_ns = stamp_ns
                self._line.send({"alive": stamp_ns})
            self._tell(self._health.see(picture, stamp_ns / 1e9))

    def _pass_on(self, picture: Frame, stamp_ns: int) -> None:
        counts = {"frames": self._frames, "wanted": self._wanted, "corrupt": self._corrupt}
        self._writer.publish(self._job.wanted.forms(picture), {"stamp_ns": stamp_ns, **counts})

    def _tell(self, notes: list[Note]) -> None:
        for what, detail in notes:
            self._line.send({"note": what.value, "detail": detail})

    def _start_listening(self) -> None:
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        """Answer each ring; when the pipe closes, release the source, then end."""
        while os.read(sys.stdin.fileno(), 1):
            self._writer.answer()
        self.stopping = True
        time.sleep(LAST_MOMENT_S)
        os._exit(0)


def _facts(picture: Frame, opened: Opened) -> str:
    fps = (f"{opened.fps:g} fps",) if opened.fps else ()
    return ", ".join((f"{picture.shape[1]}x{picture.shape[0]}", *fps, *opened.facts))


def main() -> None:
    """Run one capture process: its arguments are descriptors, its job a line of stdin.

    It has asked to die with its parent before all this was imported: what is stopped meanwhile
    must not outlive it either.
    """
    pipe, requests, *buffers = (int(word) for word in sys.argv[1:])
    job = CaptureJob.from_json(_first_line())
    if os.getppid() != job.parent:  # it died before the kernel was announced
        return
    keep_freed_memory()
    line = Line(pipe)
    writer = FrameWriter([FrameBuffer(descriptor) for descriptor in buffers], requests, line.send)
    Capture(job, line, writer).run()


def _first_line() -> str:
    data = b""
    while not data.endswith(b"\n"):
        piece = os.read(sys.stdin.fileno(), 1 << 16)
        if not piece:
            raise SystemExit(1)
        data += piece
    return data.decode()
