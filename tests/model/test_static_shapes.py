"""A model file's shapes are fixed: no operator takes one from another operator."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from craft import Edit, with_new_digest
from onnx import TensorProto, helper, numpy_helper

from edgecnn.errors import ModelError
from edgecnn.model.graph_check import outline_graph
from edgecnn.model.model_file import read_model
from edgecnn.model.shipped import shipped_model, shipped_names
from edgecnn.model.static_shapes import SHAPE_INPUTS, refuse_computed_shapes


def with_node(kind: str, *inputs: str) -> Edit:
    """Add a node; `made` is an input that another node computes, `kept` a constant."""

    def edit(model: onnx.ModelProto) -> None:
        graph = model.graph
        graph.initializer.append(numpy_helper.from_array(np.zeros(8, np.int64), "kept"))
        graph.node.append(
            helper.make_node("Cast", ["kept"], ["made"], "made", to=TensorProto.INT64)
        )
        graph.node.append(helper.make_node(kind, inputs, ["unused"], "unused"))

    return edit


@pytest.mark.parametrize("kind", SHAPE_INPUTS)
def test_a_shape_from_another_operator_is_refused_by_name(
    fp32: Path, tmp_path: Path, kind: str
) -> None:
    path = with_new_digest(fp32, tmp_path, with_node(kind, "frame.float", "made"))
    with pytest.raises(ModelError, match=f"a {kind} depends on the frame") as refusal:
        read_model(path)
    assert "fixed shapes" in refusal.value.remedy


@pytest.mark.parametrize("kind", SHAPE_INPUTS)
def test_a_shape_that_is_a_constant_is_read(fp32: Path, tmp_path: Path, kind: str) -> None:
    path = with_new_digest(fp32, tmp_path, with_node(kind, "frame.float", "kept"))
    assert read_model(path).card.form == "fp32"


def test_every_input_of_an_operator_is_looked_at(fp32: Path, tmp_path: Path) -> None:
    inputs = ("frame.float", "kept", "kept", "", "made")
    path = with_new_digest(fp32, tmp_path, with_node("Slice", *inputs))
    with pytest.raises(ModelError, match="a Slice depends"):
        read_model(path)


def test_the_value_that_fills_a_pad_may_be_computed(fp32: Path, tmp_path: Path) -> None:
    path = with_new_digest(fp32, tmp_path, with_node("Pad", "frame.float", "kept", "made"))
    assert read_model(path).card.form == "fp32"


def test_a_shape_may_be_a_constant_node(fp32: Path, tmp_path: Path) -> None:
    def edit(model: onnx.ModelProto) -> None:
        value = numpy_helper.from_array(np.array([1, -1], np.int64))
        model.graph.node.append(helper.make_node("Constant", [], ["shape"], "c", value=value))
        model.graph.node.append(helper.make_node("Reshape", ["logits", "shape"], ["unused"], "r"))

    assert read_model(with_new_digest(fp32, tmp_path, edit)).card.form == "fp32"


@pytest.mark.parametrize("name", shipped_names())
def test_no_shipped_model_computes_a_shape(name: str) -> None:
    path = shipped_model(name)
    assert path is not None
    data = path.read_bytes()
    refuse_computed_shapes(data, outline_graph(data))
