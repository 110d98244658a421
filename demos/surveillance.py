"""Note the cars that pass before a fixed camera: the time, and a picture of each.

    python demos/surveillance.py [--source 0] [--region 0.3,0.2,0.35,0.7] [--out events]

Without a source it takes the footage under EDGECNN_DATA. There two cars drive up through the
region; it fails if it does not note two. It looks at one region and says what is there: it does not
find, count or follow cars, so that two side by side are one event, and it knows no persons.
"""

import os
from datetime import datetime
from pathlib import Path

import cv2
import typer

from edgecnn import Region, Smoothing, WatchOptions, watch

FOOTAGE = Path(os.environ.get("EDGECNN_DATA", ""), "video", "car-detection.mp4")
VEHICLES = ("automobile", "truck")
PAUSE = 12
"""Frames without a vehicle, after which the next one is another event."""


def main(
    source: str = str(FOOTAGE),
    model: str = "objects-large",
    region: str = "0.3,0.2,0.35,0.7",
    out: Path = Path("events"),
) -> None:
    """Print a line for each event, and write its picture."""
    film = Path(source).is_file()
    if source == str(FOOTAGE) and not film:
        raise SystemExit("there is no footage: give --source, or set EDGECNN_DATA")
    fps = cv2.VideoCapture(source).get(cv2.CAP_PROP_FPS) if film else 0.0
    out.mkdir(parents=True, exist_ok=True)
    options = WatchOptions(Region(*map(float, region.split(","))), smoothing=Smoothing(3, 5))
    events, last = 0, -PAUSE
    for result in watch(model, source, options=options):
        if result.label not in VEHICLES:
            continue
        if result.number - last > PAUSE:
            events += 1
            clock = datetime.fromtimestamp(result.time_s).strftime("%H:%M:%S")
            when = f"{result.number / fps:.1f} s into the film" if film else clock
            print(f"{events}: {result.label} {result.probability:.0%}, {when}")
            cv2.imwrite(str(out / f"{events:04}-{result.label}.jpg"), result.frame_bgr)
        last = result.number
    print(f"{events} events, pictures in {out}")
    if source == str(FOOTAGE) and events != 2:
        raise SystemExit(f"noted {events} events of 2")


if __name__ == "__main__":
    typer.run(main)
