"""The end of a foreign graph: where its logits are, and what its own output makes of them."""

from enum import Enum

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from edgecnn.errors import ModelError
from edgecnn.exporter.adopt.graph_view import View
from edgecnn.exporter.graph.plain_graph import LOGITS

PASSING = ("Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Dropout")
"""Layers between a softmax and an output that leave values as they are."""
SMALLEST = 1e-30
"""A probability of 0 has no logarithm."""
SUM_TOLERANCE = 1e-3


class Ending(str, Enum):
    """What a network gives out."""

    LOGITS = "logits"
    SOFTMAX = "softmax"
    LOG_SOFTMAX = "log-softmax"


def end_at_logits(model: onnx.ModelProto) -> Ending:
    """Cut the graph behind its logits, and name them; says what stood there.

    Raises:
        ModelError: It ends in a sigmoid: its classes do not exclude each other.
    """
    view = View(model)
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
    elif node is not None and (written_out := _written_out(view, node)):
        ending, name = Ending.SOFTMAX, written_out
    _give_out(view, name)
    return ending


def _written_out(view: View, node: onnx.NodeProto) -> str:
    """Return the input of a softmax that is written as Exp, ReduceSum and Div; else nothing."""
    if node.op_type != "Div":
        return ""
    over, under = (view.makers.get(name) for name in node.input)
    if over is None or under is None or (over.op_type, under.op_type) != ("Exp", "ReduceSum"):
        return ""
    return over.input[0] if under.input[0] == over.output[0] else ""


def _give_out(view: View, name: str) -> None:
    """Let the graph end at a value, flattened to (N, K) where it is not, under our name."""
    graph = view.graph
    if name not in view.makers:
        _refuse("computes nothing")
    if len(view.shape(name)) == 2:
        for node in graph.node:
            node.input[:] = [LOGITS if each == name else each for each in node.input]
            node.output[:] = [LOGITS if each == name else each for each in node.output]
    else:
        graph.node.append(helper.make_node("Flatten", [name], [LOGITS], axis=1))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, None))


def refuse_hidden_softmax(ending: Ending, rows: npt.NDArray[np.float32]) -> None:
    """Raise ModelError if (n, K) logits look like probabilities whose softmax was not found."""
    sums = np.abs(rows.sum(1) - 1).max()
    if ending is Ending.LOGITS and rows.min() >= 0 and sums < SUM_TOLERANCE:
        _refuse("gives probabilities, but no softmax was found at its end")


def to_logits(ending: Ending, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return logits that give the same probabilities as a network's own (n, K) output."""
    return np.log(np.maximum(rows, SMALLEST)) if ending is Ending.SOFTMAX else rows


def largest_difference(
    ending: Ending, own: npt.NDArray[np.float32], logits: npt.NDArray[np.float32]
) -> float:
    """Return how far (n, K) logits are from a network's own output.

    Of logits: the largest difference over the largest logit. Of probabilities: their difference.
    """
    if ending is Ending.LOGITS:
        scale = max(1.0, float(np.abs(own).max(initial=0.0)))
        return float(np.abs(own - logits).max(initial=0.0)) / scale
    expected = own if ending is Ending.SOFTMAX else np.exp(own)
    return float(np.abs(expected - softmax(logits)).max(initial=0.0))


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the probabilities of (n, K) logits."""
    powers = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    shares: npt.NDArray[np.float64] = powers / powers.sum(1, keepdims=True)
    return shares


def _refuse(what: str) -> None:
    raise ModelError(
        f"the model {what}",
        remedy="export it so that it ends in logits or in a softmax over its classes",
    )
