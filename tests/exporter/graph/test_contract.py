"""Model files hold the contract: inputs, outputs and scale, nothing private, all int8 inside."""

import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto

from edgecnn.exporter.graph.contract import wrap_fp32, wrap_int8
from edgecnn.exporter.graph.editing import constants_of, makers_of
from edgecnn.exporter.graph.operator_counts import optimized_graph
from edgecnn.exporter.graph.plain_graph import export_core
from edgecnn.exporter.quantization.quantize import quantize
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import Architecture, build

REPORTS = ("gate.json", "export.html", "layers.csv")
SPEC = ModelSpec(labels=("a", "b", "c"), height=28, width=28, channels=3)


@pytest.fixture(params=["fp32", "int8"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(form: str, fp32: Path, int8: Path) -> Path:
    return {"fp32": fp32, "int8": int8}[form]


def session_of(model: onnx.ModelProto) -> "onnxruntime.InferenceSession":
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def test_a_file_takes_uint8_frames_and_gives_probabilities_and_logits(path: Path) -> None:
    graph = onnx.load(path).graph
    shapes = {
        value.name: (
            value.type.tensor_type.elem_type,
            [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim],
        )
        for value in [*graph.input, *graph.output]
    }
    assert shapes == {
        "frame": (TensorProto.UINT8, ["N", 28, 28, 1]),
        "probabilities": (TensorProto.FLOAT, ["N", 10]),
        "logits": (TensorProto.FLOAT, ["N", 10]),
    }


def test_a_file_holds_no_path_no_stack_trace_and_no_doc_string(path: Path) -> None:
    content = path.read_bytes()
    strings = re.findall(rb"[\x20-\x7e]{4,}", content)
    private = [
        s for s in strings if re.search(rb"/(home|usr|root|tmp|work|lib)\b|\.py\b|File \"", s)
    ]
    assert private == []
    assert b"stack_trace" not in content


def test_a_file_keeps_its_weights_inside(path: Path) -> None:
    tensors = onnx.load(path, load_external_data=False).graph.initializer
    assert all(tensor.data_location == TensorProto.DEFAULT for tensor in tensors)
    assert sorted(path.parent.iterdir()) == sorted(
        [*(path.parent / name for name in REPORTS), *path.parent.glob("*.onnx")]
    )


def test_a_file_passes_the_checker_of_onnx(path: Path) -> None:
    onnx.checker.check_model(onnx.load(path), full_check=True)


def test_a_file_stays_at_opset_20_or_lower(path: Path) -> None:
    assert {entry.domain: entry.version for entry in onnx.load(path).opset_import}[""] <= 20


def test_names_are_short(path: Path) -> None:
    names = {name for node in onnx.load(path).graph.node for name in [node.name, *node.output]}
    assert max(map(len, names)) <= 48


def test_the_executed_int8_graph_starts_with_qlinearconv_on_the_raw_frame(int8: Path) -> None:
    first = optimized_graph(int8.read_bytes()).graph.node[0]
    assert (first.op_type, first.input[0]) == ("QLinearConv", "frame")


def test_the_executed_int8_graph_is_integer_up_to_the_last_dense_layer(int8: Path) -> None:
    nodes = list(optimized_graph(int8.read_bytes()).graph.node)
    last_dense = next(i for i, node in enumerate(nodes) if "logits" in node.output)
    assert nodes[last_dense].op_type == "QGemm"
    quantized = {"QLinearConv", "NhwcMaxPool", "QGemm", "Transpose", "Reshape", "MaxPool"}
    assert {node.op_type for node in nodes[: last_dense + 1]} <= quantized
    assert [node.op_type for node in nodes[last_dense + 1 :]] == ["Softmax"]


def test_the_first_scale_is_exactly_one_255th_at_zero_point_0(int8: Path) -> None:
    graph = onnx.load(int8).graph
    constants = constants_of(graph)
    layout, first = graph.node[:2]
    assert (first.op_type, first.input[0]) == ("DequantizeLinear", layout.output[0])
    scale, zero = (constants[name] for name in first.input[1:])
    assert scale == np.float32(1 / 255)
    assert zero == 0
    assert zero.dtype == np.uint8


def test_a_symbolic_batch_takes_any_number_of_frames() -> None:
    network = build(Architecture(kernel=4, stride=1), SPEC.shape, len(SPEC.labels))
    model = wrap_fp32(export_core(network, SPEC), SPEC)
    session = session_of(model)
    for count in (1, 2, 7):
        frames = np.zeros((count, *SPEC.shape), np.uint8)
        (rows,) = session.run(["probabilities"], {"frame": frames})
        assert rows.shape == (count, 3)


def test_colour_channels_stay_in_the_order_of_opencv() -> None:
    """A network that reads blue only must see blue through the file."""
    network = build(Architecture(), SPEC.shape, len(SPEC.labels)).eval()
    with torch.no_grad():
        dict(network.named_parameters())["conv1.weight"][:, 1:] = 0
    model = wrap_fp32(export_core(network, SPEC), SPEC)
    session = session_of(model)
    random = np.random.default_rng(0)
    frame = random.integers(0, 256, (1, *SPEC.shape), np.uint8)
    other = frame.copy()
    other[..., 1:] = random.integers(0, 256, other[..., 1:].shape, np.uint8)
    answers = [session.run(["logits"], {"frame": picture})[0] for picture in (frame, other)]
    assert np.array_equal(*answers)


def test_dark_calibration_frames_do_not_shift_the_first_bias(frames: list[np.ndarray]) -> None:
    """Its steps must be 1/255 times the weight's, or ONNX Runtime adds another bias."""
    gray = ModelSpec(labels=("a", "b", "c"), height=28, width=28, channels=1)
    network = build(Architecture(), gray.shape, 3)
    for parameter in network.parameters():
        torch.nn.init.uniform_(parameter, -0.1, 0.1)
    core = export_core(network, gray)
    model = wrap_int8(quantize(core, np.stack(frames) // 3), gray)
    constants, makers = constants_of(model.graph), makers_of(model.graph)
    conv = next(node for node in model.graph.node if node.op_type == "Conv")
    pixels, weight, bias = (constants[makers[name].input[1]] for name in conv.input)
    np.testing.assert_allclose(bias, pixels * weight, rtol=1e-6)
