"""What all viewers get: made once for all of them, and only while somebody watches."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from itertools import count

from edgecnn.runner.result import Result
from edgecnn.web.broadcast import Broadcast
from edgecnn.web.hub import Hub
from web.pages import noise


def result(number: int) -> Result:
    return Result(number, noise(number), None, source="cam")


def numbers(parts: list[bytes]) -> list[int]:
    """Return the frame numbers of the parts of a picture stream."""
    return [
        int(part.split(b"X-Frame: ")[1].split(b"\r")[0]) for part in parts if b"X-Frame" in part
    ]


async def take(stream: AsyncIterator[bytes], most: int, rest_s: float = 0.0) -> list[bytes]:
    """Return parts of a stream that say something, resting after each."""
    parts = []
    async for part in stream:
        if part and part != b"--frame\r\n":
            parts.append(part)
            await asyncio.sleep(rest_s)
        if len(parts) == most:
            return parts
    return parts


class Run:
    """A hub that is fed 50 times a second, and its broadcast."""

    def __init__(self, *, feeding: bool = True) -> None:
        self.hub = Hub()
        self._feeding = feeding
        self.hub.add(result(1))
        self.states = 0
        self.broadcast = Broadcast(self.hub, self._state)

    def _state(self) -> bytes:
        self.states += 1
        return b"%d" % self.states

    async def _feed(self) -> None:
        for number in count(2) if self._feeding else ():
            self.hub.add(result(number))
            await asyncio.sleep(0.02)

    def __call__(self, watch: "Callable[[Run], Awaitable[None]]") -> None:
        """Run a coroutine function beside it."""

        async def together() -> None:
            tasks = [asyncio.ensure_future(each) for each in (self.broadcast.run(), self._feed())]
            try:
                await asyncio.wait_for(watch(self), 30)
            finally:
                for task in tasks:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task

        asyncio.run(together())


def test_a_frame_is_encoded_once_for_all_viewers() -> None:
    async def watch(run: Run) -> None:
        streams = [take(run.broadcast.pictures(0), 8) for _ in range(20)]
        seen = [numbers(parts) for parts in await asyncio.gather(*streams)]
        assert all(len(each) == 8 for each in seen)
        assert run.broadcast.encoded <= len({number for each in seen for number in each}) + 1

    Run()(watch)


def test_nothing_is_made_while_nobody_watches() -> None:
    async def watch(run: Run) -> None:
        await take(run.broadcast.pictures(0), 2)
        await take(run.broadcast.states(), 2)
        await asyncio.sleep(0.25)  # what was begun for them
        before = run.broadcast.encoded, run.states
        await asyncio.sleep(0.5)
        assert (run.broadcast.encoded, run.states) == before
        assert len(await take(run.broadcast.pictures(0), 2)) == 2

    Run()(watch)


def test_who_looks_at_states_alone_costs_no_picture() -> None:
    async def watch(run: Run) -> None:
        assert len(await take(run.broadcast.states(), 4)) == 4
        assert run.broadcast.encoded == 0

    Run()(watch)


def test_a_slow_viewer_misses_pictures_and_gets_the_newest() -> None:
    async def watch(run: Run) -> None:
        quick, slow = run.broadcast.pictures(0), run.broadcast.pictures(0)
        both = (take(quick, 12), take(slow, 3, rest_s=0.5))
        seen = [numbers(parts) for parts in await asyncio.gather(*both)]
        steps = [later - earlier for earlier, later in zip(seen[1], seen[1][1:], strict=False)]
        assert min(steps) >= 10
        assert seen[1][-1] >= seen[0][-1] - 20

    Run()(watch)


def test_a_picture_is_not_sent_twice() -> None:
    async def watch(run: Run) -> None:
        run.hub.pause.requested = True  # it stays live without new results
        parts: list[bytes] = []

        async def collect() -> None:
            async for part in run.broadcast.pictures(0):
                parts.append(part)

        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(collect(), 0.6)
        assert len(numbers(parts)) == 1

    Run(feeding=False)(watch)


def test_a_silent_source_shows_a_placeholder_and_not_its_last_picture() -> None:
    async def watch(run: Run) -> None:
        run.hub.silent_s = -1.0
        assert numbers(await take(run.broadcast.pictures(0), 1)) == [-1]
        assert run.broadcast.encoded == 0
        assert await run.broadcast.thumbnail(0) is None

    Run()(watch)


def test_a_thumbnail_is_made_once_a_second() -> None:
    async def watch(run: Run) -> None:
        first = await run.broadcast.thumbnail(0)
        run.hub.add(result(999))
        assert first is not None
        assert await run.broadcast.thumbnail(0) == first
        assert await run.broadcast.thumbnail(7) is None

    Run()(watch)


def test_the_end_is_told_to_everybody() -> None:
    async def watch(run: Run) -> None:
        tasks = [asyncio.ensure_future(take(run.broadcast.states(), 1000)) for _ in range(5)]
        await asyncio.sleep(0.3)
        await run.broadcast.end()
        last = [parts[-1] for parts in await asyncio.gather(*tasks)]
        assert set(last) == {b"data: %d\n\n" % run.states}

    Run()(watch)
