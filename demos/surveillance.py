"""Log the cars that pass a fixed camera: the time, and a picture of each.

    python demos/surveillance.py [--source 0] [--region 0.3,0.2,0.35,0.7] [--out events]

Without `--source` it uses a video in EDGECNN_DATA in which two cars drive through the region, and
fails if it does not log two. It classifies one region: it does not detect, count or track cars, so
two cars side by side are one event, and it cannot recognize persons.
"""

import os
from datetime import datetime
from pathlib import Path

import cv2
import typer

from edgecnn import Region, Smoothing, WatchOptions, watch

VIDEO = Path(os.environ.get("EDGECNN_DATA", ""), "video", "car-detection.mp4")
VEHICLES = ("automobile", "truck")
GAP = 12
"""After this many frames without a vehicle, the next one is a new event."""


def main(
    source: str = str(VIDEO),
    model: str = "objects-large",
    region: str = "0.3,0.2,0.35,0.7",
    out: Path = Path("events"),
) -> None:
    """Print a line for each event, and write its picture."""
    is_file = Path(source).is_file()
    if source == str(VIDEO) and not is_file:
        raise SystemExit("there is no video: give --source, or set EDGECNN_DATA")
    fps = cv2.VideoCapture(source).get(cv2.CAP_PROP_FPS) if is_file else 0.0
    out.mkdir(parents=True, exist_ok=True)
    options = WatchOptions(Region(*map(float, region.split(","))), smoothing=Smoothing(3, 5))
    events, last = 0, -GAP
    for result in watch(model, source, options=options):
        if result.label not in VEHICLES:
            continue
        if result.number - last > GAP:
            events += 1
            clock = datetime.fromtimestamp(result.time_s).strftime("%H:%M:%S")
            when = f"{result.number / fps:.1f} s into the video" if is_file else clock
            print(f"{events}: {result.label} {result.probability:.0%}, {when}")
            cv2.imwrite(str(out / f"{events:04}-{result.label}.jpg"), result.frame_bgr)
        last = result.number
    print(f"{events} events, pictures in {out}")
    if source == str(VIDEO) and events != 2:
        raise SystemExit(f"logged {events} events of 2")


if __name__ == "__main__":
    typer.run(main)
