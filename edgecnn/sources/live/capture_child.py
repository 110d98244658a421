"""The program of a capture process: reads one live source and publishes its newest frame.

It ends when its pipe closes or its parent dies. It can be killed at any time: a read that never
returns blocks only this process.
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

RELEASE_S = 0.5
"""Time to release the source after the parent has closed the pipe."""


class MessagePipe:
    """The pipe to the parent, with one JSON message a line. Safe to share between threads."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = Lock()

    def send(self, message: Message) -> None:
        """Send one message."""
        with self._lock:
            os.write(self._descriptor, json.dumps(message).encode() + b"\n")


class Capture:
    """Reads one source.

    Args:
        job: What to read.
        pipe: Where messages go.
        writer: Where frames go.
    """

    def __init__(self, job: CaptureJob, pipe: MessagePipe, writer: FrameWriter) -> None:
        self.stopping = False
        self._job, self._pipe, self._writer = job, pipe, writer
        self._health = Health(job.doubt_s)
        self._sampler = Sampler(job.request.sampling)
        self._frames = self._sampled = self._corrupt = self._alive_ns = 0

    def run(self) -> None:
        """Read until the source ends, fails, or the parent closes the pipe."""
        try:
            # A command is started by a fork, which is safe only before there are threads.
            is_command = self._job.kind is Kind.COMMAND
            if not is_command:
                self._start_listening()
            with open_live(self._job) as opened:
                if is_command:
                    self._start_listening()
                self._read(opened)
            self._writer.drain()
            self._pipe.send({"ended": True})
        except EdgeError as error:
            self._pipe.send({"failed": error.what, "remedy": error.remedy})

    def _read(self, opened: Opened) -> None:
        self._health.claimed_fps = opened.fps
        for picture in opened.pictures:
            stamp_ns = time.monotonic_ns()
            if self.stopping:
                return
            if picture is None:
                self._corrupt += 1
                self._send_notes(self._health.see_corrupt(stamp_ns / 1e9))
                continue
            if not self._frames:
                self._pipe.send({"opened": _facts(picture, opened), "fps": opened.fps})
            self._frames += 1
            if self._sampler.wants(stamp_ns / 1e9):
                self._publish(picture, stamp_ns)
            elif stamp_ns - self._alive_ns > self._job.alive_s * 1e9:
                self._alive_ns = stamp_ns
                self._pipe.send({"alive": stamp_ns})
            self._send_notes(self._health.see(picture, stamp_ns / 1e9))

    def _publish(self, picture: Frame, stamp_ns: int) -> None:
        self._sampled += 1
        counts = {"frames": self._frames, "sampled": self._sampled, "corrupt": self._corrupt}
        self._writer.publish(self._job.request.forms(picture), {"stamp_ns": stamp_ns, **counts})

    def _send_notes(self, notes: list[Note]) -> None:
        for what, detail in notes:
            self._pipe.send({"note": what.value, "detail": detail})

    def _start_listening(self) -> None:
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        """Handle each notification; when the pipe closes, release the source, then end."""
        while os.read(sys.stdin.fileno(), 1):
            self._writer.on_notification()
        self.stopping = True
        time.sleep(RELEASE_S)
        os._exit(0)


def _facts(picture: Frame, opened: Opened) -> str:
    fps = (f"{opened.fps:g} fps",) if opened.fps else ()
    return ", ".join((f"{picture.shape[1]}x{picture.shape[0]}", *fps, *opened.facts))


def main() -> None:
    """Run a capture process: its arguments are descriptors, its job is a line of stdin.

    `die_with_parent` ran before the imports of this module, so that a parent killed during them
    does not leave this process behind.
    """
    pipe, requests, *buffers = (int(word) for word in sys.argv[1:])
    job = CaptureJob.from_json(_first_line())
    if os.getppid() != job.parent:  # it died before `die_with_parent` ran
        return
    keep_freed_memory()
    messages = MessagePipe(pipe)
    writer = FrameWriter([FrameBuffer(buffer) for buffer in buffers], requests, messages.send)
    Capture(job, messages, writer).run()


def _first_line() -> str:
    data = b""
    while not data.endswith(b"\n"):
        piece = os.read(sys.stdin.fileno(), 1 << 16)
        if not piece:
            raise SystemExit(1)
        data += piece
    return data.decode()
