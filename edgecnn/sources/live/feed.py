"""A live source as its reader sees it: newest frames, states, replaced capture processes."""

import math
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edgecnn.errors import EdgeError, NotFound, SourceError
from edgecnn.sources.address import Kind, stable_camera
from edgecnn.sources.captured_frame import CapturedFrame
from edgecnn.sources.events import Counts, Event, SourceEvent
from edgecnn.sources.live import connection
from edgecnn.sources.live.capture_job import CaptureJob
from edgecnn.sources.live.capture_process import GRACE_S, CaptureProcess
from edgecnn.sources.live.connection import Link, Patience
from edgecnn.sources.live.frame_exchange import Message
from edgecnn.text import printable

ANSWER_S = 0.1
OnEvent = Callable[[Event], None]


class LiveFeed:
    """One live source: call `step` when `due` or when `files` are readable, then `take`."""

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
        """Whether a command ended by itself, and well."""
        self.counts = Counts()
        self._job, self._patience, self._on_event = job, patience, on_event
        self._process: CaptureProcess | None = None
        self._before = Counts()
        """What earlier processes gave; of `_wanted` frames, those that are to be passed on."""
        self._wanted = self._announced = self._taken = 0
        self._alone = alone
        self._asked = self._served = False
        self._ready_ns = self._frame_ns = 0
        """Stamps of the newest frame that was announced to wait, and of the newest that came."""
        self._captured: CapturedFrame | None = None
        self._cause = SourceError("no frame came in time", remedy="check cable and network")
        self._link = connection.begin(time.monotonic())
        self._say(SourceEvent.CONNECTING)
        self._start()

    @property
    def state(self) -> SourceEvent:
        """Where the connection stands."""
        return self._link.state

    @property
    def opening(self) -> bool:
        """OnEvent whether it is still to be seen if this source opens."""
        return not self._link.seen and self.state is SourceEvent.CONNECTING and not self.ended

    @property
    def over(self) -> bool:
        """OnEvent whether there is nothing more to take."""
        return self.ended or self.state is SourceEvent.FAILED

    def files(self) -> list[int]:
        """Return the descriptors that are readable when there is something to do."""
        return [self._process.fileno()] if self._process else []

    def due(self) -> float:
        """Return when `step` must be called, by the monotonic clock."""
        return math.inf if self._waiting else connection.due(self._link, self._patience)

    def step(self) -> None:
        """Hear the process, look at the clock, replace what does not answer."""
        process = self._process
        for message in process.messages() if process else ():
            if self._process is process:  # else what is left is of one that was given up
                self._hear(message)
        if self._process and self._process.gone and not self.ended:
            self._lose(SourceError(self._process.ending(), remedy="run it again"))
        if not self._waiting and not self.ended:
            now = time.monotonic()
            self._move(connection.on_time(self._link, now, self._patience, random.random()))  # noqa: S311

    def take(self) -> CapturedFrame | None:
        """Return the newest frame, if there is one since the last."""
        if self._process and self._waiting:
            self._link = connection.on_asked(self._link, time.monotonic())
            self._process.ask()
            self._process.ring()
            self._asked = True
            # Answers come at once. Waiting for this one, and not asking the next source meanwhile,
            # keeps frames young: those that nobody works on stay where newer ones replace them.
            self._process.wait(ANSWER_S)
            self.step()
        captured, self._captured = self._captured, None
        if captured is None and self._alone:
            self._ask_ahead()
        return captured

    def failure(self) -> EdgeError:
        """Return why it failed."""
        if self._is_absent():
            return NotFound(f"there is no camera {self.name!r}", remedy=self._cause.remedy)
        what = "stopped giving frames" if self._link.seen else "did not open"
        return SourceError(
            f"source {self.name!r} {what}: {self._cause.what}", remedy=self._cause.remedy
        )

    def let_go(self) -> None:
        """Let the source be released, without waiting for it."""
        if self._process:
            self._process.let_go()

    def close(self) -> None:
        """Release the source."""
        self._stop(grace=True)

    def _is_absent(self) -> bool:
        camera = self._job.kind is Kind.CAMERA and not self._link.seen
        return camera and not Path(self._job.place).exists()

    def _ask_ahead(self) -> None:
        """Let the next frame come by itself: nobody else is served meanwhile, so it stays young."""
        if self._process and self._served and not self._asked:
            self._process.ask()
            self._asked = True

    @property
    def _waiting(self) -> bool:
        """OnEvent whether a frame waits in the process until it is asked for.

        Of two messages from its two threads, the later may come first: only stamps tell.
        """
        return self._ready_ns > self._frame_ns and not self._asked

    def _hear(self, message: Message) -> None:
        if "ready" in message:
            self._be_ready(message["ready"])
        elif "alive" in message:
            self._move(connection.on_frame(self._link, message["alive"] / 1e9))
        elif "frame" in message:
            self._asked, self._served = False, True
            self._receive(message["frame"])
        elif "opened" in message:
            self.facts, self.fps = printable(message["opened"]), message["fps"]
        elif "note" in message:
            self._say(SourceEvent(message["note"]), message["detail"])
        elif "failed" in message:
            self._lose(SourceError(printable(message["failed"]), remedy=message["remedy"]))
        else:
            self.ended = True

    def _be_ready(self, stamp_ns: int) -> None:
        """Note that a frame waits; if it was asked for meanwhile, it missed the request."""
        self._ready_ns = stamp_ns
        self._move(connection.on_frame(self._link, stamp_ns / 1e9))
        if self._asked and self._process:
            self._link = connection.on_asked(self._link, time.monotonic())
            self._process.ring()

    def _receive(self, frame: Message) -> None:
        stamp_ns = frame["stamp_ns"]
        assert self._process is not None
        arrays = self._process.frames(frame)
        fitted = arrays[0] if self._job.wanted.spec else None
        self._taken += self._captured is None  # else a newer frame came before that one was taken
        self._frame_ns = stamp_ns
        self._captured = CapturedFrame(self.name, arrays[-1], fitted, stamp_ns)
        self._count(frame)
        self._move(connection.on_frame(self._link, stamp_ns / 1e9))

    def _count(self, announced: Message) -> None:
        before, now = self._before, self.counts
        frames, corrupt = before.frames + announced["frames"], before.corrupt + announced["corrupt"]
        dropped = self._wanted + announced["wanted"] - self._taken
        self._announced = announced["wanted"]
        self.counts = Counts(frames, dropped, corrupt, now.stalls, now.reconnects)

    def _lose(self, cause: SourceError) -> None:
        self._cause = cause
        self._stop(grace=False)
        now = time.monotonic()
        self._move(connection.on_loss(self._link, now, self._patience, random.random()))  # noqa: S311

    def _move(self, link: Link) -> None:
        """Go to a new state: tell it, and start or stop the process as it wants."""
        before, self._link = self._link, link
        if link.state is not before.state:
            self._count_state(link.state)
            self._say(link.state, self._reason(link.state))
        if link.idle:
            self._stop(grace=False)
        elif link.attempt != before.attempt:
            self._stop(grace=False)
            self._start()

    def _count_state(self, state: SourceEvent) -> None:
        if state is SourceEvent.STALLED:
            self.counts = replace(self.counts, stalls=self.counts.stalls + 1)
        if state is SourceEvent.RECONNECTING:
            self.counts = replace(self.counts, reconnects=self.counts.reconnects + 1)

    def _reason(self, state: SourceEvent) -> str:
        if state is SourceEvent.LIVE:
            return self.facts
        if state is SourceEvent.STALLED:
            self._cause = SourceError(
                f"no frame for {self._patience.stall_s:g} s", remedy="check cable and network"
            )
        return self._cause.what

    def _say(self, what: SourceEvent, detail: str = "") -> None:
        self._on_event(Event(self.name, what, detail, time.monotonic()))

    def _start(self) -> None:
        if self._job.kind is Kind.CAMERA:
            self._job = replace(self._job, place=stable_camera(self._job.place))
        self._process = CaptureProcess(self._job)

    def _stop(self, *, grace: bool) -> None:
        process, self._process = self._process, None
        self._asked = self._served = False
        self._ready_ns = self._frame_ns = 0
        self._before, self._wanted, self._announced = self.counts, self._wanted + self._announced, 0
        if process:
            process.close(GRACE_S if grace else 0.0)
