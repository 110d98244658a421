"""A stranger's graph becomes a plain one of ours: `image` (N, C, H, W) in 0..1 -> `logits`."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from edgecnn.errors import ModelError
from edgecnn.exporter.adopt import layer_rules, layout_rules
from edgecnn.exporter.adopt.confined import MODEL
from edgecnn.exporter.adopt.graph_view import View
from edgecnn.exporter.adopt.input_front import fold_front, is_normalized_apart, put_front
from edgecnn.exporter.adopt.input_plan import Plan
from edgecnn.exporter.adopt.library import (
    fold,
    infer,
    open_plain,
    parse,
    run,
    said_by,
    to_our_opset,
)
from edgecnn.exporter.adopt.original_answers import PLAN, answer
from edgecnn.exporter.adopt.output import (
    Ending,
    end_at_logits,
    largest_difference,
    refuse_hidden_softmax,
)
from edgecnn.exporter.graph.plain_graph import IMAGE, LOGITS, finish, shorten, strip
from edgecnn.model.frame import Frame
from edgecnn.model.graph_check import outline_graph, refuse_operators
from edgecnn.model.operators import CLASSIFIER
from edgecnn.records import Record

CORE, FOUND = "core.onnx", "found.json"
MAX_ROUNDS = 50
"""Of cleaning: each ends with fewer or simpler nodes."""
TOLERANCE = 1e-3
"""Largest relative difference of a logit, or difference of a probability."""
RULES = (
    layer_rules.pool_means,
    layout_rules.sink_transposes,
    layout_rules.flatten_first,
    layout_rules.reshape_points,
    layout_rules.merge_reshapes,
    layer_rules.add_and_multiply,
    layer_rules.convolve_norms,
    layer_rules.convolve_gains,
    layer_rules.join_gains,
    layer_rules.join_biases,
    layer_rules.flatten_before,
    layer_rules.merge_pads,
    layer_rules.name_dense,
    fold_front,
)
PROBES = 3
BLOCKS = 5
"""Of a made frame, in each direction."""
BATCH = "N"
PREFIX = "f:"
IR_VERSION = 10


@dataclass(frozen=True)
class CleanedGraph(Record):
    """What was found in a stranger's graph."""

    ending: Ending
    nodes_before: int
    nodes_after: int
    parameters: int
    is_normalized_apart: bool
    """Whether the normalization stays a layer of its own: the first convolution is padded."""


def read_in_folder(folder: Path) -> None:
    """Read the model in a folder by the plan there; write the clean graph and what was found."""
    plan = Plan.from_json((folder / PLAN).read_text())
    core, found = read((folder / MODEL).read_bytes(), plan)
    (folder / CORE).write_bytes(core.SerializeToString(deterministic=True))
    (folder / FOUND).write_text(found.to_json())


def read(data: bytes, plan: Plan) -> tuple[onnx.ModelProto, CleanedGraph]:
    """Read a stranger's file, whose bytes were checked already.

    Raises:
        ModelError: A library cannot work with it, it is no classifier of this input, or its clean
            form answers differently.
    """
    frames = probe_frames(PROBES, (plan.height, plan.width, plan.channels))
    own = answer(data, plan, frames)  # first: a graph that does not run is not worth cleaning
    _check_classes(own, plan)
    model = parse(data)
    nodes_before = len(model.graph.node)
    prepare(model)
    put_front(model, plan)
    model = infer(fold(model))
    ending = end_at_logits(model)
    drop_unread(model.graph)
    core = _finished(clean(fold(to_our_opset(model))), plan)
    refuse_hidden_softmax(ending, own)
    _compare(core, ending, frames, own)
    return core, CleanedGraph(
        ending=ending,
        nodes_before=nodes_before,
        nodes_after=len(core.graph.node),
        parameters=_parameters(core),
        is_normalized_apart=is_normalized_apart(core),
    )


def prepare(model: onnx.ModelProto) -> None:
    """Take away what the file only claims, and give every value a name that we do not use."""
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    del graph.input[:], graph.value_info[:]
    graph.input.extend(inputs)  # before IR 4, constants were listed there too
    model.ir_version = IR_VERSION
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")
    for item in [*graph.input, *graph.output, *graph.initializer]:
        item.name = PREFIX + item.name
    for node in graph.node:
        node.input[:] = [name and PREFIX + name for name in node.input]
        node.output[:] = [name and PREFIX + name for name in node.output]


