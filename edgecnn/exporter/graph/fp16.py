"""The fp16 form's plain graph: half the size, for providers that compute in half precision."""

import onnx
from onnxruntime.quantization.onnx_model import ONNXModel
from onnxruntime.transformers.float16 import convert_float_to_float16

from edgecnn.exporter.graph.editing import copied, makers_of
from edgecnn.exporter.graph.plain_graph import LOGITS, finish, strip


def to_fp16(core: onnx.ModelProto) -> onnx.ModelProto:
    """Return a plain graph in half precision; `image` and `logits` are still float.

    The image is cast to half after scaling: with 1/255 folded into the first layer's weights, a
    twelfth of them would be too small for half precision. The last layer stays float, as in the
    int8 form: half a step of a large logit is more than the golden frames tolerate.
    """
    last = makers_of(core.graph)[LOGITS]
    halved = ONNXModel(
        convert_float_to_float16(copied(core), keep_io_types=True, node_block_list=[last.name])
    )
    halved.topological_sort()  # the converter appends its casts at the end
    return finish(strip(_with_float_logits(halved.model, last.name)))


def _with_float_logits(model: onnx.ModelProto, last: str) -> onnx.ModelProto:
    """Let the last layer, which is float, compute `logits` itself: remove the casts behind it."""
    makers = makers_of(model.graph)
    node = makers[LOGITS]
    while node.name != last:
        model.graph.node.remove(node)
        node = makers[node.input[0]]
    node.output[0] = LOGITS
    return model
