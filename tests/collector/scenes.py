"""Pictures, videos and a camera on the network that the collector's tests look at."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2, encode_png
from edgecnn.sinks.video.video_file import open_video

HEIGHT, WIDTH, FPS = 240, 320, 10
STREAMED = 4


def scene(seed: int) -> Frame:
    """Return a sharp (240, 320, 3) picture that is unlike those of other seeds."""
    random = np.random.default_rng(seed)
    coarse = random.integers(40, 216, (8, 9, 3), np.uint8)
    large = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR).astype(np.int16)
    textured: Frame = (large + random.integers(-40, 41, large.shape, np.int16)).astype(np.uint8)
    return textured


def blurred(picture: Frame, sigma: float = 4.0) -> Frame:
    """Return the picture out of focus."""
    soft: Frame = cv2.GaussianBlur(picture, (0, 0), sigma)
    return soft


def noisy(picture: Frame, seed: int, sigma: float = 4.0) -> Frame:
    """Return the picture as a camera would give it a moment later."""
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return (picture + noise).clip(0, 255).astype(np.uint8)


def flat(blue: int, green: int, red: int) -> Frame:
    """Return a (240, 320, 3) picture of one colour."""
    return np.full((HEIGHT, WIDTH, 3), (blue, green, red), np.uint8)


def save_folder(folder: Path, pictures: Sequence[Frame]) -> str:
    """Write the pictures in order; return the folder as a source."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        (folder / f"{number:03}.png").write_bytes(encode_png(picture))
    return str(folder)


def save_video(path: Path, pictures: Sequence[Frame]) -> str:
    """Write a video of 10 frames a second; return it as a source."""
    writer = open_video(path, path, FPS, (WIDTH, HEIGHT))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return str(path)


class _Camera(BaseHTTPRequestHandler):
    """An IP camera that sends each scene when the one before was taken, then hangs up for good."""

    served = False
    taken: threading.Semaphore

    def do_GET(self) -> None:
        if type(self).served:
            self.send_error(503)
            return
        type(self).served = True
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        for seed in range(STREAMED):
            _, jpeg = cv2.imencode(".jpg", scene(seed))
            head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {jpeg.size}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg.tobytes() + b"\r\n")
            type(self).taken.acquire()  # a live source drops what its reader is too slow for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its own name)
        """Say nothing."""


@contextmanager
def network_camera() -> Iterator[tuple[str, Callable[[Path], None]]]:
    """Serve a camera on loopback.

    Yields its address, which holds a password, and what must be called with each picture taken.
    """
    taken = threading.Semaphore(0)
    handler = type("Camera", (_Camera,), {"taken": taken})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://user:secret@127.0.0.1:{server.server_address[1]}/live"
            yield url, lambda _: taken.release()
        finally:
            taken.release(STREAMED)
            server.shutdown()
            thread.join()
