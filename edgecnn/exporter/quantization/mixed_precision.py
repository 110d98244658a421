"""Which layers to keep in float first: those after which the signal is much worse than before."""

from collections.abc import Iterator

import onnx

from edgecnn.exporter.graph.editing import makers_of
from edgecnn.exporter.graph.plain_graph import LOGITS
from edgecnn.exporter.quantization.layer_errors import LayerError

WEIGHTED = ("Conv", "Gemm", "MatMul")


def worst_layers(
    prepared: onnx.ModelProto, errors: tuple[LayerError, ...]
) -> list[tuple[str, ...]]:
    """Return groups of nodes to keep in float, the worst first.

    A group is a layer with everything that brings its input, back to the layers before it: only if
    all of them are float is the tensor between them not rounded. The last layer stays integer; its
    logits are float anyway.

    Args:
        prepared: The plain graph as the quantizer got it.
        errors: What quantization costs each of its tensors.
    """
    known = {row.layer: row.float_db for row in errors if row.kind == "activation"}
    makers = makers_of(prepared.graph)
    groups = {}
    for node in prepared.graph.node:
        if node.op_type in WEIGHTED and LOGITS not in node.output:
            after = next((known[n.name] for n in _onward(prepared, node) if n.name in known), 0.0)
            feeding = list(_back(makers, node))
            before = min((known[n.name] for n in feeding if n.name in known), default=after)
            groups[(node.name, *dict.fromkeys(n.name for n in feeding))] = before - after
    return sorted(groups, key=lambda group: -groups[group])


def _back(makers: dict[str, onnx.NodeProto], node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    """Yield what brings a layer's input, up to and with the layers before it."""
    sources = node.input[:1] if node.op_type in WEIGHTED else node.input
    for maker in (makers[name] for name in sources if name in makers):
        yield maker
        if maker.op_type not in WEIGHTED:
            yield from _back(makers, maker)


def _onward(graph: onnx.ModelProto, node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    """Yield a layer and what follows it, one reader after the other."""
    current: onnx.NodeProto | None = node
    while current is not None:
        yield current
        made = current.output[0]
        current = next((n for n in graph.graph.node if made in n.input), None)
