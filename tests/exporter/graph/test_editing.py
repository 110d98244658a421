"""Nodes, attributes and constants of a graph are read and changed by name."""

import numpy as np
from external_models import as_torch, random_network

from edgecnn.exporter.graph.editing import (
    add_constant,
    attribute,
    constants_of,
    copied,
    drop_unused_constants,
    makers_of,
    refill,
    rename_tensors,
    with_constants,
)

MODEL = as_torch(random_network())
FIRST = MODEL.graph.node[0]
WEIGHT = FIRST.input[1]


def test_a_copy_can_be_changed_alone() -> None:
    copy = copied(MODEL)
    del copy.graph.node[:]
    assert MODEL.graph.node


def test_a_field_can_be_refilled_from_its_own_items() -> None:
    graph = copied(MODEL).graph
    names = [node.name for node in graph.node]
    refill(graph.node, (node for node in graph.node if node.op_type != "Relu"))
    assert [node.name for node in graph.node] == [name for name in names if "Relu" not in name]


def test_the_maker_of_a_tensor_is_found() -> None:
    assert makers_of(MODEL.graph)[FIRST.output[0]] == FIRST


def test_an_attribute_has_its_value_or_the_default() -> None:
    assert list(attribute(FIRST, "kernel_shape", [1, 1])) == [3, 3]
    assert attribute(FIRST, "group", 1) == 1


def test_constants_are_replaced_in_a_copy_and_the_others_stay() -> None:
    before = constants_of(MODEL.graph)
    after = constants_of(with_constants(MODEL, {WEIGHT: before[WEIGHT] * 2}).graph)
    assert np.array_equal(after.pop(WEIGHT), before[WEIGHT] * 2)
    assert all(np.array_equal(values, before[name]) for name, values in after.items())
    assert np.array_equal(constants_of(MODEL.graph)[WEIGHT], before[WEIGHT])


def test_only_constants_that_a_node_reads_stay() -> None:
    graph = copied(MODEL).graph
    assert add_constant(graph, "unread", np.zeros(3)) == "unread"
    drop_unused_constants(graph)
    assert [t.name for t in graph.initializer] == [t.name for t in MODEL.graph.initializer]


def test_a_tensor_is_renamed_where_it_is_made_and_read() -> None:
    graph = copied(MODEL).graph
    rename_tensors(graph.node, {FIRST.output[0]: "features"})
    assert (graph.node[0].output[0], graph.node[1].input[0]) == ("features", "features")
    assert graph.node[1].output == MODEL.graph.node[1].output
