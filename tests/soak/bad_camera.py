"""A camera in a process of its own that misbehaves again and again, in every way that is known.

    python tests/soak/bad_camera.py [--seed 0] [--fps 500]

It prints its address, and ends with its standard input.
"""

import random
import sys

import numpy as np
import typer
from cameras import Wire, http_camera, scene

LIVELY = [scene(level) for level in range(0, 250, 10)]
LARGER = [scene(level, 96, 128) for level in range(0, 250, 50)]
BLACK = [np.zeros((48, 64, 3), np.uint8)] * 20


def silent(wire: Wire) -> None:
    """Give nothing until who reads has given up."""
    wire.pause(3.0)


def hang_up(_: Wire) -> None:
    """End the connection."""
    raise BrokenPipeError


def corrupt(wire: Wire) -> None:
    """Send a few pictures that lack their end, and one that is none."""
    for picture in LIVELY[:4]:
        wire.send(picture, cut=200)
    wire.write(b"--next\r\nContent-Length: 5\r\n\r\nnoise\r\n")


def resized(wire: Wire) -> None:
    """Send pictures of another size."""
    wire.stream(LARGER)


def covered(wire: Wire) -> None:
    """Send black pictures."""
    wire.stream(BLACK)


FAULTS = (silent, hang_up, corrupt, resized, covered)


def main(seed: int = 0, fps: float = 500.0, good_s: float = 5.0) -> None:
    """Serve it until standard input ends."""
    rng = random.Random(seed)

    def misbehave(wire: Wire) -> None:
        while not wire.closing.is_set():
            for _ in range(max(1, int(good_s * fps / len(LIVELY)))):
                wire.stream(LIVELY, fps)
            rng.choice(FAULTS)(wire)

    with http_camera(misbehave) as camera:
        print(camera.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    typer.run(main)
