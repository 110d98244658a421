"""`LivePage`: a sink that shows a run in a browser."""

import socket
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

from edgecnn.errors import DeviceError, LibraryError, OptionError
from edgecnn.inference.classifier import Classifier
from edgecnn.runner.result import Result
from edgecnn.runner.watch import WatchOptions
from edgecnn.sources.capture import Source
from edgecnn.sources.events import Event
from edgecnn.text import pip_line
from edgecnn.web.hub import SILENT_S, Hub
from edgecnn.web.listening import HOST, PORT, Address, listen

if TYPE_CHECKING:
    from edgecnn.web.service import Service

CLOSE_S = 1.5
"""How long closing waits for the server to end."""


class LivePage:
    """A web page that shows results as they come. Use it as a context manager.

    >>> with Classifier("objects") as classify, LivePage(classify) as page:  # doctest: +SKIP
    ...     print(page.url)
    ...     for result in watch(classify, 0, options=page.attach(WatchOptions())):
    ...         page(result)
    """

    name, queue_size, needs_frames, required = "web", 8, True, False

    def __init__(self, classifier: Classifier, *, host: str = HOST, port: int = PORT) -> None:
        """Start the web server in a thread.

        Args:
            classifier: The model of the run; its threshold can be changed on the page.
            host: A name or IP address of this machine. If it is not loopback, a token is required.
            port: 0: any free port.

        Raises:
            LibraryError: The extra `[web]` is not installed.
            OptionError, DeviceError: See `listen`.
        """
        self._classifier = classifier
        self._hub = Hub()
        listener = listen(Address(host, port))
        try:
            self._service = self._start(listener, host)
        except BaseException:
            listener.close()
            raise

    @property
    def url(self) -> str:
        """The address of the page, with the token if one is required."""
        return self._service.url

    def attach(self, options: WatchOptions) -> WatchOptions:
        """Return options that give the page whole frames and events, and let it pause the run."""
        capture, fps = options.capture, options.sampling.fps
        self._hub.silent_s = max(SILENT_S, 3 / fps if fps else 0.0)
        capture = replace(capture, on_event=_both(capture.on_event, self._hub.add_event))
        return replace(options, capture=capture, whole=True, pause=self._hub.pause)

    def begin(self, source: Source) -> None:
        """Show the frame counts of an open source."""
        self._hub.set_counts(lambda: source.counts)

    def __call__(self, result: Result) -> None:
        """Show a result; returns at once, whatever viewers do.

        Raises:
            DeviceError: The server has failed.
        """
        failure = self._service.server.failure
        if failure:
            raise DeviceError(f"the live page failed: {failure}", remedy="run again")
        self._hub.add(result)

    def close(self) -> None:
        """Tell viewers that the run has ended, and stop the server, without waiting for it."""
        self._hub.ended = True
        self._service.server.stop()

    def __enter__(self) -> "LivePage":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        self._service.server.join(CLOSE_S)

    def _start(self, listener: socket.socket, host: str) -> "Service":
        try:
            from edgecnn.web.service import start
        except ModuleNotFoundError as error:
            raise LibraryError(
                f"the live page needs the package {error.name!r}, which is not installed",
                remedy=pip_line("cpu", "web"),
            ) from error
        return start(self._hub, self._classifier, self._change, listener, host)

    def _change(self, change: object) -> None:
        """Set the threshold, or pause or resume the run, as a viewer requests.

        Raises:
            OptionError, SpecError: The change is invalid.
        """
        match change:
            case {"threshold": float() | int() as threshold, **rest} if not rest:
                self._classifier.require(float(threshold))
            case {"paused": bool() as paused, **rest} if not rest:
                self._hub.pause.requested = paused
            case _:
                raise OptionError("there is no such setting", remedy="send threshold or paused")


OnEvent = Callable[[Event], None]


def _both(first: OnEvent, second: OnEvent) -> OnEvent:
    def on_event(event: Event) -> None:
        first(event)
        second(event)

    return on_event
