"""Temperature scaling: one divisor of the logits, folded into the last layer.

It makes the mean confidence of a network equal its accuracy. Dividing every logit by the same
number changes no label.

Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2.
"""

from collections import Counter

import numpy as np
import numpy.typing as npt
import onnx
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from edgecnn.exporter.graph.editing import constants_of, makers_of, with_constants
from edgecnn.exporter.graph.plain_graph import LOGITS

LOWEST, HIGHEST = 0.05, 20.0
DIGITS = 4
"""Significant digits of a temperature: the last bits of a search depend on the machine."""


def fit_temperature(logits: npt.NDArray[np.floating], labels: npt.NDArray[np.int64]) -> float:
    """Return what to divide (n, K) logits by for the least cross-entropy with (n,) labels.

    For a network that labels every picture rightly, the least cross-entropy would be at infinite
    confidence. So the target probability of the right class is (n + 1) / (n + 2), and the rest is
    spread over the other classes: Platt 1999, "Probabilistic outputs for support vector machines",
    section 2.2.
    """
    rows = logits.astype(np.float64)
    count, classes = rows.shape
    targets = np.full(rows.shape, 1 / (count + 2) / (classes - 1))
    targets[np.arange(count), labels] = (count + 1) / (count + 2)

    def loss(log_temperature: float) -> float:
        soft = log_softmax(rows / np.exp(log_temperature), axis=1)
        return float(-(targets * soft).sum(1).mean())

    found = minimize_scalar(loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded")
    return float(f"{np.exp(found.x):.{DIGITS}g}")


def divided(model: onnx.ModelProto, temperature: float) -> onnx.ModelProto:
    """Return a graph, quantized or not, with its logits divided; no node is added.

    Of a quantized weight the scale is divided; its integers stay.
    """
    constants = constants_of(model.graph)
    new = {name: constants[name] / np.float32(temperature) for name in last_constants(model)}
    return with_constants(model, new)


def last_constants(model: onnx.ModelProto) -> set[str]:
    """Return the names of the constants that the logits are proportional to.

    They are the last dense layer's weight and bias, or the scales of quantized ones. Empty where
    the graph does not end in a dense layer, as an external model may not.
    """
    makers = makers_of(model.graph)
    constants = {tensor.name for tensor in model.graph.initializer}
    used = Counter(name for node in model.graph.node for name in node.input)
    try:
        found = _factors(LOGITS, makers, constants)
    except KeyError:  # an operator that is not linear, or the image itself
        return set()
    return found if all(used[name] == 1 for name in found) else set()


def _factors(name: str, makers: dict[str, onnx.NodeProto], constants: set[str]) -> set[str]:
    """Return the constants that a tensor is proportional to.

    Raises:
        KeyError: It is not proportional to constants.
    """
    if name in constants:
        return {name}
    node = makers[name]
    if node.op_type == "DequantizeLinear":
        return {node.input[1]}
    terms = {"Gemm": node.input[1:], "MatMul": node.input[1:], "Add": node.input}
    return {found for term in terms[node.op_type] for found in _factors(term, makers, constants)}
