"""`evaluate`: a run through torch, or a model file through the runner, on any data set."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgecnn.data.catalog import load_as
from edgecnn.data.dataset import Dataset, Pictures, with_labels
from edgecnn.errors import DataError, OptionError
from edgecnn.inference.classifier import Classifier
from edgecnn.model.spec import ModelCard, ModelSpec
from edgecnn.trainer.metrics import Metrics, measure
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.run_folder import read_run
from edgecnn.trainer.score import choose_device, logits_of

SPLITS = ("train", "validation", "test")


def evaluate(
    model: str | Path,
    *,
    data: str = "",
    split: str = "test",
    provider: str = "cpu",
    device: str = "auto",
) -> Metrics:
    """Score a run's folder or a model file.

    Args:
        model: A run's folder, the path of a model file, or the name of a shipped model.
        data: A data set with the model's classes; by default the one it was trained on.
        split: train, validation or test.
        provider: ONNX Runtime's, for a model file.
        device: torch's, for a run.

    Raises:
        OptionError: The split has no such name; or the model was adopted, and no data set named.
        DataError: The data set has other classes than the model; some are enough for an adopted
            one.
    """
    if split not in SPLITS:
        raise OptionError(f"there is no split {split!r}", remedy=f"use one of {', '.join(SPLITS)}")
    if Path(model).is_dir():
        return _evaluate_run(Path(model), data, split, device)
    return _evaluate_file(model, data, split, provider)


def answers_of(classifier: Classifier, pictures: Pictures) -> npt.NDArray[np.int64]:
    """Return the (n,) class indexes that a model file gives to fitted pictures."""
    answers: npt.NDArray[np.int64] = classifier.logits(list(pictures.frames)).argmax(1)
    return answers


def _evaluate_run(folder: Path, data: str, split: str, device: str) -> Metrics:
    run = read_run(folder)
    pictures = _pictures(data, run.recipe, run.spec, split)
    answers = logits_of(run.network.to(choose_device(device)), pictures, choose_device(device))
    return measure(
        run.spec.labels, pictures.labels, answers.argmax(1).numpy(), form="torch", split=split
    )


def _evaluate_file(model: str | Path, data: str, split: str, provider: str) -> Metrics:
    with Classifier(model, provider=provider) as classifier:
        spec, card = classifier.spec, classifier.model.card
        pictures = _pictures(data, _recipe_of(card, data), spec, split)
        answers = answers_of(classifier, pictures)
    return measure(spec.labels, pictures.labels, answers, form=card.form, split=split)


def _recipe_of(card: ModelCard, data: str) -> Recipe | None:
    """Return the recipe that a model was trained by; None for an adopted one."""
    if not card.is_adopted:
        return Recipe.from_json(card.recipe)
    if not data:
        raise OptionError(
            f"{card.name} was adopted: how it was trained is not known, so there is no data set of "
            "its own",
            remedy="name one with --data",
        )
    return None


def _pictures(data: str, recipe: Recipe | None, spec: ModelSpec, split: str) -> Pictures:
    """Return a part of a data set; the model's own is split as it was for training.

    An adopted model knows more classes than its user has pictures of, perhaps in another order.
    """
    if recipe is None:
        return _part(with_labels(load_as(data, spec), spec.labels), split)
    own = data in ("", recipe.data)
    dataset = load_as(recipe.data if own else data, spec, recipe.train_size if own else 0)
    if dataset.labels != spec.labels:
        raise DataError(
            f"data set {dataset.name!r} has classes {', '.join(dataset.labels)}; "
            f"the model has {', '.join(spec.labels)}",
            remedy="give a data set with the model's classes, in its order",
        )
    return _part(dataset, split)


def _part(dataset: Dataset, split: str) -> Pictures:
    pictures: Pictures = getattr(dataset, split)
    return pictures
