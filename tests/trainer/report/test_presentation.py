"""The report that `train` writes: one page without other files, and augmented samples."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgecnn.data.dataset import Dataset
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.augment import Augment
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.report.presentation import SAMPLES, augmented
from edgecnn.trainer.run_folder import read_run


def test_the_page_shows_the_run_and_needs_no_other_file(run_folder: Path) -> None:
    page = (run_folder / "report.html").read_text(encoding="utf-8")
    report = read_run(run_folder).report
    assert report.dataset_digest in page
    assert f"{report.parameters:,}" in page
    assert report.ended == "all epochs done"
    assert report.ended in page
    assert "://" not in re.sub(r"http://www\.w3\.org/\S+", "", page)


def test_samples_are_training_pictures_spaced_over_the_whole_part(
    digits: tuple[Dataset, ModelSpec],
) -> None:
    train = digits[0].train
    samples = augmented(train, Recipe())
    assert samples.shape == (SAMPLES, 28, 28, 1)
    np.testing.assert_array_equal(samples[[0, -1]], np.asarray(train.frames)[[0, -1]])


def test_samples_are_augmented_as_the_recipe_says(digits: tuple[Dataset, ModelSpec]) -> None:
    train, recipe = digits[0].train, replace(Recipe(), augment=Augment(rotate=20.0))
    samples = augmented(train, recipe)
    assert (samples != augmented(train, Recipe())).any()
    np.testing.assert_array_equal(samples, augmented(train, recipe))
