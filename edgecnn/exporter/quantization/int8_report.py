"""What is known of an int8 graph beside its accuracy: how it was chosen, layers, saturation."""

from dataclasses import dataclass

import numpy as np

from edgecnn.exporter.quantization.calibration_frames import (
    calibration_frames,
    chosen,
    debugged_frames,
    split_training,
)
from edgecnn.exporter.quantization.found_int8 import FoundInt8, Step
from edgecnn.exporter.quantization.layer_errors import LayerError, layer_errors
from edgecnn.exporter.quantization.quantize import Choice, prepare
from edgecnn.exporter.quantization.saturation import Saturation, audit
from edgecnn.exporter.quantization.ties import TiedTensor, audit_ties
from edgecnn.records import Record

AUDITED = 16
"""Calibration frames on which sums are counted."""


@dataclass(frozen=True)
class Coverage(Record):
    """Whether the calibration frames show what will come."""

    frames: int
    classes: int
    missing: tuple[str, ...]
    """Classes of which there is no calibration frame."""
    outside: float
    """Of the activation that is clipped most on validation pictures, the share, 0 to 1."""
    worst_layer: str

    def __str__(self) -> str:
        shown = self.classes - len(self.missing)
        lacking = f", none of {', '.join(self.missing)}" if self.missing else ""
        return (
            f"{self.frames} frames of {shown} of {self.classes} classes{lacking}; at most "
            f"{self.outside:.3%} of a layer's validation values lie outside ({self.worst_layer})"
        )


@dataclass(frozen=True)
class Int8Report(Record):
    """How an int8 graph was made and what that costs where."""

    choice: Choice
    steps: tuple[Step, ...]
    """What was tried, in order, and what it bought."""
    coverage: Coverage
    layers: tuple[LayerError, ...]
    saturation: Saturation
    ties: tuple[TiedTensor, ...]
    """Tensors many of whose values lie between two levels; none: they round alike everywhere."""


def describe_int8(found: FoundInt8) -> Int8Report:
    """Measure what quantization costs each layer, on validation and calibration frames."""
    data = found.source.data
    some = debugged_frames(data.validation)
    layers = layer_errors(prepare(found.plain), found.quantized, some)
    calibrating, _ = split_training(data.train)
    calibrated = calibration_frames(calibrating, found.choice.calibration.frames)
    some = calibrated[chosen(len(calibrated), AUDITED)]
    saturation, ties = audit(found.quantized, some), audit_ties(found.quantized, some)
    coverage = _coverage(found, layers)
    return Int8Report(found.choice, found.steps, coverage, layers, saturation, ties)


def _coverage(found: FoundInt8, layers: tuple[LayerError, ...]) -> Coverage:
    data, count = found.source.data, found.choice.calibration.frames
    train, _ = split_training(data.train)
    places = chosen(len(train), count)
    counts = np.bincount(train.labels[places], minlength=len(data.labels))
    worst = max(layers, key=lambda row: row.outside)
    return Coverage(
        frames=len(places),
        classes=len(data.labels),
        missing=tuple(n for n, c in zip(data.labels, counts, strict=True) if c == 0),
        outside=worst.outside,
        worst_layer=worst.layer,
    )
