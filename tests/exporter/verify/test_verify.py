"""`verify` passes what is right, and names what is wrong: a real file, spoiled and sealed again."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from craft import Edit, both, with_entry, with_fields, with_new_digest
from onnx import helper, numpy_helper

from edgecnn.check_result import FAIL, OK, SKIPPED
from edgecnn.errors import DataError, NotFound
from edgecnn.exporter.verify.model_under_test import ModelUnderTest
from edgecnn.exporter.verify.verify import verify
from edgecnn.inference.file_checks import VerifyReport
from edgecnn.model import digest
from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model
from exporter.coloured import Coloured
from exporter.coloured import coloured as coloured

FORMS = [Form.FP32, Form.INT8]


def reasons(report: VerifyReport) -> dict[str, str]:
    return {check.name: check.reason for check in report.failures}


def results(report: VerifyReport) -> dict[str, str]:
    return {check.name: check.result for check in report.checks}


def constant(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    tensors: dict[str, onnx.TensorProto] = {
        tensor.name: tensor for tensor in model.graph.initializer
    }
    return tensors[name]


def change(tensor: onnx.TensorProto, values: np.ndarray) -> None:
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), tensor.name))


def weight_of(model: onnx.ModelProto, node: onnx.NodeProto, place: int = 1) -> onnx.TensorProto:
    """Return a layer's constant, quantized or not."""
    makers = {output: node for node in model.graph.node for output in node.output}
    name = node.input[place]
    return constant(model, makers[name].input[0] if name in makers else name)


def first_conv_swapped(model: onnx.ModelProto) -> None:
    conv = next(node for node in model.graph.node if node.op_type == "Conv")
    weight = weight_of(model, conv)
    change(weight, numpy_helper.to_array(weight)[:, ::-1])


def frame_swapped(model: onnx.ModelProto) -> None:
    """Put a Gather between the frame and the graph, as for a network that takes RGB."""
    model.graph.node[0].input[0] = "rgb"
    order = numpy_helper.from_array(np.array([2, 1, 0]), "order")
    model.graph.initializer.append(order)
    model.graph.node.insert(0, helper.make_node("Gather", ["frame", "order"], ["rgb"], axis=3))


def scaled(factor: float) -> Edit:
    def edit(model: onnx.ModelProto) -> None:
        kinds = ("Mul", "DequantizeLinear")
        front = next(node for node in model.graph.node if node.op_type in kinds)
        scale = constant(model, front.input[1])
        change(scale, np.asarray(numpy_helper.to_array(scale) * np.float32(factor)))

    return edit


def scale_removed(model: onnx.ModelProto) -> None:
    (front,) = [node for node in model.graph.node if node.op_type == "Mul"]
    for node in model.graph.node:
        node.input[:] = [front.input[0] if i == front.output[0] else i for i in node.input]
    model.graph.node.remove(front)
    model.graph.initializer.remove(constant(model, front.input[1]))


def turned(model: onnx.ModelProto) -> None:
    (layout,) = [node for node in model.graph.node if node.op_type == "Transpose"]
    layout.attribute[0].ints[:] = [0, 3, 2, 1]


def classes_exchanged(model: onnx.ModelProto) -> None:
    """Exchange the outputs 0 and 2 of the last layer."""
    last = next(node for node in model.graph.node if "logits" in node.output)
    makers = {output: node for node in model.graph.node for output in node.output}
    for place in (1, 2):
        name = last.input[place]
        for used in makers[name].input if name in makers else [name]:
            tensor = constant(model, used)
            change(tensor, numpy_helper.to_array(tensor)[[2, 1, 0, 3]])


def golden_of(path: Path, logits: np.ndarray) -> Edit:
    rows = tuple(tuple(map(float, row)) for row in logits)
    golden = replace(read_model(path).golden, logits=rows)
    return with_entry(digest.GOLDEN_KEY, golden.to_json())


def with_its_own_golden(path: Path, folder: Path, edit: Edit) -> Path:
    """Return a file that is spoiled and whose golden answers are those of the spoiled graph."""
    spoiled = with_new_digest(path, folder, edit)
    subject = ModelUnderTest(read_model(spoiled))
    logits = subject.logits(np.stack(subject.golden_frames))
    return with_new_digest(spoiled, folder, golden_of(spoiled, logits))