def clean(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph without what keeps layers from being merged."""
    for _ in range(MAX_ROUNDS):
        drop_unread(model.graph)
        model = infer(model)
        if not sum(_applied(rule, model) for rule in RULES):
            break
        model = fold(model)
    refuse_operators(outline_graph(model.SerializeToString()), CLASSIFIER)
    return model


def _applied(rule: Callable[[onnx.ModelProto], bool], model: onnx.ModelProto) -> int:
    """Apply a rule as often as it finds something, and return how often."""
    times = 0
    while rule(model):
        times += 1
    return times


def _finished(model: onnx.ModelProto, plan: Plan) -> onnx.ModelProto:
    """Return the graph for any number of frames, with our names, checked."""
    graph = model.graph
    view = View(model)
    for node in view.nodes("Reshape"):
        if node.input[1] in view.constants:
            _open_batch(view, node, plan.batch or 1)
    drop_unread(graph)
    shape: list[int | str | None] = [BATCH, plan.channels, plan.height, plan.width]
    del graph.input[:], graph.output[:], graph.value_info[:]
    graph.input.append(helper.make_tensor_value_info(IMAGE, TensorProto.FLOAT, shape))
    graph.output.append(
        helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, [BATCH, plan.classes])
    )
    with said_by("the onnx package"):
        return finish(shorten(strip(model)))


def _open_batch(view: View, node: onnx.NodeProto, batch: int) -> None:
    """Let a reshape keep the number of frames, where it says the number of the export."""
    target = view.array(node.input[1]).copy()
    if len(target) and target[0] == batch and 0 not in target:
        target[0] = 0
        node.input[1] = view.add_constant(f"{node.output[0]}_target", target)
        for allowzero in [a for a in node.attribute if a.name == "allowzero"]:
            node.attribute.remove(allowzero)  # it would make the 0 mean no frames at all


def drop_unread(graph: onnx.GraphProto) -> None:
    """Remove the nodes and constants that do not lead to the logits."""
    read, kept = {LOGITS}, []
    for node in reversed(graph.node):  # in order: who makes a value stands before who reads it
        if read & set(node.output):
            read |= set(node.input)
            kept.append(onnx.NodeProto.FromString(node.SerializeToString()))
    del graph.node[:]
    graph.node.extend(reversed(kept))
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in read]:
        graph.initializer.remove(tensor)


def _check_classes(own: npt.NDArray[np.float32], plan: Plan) -> None:
    if own.shape[1] != plan.classes:
        raise ModelError(
            f"the model has {own.shape[1]} classes, there are {plan.classes} labels",
            remedy="give a file with a label for each class, one a line, in the model's order",
        )
    if not np.isfinite(own).all():
        raise ModelError("the model answers with NaN or infinity", remedy="export it again")


def _compare(
    core: onnx.ModelProto, ending: Ending, frames: Frame, own: npt.NDArray[np.float32]
) -> None:
    """Raise ModelError unless the clean graph says of a few frames what the original says."""
    images = frames.transpose(0, 3, 1, 2) * np.float32(1 / 255)
    difference = largest_difference(ending, own, run(open_plain(core.SerializeToString()), images))
    if not difference <= TOLERANCE:
        raise ModelError(
            f"the cleaned graph answers differently: off by {difference:.2g}, {TOLERANCE} is "
            "allowed; it may depend on how many frames it gets at once",
            remedy="export it with a dynamic batch, as plain ONNX layers",
        )


def probe_frames(count: int, shape: tuple[int, int, int]) -> Frame:
    """Return made (count, height, width, channels) frames: blocks of random colours."""
    height, width, channels = shape
    random = np.random.default_rng(0)
    blocks = random.integers(0, 256, (count, BLOCKS, BLOCKS, channels), np.uint8)
    rows, columns = (np.arange(size) * BLOCKS // size for size in (height, width))
    frames: Frame = blocks[:, rows][:, :, columns]
    return frames


def _parameters(core: onnx.ModelProto) -> int:
    return sum(
        math.prod(t.dims) for t in core.graph.initializer if t.data_type == TensorProto.FLOAT
    )
