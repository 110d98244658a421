"""Layers are kept in float by the decibels that they lose, with what computes their input."""

from edgecnn.exporter.quantization.layer_errors import LayerError
from edgecnn.exporter.quantization.mixed_precision import WEIGHTED, worst_layers
from edgecnn.exporter.quantization.quantize import prepare
from exporter.quantization.trained import Trained


def test_the_layer_that_loses_most_comes_first_and_the_last_layer_never(article: Trained) -> None:
    graph = prepare(article.core).graph
    layers = [node for node in graph.node if node.op_type in WEIGHTED]
    worst = layers[1]
    decibels = 40.0
    errors = []
    for node in graph.node:  # 20 dB are lost in one layer, none in the others
        decibels -= 20 if node.name == worst.name else 0
        errors.append(LayerError(node.name, "activation", 40.0, decibels, 0.0))
    groups = worst_layers(prepare(article.core), tuple(errors))
    assert groups[0][0] == worst.name
    assert len(groups) == len(layers) - 1
    assert layers[-1].name not in {group[0] for group in groups}


def test_a_group_holds_what_lies_between_a_layer_and_the_layers_before_it(
    article: Trained,
) -> None:
    graph = prepare(article.core).graph
    kinds = {node.name: node.op_type for node in graph.node}
    for layer, *feeding in worst_layers(prepare(article.core), ()):
        assert kinds[layer] in WEIGHTED
        ends = [name for name in feeding if kinds[name] in WEIGHTED]
        assert bool(ends) == (layer != "conv1")
