"""The quantization error of each layer, and how much of its values the calibration covers."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from matplotlib.figure import Figure
from onnxruntime.quantization.qdq_loss_debug import (
    compute_activation_error,
    compute_signal_to_quantization_noice_ratio,
    compute_weight_error,
    create_activation_matching,
    create_weight_matching,
)

from edgecnn.exporter.graph.editing import constants_of, makers_of
from edgecnn.exporter.graph.plain_graph import IMAGE
from edgecnn.exporter.quantization.activations import MOST_LEVEL, Activations, activations_of
from edgecnn.model.frame import Frame
from edgecnn.pages.plots import BLUE, ORANGE, to_png
from edgecnn.pages.table import Table

HEADER = ("layer", "kind", "own noise, dB", "against fp32, dB", "outside the range")
FORMATS = ("", "", ".1f", ".1f", ".3%")


@dataclass(frozen=True)
class LayerError:
    """Signal-to-quantization-noise ratio of one tensor, in dB: at 20 the noise is a tenth of it."""

    layer: str
    """Name of the node that computes the tensor; of a weight, its own name."""
    kind: str
    """`activation` or `weight`."""
    own_db: float
    """Error of rounding this tensor alone."""
    float_db: float
    """Difference from the float graph: the errors of the layers before it included."""
    outside: float
    """Share of the values outside the calibrated range, 0 to 1; 0 for a weight."""


def layer_errors(
    prepared: onnx.ModelProto, quantized: onnx.ModelProto, frames: Frame
) -> tuple[LayerError, ...]:
    """Return the error of every quantized tensor, in the order of the graph.

    Args:
        prepared: The plain graph that was quantized, after `prepare`.
        quantized: The result of `quantize`.
        frames: (n, H, W, C) uint8 validation frames, none of which calibrated.
    """
    plain, rounded = activations_of(prepared, frames), activations_of(quantized, frames)
    against = compute_activation_error(create_activation_matching(rounded, plain))
    makers = makers_of(prepared.graph)
    alone = _rounded_alone(quantized, plain)
    rows = [
        LayerError(
            makers[name].name if name in makers else name,
            "activation",
            compute_signal_to_quantization_noice_ratio(_joined(plain[name]), values),
            against[name]["xmodel_err"],
            outside,
        )
        for name in plain
        if name in against and name in alone
        for values, outside in [alone[name]]
    ]
    order = {node.name: i for i, node in enumerate(prepared.graph.node)}
    rows.sort(key=lambda row: order.get(row.layer, -1))
    return (*rows, *_weight_errors(prepared, quantized))


def _weight_errors(prepared: onnx.ModelProto, quantized: onnx.ModelProto) -> list[LayerError]:
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / name) for name in ("plain.onnx", "quantized.onnx")]
        for graph, path in zip((prepared, quantized), paths, strict=True):
            onnx.save(graph, path)
        errors = compute_weight_error(create_weight_matching(*paths))
    return [LayerError(name, "weight", value, value, 0.0) for name, value in errors.items()]


def _rounded_alone(
    quantized: onnx.ModelProto, plain: Activations
) -> dict[str, tuple[npt.NDArray[np.float32], float]]:
    """Return each float activation rounded by its quantizer alone, and the share that was clipped.

    The loss debugger's own figure compares with values before ReLU, where a quantizer replaces it.
    """
    constants, found = constants_of(quantized.graph), {}
    for node in quantized.graph.node:
        if node.op_type != "QuantizeLinear" or node.input[0] not in plain:
            continue
        scale, zero = (float(constants[name]) for name in node.input[1:3])
        levels = np.rint(_joined(plain[node.input[0]]) / np.float32(scale)) + np.float32(zero)
        outside = float(((levels < 0) | (levels > MOST_LEVEL)).mean())
        found[node.input[0]] = ((levels.clip(0, MOST_LEVEL) - zero) * np.float32(scale), outside)
    return found


def _joined(parts: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    return np.concatenate([part.ravel() for part in parts])


def layers_table(errors: tuple[LayerError, ...]) -> Table:
    """Return the errors as a table, a row for each tensor."""
    rows = tuple((e.layer, e.kind, e.own_db, e.float_db, e.outside) for e in errors)
    return Table(HEADER, FORMATS, rows)


def plot_layers(errors: tuple[LayerError, ...]) -> bytes:
    """Plot the activations' errors along the graph, as PNG."""
    rows = [e for e in errors if e.kind == "activation" and e.layer != IMAGE]  # it is exact
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    axes = figure.subplots()
    positions = np.arange(len(rows))
    axes.plot(positions, [row.own_db for row in rows], "o-", color=BLUE, label="own rounding")
    axes.plot(positions, [row.float_db for row in rows], "o-", color=ORANGE, label="against fp32")
    axes.set_xticks(positions, [row.layer for row in rows], rotation=60, ha="right", fontsize=8)
    axes.set_ylabel("signal over noise, dB")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return to_png(figure)
