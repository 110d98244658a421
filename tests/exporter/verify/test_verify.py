"""`verify` passes what is right and names what is wrong, on real files with known faults."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from craft import Edit, both, poison, with_fields, with_new_digest

from edgecnn.check_result import FAIL, OK, SKIPPED
from edgecnn.errors import NotFound
from edgecnn.exporter.verify.verify import verify
from edgecnn.inference.file_checks import VerifyReport
from edgecnn.model import digest
from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model
from exporter.coloured import Coloured
from exporter.verify.spoiled import (
    CHANNELS,
    PERMUTED,
    SPOILED,
    first_conv_swapped,
    golden_of,
    reasons,
    results,
)

FORMS = [Form.FP32, Form.INT8]


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


def test_one_changed_golden_answer_is_distinguished_from_a_changed_graph(
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


def test_nan_fails_and_is_no_crash(fp32: Path, tmp_path: Path) -> None:
    found = reasons(verify(with_new_digest(fp32, tmp_path, poison)))
    assert {"golden", "reference"} <= set(found)


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
def test_a_file_with_a_right_digest_and_a_broken_contract_fails_by_that_name(
    coloured: Coloured, tmp_path: Path, edit: Edit, words: str
) -> None:
    report = verify(with_new_digest(coloured.files[Form.INT8], tmp_path, edit))
    assert results(report) == {"digest": OK, "contract": FAIL}
    assert words in reasons(report)["contract"]


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
