"""A camera on loopback that does what it is told: stalls, hangs up, sends what is broken."""

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2

BOUNDARY = "next"


def scene(level: int, height: int = 48, width: int = 64) -> Frame:
    """Return a picture with content, of which the middle tells its level (0 to 255)."""
    picture = np.random.default_rng(level).integers(0, 256, (height, width, 3), np.uint8)
    picture[height // 4 : -height // 4, width // 4 : -width // 4] = level
    return picture


def level_of(frame: Frame) -> int:
    """Return the level of a scene that came as JPEG, in steps of 10."""
    return round(float(frame[frame.shape[0] // 2, frame.shape[1] // 2].mean()) / 10) * 10


def jpeg(picture: Frame) -> bytes:
    """Encode a picture as a camera does."""
    return bytes(cv2.imencode(".jpg", picture)[1])


@dataclass
class Wire:
    """One connection to a camera."""

    write: Callable[[bytes], int]
    closing: threading.Event

    def send(self, picture: Frame, cut: int = 0) -> None:
        """Send a picture; without its last `cut` bytes, which were promised."""
        body = jpeg(picture)
        head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
        self.write(head.encode() + body[: len(body) - cut] + b"\r\n")

    def pause(self, seconds: float) -> None:
        """Send nothing for a while."""
        self.closing.wait(seconds)

    def stream(self, pictures: Iterator[Frame] | list[Frame], fps: float = 50.0) -> None:
        """Send pictures evenly."""
        for picture in pictures:
            if self.closing.is_set():
                return
            self.send(picture)
            self.pause(1 / fps)


Act = Callable[[Wire], None]


@dataclass
class HttpCamera:
    """What a camera does with its first connection, its second, and so on; then the last again."""

    acts: tuple[Act, ...]
    login: str = ""
    """USER:PASSWORD that it asks for."""
    port: int = 0
    connections: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/live"


@contextmanager
def http_camera(*acts: Act, login: str = "", port: int = 0) -> Iterator[HttpCamera]:
    """Serve a camera on loopback."""
    camera = HttpCamera(acts, login)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = f"Basic {base64.b64encode(login.encode()).decode()}"
            if login and self.headers.get("Authorization") != asked:
                self.send_error(401)
                return
            act = camera.acts[min(camera.connections, len(camera.acts) - 1)]
            camera.connections += 1
            self.send_response(200)
            kind = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
            self.send_header("Content-Type", kind)
            self.end_headers()
            try:
                act(Wire(self.wfile.write, camera.closing))
            except OSError:
                return  # whoever watched has gone

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its own name)
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        camera.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield camera
        finally:
            camera.closing.set()
            server.shutdown()
            thread.join()


def forever(wire: Wire) -> None:
    """Send lively scenes until the camera is switched off."""
    while not wire.closing.is_set():
        wire.stream([scene(level) for level in range(0, 250, 10)])


def then_silent(wire: Wire) -> None:
    """Send a few scenes, then nothing more, and keep the connection."""
    wire.stream([scene(level) for level in range(0, 50, 10)])
    wire.pause(60)


def then_hang_up(wire: Wire) -> None:
    """Send a few scenes, then hang up."""
    wire.stream([scene(level) for level in range(0, 50, 10)])
