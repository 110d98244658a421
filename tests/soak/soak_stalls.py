"""Cameras that fall silent and come back, many times: how soon it is noticed, how soon over.

    PYTHONPATH=tests python tests/soak/soak_stalls.py [--cameras 10] [--outages 5]

Each outage lasts 6 to 14 s. A stall must be told within its time-out (5 s) and a second. Frames
must be back within 3 s of the camera's return after an outage under 10 s, else within the wait that
the connection is then in, and 3 s.
"""

import random
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import typer
from cameras import Wire, http_camera, scene

from edgecnn.records import Record
from edgecnn.sources.capture import CaptureOptions, open_sources
from edgecnn.sources.events import Event, SourceEvent
from edgecnn.sources.live.connection import JITTER, LONGEST_S, SHARE, Patience
from edgecnn.sources.stop import Stop

PICTURES = [scene(level) for level in range(0, 250, 10)]
NOTICE_S, BACK_S, SHORT_S = 1.0, 3.0, 10.0


@dataclass(frozen=True)
class Outage(Record):
    """One time that a camera was silent."""

    seconds: float
    noticed_s: float
    """From the last frame to the state STALLED."""
    back_s: float
    """From the camera's return to the next frame."""


@dataclass
class Moody:
    """A camera that is lively for a while, then silent on every connection."""

    rng: random.Random
    silences_s: list[tuple[float, float]] = field(default_factory=list)
    """From when to when it was silent."""
    silent: bool = False

    def __call__(self, wire: Wire) -> None:
        """Serve one connection."""
        while not wire.closing.is_set():
            for picture in PICTURES:
                if not self.silent:
                    wire.send(picture)
                wire.pause(0.05)

    def live(self, outages: int, length_s: tuple[float, float], stop: Stop) -> None:
        """Go through its moods."""
        for _ in range(outages):
            stop.wait(self.rng.uniform(2.0, 4.0))
            start_s, self.silent = time.monotonic(), True
            stop.wait(self.rng.uniform(*length_s))
            self.silent = False
            self.silences_s.append((start_s, time.monotonic()))
        stop.wait(5.0)


def measure(
    cameras: int, outages: int, stall_s: float = 5.0, length_s: tuple[float, float] = (6.0, 14.0)
) -> list[Outage]:
    """Watch moody cameras, all at once, until each has had its outages."""
    events: list[Event] = []
    frames_s: dict[str, list[float]] = {}
    moody = [Moody(random.Random(seed)) for seed in range(cameras)]
    with ExitStack() as stack:
        stop = Stop()
        urls = [stack.enter_context(http_camera(mood)).url for mood in moody]
        patience = Patience(stall_s=stall_s)
        options = CaptureOptions(patience=patience, on_event=events.append, stop=stop)
        source = stack.enter_context(open_sources(urls, options))
        threads = [
            threading.Thread(target=mood.live, args=(outages, length_s, stop)) for mood in moody
        ]
        _start_and_stop_after(threads, stop)
        for shot in source.captured_frames():
            frames_s.setdefault(shot.source, []).append(shot.stamp_ns / 1e9)
    return [
        _outage(span, frames_s[url], [e for e in events if e.source == url])
        for url, mood in zip(urls, moody, strict=True)
        for span in mood.silences_s
    ]


def _start_and_stop_after(threads: list[threading.Thread], stop: Stop) -> None:
    def wait() -> None:
        for thread in threads:
            thread.join()
        stop.request()

    for thread in threads:
        thread.start()
    threading.Thread(target=wait).start()


def _outage(span: tuple[float, float], frames_s: list[float], events: list[Event]) -> Outage:
    start_s, end_s = span
    last_s = max(at_s for at_s in frames_s if at_s < start_s + 0.1)
    told = (e.at_s for e in events if e.what is SourceEvent.STALLED and e.at_s > last_s)
    back = (at_s for at_s in frames_s if at_s > end_s)
    never = float("inf")
    return Outage(end_s - start_s, next(told, never) - last_s, next(back, never) - end_s)


def passed(outage: Outage, stall_s: float = 5.0) -> bool:
    """Tell whether it was noticed and over in time."""
    wait_s = min(LONGEST_S, SHARE * outage.seconds * (1 + JITTER))
    allowed_s = BACK_S if outage.seconds < SHORT_S else BACK_S + wait_s
    return outage.noticed_s <= stall_s + NOTICE_S and outage.back_s <= allowed_s


def main(cameras: int = 10, outages: int = 5) -> None:
    """Print how it went; fail if one was noticed or over too late."""
    found = measure(cameras, outages)
    failed = [outage for outage in found if not passed(outage)]
    short = [o for o in found if o.seconds < SHORT_S]
    print(f"{len(found)} outages of 6 to 14 s, {len(failed)} noticed or over too late")
    print(f"noticed {max(o.noticed_s for o in found):.2f} s after the last frame at most")
    for name, group in (("under 10 s", short), ("longer", [o for o in found if o not in short])):
        if group:
            worst = max(o.back_s for o in group)
            print(f"{len(group)} {name}: frames back {worst:.2f} s after the return at most")
    if failed:
        raise SystemExit("\n".join(outage.to_json() for outage in failed))


if __name__ == "__main__":
    typer.run(main)
