"""Results as a run makes them, for the tests of what becomes of them."""

import numpy as np

from edgecnn.inference.classifier import Prediction
from edgecnn.model.frame import Frame
from edgecnn.runner.result import Result, ResultStatus
from edgecnn.sources.region import WHOLE, Region

LABELS = ("cat", "dog", "Käfer", "bee")
START_S = 1_800_000_000.0  # 2027-01-15T08:00:00Z


def picture(number: int = 0, height: int = 48, width: int = 64) -> Frame:
    """Return noise, no two numbers alike: (height, width, 3)."""
    return np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)


def result(
    frame: Frame | None = None,
    *,
    number: int = 1,
    label: str = "Käfer",
    known: bool = True,
    source: str = "camera",
    fps: float = 10.0,
    probability: float = 0.65,
    labels: tuple[str, ...] = LABELS,
    status: ResultStatus = ResultStatus.NONE,
    region: Region = WHOLE,
) -> Result:
    """Return one result, made at the number's time in a stream of so many frames a second."""
    rest = (1 - probability) / 13
    row = np.array([8 * rest, 4 * rest, probability, rest], np.float32)
    prediction = Prediction(labels[2], probability, known, 1.23456, row, labels)
    shown = np.full((48, 64, 3), 200, np.uint8) if frame is None else frame
    return Result(
        number,
        shown,
        None if status is ResultStatus.NON_FINITE else prediction,
        label if known else "unknown",
        changed=number == 1,
        source=source,
        age_ms=2.5,
        time_s=START_S + number / fps,
        status=status,
        region=region,
    )
