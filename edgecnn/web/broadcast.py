"""What all viewers get, made once for all of them, ten times a second, while somebody watches."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from edgecnn.web.hub import Channel, Hub
from edgecnn.web.pictures import SMALL, encode, filler

TICK_S = 0.1
THUMBNAIL_S = 1.0
"""A small picture is made anew after so long."""


@dataclass(frozen=True)
class Picture:
    """A JPEG."""

    frame: int
    """The number of the result that it belongs to; negative for a filler."""
    jpeg: bytes


class Broadcast:
    """Lives in the server's loop: `run` makes, `states` and `pictures` give.

    Whoever is slow misses what came meanwhile: nothing waits for a viewer but the newest.
    """

    def __init__(self, hub: Hub, state: Callable[[], bytes]) -> None:
        self.encoded = 0
        """Frames that were made JPEGs, thumbnails left out."""
        self._hub, self._make_state = hub, state
        self._state = b""
        self._pictures: dict[int, Picture] = {}
        self._thumbnails: dict[int, tuple[float, bytes]] = {}
        self._watched: Counter[int] = Counter()
        self._viewers = 0
        self._made = asyncio.Event()
        self._needed = asyncio.Event()
        self._over = False

    async def run(self) -> None:
        """Make states and pictures until the run is over."""
        while not self._over:
            await self._needed.wait()
            begun_s = time.monotonic()
            await self._make()
            await asyncio.sleep(max(0.0, begun_s + TICK_S - time.monotonic()))

    async def end(self) -> None:
        """Give everybody the last state."""
        self._over = True
        await self._make()
        self._needed.set()

    async def states(self) -> AsyncIterator[bytes]:
        """Yield states as server-sent events."""
        with self._viewing():
            async for _ in self._ticks():
                yield b""  # goes on when all before has left; only then is the newest chosen
                yield b"data: " + self._state + b"\n\n"

    async def pictures(self, source: int) -> AsyncIterator[bytes]:
        """Yield the parts of a multipart stream: the newest picture of a source, again and again.

        A boundary follows each picture at once: browsers show one when they see its end.
        """
        sent = None
        with self._viewing(), self._watching(source):
            yield b"--frame\r\n"
            async for _ in self._ticks():
                yield b""
                picture = self._pictures.get(source)
                if picture and picture is not sent:
                    sent = picture
                    yield _part(picture)

    async def thumbnail(self, source: int) -> bytes | None:
        """Return a small picture of a source, at most a second old; None: it is silent."""
        made_s, jpeg = self._thumbnails.get(source, (0.0, b""))
        if jpeg and self._hub.clock() - made_s < THUMBNAIL_S:
            return jpeg
        channel = self.channel(source)
        if channel is None or channel.result is None or self._hub.silence_s(channel) is not None:
            return None
        jpeg = await asyncio.to_thread(encode, channel.result.frame_bgr, SMALL)
        self._thumbnails[source] = (self._hub.clock(), jpeg)
        return jpeg

    def channel(self, source: int) -> Channel | None:
        """Return a source by its number, if there is one."""
        return next((each for each in self._hub.channels() if each.number == source), None)

    async def _ticks(self) -> AsyncIterator[None]:
        """Yield when there is something new, and once more at the end."""
        while not self._over:
            await self._made.wait()
            yield

    async def _make(self) -> None:
        for source in [source for source, viewers in self._watched.items() if viewers]:
            self._pictures[source] = await self._show(source)
        self._state = self._make_state()
        made, self._made = self._made, asyncio.Event()
        made.set()

    async def _show(self, source: int) -> Picture:
        """Return the picture to show now: the one before, if there is nothing new."""
        channel, before = self.channel(source), self._pictures.get(source)
        assert channel is not None, f"there is no source {source}"
        silence_s = self._hub.silence_s(channel)
        if channel.result is None or silence_s is not None:
            seconds = int(silence_s or 0)
            same = before and before.frame == -1 - seconds
            return before if before and same else _none_for(seconds)
        number, frame = channel.result.number, channel.result.frame_bgr
        if before and before.frame == number:
            return before
        self.encoded += 1
        return Picture(number, await asyncio.to_thread(encode, frame))

    @contextmanager
    def _viewing(self) -> Iterator[None]:
        self._viewers += 1
        self._needed.set()
        try:
            yield
        finally:
            self._viewers -= 1
            if not self._viewers and not self._over:
                self._needed.clear()

    @contextmanager
    def _watching(self, source: int) -> Iterator[None]:
        self._watched[source] += 1
        try:
            yield
        finally:
            self._watched[source] -= 1


def _none_for(seconds: int) -> Picture:
    return Picture(-1 - seconds, filler(f"no frame for {seconds} s"))


def _part(picture: Picture) -> bytes:
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture.jpeg)}\r\n"
    return f"{head}X-Frame: {picture.frame}\r\n\r\n".encode() + picture.jpeg + b"\r\n--frame\r\n"