CHANNELS = "the channels are swapped"
SCALE = "the pixel scale is missing"
SPOILED = [
    pytest.param(Form.FP32, first_conv_swapped, CHANNELS, id="fp32, first weights swapped"),
    pytest.param(Form.INT8, first_conv_swapped, CHANNELS, id="int8, first weights swapped"),
    pytest.param(Form.FP32, frame_swapped, CHANNELS, id="fp32, RGB gathered"),
    pytest.param(Form.INT8, frame_swapped, CHANNELS, id="int8, RGB gathered"),
    pytest.param(Form.FP32, scaled(255), SCALE, id="fp32, scale of 1"),
    pytest.param(Form.INT8, scaled(255), SCALE, id="int8, scale of 1"),
    pytest.param(Form.FP32, scale_removed, SCALE, id="fp32, no scale"),
    pytest.param(Form.FP32, scaled(1 / 255), "scale is there twice", id="fp32, scaled twice"),
    pytest.param(Form.INT8, scaled(1 / 255), "scale is there twice", id="int8, scaled twice"),
    pytest.param(Form.FP32, turned, "rows and columns are swapped", id="fp32, turned"),
]
PERMUTED = [
    pytest.param(form, classes_exchanged, "permuted: the file's 'green' is", id=f"{form}, classes")
    for form in FORMS
]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_as_exported_passes_every_check(coloured: Coloured, form: Form) -> None:
    report = verify(coloured.files[form], data=str(coloured.data), against=coloured.run)
    assert results(report) == dict.fromkeys(
        ("digest", "contract", "fit rule", "golden", "reference", "fused layers", "run",
         "fp32 = torch", "int8 = torch", "frames", "labels", "accuracy"), OK,
    )  # fmt: skip
    assert report.form == form


def test_what_was_not_asked_for_is_skipped_and_says_what_it_takes(coloured: Coloured) -> None:
    report = verify(coloured.files[Form.INT8])
    skipped = {check.name: check.reason for check in report.checks if check.result == SKIPPED}
    assert list(skipped) == ["run", "data"]
    assert "--against" in skipped["run"]
    assert "--data" in skipped["data"]


@pytest.mark.parametrize(("form", "edit", "words"), [*SPOILED, *PERMUTED])
def test_the_golden_frames_name_what_was_done_to_the_graph(
    coloured: Coloured, tmp_path: Path, form: Form, edit: Edit, words: str
) -> None:
    report = verify(with_new_digest(coloured.files[form], tmp_path, edit))
    assert words in reasons(report)["golden"]
    assert list(reasons(report)) == ["golden"]


@pytest.mark.parametrize(("form", "edit", "words"), [*SPOILED[:7], *PERMUTED])
def test_data_names_what_was_wrong_already_when_the_golden_frames_were_chosen(
    coloured: Coloured, tmp_path: Path, form: Form, edit: Edit, words: str
) -> None:
    spoiled = with_its_own_golden(coloured.files[form], tmp_path, edit)
    found = reasons(verify(spoiled, data=str(coloured.data)))
    assert "golden" not in found
    assert words in found["labels" if "permuted" in words else "accuracy"]


@pytest.mark.parametrize(("form", "edit", "words"), [*SPOILED[:7:2], *PERMUTED])
def test_the_run_names_what_was_wrong_already_when_the_golden_frames_were_chosen(
    coloured: Coloured, tmp_path: Path, form: Form, edit: Edit, words: str
) -> None:
    spoiled = with_its_own_golden(coloured.files[form], tmp_path, edit)
    found = reasons(verify(spoiled, against=coloured.run))
    assert words in found[f"{form} = torch"]
    assert list(found) == [f"{form} = torch"]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        pytest.param({"shrink": "area"}, "center-crop, area", id="shrink rule"),
        pytest.param({"fit": "stretch"}, "stretch, grid8", id="stretched"),
        pytest.param({"fit": "letterbox"}, "letterbox, grid8", id="letterboxed"),
    ],
)
def test_another_fit_rule_is_named_by_the_file_the_run_and_the_data(
    coloured: Coloured, tmp_path: Path, change: dict[str, str], rule: str
) -> None:
    spoiled = with_new_digest(
        coloured.files[Form.INT8], tmp_path, with_fields(digest.SPEC_KEY, **change)
    )
    found = reasons(verify(spoiled, data=str(coloured.data), against=coloured.run))
    for name in ("fit rule", "run", "frames"):
        assert f"fitted by another rule: the file says {rule}" in found[name]
        assert "with center-crop, grid8" in found[name]


