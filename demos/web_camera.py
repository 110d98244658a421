"""Watch a camera's labels in a browser.

    python demos/web_camera.py [--source 0] [--model objects] [--port 8080] [--frames 0]

Without `--source` it uses the first camera, or a video in EDGECNN_DATA, or a test pattern. With
`--frames N` it stops after N frames, and fails if the page does not show the last label.
"""

import json
import os
import urllib.request
from pathlib import Path

import typer

from edgecnn import Classifier, LivePage, Sampling, WatchOptions, watch

VIDEO = Path(os.environ.get("EDGECNN_DATA", "absent"), "video", "car-detection.mp4")


def default_source() -> str:
    """Return the best source that this machine has."""
    if Path("/dev/video0").exists():
        return "0"
    return str(VIDEO) if VIDEO.exists() else "pattern"


def shown_labels(page: LivePage) -> set[str]:
    """Return the labels that the page shows now, requested as a browser does."""
    with urllib.request.urlopen(f"{page.url}events", timeout=10) as stream:
        state = json.loads(stream.readline().removeprefix(b"data: "))
    return {source["label"] for source in state["sources"]}


def main(source: str = "", model: str = "objects", port: int = 8080, frames: int = 0) -> None:
    """Show every result on the page; a file is played at 12 frames a second."""
    options = WatchOptions(sampling=Sampling(fps=12), max_frames=frames)
    with Classifier(model) as classify, LivePage(classify, port=port) as page:
        print(f"open {page.url}")
        last = ""
        for result in watch(classify, source or default_source(), options=page.attach(options)):
            page(result)
            last = result.label
        labels = shown_labels(page) if frames else {last}
    if last not in labels:
        raise SystemExit(f"the page shows {labels}, but the last label is {last!r}")
    print(f"the last label was {last}")


if __name__ == "__main__":
    typer.run(main)
