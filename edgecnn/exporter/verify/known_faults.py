"""Known faults of model files: `verify` undoes each, to see whether it explains wrong logits."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest

from edgecnn.exporter.graph.editing import add_constant, constants_of, copied
from edgecnn.inference.ort import onnxruntime
from edgecnn.inference.session import INPUT, LOGITS
from edgecnn.model.frame import Frame
from edgecnn.model.spec import ModelSpec

Logits = npt.NDArray[np.float32]
"""(n, K)"""
Labels = npt.NDArray[np.int64]
"""(n,) class indexes."""
Network = Callable[[Frame], Logits]
"""(n, H, W, C) uint8 frames -> (n, K) logits."""

BATCH = 100
SURE = 1e-3
"""Significance level for calling labels permuted: p-value of a sign test."""
SHOWN = 4
"""Permuted classes that a message names."""


@dataclass(frozen=True)
class KnownFault:
    """One fault."""

    sentence: str
    """What is wrong."""
    undone: Network
    """The file's network without the fault."""


def known_faults(graph: onnx.ModelProto, spec: ModelSpec) -> list[KnownFault]:
    """Return the faults that may lie between a file's frames and the first layer of its graph."""
    network = network_of(graph)
    faults = [
        KnownFault(
            "the pixel scale is missing: the network gets 0 to 255 where it learned 0 to 1",
            network_of(rescaled(graph, 1 / 255)),
        ),
        KnownFault(
            "the pixel scale is there twice: the network gets 0 to 1/255 where it learned 0 to 1",
            network_of(rescaled(graph, 255.0)),
        ),
        KnownFault("the pixels are inverted", lambda frames: network(255 - frames)),
    ]
    if spec.channels == 3:
        swapped = "the channels are swapped: the graph takes RGB, and frames are BGR"
        faults.append(KnownFault(swapped, lambda frames: network(frames[..., ::-1])))
    if spec.height == spec.width:
        turned = "rows and columns are swapped"
        faults.append(KnownFault(turned, lambda frames: network(frames.swapaxes(1, 2))))
    return faults


def network_of(graph: onnx.ModelProto) -> Network:
    """Return a graph as a function; its session is opened at the first call."""
    session = cache(partial(_session, graph))

    def network(frames: Frame) -> Logits:
        batches = (frames[start : start + BATCH] for start in range(0, len(frames), BATCH))
        rows = [session().run([LOGITS], {INPUT: np.ascontiguousarray(b)})[0] for b in batches]
        return np.concatenate(rows)

    return network


def _session(graph: onnx.ModelProto) -> "onnxruntime.InferenceSession":
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    data = graph.SerializeToString()
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def rescaled(graph: onnx.ModelProto, factor: float) -> onnx.ModelProto:
    """Return the graph with its pixels multiplied by a factor, where they first are floats."""
    changed, name = copied(graph), "fault.factor"
    pixels = {INPUT}
    for place, node in enumerate(changed.graph.node):
        if not pixels & set(node.input):
            continue
        if node.op_type == "DequantizeLinear":
            scale = constants_of(graph.graph)[node.input[1]] * np.float32(factor)
            node.input[1] = add_constant(changed.graph, name, np.asarray(scale, np.float32))
            break
        if node.op_type == "Cast":
            add_constant(changed.graph, name, np.array(factor, np.float32))
            _multiply(changed, place, name)
            break
        pixels |= set(node.output)
    return changed


def _multiply(model: onnx.ModelProto, place: int, factor: str) -> None:
    """Multiply the output of the node at this place by a constant, by its name."""
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
    """Return a sentence on why the golden frames give other logits than expected.

    Args:
        labels: K class names.
        frames: (n, H, W, C) uint8 golden frames.
        expected: (n, K) logits stored in the file.
        found: (n, K) logits on this machine.
        tolerance: How much a logit may differ.
        faults: Faults to try.
    """
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
    frames: Frame, wanted: Labels, enough: Callable[[int], bool], faults: list[KnownFault]
) -> str:
    """Return the sentence of the fault without which enough labels are right; empty: none.

    Args:
        frames: (n, H, W, C) uint8.
        wanted: (n,) class indexes that are right.
        enough: Called with how many labels are right.
        faults: Faults to try.
    """
    for fault in faults:
        if enough(int((fault.undone(frames).argmax(1) == wanted).sum())):
            return fault.sentence
    return ""


def explain_order(
    own: tuple[str, ...], others: tuple[str, ...], confusion: npt.NDArray[np.int64], whose: str
) -> str:
    """Return a sentence on which labels are permuted; empty: none are.

    Args:
        own: The file's labels, in the order of its outputs.
        others: The labels that they are compared with, in the order of the confusion's rows.
        confusion: (K, K): [i, j] counts the pictures of class i for which output j is the largest.
        whose: Where `others` come from: `the data` or `the run`.
    """
    rows, columns = linear_sum_assignment(confusion, maximize=True)
    moved = {int(i): int(j) for i, j in zip(rows, columns, strict=True) if i != j}
    better = sum(int(confusion[i, j]) for i, j in moved.items())
    worse = sum(int(confusion[i, i]) for i in moved)
    if better <= worse or binomtest(better, better + worse, alternative="greater").pvalue > SURE:
        return ""
    return f"labels are permuted: {_exchanges(own, others, moved, whose)}"


def _moved_columns(expected: Logits, found: Logits, tolerance: float) -> dict[int, int]:
    """Return, for each class whose logits stand at another output, that output.

    Empty unless every class is found at some output.
    """
    if not np.isfinite(found).all():
        return {}
    gaps = np.abs(expected[:, :, None] - found[:, None, :]).max(0)  # (K, K)
    rows, columns = linear_sum_assignment(gaps)
    if not gaps[rows, columns].max() <= tolerance:
        return {}
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if i != j}


def _exchanges(
    own: tuple[str, ...], others: tuple[str, ...], moved: dict[int, int], whose: str
) -> str:
    """Return pairs of labels that changed places, as text."""
    texts = [f"the file's {own[j]!r} is {whose}'s {others[i]!r}" for i, j in moved.items()]
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + more
