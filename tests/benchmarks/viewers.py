"""What viewers of the live page cost a run.

    python tests/benchmarks/viewers.py [VIDEO] [--rounds 9] [--viewers 20] [--model objects]

The video is classified without a page, with a page that nobody looks at, and with viewers who read
states and pictures in a process of their own. Rounds are interleaved, their order turns, and every
figure is a ratio to the round without a page.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from real_video import VIDEO, there

from edgecnn.bench.clock import ratio
from edgecnn.inference.classifier import Classifier
from edgecnn.memory import keep_freed_memory, share_one_heap
from edgecnn.runner.run import Run, RunPlan
from edgecnn.runner.sink_queue import Sink
from edgecnn.runner.statistics import RunReport
from edgecnn.runner.watch import WatchOptions
from edgecnn.sources.capture import Source
from edgecnn.web.live_page import LivePage

KINDS = ("no page", "page, no viewer", "page, viewers")


class Open(LivePage):
    """A page that the end of a run does not close."""

    def close(self) -> None:
        """Stay for the next run."""


def run(video: Path, classifier: Classifier, page: LivePage | None) -> RunReport:
    """Classify the whole video."""

    def begin(source: Source) -> Sequence[Sink]:
        if page is None:
            return ()
        page.begin(source)
        return (page,)

    options = page.attach(WatchOptions()) if page else WatchOptions()
    report = Run(classifier, RunPlan([str(video)], begin, options))().value
    assert report is not None
    assert all(sink.lost == 0 for sink in report.sinks.values()), report
    return report


@contextmanager
def watched(port: int, viewers: int) -> Iterator[None]:
    """Let viewers read while the block runs."""
    command = [sys.executable, __file__, "--reader", str(port), "--viewers", str(viewers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.terminate()


async def read(port: int, viewers: int) -> None:
    """Read states and pictures for ever; print a line when every viewer has received something."""

    async def one(path: str, begun: asyncio.Event) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        begun.set()
        while await reader.read(1 << 16):
            pass

    begun = [asyncio.Event() for _ in range(2 * viewers)]
    paths = [path for _ in range(viewers) for path in ("/events", "/picture/0")]
    tasks = [asyncio.ensure_future(one(*pair)) for pair in zip(paths, begun, strict=True)]
    together = asyncio.gather(*tasks)
    together.add_done_callback(lambda _: sys.exit("the page has gone"))
    for each in begun:
        await each.wait()
    print("all watch", flush=True)
    await together


def main(
    video: Annotated[Path, typer.Argument()] = VIDEO,
    rounds: int = 9,
    viewers: int = 20,
    model: str = "objects",
    reader: int = 0,
) -> None:
    """Print frames/s and ratios."""
    if reader:
        asyncio.run(read(reader, viewers))
        return
    there(video)
    wall: dict[str, list[int]] = {kind: [] for kind in KINDS}
    cpu: dict[str, list[int]] = {kind: [] for kind in KINDS}
    with Classifier(model) as classifier, Open(classifier, port=0) as page:
        port = int(page.url.rpartition(":")[2].strip("/"))
        frames = run(video, classifier, page).frames  # the page knows its source, all is warm
        for number in range(rounds):
            for kind in KINDS[:: -1 if number % 2 else 1]:
                before_ns = time.process_time_ns()
                report = measure(kind, video, classifier, page, (port, viewers))
                cpu[kind].append((time.process_time_ns() - before_ns) // frames)
                wall[kind].append(round(report.seconds * 1e9 / frames))
    for kind in KINDS:
        fps = statistics.median(1e9 / each for each in wall[kind])
        print(f"{kind:<16} {fps:6.0f} frames/s")
        print(f"  time over no page      {ratio(wall[KINDS[0]], wall[kind])}")
        print(f"  CPU time over no page  {ratio(cpu[KINDS[0]], cpu[kind])}")
    print(f"{frames} frames a round, {viewers} viewers")


def measure(
    kind: str, video: Path, classifier: Classifier, page: LivePage, watching: tuple[int, int]
) -> RunReport:
    """Run one round of a kind."""
    if kind == KINDS[2]:
        with watched(*watching):
            return run(video, classifier, page)
    return run(video, classifier, page if kind == KINDS[1] else None)


if __name__ == "__main__":
    keep_freed_memory()  # as the command does
    share_one_heap()
    typer.run(main)
