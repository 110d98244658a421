"""16-bit floats become 32-bit ones: the same weights, and an output that rounding explains."""

import numpy as np
import onnx
import pytest
from external_models import as_half, as_torch, random_network
from onnx import TensorProto, helper, numpy_helper

from edgecnn.exporter.adopt.original_answers import answer
from edgecnn.exporter.adopt.read_graph import HALF_TOLERANCE, TOLERANCE, probe_frames
from edgecnn.exporter.adopt.rules.half_floats import widen
from edgecnn.exporter.graph.editing import constants_of
from exporter.adopt.graphs import CLEAN, adopted, kinds, outputs, planned

MODEL = as_torch(random_network())
FRAMES = probe_frames(5, (8, 8, 1))


@pytest.mark.parametrize("keep_io", [False, True])
def test_a_network_of_half_floats_is_adopted_with_single_ones(keep_io: bool) -> None:
    half = as_half(MODEL, keep_io=keep_io)
    core, found = adopted(half)
    assert kinds(core) == CLEAN
    assert (found.is_half, found.tolerance) == (True, HALF_TOLERANCE)
    assert {tensor.data_type for tensor in core.graph.initializer} <= {
        TensorProto.FLOAT, TensorProto.INT64}  # fmt: skip
    own = answer(half.SerializeToString(), planned(half), FRAMES)
    np.testing.assert_allclose(outputs(core, FRAMES), own, atol=1e-2)
    np.testing.assert_allclose(outputs(core, FRAMES), outputs(MODEL, FRAMES), atol=1e-2)


def test_weights_keep_their_values() -> None:
    half = as_half(MODEL, keep_io=True)
    before = constants_of(half.graph)
    assert widen(half)
    after = constants_of(half.graph)
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values)
        assert after[name].dtype == np.float32 or values.dtype == np.int64
    assert {t.data_type for t in half.graph.initializer} == {TensorProto.FLOAT}
    onnx.checker.check_model(half, full_check=True)


def test_half_floats_in_attributes_become_single_ones() -> None:
    value = numpy_helper.from_array(np.array([0.1], np.float16), "x")
    node = helper.make_node("Constant", [], ["x"], value=value)
    model = helper.make_model(helper.make_graph([node], "one", [], []))
    assert not widen(model)
    (found,) = model.graph.node[0].attribute
    np.testing.assert_array_equal(numpy_helper.to_array(found.t), np.float32(np.float16(0.1)))


def test_weights_that_are_only_stored_as_half_floats_are_compared_as_strictly_as_ever() -> None:
    stored = onnx.ModelProto()
    stored.CopyFrom(MODEL)
    tensor = stored.graph.initializer[0]
    values = numpy_helper.to_array(tensor).astype(np.float16)
    tensor.CopyFrom(numpy_helper.from_array(values, "half"))
    cast = helper.make_node("Cast", ["half"], [MODEL.graph.initializer[0].name], to=1)
    stored.graph.node.insert(0, cast)
    core, found = adopted(stored)
    assert (found.is_half, found.tolerance) == (False, TOLERANCE)
    assert kinds(core) == CLEAN
    np.testing.assert_allclose(outputs(core, FRAMES), outputs(stored, FRAMES), atol=1e-5)


def test_a_graph_of_single_floats_is_left_as_it_is() -> None:
    model = onnx.ModelProto()
    model.CopyFrom(MODEL)
    assert not widen(model)
    assert model == MODEL
