"""The error of each layer is that of rounding its values, in the order of the graph."""

from dataclasses import replace

import numpy as np
import pytest

from edgecnn.exporter.quantization.layer_errors import (
    HEADER,
    LayerError,
    layer_errors,
    layers_table,
    plot_layers,
)
from edgecnn.exporter.quantization.quantize import prepare
from exporter.quantization.trained import Trained


@pytest.fixture(scope="module")
def errors(article: Trained) -> tuple[LayerError, ...]:
    frames = np.asarray(article.data.validation.frames[:30])
    return layer_errors(prepare(article.core), article.quantized, frames)


def test_activations_come_in_the_order_of_the_graph_and_weights_after_them(
    article: Trained, errors: tuple[LayerError, ...]
) -> None:
    kinds = [row.kind for row in errors]
    assert kinds == sorted(kinds)
    nodes = [node.name for node in prepare(article.core).graph.node]
    layers = [row.layer for row in errors if row.layer in nodes]
    assert layers == sorted(layers, key=nodes.index)


def test_the_errors_of_earlier_layers_add_up(errors: tuple[LayerError, ...]) -> None:
    activations = [row for row in errors if row.kind == "activation"][1:]
    assert all(row.float_db <= row.own_db + 1 for row in activations)
    assert activations[-1].float_db < activations[-1].own_db


def test_only_values_beyond_the_calibration_are_outside(
    errors: tuple[LayerError, ...],
) -> None:
    assert all(0 <= row.outside < 0.1 for row in errors)
    assert all(row.outside == 0 for row in errors if row.kind == "weight")


def test_errors_are_a_table_and_a_plot(errors: tuple[LayerError, ...]) -> None:
    table = layers_table(errors)
    assert (table.header, len(table.rows)) == (HEADER, len(errors))
    picture = plot_layers(errors)
    assert picture.startswith(b"\x89PNG")
    worse = tuple(replace(row, own_db=row.own_db / 2) for row in errors)
    assert plot_layers(worse) != picture
