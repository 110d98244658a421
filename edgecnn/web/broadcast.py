"""States and pictures for viewers: made ten times a second, once for all, while there are any."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from edgecnn.web.hub import Channel, Hub
from edgecnn.web.pictures import SMALL, encode, placeholder

TICK_S = 0.1
"""The interval between two states or pictures."""
THUMBNAIL_S = 1.0
"""How long a thumbnail is reused."""


@dataclass(frozen=True)
class Picture:
    """A JPEG of one source."""

    frame: int
    """The number of its result; negative for a placeholder."""
    jpeg: bytes


class Broadcast:
    """Makes states and pictures in `run`; `states` and `pictures` stream them to viewers.

    All methods run in the server's event loop. A slow viewer skips what came meanwhile: only the
    newest state and picture are kept.

    Args:
        hub: The state of the run.
        state: Returns the state as JSON.
    """

    def __init__(self, hub: Hub, state: Callable[[], bytes]) -> None:
        self.encoded = 0
        """How many frames were encoded as JPEG, without thumbnails."""
        self._hub, self._make_state = hub, state
        self._state = b""
        self._pictures: dict[int, Picture] = {}
        self._thumbnails: dict[int, tuple[float, bytes]] = {}
        self._picture_viewers: Counter[int] = Counter()
        self._viewers = 0
        self._updated = asyncio.Event()
        self._has_viewers = asyncio.Event()
        self._ended = False

    async def run(self) -> None:
        """Make states and pictures until `end`; wait while there are no viewers."""
        while not self._ended:
            await self._has_viewers.wait()
            start_s = time.monotonic()
            await self._update()
            await asyncio.sleep(max(0.0, start_s + TICK_S - time.monotonic()))

    async def end(self) -> None:
        """Send the last state to all viewers."""
        self._ended = True
        await self._update()
        self._has_viewers.set()

    async def states(self) -> AsyncIterator[bytes]:
        """Yield states as server-sent events, until the end of the run."""
        with self._viewing():
            async for _ in self._ticks():
                yield b""  # resumes once it is sent; only then choose the state
                yield b"data: " + self._state + b"\n\n"

    async def pictures(self, source: int) -> AsyncIterator[bytes]:
        """Yield a multipart stream with the newest pictures of a source.

        The boundary follows each picture at once, since browsers show a picture at its end.
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
        """Return a JPEG thumbnail of a source, at most a second old; None without a live frame."""
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
        """Return the source with this number, if there is one."""
        return next((each for each in self._hub.channels() if each.number == source), None)

    async def _ticks(self) -> AsyncIterator[None]:
        """Yield at each update, and once more at the end."""
        while not self._ended:
            await self._updated.wait()
            yield

    async def _update(self) -> None:
        for source in [source for source, viewers in self._picture_viewers.items() if viewers]:
            self._pictures[source] = await self._picture(source)
        self._state = self._make_state()
        updated, self._updated = self._updated, asyncio.Event()
        updated.set()

    async def _picture(self, source: int) -> Picture:
        """Return the picture to show now: the previous one if nothing has changed."""
        channel, previous = self.channel(source), self._pictures.get(source)
        assert channel is not None, f"there is no source {source}"
        silence_s = self._hub.silence_s(channel)
        if channel.result is None or silence_s is not None:
            seconds = int(silence_s or 0)
            if previous and previous.frame == -1 - seconds:
                return previous
            return Picture(-1 - seconds, placeholder(f"no frame for {seconds} s"))
        number, frame = channel.result.number, channel.result.frame_bgr
        if previous and previous.frame == number:
            return previous
        self.encoded += 1
        return Picture(number, await asyncio.to_thread(encode, frame))

    @contextmanager
    def _viewing(self) -> Iterator[None]:
        self._viewers += 1
        self._has_viewers.set()
        try:
            yield
        finally:
            self._viewers -= 1
            if not self._viewers and not self._ended:
                self._has_viewers.clear()

    @contextmanager
    def _watching(self, source: int) -> Iterator[None]:
        self._picture_viewers[source] += 1
        try:
            yield
        finally:
            self._picture_viewers[source] -= 1


def _part(picture: Picture) -> bytes:
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture.jpeg)}\r\n"
    return f"{head}X-Frame: {picture.frame}\r\n\r\n".encode() + picture.jpeg + b"\r\n--frame\r\n"
