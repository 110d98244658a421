"""The end of an external graph: where its logits are, and what its output computes from them."""

from enum import Enum
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from edgecnn.errors import ModelError
from edgecnn.exhaustive import assert_never
from edgecnn.exporter.adopt.rules.graph_view import GraphView
from edgecnn.exporter.graph.editing import attribute, refill, rename_tensors
from edgecnn.exporter.graph.plain_graph import LOGITS

COPYING = ("Identity", "Cast", "Dropout")
PASSING = (*COPYING, "Reshape", "Flatten", "Squeeze")
"""Operators between a softmax and an output that keep the values."""
SMALLEST = 1e-30
"""Smaller probabilities are raised to it: 0 has no logarithm."""
SUM_TOLERANCE = 1e-3
SCORE = "score"
"""The argument of a single sigmoid."""
REMEDY = "export it so that it ends in logits or in a softmax over its classes"


class Ending(str, Enum):
    """What the output of a network is."""

    LOGITS = "logits"
    SOFTMAX = "softmax"
    LOG_SOFTMAX = "log-softmax"
    SIGMOID = "sigmoid"
    """Of one number: the probability of the second of two classes."""


LAST = {
    "Softmax": Ending.SOFTMAX,
    "LogSoftmax": Ending.LOG_SOFTMAX,
    "Sigmoid": Ending.SIGMOID,
}
"""What an output is, by the operator that gives it."""


def end_at_logits(model: onnx.ModelProto, outputs: int) -> Ending:
    """Let the graph end at its logits, named `logits`; return what its output was.

    Args:
        model: The graph, with shapes.
        outputs: How many numbers it gives for a picture.

    Raises:
        ModelError: Its classes do not exclude each other, or one output is no probability.
    """
    view = GraphView(model)
    (output,) = view.graph.output
    node = view.makers.get(output.name)
    while node is not None and _passes(node):
        node = view.makers.get(node.input[0])
    ending, name = Ending.LOGITS, output.name
    if node is not None and node.op_type in LAST:
        ending, name = LAST[node.op_type], node.input[0]
    elif node is not None and (logits := _logits_of_softmax(view, node)):
        ending, name = Ending.SOFTMAX, logits
    _check_outputs(ending, outputs)
    _set_output(view, name, is_score=ending is Ending.SIGMOID)
    return ending


def _passes(node: onnx.NodeProto) -> bool:
    """Return whether a node keeps the values of one picture, at least."""
    takes_rows = node.op_type == "Gather" and attribute(node, "axis", 0) == 0
    return takes_rows or node.op_type in PASSING


def _check_outputs(ending: Ending, outputs: int) -> None:
    """Raise ModelError unless the outputs are of one class among two or more."""
    if ending is Ending.SIGMOID and outputs > 1:
        _refuse(
            f"ends in {outputs} sigmoids: its classes do not exclude each other (multi-label)",
            "edgecnn gives one label for a picture: use another tool; or train it with a softmax",
        )
    if ending is not Ending.SIGMOID and outputs == 1:
        _refuse(
            f"has one output, which is no sigmoid but {ending.value}: a regression, or a score",
            "if it is the score of the second of two classes, add a sigmoid before the export, "
            "such as torch.nn.Sequential(network, torch.nn.Sigmoid())",
        )


def _logits_of_softmax(view: GraphView, node: onnx.NodeProto) -> str:
    """Return the input of a softmax written as Exp, ReduceSum and Div; empty: it is none."""
    if node.op_type != "Div":
        return ""
    powers, total = (view.makers.get(name) for name in node.input)
    if powers is None or total is None or (powers.op_type, total.op_type) != ("Exp", "ReduceSum"):
        return ""
    return powers.input[0] if total.input[0] == powers.output[0] else ""


def _set_output(view: GraphView, name: str, *, is_score: bool) -> None:
    """Make a tensor the only output, named `logits`, of shape (N, K).

    Args:
        view: The graph.
        name: The tensor; of any shape that holds a row for each picture.
        is_score: It holds one number z for a picture, the argument of a sigmoid. Its logits are
            -z/2 and z/2: their softmax is the sigmoid, and the larger one tells how sure both are.
    """
    graph, name = view.graph, _with_batch(view, name)
    last = SCORE if is_score else LOGITS
    if name not in view.makers:
        _refuse("computes nothing")
    if len(view.shape(name)) == 2:
        rename_tensors(graph.node, {name: last})
    else:
        graph.node.append(helper.make_node("Flatten", [name], [last], axis=1))
    if is_score:
        weights = view.add_weights(SCORE, np.array([[-0.5], [0.5]]), np.zeros(2))
        graph.node.append(helper.make_node("Gemm", [SCORE, *weights], [LOGITS], transB=1))
    refill(graph.output, [helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, None)])


def _with_batch(view: GraphView, name: str) -> str:
    """Return the first tensor with the same values as this one, and with a row for each picture."""
    while (maker := view.makers.get(name)) is not None:
        if maker.op_type not in COPYING and not (_passes(maker) and len(view.shape(name)) < 2):
            break
        name = maker.input[0]
    if len(view.shape(name)) == 1:
        _refuse("gives numbers without a batch", "export it with an output (N, classes)")
    return name


def refuse_hidden_softmax(ending: Ending, rows: npt.NDArray[np.float32]) -> None:
    """Raise ModelError if (n, K) outputs are probabilities, but no softmax was found.

    The converted model would apply softmax to them once more.
    """
    error = np.abs(rows.sum(1) - 1).max()
    if ending is Ending.LOGITS and rows.min() >= 0 and error < SUM_TOLERANCE:
        _refuse("gives probabilities, but no softmax was found at its end")


def to_logits(ending: Ending, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (n, K) logits whose softmax is the same as of a network's own (n, K) output.

    A sigmoid's own output is (n, 1), and K is 2.
    """
    match ending:
        case Ending.LOGITS | Ending.LOG_SOFTMAX:
            return rows
        case Ending.SOFTMAX:
            return np.log(np.maximum(rows, SMALLEST))
        case Ending.SIGMOID:
            score = np.log(np.maximum(rows, SMALLEST) / np.maximum(1 - rows, SMALLEST))
            return np.hstack([-score / 2, score / 2])
        case _:
            assert_never(ending)


def largest_difference(
    ending: Ending, own: npt.NDArray[np.float32], logits: npt.NDArray[np.float32]
) -> float:
    """Return how much logits differ from a network's own output.

    Args:
        ending: What the network's output is.
        own: (n, K) output of the network; (n, 1) of a sigmoid.
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
        case Ending.SIGMOID:
            return _most(own - softmax(logits)[:, 1:])
        case _:
            assert_never(ending)


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the (n, K) probabilities of (n, K) logits."""
    powers = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    shares: npt.NDArray[np.float64] = powers / powers.sum(1, keepdims=True)
    return shares


def _most(values: npt.NDArray[np.floating]) -> float:
    return float(np.abs(values).max(initial=0.0))


def _refuse(what: str, remedy: str = REMEDY) -> NoReturn:
    raise ModelError(f"the model {what}", remedy=remedy)
