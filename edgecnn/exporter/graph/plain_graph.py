"""From a torch network to a plain ONNX graph: `image` float (N, C, H, W) -> `logits` (N, K)."""

import contextlib
import io
import logging
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import onnx

from edgecnn.exporter.graph.editing import refill, rename_tensors
from edgecnn.model.spec import ModelSpec

if TYPE_CHECKING:
    import torch

OPSET = 20
"""Above it, ONNX Runtime's quantizer and int8 kernels are not reliable."""
IMAGE = "image"
LOGITS = "logits"


def export_core(network: "torch.nn.Module", spec: ModelSpec) -> onnx.ModelProto:
    """Export a trained network, stripped, with short names, shapes inferred and checked.

    The batch dimension is symbolic and named N; the example has two frames, because torch would
    write a batch of 1 into every Reshape.
    """
    import torch  # here: external models are read in a child process that does without it

    network = network.cpu().eval()
    height, width, channels = spec.shape
    example = torch.zeros(2, channels, height, width)
    with _quiet():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            external_data=False,
            opset_version=OPSET,
            input_names=[IMAGE],
            output_names=[LOGITS],
            dynamic_shapes=({0: torch.export.Dim("N")},),
            verbose=False,
        )
    assert program is not None
    return finish(shorten(strip(program.model_proto)))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the exporter's messages about packages that edgecnn does not use."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def strip(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove what a device does not need: stack traces, paths, doc strings, inferred shapes."""
    graph = model.graph
    model.doc_string = graph.doc_string = ""
    del model.metadata_props[:]
    del graph.metadata_props[:]
    del graph.value_info[:]
    for item in [*graph.node, *graph.initializer, *graph.input, *graph.output]:
        item.doc_string = ""
        del item.metadata_props[:]
    for node in graph.node:
        _strip_defaults(node)
    used = {node.domain for node in graph.node}
    refill(model.opset_import, [entry for entry in model.opset_import if entry.domain in used])
    model.producer_name, model.producer_version = "edgecnn", ""
    graph.name = "edgecnn"
    return model


def _strip_defaults(node: onnx.NodeProto) -> None:
    """Remove the attributes of a convolution that have their default value."""
    if node.op_type == "Conv":
        refill(node.attribute, [
            a for a in node.attribute if (a.name == "group" and a.i != 1)
            or (a.name == "dilations" and set(a.ints) != {1})
            or a.name in ("pads", "strides", "kernel_shape", "auto_pad")])  # fmt: skip


def shorten(model: onnx.ModelProto) -> onnx.ModelProto:
    """Name nodes conv1, relu1, conv2... and each tensor after the node that computes it."""
    graph = model.graph
    kept = {value.name for value in [*graph.input, *graph.output]}
    names: dict[str, str] = {}
    count: Counter[str] = Counter()
    for node in graph.node:
        kind = node.op_type.lower()
        count[kind] += 1
        node.name = f"{kind}{count[kind]}"
        for i, output in enumerate(node.output):
            if output and output not in kept:
                names[output] = f"{node.name}.out{i or ''}"
    rename_tensors(graph.node, names)
    return model


def number_tensors(model: onnx.ModelProto) -> onnx.ModelProto:
    """Name the inner tensors 0, 1, 2..., hexadecimal, and remove the names of QDQ nodes.

    In a small int8 model, names such as `stages.1.down.0.weight_DequantizeLinear_Output` would be
    a tenth of the file. ONNX Runtime merges QDQ nodes into their neighbours: their names show in
    no profile.
    """
    graph = model.graph
    kept = {"", *(value.name for value in [*graph.input, *graph.output])}
    made = [name for node in graph.node for name in node.output]
    inner = dict.fromkeys([tensor.name for tensor in graph.initializer] + made)
    names = {name: f"{i:x}" for i, name in enumerate(name for name in inner if name not in kept)}
    for tensor in graph.initializer:
        tensor.name = names[tensor.name]
    rename_tensors(graph.node, names)
    for node in graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            node.name = ""
    return model


def finish(model: onnx.ModelProto) -> onnx.ModelProto:
    """Infer shapes strictly and check the whole model; an error of onnx is a bug of ours."""
    del model.graph.value_info[:]
    model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    return model
