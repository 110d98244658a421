"""A model file against pictures: its accuracy, the order of its labels, its fit rule."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np
from sklearn.metrics import confusion_matrix

from edgecnn.check_result import FAIL, OK, SKIPPED
from edgecnn.data.catalog import load_as
from edgecnn.data.dataset import Dataset
from edgecnn.errors import DataError, SpecError
from edgecnn.exporter.verify.known_faults import Labels, explain_labels, explain_order
from edgecnn.exporter.verify.model_under_test import ModelUnderTest
from edgecnn.inference.file_checks import Check, other_rule, rule_of
from edgecnn.model.frame import Frame
from edgecnn.model.model_file import ModelFile
from edgecnn.model.spec import Accuracy, Fit, ModelSpec, Shrink
from edgecnn.trainer.metrics import measure_accuracy
from edgecnn.trainer.recipe import Recipe

UNEXPLAINED = "lower than the card says"


def check_data(
    tested: ModelUnderTest, data: str, on_progress: Callable[[str], None]
) -> tuple[Check, ...]:
    """Check a file on the test part of a data set.

    Args:
        tested: The model file.
        data: Name or folder of a data set with the model's classes; empty: the checks are skipped.
        on_progress: Called with the name of each stage.

    Raises:
        NotFound: There is no such data set.
        DataError: It is broken, or has other classes.
    """
    if not data:
        return (Check("data", SKIPPED, "give --data X, a data set with the model's classes"),)
    file = tested.file
    on_progress(f"reading {data}")
    loaded = _load(file, data, file.spec)
    _refuse_others(file.spec.labels, loaded.labels, data)
    places = np.array([file.spec.labels.index(name) for name in loaded.labels])
    truth = places[loaded.test.labels]
    on_progress("measuring on its test pictures")
    frames = np.asarray(loaded.test.frames)
    answers = tested.logits(frames).argmax(1)
    accuracy, is_explained = _check_accuracy(tested, frames, truth, answers)
    return (
        _check_pictures(file, data, loaded),
        _check_order(file.spec.labels, truth, answers, is_explained=is_explained),
        accuracy,
    )


def _load(file: ModelFile, data: str, spec: ModelSpec) -> Dataset:
    """Load a data set; the one that the model was trained on is split as it was for training."""
    try:
        recipe = Recipe.from_json(file.card.recipe)
    except SpecError:  # the model was not trained here
        return load_as(data, spec)
    return load_as(data, spec, recipe.train_size if data == recipe.data else 0)


def _refuse_others(own: tuple[str, ...], others: tuple[str, ...], data: str) -> None:
    """Raise DataError unless the classes are the same, in any order."""
    if sorted(own) != sorted(others):
        raise DataError(
            f"data set {data!r} has classes {', '.join(others)}; the model has {', '.join(own)}",
            remedy="give a data set with the model's classes",
        )


def _check_pictures(file: ModelFile, data: str, loaded: Dataset) -> Check:
    """Check whether the file's fit rule gives the frames that the network was trained on.

    It does if the digest on the card, which is over fitted frames, is that of the data set.
    """
    name, card = "frames", file.card
    if loaded.digest == card.dataset_digest:
        return Check(name, OK, "the card's: every frame is as it was when the network learned it")
    if data != card.dataset:
        return Check(name, SKIPPED, f"{data} is not the card's data set, {card.dataset}")
    for spec in _other_rules(file.spec):
        if _load(file, data, spec).digest == card.dataset_digest:
            return Check(name, FAIL, f"{other_rule(file.spec)}, it learned with {rule_of(spec)}")
    return Check(name, SKIPPED, f"{data} has changed since the network learned it")


def _other_rules(spec: ModelSpec) -> Iterator[ModelSpec]:
    """Yield the spec with each other fit and shrink rule."""
    for fit, shrink in product(Fit, Shrink):
        if (fit, shrink) != (spec.fit, spec.shrink):
            yield replace(spec, fit=fit, shrink=shrink)


def _check_order(
    labels: tuple[str, ...], truth: Labels, answers: Labels, *, is_explained: bool
) -> Check:
    """Check whether labels are permuted; not where another fault may look as if they were."""
    name = "labels"
    if is_explained:
        return Check(name, SKIPPED, "the accuracy has another reason")
    confusion = confusion_matrix(truth, answers, labels=range(len(labels)))
    moved = explain_order(labels, labels, confusion, "the data")
    return Check(name, FAIL if moved else OK, moved or "each class is found by its own name")


def _check_accuracy(
    tested: ModelUnderTest, frames: Frame, truth: Labels, answers: Labels
) -> tuple[Check, bool]:
    """Check whether the accuracy can be that on the card: the confidence intervals touch.

    Returns:
        The check, and whether a known fault explains why it failed.
    """
    card, name = tested.file.card, "accuracy"
    claimed = next((score for score in card.accuracy if score.form == card.form), None)
    if claimed is None:
        return Check(name, SKIPPED, "the card has no accuracy of this form"), False

    def measured(correct: int) -> Accuracy:
        return measure_accuracy(card.form, "test", correct, len(truth))

    found = measured(int((answers == truth).sum()))
    figures = f"{found}; the card says {claimed}"
    if found.high >= claimed.low:
        return Check(name, OK, figures), False
    reason = explain_labels(
        frames, truth, lambda correct: measured(correct).high >= claimed.low, tested.faults
    )
    return Check(name, FAIL, f"{reason or UNEXPLAINED}: {figures}"), bool(reason)
