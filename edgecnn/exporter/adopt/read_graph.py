"""From an external graph to a plain one: `image` (N, C, H, W) in 0..1 -> `logits` (N, K)."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from edgecnn.errors import ModelError
from edgecnn.exporter.adopt.confined import MODEL
from edgecnn.exporter.adopt.input_normalization import (
    add_input_normalization,
    is_normalized_apart,
)
from edgecnn.exporter.adopt.input_plan import Plan
from edgecnn.exporter.adopt.library import (
    fold,
    infer,
    model_errors_from,
    open_plain,
    parse,
    run,
    to_our_opset,
)
from edgecnn.exporter.adopt.original_answers import PLAN, answer
from edgecnn.exporter.adopt.output import (
    Ending,
    end_at_logits,
    largest_difference,
    refuse_hidden_softmax,
)
from edgecnn.exporter.adopt.rules.graph_view import GraphView
from edgecnn.exporter.adopt.rules.half_floats import widen
from edgecnn.exporter.adopt.rules.simplify import drop_unused, simplify
from edgecnn.exporter.graph.editing import refill
from edgecnn.exporter.graph.plain_graph import IMAGE, LOGITS, finish, shorten, strip
from edgecnn.model.frame import Frame
from edgecnn.records import Record

CORE, FOUND = "core.onnx", "found.json"
TOLERANCE = 1e-3
"""Largest relative difference of a logit, or difference of a probability."""
HALF_TOLERANCE = 1e-2
"""The same, of a graph that computes with 16-bit floats: each layer rounds to 11 bits."""
PROBES = 3
"""Synthetic frames on which the simplified graph is compared with the original."""
BLOCKS = 5
"""Blocks of a synthetic frame, in each direction."""
BATCH = "N"
PREFIX = "f:"
"""Put before the file's names, so that none of them is one of ours."""
IR_VERSION = 10


@dataclass(frozen=True)
class CleanedGraph(Record):
    """Facts about an external graph and its simplified form."""

    ending: Ending
    nodes_before: int
    nodes_after: int
    parameters: int
    is_normalized_apart: bool
    """Whether the normalization is still a layer of its own, since the first layer is padded."""
    is_half: bool
    """Whether the external graph computes with 16-bit floats."""

    @property
    def tolerance(self) -> float:
        """How much the simplified graph may differ from the external one."""
        return HALF_TOLERANCE if self.is_half else TOLERANCE


def read_in_folder(folder: Path) -> None:
    """Read the model and the plan in a folder; write the simplified graph and the facts there."""
    plan = Plan.from_json((folder / PLAN).read_text())
    core, found = read((folder / MODEL).read_bytes(), plan)
    (folder / CORE).write_bytes(core.SerializeToString(deterministic=True))
    (folder / FOUND).write_text(found.to_json())


def read(data: bytes, plan: Plan) -> tuple[onnx.ModelProto, CleanedGraph]:
    """Read an external file, whose outline was checked already, and simplify its graph.

    Returns:
        The plain graph, and facts about it.

    Raises:
        ModelError: A library cannot work with the file, it is no classifier of this input, or the
            simplified graph computes something else.
    """
    frames = probe_frames(PROBES, (plan.height, plan.width, plan.channels))
    own = answer(data, plan, frames)  # at first: a graph that does not run is refused here
    _check_classes(own, plan)
    model = parse(data)
    nodes_before = len(model.graph.node)
    is_half = widen(model)
    normalize(model)
    add_input_normalization(model, plan)
    model = infer(fold(model))
    ending = end_at_logits(model, own.shape[1])
    drop_unused(model.graph)
    core = _finished(simplify(fold(to_our_opset(model))), plan)
    refuse_hidden_softmax(ending, own)
    found = CleanedGraph(
        ending=ending,
        nodes_before=nodes_before,
        nodes_after=len(core.graph.node),
        parameters=_parameters(core),
        is_normalized_apart=is_normalized_apart(core),
        is_half=is_half,
    )
    _compare(core, found, frames, own)
    return core, found


def normalize(model: onnx.ModelProto) -> None:
    """Remove inferred shapes, which may be wrong, and put `PREFIX` before every name."""
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    del graph.value_info[:]
    # before IR version 4, constants were listed as inputs too
    refill(graph.input, [value for value in graph.input if value.name not in constants])
    model.ir_version = IR_VERSION
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")
    for item in [*graph.input, *graph.output, *graph.initializer]:
        item.name = PREFIX + item.name
    for node in graph.node:
        node.input[:] = [name and PREFIX + name for name in node.input]
        node.output[:] = [name and PREFIX + name for name in node.output]


def _finished(model: onnx.ModelProto, plan: Plan) -> onnx.ModelProto:
    """Return the graph for any batch size, with the contract's names, checked."""
    graph = model.graph
    view = GraphView(model)
    for node in view.nodes("Reshape"):
        if node.input[1] in view.constants:
            _open_batch(view, node, plan.batch or 1)
    drop_unused(graph)
    shape: list[int | str | None] = [BATCH, plan.channels, plan.height, plan.width]
    rows = helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, [BATCH, plan.classes])
    refill(graph.input, [helper.make_tensor_value_info(IMAGE, TensorProto.FLOAT, shape)])
    refill(graph.output, [rows])
    with model_errors_from("the onnx package"):
        return finish(shorten(strip(model)))


def _open_batch(view: GraphView, node: onnx.NodeProto, batch: int) -> None:
    """Replace the batch size of the export in a Reshape by 0, which keeps the input's."""
    target = view.array(node.input[1]).copy()
    if len(target) and target[0] == batch and 0 not in target:
        target[0] = 0
        node.input[1] = view.add_constant(f"{node.output[0]}_target", target)
        for allowzero in [a for a in node.attribute if a.name == "allowzero"]:
            node.attribute.remove(allowzero)  # with it, 0 means no frames at all


def _check_classes(own: npt.NDArray[np.float32], plan: Plan) -> None:
    """Raise ModelError unless the (n, K) output has finite values, for as many labels."""
    outputs = own.shape[1]
    if outputs == 1 and plan.classes != 2:
        raise ModelError(
            f"the model has one output, there are {plan.classes} labels",
            remedy="give two labels, the negative class first, if it ends in a sigmoid",
        )
    if outputs not in (1, plan.classes):
        raise ModelError(
            f"the model has {outputs} classes, there are {plan.classes} labels",
            remedy="give a file with a label for each class, one a line, in the model's order",
        )
    if not np.isfinite(own).all():
        raise ModelError("the model answers with NaN or infinity", remedy="export it again")


def _compare(
    core: onnx.ModelProto, found: CleanedGraph, frames: Frame, own: npt.NDArray[np.float32]
) -> None:
    """Raise ModelError unless the simplified graph agrees with the original's own output."""
    images = frames.transpose(0, 3, 1, 2) * np.float32(1 / 255)
    logits = run(open_plain(core.SerializeToString()), images)
    difference = largest_difference(found.ending, own, logits)
    if not difference <= found.tolerance:
        raise ModelError(
            f"the simplified graph computes something else: off by {difference:.2g}, "
            f"{found.tolerance} is allowed; the model may depend on the batch size",
            remedy="export it with a dynamic batch, as plain ONNX layers",
        )


def probe_frames(count: int, shape: tuple[int, int, int]) -> Frame:
    """Return synthetic (count, H, W, C) uint8 frames: blocks of random colours."""
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
