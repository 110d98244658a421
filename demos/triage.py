"""Sort pictures by how sure the model is: clear ones by class, doubtful ones for a person to see.

    python demos/triage.py [--source FOLDER_OR_CAMERA] [--model digits] [--out triage]

Access control and medical pictures share this shape: the machine does what is clear, a person
decides the rest, a register tells of each its time, label, confidence and model. Without a source
it mixes digits and insects under EDGECNN_DATA, and fails if under 90 of 200 are sure or over 15 of
them wrong. It is no medical device, opens no door and recognises nobody.
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
    """Write 100 digits, each named after what it is, and 100 photographs that show none."""
    files = (DATA / "mnist" / f"t10k-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1"))
    images, labels = (np.frombuffer(gzip.decompress(f.read_bytes()), "u1") for f in files)
    for i in range(100):
        cv2.imwrite(str(folder / f"{labels[8 + i]}-{i}.png"), images[16:].reshape(-1, 28, 28)[i])
    for path in sorted((DATA / "hymenoptera" / "val").rglob("*.jpg"))[:100]:
        cv2.imwrite(str(folder / f"none-{path.stem}.png"), cv2.imread(str(path)))
    return str(folder)


def main(source: str = "", model: str = "digits", out: Path = Path("triage")) -> None:
    """Write register.csv and the sorted pictures."""
    (out / "mixture").mkdir(parents=True, exist_ok=True)
    pictures, surely, wrong = source or mix(out / "mixture"), 0, 0
    with Classifier(model) as classify, (out / "register.csv").open("w", newline="") as file:
        (register := csv.writer(file)).writerow(HEAD)
        for result in watch(classify, pictures):
            name = Path(result.picture).name or f"{result.number:06}.png"
            label = result.prediction.label if result.prediction else "none"
            sure = result.label == label
            (place := out / ("sure" if sure else "doubtful") / label).mkdir(0o755, True, True)
            cv2.imwrite(str(place / name), result.frame_bgr)
            time, digest = datetime.now(timezone.utc).isoformat(), classify.model.digest
            register.writerow((time, name, label, f"{result.probability:.4f}", sure, digest))
            surely, wrong = surely + sure, wrong + (sure and not name.startswith(label))
    print(f"{surely} are sure, the others wait in {out / 'doubtful'}; register.csv tells each")
    if not source and (surely < 90 or wrong > 15):
        raise SystemExit(f"{wrong} of {surely} are wrong")


if __name__ == "__main__":
    typer.run(main)
