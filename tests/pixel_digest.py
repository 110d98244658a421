"""One SHA-256 over the pixels that `fit_frame` gives: run it on two machines to compare them.

    python tests/pixel_digest.py

200 random camera frames of 640x480 and a few odd ones, through every fit mode, gray and colour, to
28x28 and 32x32. `Shrink.AREA` is not among them: its float sums differ between CPU families.
"""

import hashlib
from collections.abc import Iterator
from itertools import product

import numpy as np

from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import Fit, ModelSpec

EXPECTED = "95d4b00ee9742cc4ee666a3d714d87b9ff656ee00c30ab4ab2385387aed98640"
"""On x86-64 (AVX-512 and AVX2 kernels) and on aarch64 (Cortex-A72)."""


def noise(height: int, width: int, channels: int, seed: int) -> Frame:
    """Return a random picture."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def cases() -> Iterator[tuple[Frame, ModelSpec]]:
    """Yield every frame with every spec."""
    odd = [
        noise(20, 20, 3, 0),
        noise(75, 100, 3, 1),
        noise(720, 1280, 3, 2),
        noise(33, 17, 1, 3),
        noise(7, 300, 4, 4),
    ]
    frames = [*odd, *(noise(480, 640, 3, seed) for seed in range(200))]
    for fit, side, channels in product(Fit, (28, 32), (1, 3)):
        spec = ModelSpec(("a", "b"), side, side, channels, fit)
        yield from ((frame, spec) for frame in frames)


def pixel_digest() -> str:
    """Return the digest of this machine."""
    sha = hashlib.sha256()
    for frame, spec in cases():
        sha.update(fit_frame(frame, spec).tobytes())
    return sha.hexdigest()


if __name__ == "__main__":
    digest = pixel_digest()
    print(digest, "as expected" if digest == EXPECTED else f"EXPECTED {EXPECTED}")
