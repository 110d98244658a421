"""Putting the contract around a plain graph: uint8 front, outputs, metadata, seal."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgecnn.exporter.graph.editing import copied
from edgecnn.exporter.graph.plain_graph import IMAGE, LOGITS, finish, number_tensors
from edgecnn.inference.session import INPUT, PROBABILITIES
from edgecnn.model import digest
from edgecnn.model.golden import Golden
from edgecnn.model.spec import ModelCard, ModelSpec

SCALE = np.array(1.0 / 255.0, np.float32)
"""A pixel's value in the network, per level."""


def wrap_fp32(core: onnx.ModelProto, spec: ModelSpec) -> onnx.ModelProto:
    """`frame` -> Cast -> Transpose -> Mul(1/255) -> core -> `logits` -> Softmax."""
    front = [
        helper.make_node("Cast", [INPUT], ["frame.float"], "cast", to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["frame.float"], ["frame.chw"], "layout", perm=[0, 3, 1, 2]),
        helper.make_node("Mul", ["frame.chw", "scale"], [IMAGE], "scaling"),
    ]
    return _wrap(core, spec, front, [numpy_helper.from_array(SCALE, "scale")])


def wrap_int8(core: onnx.ModelProto, spec: ModelSpec) -> onnx.ModelProto:
    """`frame` -> Transpose -> DequantizeLinear(1/255, 0) -> quantized core -> Softmax.

    The core's own QuantizeLinear of `image` goes: a frame already is uint8.
    """
    core = _without_input_quantizer(core)
    front = [
        helper.make_node("Transpose", [INPUT], ["frame.chw"], "layout", perm=[0, 3, 1, 2]),
        helper.make_node("DequantizeLinear", ["frame.chw", "scale", "zero"], [IMAGE], "scaling"),
    ]
    constants = [
        numpy_helper.from_array(SCALE, "scale"),
        numpy_helper.from_array(np.array(0, np.uint8), "zero"),
    ]
    return _wrap(core, spec, front, constants)


def stamp(model: onnx.ModelProto, spec: ModelSpec, card: ModelCard, golden: Golden) -> bytes:
    """Write the contract into a wrapped model and seal it: the bytes of a whole model file."""
    values = {
        digest.CONTRACT_KEY: digest.CONTRACT_VERSION,
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
    core: onnx.ModelProto,
    spec: ModelSpec,
    front: list[onnx.NodeProto],
    constants: list[onnx.TensorProto],
) -> onnx.ModelProto:
    model = copied(core)
    graph = model.graph
    softmax = helper.make_node("Softmax", [LOGITS], [PROBABILITIES], "softmax", axis=-1)
    nodes = [*front, *graph.node, softmax]
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(nodes)
    graph.initializer.extend(constants)
    shape: list[int | str | None] = ["N", len(spec.labels)]
    graph.input.append(helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["N", *spec.shape]))
    for name in (PROBABILITIES, LOGITS):
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
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
    kept = [node for node in graph.node if node not in (quantizer, dequantizer)]
    for node in kept:
        node.input[:] = [IMAGE if name == dequantizer.output[0] else name for name in node.input]
    del graph.node[:]
    graph.node.extend(kept)
    _drop_unused(graph)
    return model


def _drop_unused(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
