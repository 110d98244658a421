"""Print the labels of camera frames.

    python demos/webcam.py [--source 0] [--model article-mnist] [--frames 0]

`--source` takes a camera index, a video, a folder of pictures, a URL or `pattern`. With
`--frames N` it stops after N frames, and fails if there were fewer.
"""

import typer

from edgecnn import Smoothing, WatchOptions, watch


def main(source: str = "0", model: str = "article-mnist", frames: int = 0) -> None:
    """Print one line per frame: the smoothed label, and this frame's own prediction."""
    seen = 0
    options = WatchOptions(smoothing=Smoothing(3, 5), max_frames=frames)
    for result in watch(model, source, options=options):
        seen += 1
        if result.prediction:
            (guess, probability), *_ = result.prediction.top(1)
            print(f"{result.label:>12}  {guess} {probability:6.1%} {result.age_ms:8.3f} ms")
    if seen < frames:
        raise SystemExit(f"labelled {seen} of {frames} frames")


if __name__ == "__main__":
    typer.run(main)