def test_permuted_labels_are_named_by_the_data_and_the_run(
    coloured: Coloured, tmp_path: Path
) -> None:
    labels = ("green", "cyan", "blue", "navy")
    spoiled = with_new_digest(
        coloured.files[Form.INT8], tmp_path, with_fields(digest.SPEC_KEY, labels=labels)
    )
    assert reasons(verify(spoiled)) == {}
    found = reasons(verify(spoiled, data=str(coloured.data), against=coloured.run))
    assert "labels are permuted: the file's 'green' is the run's 'blue'" in found["run"]
    assert "labels are permuted: the file's 'blue' is the data's 'green'" in found["labels"]
    assert "int8 = torch" not in found


def test_one_changed_golden_answer_is_told_from_a_changed_graph(
    coloured: Coloured, tmp_path: Path
) -> None:
    path = coloured.files[Form.FP32]
    logits = np.array(read_model(path).golden.logits)
    logits[1, 0] += 0.01
    found = reasons(verify(with_new_digest(path, tmp_path, golden_of(path, logits))))
    assert "the golden answers were changed: 2 of 4 differ" in found["golden"]


def test_golden_answers_that_nothing_explains_say_so(coloured: Coloured, tmp_path: Path) -> None:
    path = coloured.files[Form.FP32]
    logits = np.array(read_model(path).golden.logits)
    random = np.random.default_rng(0).normal(size=logits.shape)
    found = reasons(verify(with_new_digest(path, tmp_path, golden_of(path, logits + random))))
    assert "no known fault explains it" in found["golden"]


def test_a_tolerance_that_was_raised_hides_nothing(coloured: Coloured, tmp_path: Path) -> None:
    wide = with_fields(digest.GOLDEN_KEY, tolerance=1e9)
    spoiled = with_new_digest(coloured.files[Form.INT8], tmp_path, both(first_conv_swapped, wide))
    assert CHANNELS in reasons(verify(spoiled))["golden"]


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_flipped_byte_breaks_the_digest_and_nothing_else_is_asked(
    coloured: Coloured, tmp_path: Path, place: float
) -> None:
    content = bytearray(coloured.files[Form.INT8].read_bytes())
    content[int(len(content) * place)] ^= 1
    (tmp_path / "flipped.onnx").write_bytes(content)
    report = verify(tmp_path / "flipped.onnx", data=str(coloured.data))
    assert [check.name for check in report.checks] == ["digest"]
    assert report.checks[0].result == FAIL


BROKEN: dict[str, tuple[Callable[[onnx.ModelProto], None], str]] = {
    "no label": (with_fields(digest.SPEC_KEY, labels=[]), "0 labels"),
    "a label too few": (
        with_fields(digest.SPEC_KEY, labels=["a", "b"]),
        "graph and its spec disagree",
    ),
    "another size": (with_fields(digest.SPEC_KEY, height=20), "disagree"),
    "a golden frame of nothing": (
        with_fields(digest.GOLDEN_KEY, frames_png=["AA"]),
        "golden frame",
    ),
}


@pytest.mark.parametrize(("edit", "words"), BROKEN.values(), ids=BROKEN)
def test_a_sealed_file_without_a_contract_that_holds_fails_by_that_name(
    coloured: Coloured, tmp_path: Path, edit: Edit, words: str
) -> None:
    report = verify(with_new_digest(coloured.files[Form.INT8], tmp_path, edit))
    assert results(report) == {"digest": OK, "contract": FAIL}
    assert words in reasons(report)["contract"]


def test_a_file_of_another_run_is_noticed(coloured: Coloured, int8: Path) -> None:
    report = verify(int8, against=coloured.run)
    assert "labels are others" in reasons(report)["run"]
    assert results(report)["agreement"] == SKIPPED


def test_a_broken_form_beside_the_file_fails_by_its_name(
    coloured: Coloured, tmp_path: Path
) -> None:
    for form, path in coloured.files.items():
        (tmp_path / path.name).write_bytes(path.read_bytes()[: -1 if form is Form.FP32 else None])
    found = reasons(verify(tmp_path / "c.int8.onnx", against=coloured.run))
    assert list(found) == ["fp32 = torch"]


def test_data_of_other_classes_is_refused(coloured: Coloured) -> None:
    with pytest.raises(DataError, match="blue"):
        verify(coloured.files[Form.INT8], data="digits")


def test_what_is_not_there_is_not_found(coloured: Coloured, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        verify(tmp_path / "gone.onnx")
    with pytest.raises(NotFound):
        verify(coloured.files[Form.INT8], data="gone")
    with pytest.raises(NotFound):
        verify(coloured.files[Form.INT8], against=tmp_path)


def test_a_report_survives_json(coloured: Coloured) -> None:
    report = verify(coloured.files[Form.FP32])
    assert VerifyReport.from_json(report.to_json()) == report
    assert json.loads(report.to_json())["checks"]
