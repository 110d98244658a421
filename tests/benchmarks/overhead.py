"""What `classifier(frame)` adds to a bare `session.run`, one thread, calls interleaved.

    python tests/benchmarks/overhead.py [MODEL]

From a 640x480 camera frame (fitting included), and from a frame at the network's size.
"""

import statistics

import numpy as np
import typer

from edgecnn.bench.clock import time_rounds
from edgecnn.frame import fit_frame
from edgecnn.opencv import cv2
from edgecnn.runner.classify import Classifier

ROUNDS, WARMUP = 3_000, 200


def main(model: str = "article-mnist") -> None:
    """Print the median of the paired differences."""
    cv2.setNumThreads(1)
    classifier = Classifier(model)
    session, spec = classifier._session, classifier.spec
    camera = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    for name, frame in (("640x480 BGR", camera), ("network size", fit_frame(camera, spec))):
        feed = {"frame": fit_frame(frame, spec)[None]}
        calls = (lambda feed=feed: session.run(["probabilities"], feed),
                 lambda frame=frame: classifier(frame))  # fmt: skip
        time_rounds(calls, WARMUP)
        bare, whole = time_rounds(calls, ROUNDS)
        added = statistics.median(b - a for a, b in zip(bare, whole, strict=True)) / 1e3
        print(
            f"{name:<13} bare {statistics.median(bare) / 1e3:.1f} us, classifier(frame) "
            f"{statistics.median(whole) / 1e3:.1f} us, adds {added:.1f} us"
        )


if __name__ == "__main__":
    typer.run(main)
