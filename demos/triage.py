"""Sort pictures by the model's confidence: sure ones by class, doubtful ones for a person.

    python demos/triage.py [--source FOLDER_OR_CAMERA] [--model digits] [--out triage]

Triage of medical pictures or of access control works like this: the model decides clear cases, a
person decides the others, and a log has time, label, confidence and model of each. Without
`--source` it mixes digits and insects from EDGECNN_DATA, and fails if fewer than 90 of 200 are sure
or more than 15 of those are wrong. It is no medical device, and it recognizes no persons.
"""

import csv
import gzip
import os
from datetime import datetime, timezone
from pathlib import Path

import cv2
import numpy as np
import typer

from edgecnn import Classifier, watch

DATA = Path(os.environ.get("EDGECNN_DATA", ""))
HEAD = ("time", "picture", "label", "confidence", "sure", "model")


def mix(folder: Path) -> str:
    """Write 100 digits, named after their class, and 100 photographs without digits."""
    files = (DATA / "mnist" / f"t10k-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1"))
    images, labels = (np.frombuffer(gzip.decompress(f.read_bytes()), "u1") for f in files)
    for i in range(100):
        cv2.imwrite(str(folder / f"{labels[8 + i]}-{i}.png"), images[16:].reshape(-1, 28, 28)[i])
    for path in sorted((DATA / "hymenoptera" / "val").rglob("*.jpg"))[:100]:
        cv2.imwrite(str(folder / f"none-{path.stem}.png"), cv2.imread(str(path)))
    return str(folder)


def main(source: str = "", model: str = "digits", out: Path = Path("triage")) -> None:
    """Write log.csv and the sorted pictures."""
    (out / "mixture").mkdir(parents=True, exist_ok=True)
    pictures, sure_count, wrong = source or mix(out / "mixture"), 0, 0
    with Classifier(model) as classify, (out / "log.csv").open("w", newline="") as file:
        (log := csv.writer(file)).writerow(HEAD)
        for result in watch(classify, pictures):
            name = Path(result.picture).name or f"{result.number:06}.png"
            label = result.prediction.label if result.prediction else "none"
            sure = result.label == label
            (place := out / ("sure" if sure else "doubtful") / label).mkdir(0o755, True, True)
            cv2.imwrite(str(place / name), result.frame_bgr)
            time, digest = datetime.now(timezone.utc).isoformat(), classify.model.digest
            log.writerow((time, name, label, f"{result.probability:.4f}", sure, digest))
            sure_count, wrong = sure_count + sure, wrong + (sure and not name.startswith(label))
    print(f"{sure_count} are sure, the others are in {out / 'doubtful'}; log.csv lists all")
    if not source and (sure_count < 90 or wrong > 15):
        raise SystemExit(f"{wrong} of {sure_count} are wrong")


if __name__ == "__main__":
    typer.run(main)
