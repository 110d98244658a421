"""One form of an export is a complete file in memory, which the runner opens."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgecnn.exporter.export_source import ExportSource
from edgecnn.exporter.exported_form import ExportedForm, exported_form_of, reference_of
from edgecnn.exporter.quantization.quantize import quantize
from edgecnn.model.form import Form
from edgecnn.model.golden import Golden
from edgecnn.model.model_file import parse_model
from edgecnn.trainer.run_folder import read_run


@pytest.fixture(scope="module")
def fp32_form(candidate: ExportSource) -> ExportedForm:
    return exported_form_of(candidate, "small", Form.FP32, candidate.core)


def test_the_bytes_of_a_form_are_a_model_file_with_the_sources_facts(
    fp32_form: ExportedForm, candidate: ExportSource
) -> None:
    file = parse_model(fp32_form.data, Path("m.onnx"))
    assert (file.spec, file.card) == (candidate.spec, fp32_form.card)
    assert (file.card.form, file.card.quantization) == (Form.FP32, "none")
    assert file.card.parameters == candidate.facts.parameters
    assert fp32_form.kib == len(fp32_form.data) / 1024


def test_a_form_computes_what_its_source_computes(
    fp32_form: ExportedForm, candidate: ExportSource
) -> None:
    pictures = candidate.data.validation
    expected = candidate.reference(pictures)
    rows = fp32_form.logits(np.asarray(pictures.frames))
    np.testing.assert_allclose(rows, expected, atol=1e-3)
    assert np.array_equal(fp32_form.answers(pictures), rows.argmax(1))


def test_an_int8_form_takes_the_frame_without_a_cast(candidate: ExportSource) -> None:
    core = quantize(candidate.core, np.asarray(candidate.data.train.frames[:50]))
    form = exported_form_of(candidate, "small", Form.INT8, core, "static")
    kinds = [node.op_type for node in form.graph.graph.node]
    assert kinds[:2] == ["Transpose", "DequantizeLinear"]
    assert "Cast" not in kinds
    assert (form.card.form, form.card.quantization) == (Form.INT8, "static")


def test_golden_frames_that_come_later_are_in_the_file(
    fp32_form: ExportedForm, candidate: ExportSource
) -> None:
    assert parse_model(fp32_form.data, Path("m.onnx")).golden == Golden()
    frames = np.asarray(candidate.data.validation.frames[:2])
    logits = tuple(map(tuple, fp32_form.logits(frames).tolist()))
    golden = replace(Golden(), logits=logits, tolerance=0.5)
    later = replace(fp32_form, golden=golden)
    assert parse_model(later.data, Path("m.onnx")).golden.logits == logits


def test_a_network_is_its_own_reference(run_folder: Path, candidate: ExportSource) -> None:
    pictures = candidate.data.validation
    rows = reference_of(read_run(run_folder).network)(pictures)
    assert rows.shape == (len(pictures), len(candidate.spec.labels))
    np.testing.assert_array_equal(rows, candidate.reference(pictures))
