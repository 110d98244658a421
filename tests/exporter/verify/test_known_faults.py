"""Faults are undone, and explain logits, labels and their order, or nothing does."""

import numpy as np
import onnx
import pytest

from edgecnn.exporter.verify.known_faults import (
    SHOWN,
    KnownFault,
    explain_golden,
    explain_labels,
    explain_order,
    known_faults,
    network_of,
    rescaled,
)
from edgecnn.model.form import Form
from edgecnn.model.frame import Frame
from edgecnn.model.model_file import read_model
from edgecnn.model.spec import ModelSpec
from exporter.coloured import Coloured

LABELS = ("ant", "bee", "wasp")
FRAMES = np.zeros((4, 2, 2, 1), np.uint8)
EXPECTED = np.random.default_rng(0).normal(0, 5, (4, 3)).astype(np.float32)


def fault(logits: np.ndarray) -> KnownFault:
    return KnownFault("a known fault", lambda _: logits)


@pytest.mark.parametrize("form", [Form.FP32, Form.INT8])
def test_a_graph_with_another_scale_sees_other_pixels(coloured: Coloured, form: Form) -> None:
    file = read_model(coloured.files[form])
    graph, frames = onnx.load(file.path), np.stack(file.golden.frames(file.spec)) // 2
    expected = network_of(graph)(frames * 2)
    assert np.abs(network_of(graph)(frames) - expected).max() > 0.1
    np.testing.assert_allclose(network_of(rescaled(graph, 2.0))(frames), expected, atol=1e-4)


def test_only_faults_that_a_spec_allows_are_tried(coloured: Coloured) -> None:
    graph = onnx.load(coloured.files[Form.FP32])
    colour = known_faults(graph, ModelSpec(LABELS, 16, 16, 3))
    gray = known_faults(graph, ModelSpec(LABELS, 16, 20, 1))
    assert len(colour) == 5
    assert len(gray) == 3
    assert not any("channels" in fault.sentence or "rows" in fault.sentence for fault in gray)


def test_the_fault_without_which_the_logits_are_right_explains_them() -> None:
    faults = [fault(EXPECTED + 1), fault(EXPECTED)]
    text = explain_golden(LABELS, FRAMES, EXPECTED, EXPECTED + 9, 1e-3, faults)
    assert text == "a known fault"


def test_logits_at_the_wrong_output_are_permuted_classes() -> None:
    text = explain_golden(LABELS, FRAMES, EXPECTED, EXPECTED[:, [1, 0, 2]], 1e-3, [])
    assert text.startswith("the classes are permuted: the file's 'bee' is the golden frame's 'ant'")


def test_frames_that_still_agree_show_that_answers_were_changed() -> None:
    found = EXPECTED.copy()
    found[2] += 1
    text = explain_golden(LABELS, FRAMES, EXPECTED, found, 1e-3, [])
    assert "the golden answers were changed: 3 of 4 differ" in text


def test_nan_is_no_agreement() -> None:
    found = np.full_like(EXPECTED, np.nan)
    text = explain_golden(LABELS, FRAMES, EXPECTED, found, 1e-3, [])
    assert "no known fault explains it" in text


def test_labels_are_explained_by_the_first_fault_that_makes_enough_of_them_right() -> None:
    wanted = EXPECTED.argmax(1)

    def enough(correct: int) -> bool:
        return correct >= 4

    assert explain_labels(FRAMES, wanted, enough, [fault(-EXPECTED)]) == ""
    assert explain_labels(FRAMES, wanted, enough, [fault(EXPECTED)]) == "a known fault"


def test_labels_are_permuted_only_beyond_chance() -> None:
    clear = np.array([[0, 30, 0], [30, 0, 0], [0, 0, 30]])
    text = explain_order(LABELS, LABELS, clear, "the data")
    assert text == (
        "labels are permuted: the file's 'bee' is the data's 'ant', "
        "the file's 'ant' is the data's 'bee'"
    )
    lucky = np.array([[5, 6, 0], [6, 5, 0], [0, 0, 30]])
    assert explain_order(LABELS, LABELS, lucky, "the data") == ""


def test_of_many_permuted_labels_some_are_named() -> None:
    labels = tuple(f"class{i}" for i in range(8))
    confusion = np.roll(np.eye(8, dtype=int) * 50, 1, axis=1)
    text = explain_order(labels, labels, confusion, "the run")
    assert text.count("the file's") == SHOWN
    assert text.endswith(f"and {8 - SHOWN} more")


def test_frames_are_run_in_batches_and_in_order(coloured: Coloured) -> None:
    spec = read_model(coloured.files[Form.FP32]).spec
    network = network_of(onnx.load(coloured.files[Form.FP32]))
    frames: Frame = np.random.default_rng(0).integers(0, 256, (230, *spec.shape), np.uint8)
    np.testing.assert_allclose(network(frames)[200:], network(frames[200:]), atol=1e-5)
