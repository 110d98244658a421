"""`evaluate`: a run through torch, or a model file through the runner, on any data set."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgecnn.errors import DataError, OptionError
from edgecnn.runner.classify import Classifier
from edgecnn.spec import ModelSpec
from edgecnn.trainer.catalog import load_as
from edgecnn.trainer.dataset import Pictures
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
        OptionError: The split has no such name.
        DataError: The data set has other classes than the model.
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
        pictures = _pictures(data, Recipe.from_json(card.recipe), spec, split)
        answers = answers_of(classifier, pictures)
    return measure(spec.labels, pictures.labels, answers, form=card.form, split=split)


def _pictures(data: str, recipe: Recipe, spec: ModelSpec, split: str) -> Pictures:
    """Return a part of a data set; the model's own is split as it was for training."""
    own = data in ("", recipe.data)
    size = recipe.train_size if own else 0
    dataset = load_as(recipe.data if own else data, spec, size)
    if dataset.labels != spec.labels:
        raise DataError(
            f"data set {dataset.name!r} has classes {', '.join(dataset.labels)}; "
            f"the model has {', '.join(spec.labels)}",
            remedy="give a data set with the model's classes, in its order",
        )
    pictures: Pictures = getattr(dataset, split)
    return pictures
