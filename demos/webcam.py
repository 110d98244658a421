"""Label what a camera sees.

    python demos/webcam.py [--source 0] [--model article-mnist] [--frames 0]

`--source` takes a camera index, a video, a folder of pictures, a URL or `pattern`. With
`--frames N` it stops after N frames, and fails if the source gave fewer.
"""

from itertools import islice

import typer

from edgecnn import Classifier, open_source


def main(source: str = "0", model: str = "article-mnist", frames: int = 0) -> None:
    """Print a line a frame."""
    seen = 0
    with Classifier(model) as classify, open_source(source) as camera:
        print(f"{camera.name}: {camera.facts}")
        for frame in islice(camera, frames or None):
            prediction = classify(frame)
            seen += 1
            print(
                f"{prediction.label:>12} {prediction.probability:6.1%} "
                f"{prediction.latency_ms:7.3f} ms"
            )
    if seen < frames:
        raise SystemExit(f"labelled {seen} of {frames} frames")


if __name__ == "__main__":
    typer.run(main)
