"""The fp16 form: half the weights, the same answers, and 1/255 where it does no harm."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from clocks import set_clock
from onnx import TensorProto

from edgecnn.data.dataset import Dataset
from edgecnn.exporter.export import export
from edgecnn.exporter.graph.editing import constants_of
from edgecnn.exporter.options import Options
from edgecnn.inference.classifier import Classifier
from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model
from edgecnn.model.spec import ModelSpec


@pytest.fixture(scope="module")
def fp16(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = Options(forms=(Form.FP16,))
    folder = tmp_path_factory.mktemp("half")
    report = export(run_folder, folder, options=options, clock=set_clock(0.8))
    assert list(report.files) == [Form.FP16]
    assert [gate.form for gate in report.gates] == [Form.FP16]
    return Path(report.files[Form.FP16])


def test_the_scale_is_a_mul_of_floats_before_the_cast_to_half(fp16: Path) -> None:
    graph = onnx.load(fp16).graph
    assert [node.op_type for node in graph.node[:4]] == ["Cast", "Transpose", "Mul", "Cast"]
    casts = [next(a.i for a in graph.node[i].attribute) for i in (0, 3)]
    assert casts == [TensorProto.FLOAT, TensorProto.FLOAT16]
    constants = constants_of(graph)
    assert constants[graph.node[2].input[1]] == np.float32(1 / 255)


def test_the_first_layers_weights_are_not_subnormal_as_they_would_be_with_the_scale_in_them(
    fp16: Path, fp32: Path
) -> None:
    def first_weights(path: Path) -> np.ndarray:
        graph = onnx.load(path).graph
        constants = constants_of(graph)
        return next(constants[n.input[1]] for n in graph.node if n.op_type == "Conv")

    smallest = np.finfo(np.float16).smallest_normal
    weights = first_weights(fp16)
    assert weights.dtype == np.float16
    folded = (first_weights(fp32) / 255).astype(np.float16)
    assert (np.abs(weights) < smallest).mean() < 0.01
    assert (np.abs(folded) < smallest).mean() > 0.03


def test_it_answers_as_fp32_does_and_its_golden_frames_hold(
    fp16: Path, fp32: Path, digits: tuple[Dataset, ModelSpec]
) -> None:
    assert read_model(fp16).golden.tolerance == 5e-3
    frames = list(digits[0].validation.frames)
    with Classifier(fp16) as half, Classifier(fp32) as whole:
        one, other = half.logits(frames), whole.logits(frames)
    assert (one.argmax(1) == other.argmax(1)).mean() >= 0.99
    assert 0 < np.abs(one - other).max() < 0.1


def test_its_file_has_half_the_weights(fp16: Path, fp32: Path) -> None:
    assert fp16.stat().st_size < 0.55 * fp32.stat().st_size
    assert read_model(fp16).card.gate.startswith("accuracy")
