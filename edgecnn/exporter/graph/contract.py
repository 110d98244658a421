"""Wrapping a plain graph in the contract: uint8 input, named outputs, metadata, digest."""

import numpy as np
import onnx
from onnx import TensorProto, helper

from edgecnn.exporter.graph.editing import (
    Constants,
    add_constant,
    copied,
    drop_unused_constants,
    refill,
    rename_tensors,
)
from edgecnn.exporter.graph.plain_graph import IMAGE, LOGITS, finish, number_tensors
from edgecnn.inference.session import INPUT, PROBABILITIES
from edgecnn.model import digest
from edgecnn.model.golden import Golden
from edgecnn.model.spec import ModelCard, ModelSpec

SCALE = np.array(1.0 / 255.0, np.float32)
"""A pixel's level, 0 to 255, times this is its value in the network, 0 to 1."""


def wrap_fp32(core: onnx.ModelProto, spec: ModelSpec) -> onnx.ModelProto:
    """`frame` -> Cast -> Transpose -> Mul(1/255) -> core -> `logits` -> Softmax."""
    conversion = [
        helper.make_node("Cast", [INPUT], ["frame.float"], "cast", to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["frame.float"], ["frame.chw"], "layout", perm=[0, 3, 1, 2]),
        helper.make_node("Mul", ["frame.chw", "scale"], [IMAGE], "scaling"),
    ]
    return _wrap(core, spec, conversion, {"scale": SCALE})


def wrap_int8(core: onnx.ModelProto, spec: ModelSpec) -> onnx.ModelProto:
    """`frame` -> Transpose -> DequantizeLinear(1/255, 0) -> quantized core -> Softmax.

    The core's QuantizeLinear of `image` is removed, because a frame is uint8 already.
    """
    conversion = [
        helper.make_node("Transpose", [INPUT], ["frame.chw"], "layout", perm=[0, 3, 1, 2]),
        helper.make_node("DequantizeLinear", ["frame.chw", "scale", "zero"], [IMAGE], "scaling"),
    ]
    constants: Constants = {"scale": SCALE, "zero": np.array(0, np.uint8)}
    return _wrap(_without_input_quantizer(core), spec, conversion, constants)


def stamp(model: onnx.ModelProto, spec: ModelSpec, card: ModelCard, golden: Golden) -> bytes:
    """Write the contract into a wrapped model.

    Args:
        model: The graph of `wrap_fp32` or `wrap_int8`; it is not changed.
        spec: What the model takes and what its classes are called.
        card: Facts that were measured.
        golden: Frames with their expected logits.

    Returns:
        The bytes of a complete model file, its digest included.
    """
    values = {
        digest.CONTRACT_KEY: digest.contract_version(spec, card, golden),
        digest.SPEC_KEY: spec.to_json(),
        digest.CARD_KEY: card.to_json(),
        digest.GOLDEN_KEY: golden.to_json(),
        digest.DIGEST_KEY: digest.NO_DIGEST,
    }
    model = copied(model)
    del model.graph.value_info[:]  # ONNX Runtime infers shapes itself
    helper.set_model_props(model, values)
    return digest.with_digest(model.SerializeToString(deterministic=True))


def _wrap(
    core: onnx.ModelProto, spec: ModelSpec, conversion: list[onnx.NodeProto], constants: Constants
) -> onnx.ModelProto:
    """Put the input conversion before a graph and a softmax behind it."""
    model = copied(core)
    graph = model.graph
    softmax = helper.make_node("Softmax", [LOGITS], [PROBABILITIES], "softmax", axis=-1)
    refill(graph.node, [*conversion, *graph.node, softmax])
    for name, values in constants.items():
        add_constant(graph, name, values)
    frame = helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["N", *spec.shape])
    rows: list[int | str | None] = ["N", len(spec.labels)]
    refill(graph.input, [frame])
    refill(graph.output, [helper.make_tensor_value_info(name, TensorProto.FLOAT, rows)
                          for name in (PROBABILITIES, LOGITS)])  # fmt: skip
    return finish(number_tensors(model))


def _without_input_quantizer(core: onnx.ModelProto) -> onnx.ModelProto:
    """Remove QuantizeLinear and DequantizeLinear behind `image`; their readers read `image`.

    Where the first layer stays float there are none.
    """
    model = copied(core)
    graph = model.graph
    quantizers = [n for n in graph.node if (n.op_type, n.input[0]) == ("QuantizeLinear", IMAGE)]
    if not quantizers:
        return model
    (quantizer,) = quantizers
    (dequantizer,) = [node for node in graph.node if node.input[0] == quantizer.output[0]]
    refill(graph.node, [node for node in graph.node if node not in (quantizer, dequantizer)])
    rename_tensors(graph.node, {dequantizer.output[0]: IMAGE})
    drop_unused_constants(graph)
    return model
