"""What `classifier(frame)` adds to a bare `session.run`, one thread, calls interleaved.

    python tests/benchmarks/overhead.py [MODEL]

From a 640x480 camera frame (fitting included), and from a frame at the network's size. Then what
bound inputs and outputs save, which edgecnn does not use: with them no two threads could share a
`Classifier`.
"""

import statistics
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import typer

from edgecnn.bench.clock import ratio, time_rounds
from edgecnn.inference.classifier import Classifier
from edgecnn.inference.ort import onnxruntime
from edgecnn.model.frame import fit_frame
from edgecnn.opencv import cv2

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
    compare_binding(session, fit_frame(camera, spec)[None])


def compare_binding(session: "onnxruntime.InferenceSession", frame: npt.NDArray[np.uint8]) -> None:
    """Print the time of an inference with bound input and outputs over one without."""
    pair = (
        lambda: session.run(["probabilities", "logits"], {"frame": frame}),
        bound(session, frame),
    )
    time_rounds(pair, WARMUP)
    plain, binding = time_rounds(pair, ROUNDS)
    print(f"IO binding over session.run: {ratio(plain, binding)}")


def bound(
    session: "onnxruntime.InferenceSession", frame: npt.NDArray[np.uint8]
) -> Callable[[], object]:
    """Return an inference whose input and outputs lie where they were bound once."""
    binding, (_, classes) = session.io_binding(), session.get_outputs()[0].shape
    given = onnxruntime.OrtValue.ortvalue_from_numpy(frame)
    binding.bind_ortvalue_input("frame", given)
    found = []
    for name in ("probabilities", "logits"):
        value = onnxruntime.OrtValue.ortvalue_from_numpy(np.empty((1, classes), np.float32))
        binding.bind_ortvalue_output(name, value)
        found.append(value)

    def run() -> object:
        given.update_inplace(frame)
        session.run_with_iobinding(binding)
        return [value.numpy() for value in found]

    return run


if __name__ == "__main__":
    typer.run(main)
