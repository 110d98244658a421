"""The end of an external graph: where its logits are, and what its output computes from them."""

from enum import Enum

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from edgecnn.errors import ModelError
from edgecnn.exhaustive import assert_never
from edgecnn.exporter.adopt.rules.graph_view import GraphView
from edgecnn.exporter.graph.editing import refill, rename_tensors
from edgecnn.exporter.graph.plain_graph import LOGITS

PASSING = ("Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Dropout")
"""Operators between a softmax and an output that keep the values."""
SMALLEST = 1e-30
"""Smaller probabilities are raised to it: 0 has no logarithm."""
SUM_TOLERANCE = 1e-3


class Ending(str, Enum):
    """What the output of a network is."""

    LOGITS = "logits"
    SOFTMAX = "softmax"
    LOG_SOFTMAX = "log-softmax"


def end_at_logits(model: onnx.ModelProto) -> Ending:
    """Let the graph end at its logits, named `logits`; return what its output was.

    Raises:
        ModelError: It ends in a sigmoid: its classes do not exclude each other.
    """
    view = GraphView(model)
    (output,) = view.graph.output
    node = view.makers.get(output.name)
    while node is not None and node.op_type in PASSING:
        node = view.makers.get(node.input[0])
    ending, name = Ending.LOGITS, output.name
    if node is not None and node.op_type == "Sigmoid":
        _refuse("ends in a sigmoid: its classes do not exclude each other")
    elif node is not None and node.op_type in ("Softmax", "LogSoftmax"):
        ending = Ending.SOFTMAX if node.op_type == "Softmax" else Ending.LOG_SOFTMAX
        name = node.input[0]
    elif node is not None and (logits := _logits_of_softmax(view, node)):
        ending, name = Ending.SOFTMAX, logits
    _set_output(view, name)
    return ending


def _logits_of_softmax(view: GraphView, node: onnx.NodeProto) -> str:
    """Return the input of a softmax written as Exp, ReduceSum and Div; empty: it is none."""
    if node.op_type != "Div":
        return ""
    powers, total = (view.makers.get(name) for name in node.input)
    if powers is None or total is None or (powers.op_type, total.op_type) != ("Exp", "ReduceSum"):
        return ""
    return powers.input[0] if total.input[0] == powers.output[0] else ""


def _set_output(view: GraphView, name: str) -> None:
    """Make a tensor the only output, named `logits`, and flatten it to (N, K) if it is not."""
    graph = view.graph
    if name not in view.makers:
        _refuse("computes nothing")
    if len(view.shape(name)) == 2:
        rename_tensors(graph.node, {name: LOGITS})
    else:
        graph.node.append(helper.make_node("Flatten", [name], [LOGITS], axis=1))
    refill(graph.output, [helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, None)])


def refuse_hidden_softmax(ending: Ending, rows: npt.NDArray[np.float32]) -> None:
    """Raise ModelError if (n, K) outputs are probabilities, but no softmax was found.

    The converted model would apply softmax to them once more.
    """
    error = np.abs(rows.sum(1) - 1).max()
    if ending is Ending.LOGITS and rows.min() >= 0 and error < SUM_TOLERANCE:
        _refuse("gives probabilities, but no softmax was found at its end")


def to_logits(ending: Ending, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (n, K) logits whose softmax is the same as of a network's own (n, K) output."""
    match ending:
        case Ending.LOGITS | Ending.LOG_SOFTMAX:
            return rows
        case Ending.SOFTMAX:
            return np.log(np.maximum(rows, SMALLEST))
        case _:
            assert_never(ending)


def largest_difference(
    ending: Ending, own: npt.NDArray[np.float32], logits: npt.NDArray[np.float32]
) -> float:
    """Return how much logits differ from a network's own output.

    Args:
        ending: What the network's output is.
        own: (n, K) output of the network.
        logits: (n, K) logits of its simplified graph.

    Returns:
        If the output is logits, their largest difference over the largest logit, or over 1 if that
        is less; else the largest difference of a probability.
    """
    match ending:
        case Ending.LOGITS:
            return _most(own - logits) / max(1.0, _most(own))
        case Ending.SOFTMAX:
            return _most(own - softmax(logits))
        case Ending.LOG_SOFTMAX:
            return _most(np.exp(own) - softmax(logits))
        case _:
            assert_never(ending)


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the (n, K) probabilities of (n, K) logits."""
    powers = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    shares: npt.NDArray[np.float64] = powers / powers.sum(1, keepdims=True)
    return shares


def _most(values: npt.NDArray[np.floating]) -> float:
    return float(np.abs(values).max(initial=0.0))


def _refuse(what: str) -> None:
    raise ModelError(
        f"the model {what}",
        remedy="export it so that it ends in logits or in a softmax over its classes",
    )
