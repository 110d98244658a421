"""What an export starts from: the same shape of data, trained here or not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clocks import set_clock

from edgecnn.exporter.export_source import ExportSource
from edgecnn.exporter.options import Options
from edgecnn.exporter.ship import ship
from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model


def test_a_reference_gives_logits_of_fitted_pictures(candidate: ExportSource) -> None:
    few = candidate.data.validation.take(np.arange(5))
    assert candidate.reference(few).shape == (5, len(candidate.spec.labels))


def test_a_source_that_cannot_be_fine_tuned_is_exported_under_its_own_origin(
    candidate: ExportSource, tmp_path: Path
) -> None:
    source = replace(candidate, fine_tune=None, origin="original")
    options = Options(forms=(Form.FP32,))
    report = ship(source, tmp_path, "m", options, lambda _: None, set_clock(0.8))
    card = read_model(report.files[Form.FP32]).card
    assert [score.form for score in card.accuracy] == ["original", Form.FP32]
    assert card.dataset_digest == candidate.facts.dataset_digest


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_the_pictures_of_a_source_have_the_size_of_its_spec(
    candidate: ExportSource, part: str
) -> None:
    pictures = getattr(candidate.data, part)
    assert pictures.frames.shape[1:] == candidate.spec.shape
