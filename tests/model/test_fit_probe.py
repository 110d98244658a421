"""The fit probe: each rule gives its own pixels; a file whose rule was changed does not open."""

import json
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from craft import with_entry, with_fields, with_new_digest

from edgecnn.errors import ModelError
from edgecnn.inference.classifier import Classifier
from edgecnn.model import digest
from edgecnn.model.fit_probe import _picture, fits, probe, rules_of
from edgecnn.model.model_file import read_model
from edgecnn.model.spec import Fit, ModelSpec, Shrink

EXPECTED = (
    "cGBGXIyMYEZii6pgSnGRdWGUZZqDdpVsqop2hnWWgnt9Xol6eGxbgG50c46Am2VqpoFwZ3qowY9eYNW2XJx1Ug=="
)
RULES = list(product(Fit, Shrink))
SHAPES = [(8, 8, 1), (12, 20, 3), (28, 28, 1), (32, 32, 3), (96, 32, 1), (224, 224, 3)]


def spec(
    shape: tuple[int, int, int], fit: Fit = Fit.CROP, shrink: Shrink = Shrink.GRID8
) -> ModelSpec:
    return ModelSpec(("a", "b"), *shape, fit, shrink)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_no_two_rules_give_the_same_pixels(shape: tuple[int, int, int]) -> None:
    specs = [spec(shape, fit, shrink) for fit, shrink in RULES]
    for one, other in combinations(specs, 2):
        assert not fits(one, probe(other))
        assert not fits(other, probe(one))


@pytest.mark.parametrize(("fit", "shrink"), RULES[1:])
def test_the_rule_that_made_the_pixels_is_found(fit: Fit, shrink: Shrink) -> None:
    made, claimed = spec((28, 28, 1), fit, shrink), spec((28, 28, 1), *RULES[0])
    assert fits(made, probe(made))
    assert rules_of(claimed, probe(made)) == [made]


def test_what_no_rule_gives_has_no_rule() -> None:
    gray = spec((28, 28, 1))
    for stored in ("", "?", "AAAA", probe(replace(gray, height=32))):
        assert not fits(gray, stored)
        assert rules_of(gray, stored) == []


def test_the_pixels_are_the_same_wherever_the_probe_runs() -> None:
    assert probe(spec((12, 20, 3))) == EXPECTED


def test_a_picture_made_in_bands_follows_one_formula() -> None:
    picture = _picture(spec((600, 300, 3)))
    assert picture.shape == (905, 907, 3)
    y, x = (grid.astype(np.uint32) for grid in np.ogrid[:905, :907])
    grain = y * y * 7 + x * x * 13 + x * y * 29
    for channel, shift in enumerate((3, 5, 4)):
        assert np.array_equal(picture[..., channel], (grain >> shift).astype(np.uint8))


@pytest.mark.parametrize("change", [{"fit": "stretch"}, {"shrink": "area"}], ids=str)
def test_a_file_whose_rule_was_changed_does_not_open(
    int8: Path, tmp_path: Path, change: dict[str, str]
) -> None:
    changed = with_new_digest(int8, tmp_path, with_fields(digest.SPEC_KEY, **change))
    with pytest.raises(ModelError, match="fitted by another rule"):
        Classifier(changed)


def test_a_file_from_before_the_probe_opens(int8: Path, tmp_path: Path) -> None:
    fields = json.loads(read_model(int8).golden.to_json())
    assert fields.pop("fitted")
    old = with_new_digest(int8, tmp_path, with_entry(digest.GOLDEN_KEY, json.dumps(fields)))
    Classifier(old).close()
