"""Plain graphs: exported for any batch, without what a device does not need, with short names."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from external_models import as_torch, random_network
from onnx import helper

from edgecnn.exporter.graph.plain_graph import (
    IMAGE,
    LOGITS,
    OPSET,
    export_core,
    finish,
    number_tensors,
    shorten,
    strip,
)
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import Architecture, build

SPEC = ModelSpec(labels=("a", "b", "c"), height=28, width=28, channels=3)


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return build(Architecture(widths=(4, 6, 8), dense=8), SPEC.shape, 3).eval()


@pytest.fixture(scope="module")
def core(network: torch.nn.Module) -> onnx.ModelProto:
    return export_core(network, SPEC)


def logits_of(model: onnx.ModelProto, name: str, images: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    rows: np.ndarray = session.run(None, {name: images})[0]
    return rows


def test_a_plain_graph_computes_what_the_network_computes_for_any_batch(
    network: torch.nn.Module, core: onnx.ModelProto
) -> None:
    for count in (1, 2, 5):
        images = np.random.default_rng(count).random((count, 3, 28, 28), np.float32)
        with torch.no_grad():
            expected = network(torch.tensor(images)).numpy()
        np.testing.assert_allclose(logits_of(core, IMAGE, images), expected, atol=1e-4)


def test_a_plain_graph_goes_from_image_to_logits(core: onnx.ModelProto) -> None:
    assert [value.name for value in core.graph.input] == [IMAGE]
    assert [value.name for value in core.graph.output] == [LOGITS]
    assert {entry.domain: entry.version for entry in core.opset_import} == {"": OPSET}


def test_nodes_are_named_by_type_and_number(core: onnx.ModelProto) -> None:
    names = [node.name for node in core.graph.node]
    assert [name for name in names if name.startswith("conv")] == ["conv1", "conv2", "conv3"]
    assert core.graph.node[0].output[0] == f"{names[0]}.out"


def test_stripping_removes_documents_metadata_and_default_attributes() -> None:
    model = as_torch(random_network())
    model.doc_string = model.graph.node[0].doc_string = "made at home"
    model.metadata_props.add(key="path", value="secret")
    model.graph.node[0].attribute.append(helper.make_attribute("group", 1))
    model.opset_import.add(domain="unused", version=1)
    stripped = strip(model)
    content = stripped.SerializeToString()
    assert not any(words in content for words in (b"made at home", b"secret", b"unused"))
    assert [a.name for a in stripped.graph.node[0].attribute] == ["kernel_shape"]
    assert stripped.producer_name == "edgecnn"


def test_new_names_do_not_change_what_is_computed() -> None:
    images = np.random.default_rng(0).random((2, 1, 8, 8), np.float32)
    before = logits_of(as_torch(random_network()), "input", images)
    model = finish(number_tensors(shorten(as_torch(random_network()))))
    assert np.array_equal(logits_of(model, "input", images), before)
    assert {len(name) for node in model.graph.node[:-1] for name in node.output} == {1}


def test_a_broken_graph_is_not_finished() -> None:
    model = as_torch(random_network())
    model.graph.node[-1].input[1] = "nothing"
    with pytest.raises(onnx.checker.ValidationError):
        finish(model)
