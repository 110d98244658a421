"""One SHA-256 over a model's logits: run it on two machines to compare their kernels.

    python tests/benchmarks/logits_digest.py [MODEL]

On the model's golden frames and on the random frames of tests/pixel_digest.py. Needs the device
half only.
"""

import hashlib
import platform
import sys
from pathlib import Path

from edgecnn.inference.classifier import Classifier

sys.path.insert(0, str(Path(__file__).parents[1]))
from pixel_digest import cases


def main(model: str) -> None:
    """Print the digest."""
    with Classifier(model) as classifier:
        spec = classifier.spec
        frames = classifier.model.golden.frames(spec)
        frames += [
            frame
            for frame, wanted in cases()
            if (wanted.fit, wanted.shape) == (spec.fit, spec.shape)
        ]
        logits = classifier.logits(frames)
    digest = hashlib.sha256(logits.tobytes()).hexdigest()
    print(f"{platform.machine()}: {digest}, {len(frames)} frames")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "article-mnist")
