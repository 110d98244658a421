"""The end of a quantized graph: it computes float `logits`; how far one int8 step moves them."""

import numpy as np
import onnx

from edgecnn.exporter.graph.editing import Constants, constants_of, drop_unused_constants, makers_of
from edgecnn.exporter.graph.plain_graph import LOGITS

SHAPING = ("Reshape", "Flatten", "Squeeze", "Identity")
"""Operators that only reshape what the last layer with weights computed."""


def with_float_logits(model: onnx.ModelProto) -> onnx.ModelProto:
    """Let the last layer compute float `logits`; probabilities of quantized ones do not sum to 1.

    The model is changed in place and returned.
    """
    graph, name = model.graph, LOGITS
    while _remove_quantization(graph, name):
        last = makers_of(graph)[name]
        if last.op_type not in SHAPING:
            break
        name = last.input[0]
    drop_unused_constants(graph)
    return model


def int8_step(model: onnx.ModelProto) -> float:
    """Return the most that one quantization step before the last layer moves a logit."""
    makers = makers_of(model.graph)
    constants = constants_of(model.graph)
    last = makers[LOGITS]
    while last.op_type in SHAPING:
        last = makers[last.input[0]]
    step, weight = 0.0, 1.0
    for name in last.input[:2]:
        values = _weights(name, makers, constants)
        if values is None:
            step = max(step, _step_before(name, makers, constants))
        else:
            weight = float(np.abs(values).max())
    return step * weight


def _step_before(name: str, makers: dict[str, onnx.NodeProto], constants: Constants) -> float:
    """Return the step of the nearest quantized tensor before one, behind layers that stay float."""
    while name in makers and makers[name].op_type != "DequantizeLinear":
        name = makers[name].input[0]
    return float(constants[makers[name].input[1]].max()) if name in makers else 0.0


def _weights(
    name: str, makers: dict[str, onnx.NodeProto], constants: Constants
) -> np.ndarray | None:
    """Return a layer's weights as floats, of quantized ones an upper bound; None: no weights."""
    if name in constants:
        return constants[name]
    if name not in makers or makers[name].input[0] not in constants:
        return None
    levels, scale = (constants[source] for source in makers[name].input[:2])
    floats: np.ndarray = levels.astype(np.float32) * np.max(scale)
    return floats


def _remove_quantization(graph: onnx.GraphProto, name: str) -> bool:
    """Remove QuantizeLinear and DequantizeLinear before a tensor; return whether they were there.

    They stay where something else reads the quantized values too.
    """
    makers = makers_of(graph)
    dequantizer = makers[name]
    if dequantizer.op_type != "DequantizeLinear" or dequantizer.input[0] not in makers:
        return False
    quantizer = makers[dequantizer.input[0]]
    readers = [node for node in graph.node if quantizer.output[0] in node.input]
    if len(readers) != 1:
        return False
    makers[quantizer.input[0]].output[0] = name
    graph.node.remove(dequantizer)
    graph.node.remove(quantizer)
    return True
