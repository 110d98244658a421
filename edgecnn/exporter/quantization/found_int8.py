"""What the search for an int8 graph found, and each step that it tried."""

from dataclasses import dataclass

import onnx

from edgecnn.exporter.export_source import ExportSource
from edgecnn.exporter.gate.gate import PairedLabels
from edgecnn.exporter.quantization.quantize import Choice
from edgecnn.records import Record


@dataclass(frozen=True)
class Step(Record):
    """One thing that was tried, and what it bought."""

    what: str
    agreement: float
    """Share of the selection pictures to which int8 gives fp32's label, 0 to 1."""
    divergence: float
    """Mean Kullback-Leibler divergence of int8's probabilities from fp32's, nats."""
    drop_points: float
    """Accuracy lost against fp32 on them, percentage points."""
    pictures: int
    bought: float
    """Agreement over what was kept before, percentage points."""
    kept: bool

    def __str__(self) -> str:
        return (
            f"{self.what}: agrees with fp32 on {self.agreement:.2%} of {self.pictures} labels, "
            f"loses {self.drop_points:.2f} points, diverges by {self.divergence:.2g}"
            f"{', kept' if self.kept else ''}"
        )


@dataclass(frozen=True, eq=False)
class FoundInt8:
    """The int8 graph that was chosen."""

    source: ExportSource
    """As it came, or fine-tuned as its recipe plans: what the fp32 form is made of."""
    plain: onnx.ModelProto
    """The plain graph whose quantized form it is."""
    quantized: onnx.ModelProto
    choice: Choice
    answers: PairedLabels
    """Of the selection pictures: training pictures that neither calibrated nor fine-tuned."""
    steps: tuple[Step, ...]
