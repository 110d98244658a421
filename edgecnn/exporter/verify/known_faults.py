"""Known ways in which a model file goes wrong: each is undone to see whether that explains it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest

from edgecnn.exporter.graph.editing import copied
from edgecnn.inference.ort import onnxruntime
from edgecnn.inference.session import INPUT, LOGITS
from edgecnn.model.frame import Frame
from edgecnn.model.spec import ModelSpec

Logits = npt.NDArray[np.float32]
Answer = Callable[[Frame], Logits]
"""(n, height, width, channels) uint8 -> (n, K)."""

BATCH = 100
SURE = 1e-3
"""Chance at which a permutation that fits better is still called luck."""
SHOWN = 4


@dataclass(frozen=True)
class KnownFault:
    """One way to go wrong."""

    sentence: str
    undone: Answer
    """The file's answers as they would be without it."""


def known_faults(graph: onnx.ModelProto, spec: ModelSpec) -> list[KnownFault]:
    """Return what may be wrong between a file's frames and the first layer of its graph."""
    answer = answer_of(graph)
    faults = [
        KnownFault(
            "the pixel scale is missing: the network gets 0 to 255 where it learned 0 to 1",
            answer_of(rescaled(graph, 1 / 255)),
        ),
        KnownFault(
            "the pixel scale is there twice: the network gets 0 to 1/255 where it learned 0 to 1",
            answer_of(rescaled(graph, 255.0)),
        ),
        KnownFault("the pixels are inverted", lambda frames: answer(255 - frames)),
    ]
    if spec.channels == 3:
        swapped = "the channels are swapped: the graph takes RGB, and frames are BGR"
        faults.append(KnownFault(swapped, lambda frames: answer(frames[..., ::-1])))
    if spec.height == spec.width:
        turned = "rows and columns are swapped"
        faults.append(KnownFault(turned, lambda frames: answer(frames.swapaxes(1, 2))))
    return faults


def answer_of(graph: onnx.ModelProto) -> Answer:
    """Return what a graph answers; its session is opened when it is first asked."""
    sessions: list[onnxruntime.InferenceSession] = []

    def answer(frames: Frame) -> Logits:
        if not sessions:
            sessions.append(_session(graph))
        rows = [
            sessions[0].run([LOGITS], {INPUT: np.ascontiguousarray(frames[start : start + BATCH])})
            for start in range(0, len(frames), BATCH)
        ]
        return np.concatenate([row[0] for row in rows])

    return answer


def _session(graph: onnx.ModelProto) -> "onnxruntime.InferenceSession":
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    data = graph.SerializeToString()
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def rescaled(graph: onnx.ModelProto, factor: float) -> onnx.ModelProto:
    """Return the graph with its pixels multiplied where they first are floats."""
    changed = copied(graph)
    pixels = {INPUT}
    for place, node in enumerate(changed.graph.node):
        if not pixels & set(node.input):
            continue
        if node.op_type == "DequantizeLinear":
            (scale,) = [t for t in graph.graph.initializer if t.name == node.input[1]]
            node.input[1] = _constant(changed, numpy_helper.to_array(scale) * np.float32(factor))
            break
        if node.op_type == "Cast":
            _multiply(changed, place, _constant(changed, np.array(factor, np.float32)))
            break
        pixels |= set(node.output)
    return changed


def _constant(model: onnx.ModelProto, value: npt.NDArray[np.float32]) -> str:
    name = "fault.factor"
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
    return name


def _multiply(model: onnx.ModelProto, place: int, factor: str) -> None:
    """Multiply what the node at this place gives."""
    node, before = model.graph.node[place], "fault.before"
    model.graph.node.insert(place + 1, helper.make_node("Mul", [before, factor], node.output))
    node.output[0] = before


def explain_golden(
    labels: tuple[str, ...],
    frames: Frame,
    expected: Logits,
    found: Logits,
    tolerance: float,
    faults: list[KnownFault],
) -> str:
    """Say why the golden frames give other logits, all (n, K); as far as it can be known."""
    for fault in faults:
        if np.abs(fault.undone(frames) - expected).max() <= tolerance:
            return fault.sentence
    moved = _moved_columns(expected, found, tolerance)
    if moved:
        return f"the classes are permuted: {_exchanges(labels, labels, moved, 'the golden frame')}"
    wrong = np.flatnonzero(~(np.abs(found - expected).max(1) <= tolerance))
    if len(wrong) < len(frames):
        numbers = ", ".join(str(i + 1) for i in wrong)
        return (
            f"the golden answers were changed: {numbers} of {len(frames)} differ, and the others "
            "agree"
        )
    return "no known fault explains it: the weights or the golden answers were changed"


def explain_labels(
    frames: Frame,
    wanted: npt.NDArray[np.int64],
    enough: Callable[[int], bool],
    faults: list[KnownFault],
) -> str:
    """Name the fault without which enough answers are the (n,) wanted ones; empty: none."""
    for fault in faults:
        if enough(int((fault.undone(frames).argmax(1) == wanted).sum())):
            return fault.sentence
    return ""


def explain_order(
    own: tuple[str, ...], others: tuple[str, ...], confusion: npt.NDArray[np.int64], whose: str
) -> str:
    """Say whether classes changed places; empty: each is best answered by its own place.

    Args:
        own: What the file calls its outputs.
        others: What the others call them.
        confusion: confusion[i, j]: pictures of class i that the file answers with output j.
        whose: The others: `the data` or `the run`.
    """
    rows, columns = linear_sum_assignment(confusion, maximize=True)
    moved = {int(i): int(j) for i, j in zip(rows, columns, strict=True) if i != j}
    better = sum(int(confusion[i, j]) for i, j in moved.items())
    worse = sum(int(confusion[i, i]) for i in moved)
    if better <= worse or binomtest(better, better + worse, alternative="greater").pvalue > SURE:
        return ""
    return f"labels are permuted: {_exchanges(own, others, moved, whose)}"


def _moved_columns(expected: Logits, found: Logits, tolerance: float) -> dict[int, int]:
    """Return which class is found at which output, if every class is found at one."""
    gaps = np.abs(expected[:, :, None] - found[:, None, :]).max(0)  # (K, K)
    rows, columns = linear_sum_assignment(gaps)
    if not gaps[rows, columns].max() <= tolerance:
        return {}
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if i != j}


def _exchanges(
    own: tuple[str, ...], others: tuple[str, ...], moved: dict[int, int], whose: str
) -> str:
    texts = [f"the file's {own[j]!r} is {whose}'s {others[i]!r}" for i, j in moved.items()]
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + more
