"""uvicorn in a thread of its own: the run does not wait for it, signals do not reach it."""

import asyncio
import logging
import socket
from threading import Thread

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from edgecnn.web.broadcast import Broadcast

CONNECTIONS = 100
"""More are cut off: they would take the descriptors that cameras need."""
FIRST_WORD_S = 10.0
"""Whoever connects and asks for nothing is cut off after so long."""
FAREWELL_S = 0.05
"""For the last state to leave."""


class BoundedProtocol(H11Protocol):
    """One connection, with limits that uvicorn lacks."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or cut it off."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # nothing waits here but what is being sent
        if len(self.connections) > CONNECTIONS:
            transport.abort()
        asyncio.get_running_loop().call_later(FIRST_WORD_S, self._expect)

    def _expect(self) -> None:
        if self.cycle is None:
            self.transport.abort()  # type: ignore[unreachable]  # it is None until a request


class Server:
    """Serves an application until it is closed."""

    def __init__(self, app: ASGIApp, broadcast: Broadcast, listener: socket.socket) -> None:
        self.failure: BaseException | None = None
        """What ended it early."""
        self._broadcast, self._listener = broadcast, listener
        self._uvicorn = uvicorn.Server(_config(app))
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name="web", daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Say farewell to the viewers and stop, without waiting for it."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._leave(), self._loop)

    def join(self, seconds: float) -> None:
        """Wait for the end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # told by whoever uses the server
            self.failure = error
        finally:
            self._listener.close()
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _serve(self) -> None:
        made = asyncio.ensure_future(self._broadcast.run())
        served = asyncio.ensure_future(self._uvicorn.serve(sockets=[self._listener]))
        done, left = await asyncio.wait({made, served}, return_when=asyncio.FIRST_COMPLETED)
        self._uvicorn.should_exit = True
        await served
        for task in (*done, *left):
            await task

    async def _leave(self) -> None:
        await self._broadcast.end()
        await asyncio.sleep(FAREWELL_S)
        self._uvicorn.should_exit = True
        for connection in list(self._uvicorn.server_state.connections):
            connection.transport.abort()


def _config(app: ASGIApp) -> uvicorn.Config:
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # what strangers send is no news
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=16 * 1024,
    )
