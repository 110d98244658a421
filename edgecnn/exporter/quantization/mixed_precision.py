"""Mixed precision: which layers to keep in float, by the noise that quantizing each one adds."""

from collections.abc import Iterator

import onnx

from edgecnn.exporter.graph.editing import makers_of
from edgecnn.exporter.graph.plain_graph import LOGITS
from edgecnn.exporter.quantization.layer_errors import LayerError

WEIGHTED = ("Conv", "Gemm", "MatMul")


def worst_layers(
    prepared: onnx.ModelProto, errors: tuple[LayerError, ...]
) -> list[tuple[str, ...]]:
    """Return groups of node names to keep in float, the layer that loses most decibels first.

    A group is a layer with all nodes that compute its input, back to the layers before it: the
    tensors between them stay unrounded only if all of these nodes are float. The last layer is in
    no group: its logits are float anyway.

    Args:
        prepared: The plain graph that was quantized, after `prepare`.
        errors: The quantization error of each of its tensors.
    """
    known = {row.layer: row.float_db for row in errors if row.kind == "activation"}
    makers = makers_of(prepared.graph)
    groups = {}
    for node in prepared.graph.node:
        if node.op_type in WEIGHTED and LOGITS not in node.output:
            after = next(
                (known[n.name] for n in _following(prepared, node) if n.name in known), 0.0
            )
            feeding = list(_preceding(makers, node))
            before = min((known[n.name] for n in feeding if n.name in known), default=after)
            groups[(node.name, *dict.fromkeys(n.name for n in feeding))] = before - after
    return sorted(groups, key=lambda group: -groups[group])


def _preceding(makers: dict[str, onnx.NodeProto], node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    """Yield the nodes that compute a layer's input, back to the layers with weights before it."""
    sources = node.input[:1] if node.op_type in WEIGHTED else node.input
    for maker in (makers[name] for name in sources if name in makers):
        yield maker
        if maker.op_type not in WEIGHTED:
            yield from _preceding(makers, maker)


def _following(graph: onnx.ModelProto, node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    """Yield a layer, then the first reader of its output, then the first reader of that, ...."""
    current: onnx.NodeProto | None = node
    while current is not None:
        yield current
        made = current.output[0]
        current = next((n for n in graph.graph.node if made in n.input), None)
