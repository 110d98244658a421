"""uvicorn in its own thread, so that it neither delays the run nor handles its signals."""

import asyncio
import logging
import socket
from threading import Thread

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from edgecnn.web.broadcast import Broadcast

MAX_CONNECTIONS = 100
"""Further connections are aborted: they would use up the file descriptors that cameras need."""
FIRST_REQUEST_S = 10.0
"""A connection without a request is aborted after this time."""
LAST_STATE_S = 0.05
"""How long the last state may take to be sent."""


class BoundedProtocol(H11Protocol):
    """A connection with limits that uvicorn lacks."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection, or abort it if there are too many."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # no buffering, pictures would be late
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        asyncio.get_running_loop().call_later(FIRST_REQUEST_S, self._abort_without_request)

    def _abort_without_request(self) -> None:
        if self.cycle is None:
            self.transport.abort()  # type: ignore[unreachable]  # it is None until a request


class Server:
    """Serves an application in a thread.

    Args:
        app: The application.
        broadcast: Makes states and pictures in the server's event loop.
        listener: The listening socket; the server closes it.
    """

    def __init__(self, app: ASGIApp, broadcast: Broadcast, listener: socket.socket) -> None:
        self.failure: BaseException | None = None
        """The exception that ended the server early."""
        self._broadcast, self._listener = broadcast, listener
        self._uvicorn = uvicorn.Server(_config(app))
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name="web", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send the last state to viewers and stop, without waiting for it."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._stop(), self._loop)

    def join(self, seconds: float) -> None:
        """Wait until the server has ended, at most this long."""
        self._thread.join(seconds)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # raised by the sink
            self.failure = error
        finally:
            self._listener.close()
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _serve(self) -> None:
        broadcasting = asyncio.ensure_future(self._broadcast.run())
        serving = asyncio.ensure_future(self._uvicorn.serve(sockets=[self._listener]))
        await asyncio.wait({broadcasting, serving}, return_when=asyncio.FIRST_COMPLETED)
        self._uvicorn.should_exit = True
        await serving
        await broadcasting

    async def _stop(self) -> None:
        await self._broadcast.end()
        await asyncio.sleep(LAST_STATE_S)
        self._uvicorn.should_exit = True
        for connection in list(self._uvicorn.server_state.connections):
            connection.transport.abort()


def _config(app: ASGIApp) -> uvicorn.Config:
    # uvicorn warns of each malformed request, which any network scanner sends.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
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
