"""A live source as its reader sees it: its newest frame, its state, and its capture process."""

import math
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edgecnn.errors import EdgeError, NotFound, SourceError
from edgecnn.sources.address import Kind
from edgecnn.sources.cameras.listing import stable_camera
from edgecnn.sources.captured_frame import CapturedFrame
from edgecnn.sources.events import Counts, Event, SourceEvent
from edgecnn.sources.live import connection
from edgecnn.sources.live.capture_job import CaptureJob
from edgecnn.sources.live.capture_process import GRACE_S, CaptureProcess
from edgecnn.sources.live.connection import Link, Patience
from edgecnn.sources.live.frame_exchange import Message
from edgecnn.text import printable

ANSWER_S = 0.1
"""Longest wait for a frame that the capture process announced."""
OnEvent = Callable[[Event], None]


class LiveFeed:
    """One live source: call `step` when `due` or when `descriptors` are readable, then `take`.

    Args:
        name: The source's name, without credentials.
        job: What the capture process does.
        patience: Time limits.
        on_event: Called with every change.
        alone: Whether the reader has no other source. Then the next frame is requested ahead, which
            saves a round trip; with several sources it could become old before its turn.
    """

    def __init__(
        self,
        name: str,
        job: CaptureJob,
        patience: Patience,
        on_event: OnEvent,
        *,
        alone: bool = False,
    ) -> None:
        self.name = name
        self.facts, self.fps = "", 0.0
        self.ended = False
        """Whether a command ended by itself, successfully."""
        self.counts = Counts()
        self._job, self._patience, self._on_event = job, patience, on_event
        self._process: CaptureProcess | None = None
        self._counts_before = Counts()
        """Counts of the earlier processes."""
        self._sampled_before = self._sampled = self._taken = 0
        """Sampled frames of the earlier processes and of this one; frames that arrived and count as
        taken."""
        self._alone = alone
        self._requested = self._delivered = False
        """Whether a frame is requested; whether this process has delivered one."""
        self._announced_ns = self._delivered_ns = 0
        """Stamps of the newest announced frame, and of the newest delivered one."""
        self._captured: CapturedFrame | None = None
        self._cause = SourceError("no frame came in time", remedy="check cable and network")
        self._link = connection.begin(time.monotonic())
        self._emit(SourceEvent.CONNECTING)
        self._start()

    @property
    def state(self) -> SourceEvent:
        """The state of the connection."""
        return self._link.state

    @property
    def opening(self) -> bool:
        """Whether it is not known yet if this source opens."""
        return not self._link.seen and self.state is SourceEvent.CONNECTING and not self.ended

    @property
    def over(self) -> bool:
        """Whether there will be no more frames."""
        return self.ended or self.state is SourceEvent.FAILED

    def descriptors(self) -> list[int]:
        """Return the descriptors to poll: readable when `step` has something to do."""
        return [self._process.fileno()] if self._process else []

    def due(self) -> float:
        """Return when `step` must be called, by the monotonic clock, in seconds."""
        return math.inf if self._waiting else connection.due(self._link, self._patience)

    def step(self) -> None:
        """Handle the process's messages, check the time limits, replace a process that is late."""
        process = self._process
        for message in process.messages() if process else ():
            if self._process is process:  # else the rest is from a process that was replaced
                self._handle_message(message)
        if self._process and self._process.gone and not self.ended:
            self._lose(SourceError(self._process.ending(), remedy="run it again"))
        if not self._waiting and not self.ended:
            now = time.monotonic()
            self._move(connection.on_time(self._link, now, self._patience, random.random()))  # noqa: S311

    def take(self) -> CapturedFrame | None:
        """Return the newest frame, or None if there is none since the last."""
        if self._process and self._waiting:
            self._link = connection.on_request(self._link, time.monotonic())
            self._process.request()
            self._process.notify()
            self._requested = True
            # The answer comes at once. Waiting for it before the next source is asked keeps frames
            # fresh: a frame stays in its process, where a newer one can replace it, until needed.
            self._process.wait(ANSWER_S)
            self.step()
        captured, self._captured = self._captured, None
        if captured is None and self._alone:
            self._request_ahead()
        return captured

    def failure(self) -> EdgeError:
        """Return the error that ended a failed source."""
        if self._is_absent():
            return NotFound(f"there is no camera {self.name!r}", remedy=self._cause.remedy)
        what = "stopped giving frames" if self._link.seen else "did not open"
        return SourceError(
            f"source {self.name!r} {what}: {self._cause.what}", remedy=self._cause.remedy
        )

    def release(self) -> None:
        """Ask the process to release the source, without waiting for it."""
        if self._process:
            self._process.release()

    def close(self) -> None:
        """Release the source."""
        self._stop(GRACE_S)

    def _is_absent(self) -> bool:
        camera = self._job.kind is Kind.CAMERA and not self._link.seen
        return camera and not Path(self._job.place).exists()

    def _request_ahead(self) -> None:
        """Request the next frame before it exists; it is then delivered without a notification."""
        if self._process and self._delivered and not self._requested:
            self._process.request()
            self._requested = True

    @property
    def _waiting(self) -> bool:
        """Whether a frame waits in the process, and was not requested yet.

        Stamps are compared, since messages of the process's two threads may arrive in either order.
        """
        return self._announced_ns > self._delivered_ns and not self._requested

    def _handle_message(self, message: Message) -> None:
        if "ready" in message:
            self._handle_announcement(message["ready"])
        elif "alive" in message:
            self._move(connection.on_frame(self._link, message["alive"] / 1e9))
        elif "frame" in message:
            self._requested, self._delivered = False, True
            self._receive(message["frame"])
        elif "opened" in message:
            self.facts, self.fps = printable(message["opened"]), message["fps"]
        elif "note" in message:
            self._emit(SourceEvent(message["note"]), message["detail"])
        elif "failed" in message:
            self._lose(SourceError(printable(message["failed"]), remedy=message["remedy"]))
        else:
            self.ended = True

    def _handle_announcement(self, stamp_ns: int) -> None:
        """Note that a frame waits; if one is requested already, the process missed the request."""
        self._announced_ns = stamp_ns
        self._move(connection.on_frame(self._link, stamp_ns / 1e9))
        if self._requested and self._process:
            self._link = connection.on_request(self._link, time.monotonic())
            self._process.notify()

    def _receive(self, frame: Message) -> None:
        assert self._process is not None
        arrays, stamp_ns = self._process.frames(frame), frame["stamp_ns"]
        fitted = arrays[0] if self._job.request.spec else None
        self._taken += self._captured is None  # else this frame replaces one that was not taken
        self._delivered_ns = stamp_ns
        self._captured = CapturedFrame(self.name, arrays[-1], fitted, stamp_ns)
        before, self._sampled = self._counts_before, frame["sampled"]
        self.counts = replace(
            self.counts,
            frames=before.frames + frame["frames"],
            corrupt=before.corrupt + frame["corrupt"],
            dropped=self._sampled_before + self._sampled - self._taken,
        )
        self._move(connection.on_frame(self._link, stamp_ns / 1e9))

    def _lose(self, cause: SourceError) -> None:
        self._cause = cause
        self._stop()
        now = time.monotonic()
        self._move(connection.on_loss(self._link, now, self._patience, random.random()))  # noqa: S311

    def _move(self, link: Link) -> None:
        """Change the state: report it, and start or stop the process accordingly."""
        before, self._link = self._link, link
        if link.state is not before.state:
            self._emit(link.state, self._enter(link.state))
        if link.idle:
            self._stop()
        elif link.attempt != before.attempt:
            self._stop()
            self._start()

    def _enter(self, state: SourceEvent) -> str:
        """Count a new state; return its details."""
        if state is SourceEvent.LIVE:
            return self.facts
        if state is SourceEvent.RECONNECTING:
            self.counts = replace(self.counts, reconnects=self.counts.reconnects + 1)
        if state is SourceEvent.STALLED:
            self.counts = replace(self.counts, stalls=self.counts.stalls + 1)
            self._cause = SourceError(
                f"no frame for {self._patience.stall_s:g} s", remedy="check cable and network"
            )
        return self._cause.what

    def _emit(self, what: SourceEvent, detail: str = "") -> None:
        self._on_event(Event(self.name, what, detail, time.monotonic()))

    def _start(self) -> None:
        if self._job.kind is Kind.CAMERA:
            self._job = replace(self._job, place=stable_camera(self._job.place))
        self._process = CaptureProcess(self._job)

    def _stop(self, grace_s: float = 0.0) -> None:
        process, self._process = self._process, None
        self._requested = self._delivered = False
        self._announced_ns = self._delivered_ns = 0
        self._counts_before = self.counts
        self._sampled_before, self._sampled = self._sampled_before + self._sampled, 0
        if process:
            process.close(grace_s)
