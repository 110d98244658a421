"""The origin of an adopted model, and its agreement with the original."""

from dataclasses import replace

import pytest
from external_models import as_torch, random_network

from edgecnn.errors import CheckFailed
from edgecnn.exporter.adopt.adoption import Agreement, compare
from edgecnn.exporter.adopt.input_plan import plan_input
from edgecnn.exporter.adopt.original import Original, read_original
from edgecnn.exporter.adopt.read_graph import probe_frames
from edgecnn.exporter.exported_form import ExportedForm
from edgecnn.exporter.graph.contract import wrap_fp32
from edgecnn.exporter.graph.editing import constants_of, with_constants
from edgecnn.model.form import Form
from edgecnn.model.graph_check import outline_graph
from edgecnn.model.spec import ModelCard, ModelSpec
from exporter.adopt.graphs import UNIT

FRAMES = probe_frames(4, (8, 8, 1))
MODEL = as_torch(random_network())


@pytest.fixture(scope="module")
def original() -> Original:
    content = MODEL.SerializeToString()
    return read_original(content, plan_input(outline_graph(content), UNIT, 3))


@pytest.fixture(scope="module")
def exported(original: Original) -> ExportedForm:
    spec = ModelSpec(("a", "b", "c"), 8, 8, 1)
    card = ModelCard("m", Form.FP32, "", "", "{}", "none", (), 1, {}, {})
    return ExportedForm(Form.FP32, wrap_fp32(original.core, spec), spec, card)


def test_a_form_agrees_with_its_original(original: Original, exported: ExportedForm) -> None:
    found = compare(original, exported, FRAMES, "frames")
    assert (found.pictures, found.kind, found.agreement) == (4, "frames", 1.0)
    assert found.difference < 1e-5


def test_a_form_that_computes_something_else_is_refused(
    original: Original, exported: ExportedForm
) -> None:
    """The original of another network stands for a fault of the simplification."""
    name = MODEL.graph.initializer[0].name
    other = with_constants(MODEL, {name: constants_of(MODEL.graph)[name] * 1.05})
    changed = replace(original, content=other.SerializeToString())
    with pytest.raises(CheckFailed, match="from the original"):
        compare(changed, exported, FRAMES, "frames")


def test_an_agreement_is_one_sentence() -> None:
    text = str(Agreement(256, "validation pictures", 0.995, 2e-5))
    assert text == "same label on 99.50% of 256 validation pictures, off by at most 2.0e-05"
