"""`evaluate`: the accuracy of a run in PyTorch, or of a model file in ONNX Runtime."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgecnn.data.catalog import load_as
from edgecnn.data.dataset import PARTS, Pictures, with_labels
from edgecnn.errors import DataError, OptionError
from edgecnn.inference.classifier import Classifier
from edgecnn.model.spec import ModelCard, ModelSpec
from edgecnn.trainer.metrics import Metrics, measure
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.run_folder import read_run
from edgecnn.trainer.score import choose_device, logits_of


def evaluate(
    model: str | Path,
    *,
    data: str = "",
    split: str = "test",
    provider: str = "cpu",
    device: str = "auto",
) -> Metrics:
    """Measure the accuracy of a run or a model file on a data set.

    Args:
        model: A run's folder, the path of a model file, or the name of a shipped model.
        data: A data set with the model's classes. Empty: the one it was trained on.
        split: train, validation or test.
        provider: ONNX Runtime execution provider, for a model file.
        device: PyTorch device, for a run: auto, cpu, cuda or mps.

    Raises:
        OptionError: There is no such split; or the model was adopted and `data` is empty.
        DataError: The data set has other classes than the model. For an adopted model, some of its
            classes are enough.
    """
    if split not in PARTS:
        raise OptionError(f"there is no split {split!r}", remedy=f"use one of {', '.join(PARTS)}")
    if Path(model).is_dir():
        return _evaluate_run(Path(model), data, split, device)
    return _evaluate_file(model, data, split, provider)


def predict_classes(classifier: Classifier, pictures: Pictures) -> npt.NDArray[np.int64]:
    """Return the (n,) class indexes that a model file predicts for fitted pictures."""
    predicted: npt.NDArray[np.int64] = classifier.logits(list(pictures.frames)).argmax(1)
    return predicted


def _evaluate_run(folder: Path, data: str, split: str, device: str) -> Metrics:
    run = read_run(folder)
    pictures, target = _pictures(data, run.recipe, run.spec, split), choose_device(device)
    predicted = logits_of(run.network.to(target), pictures, target).argmax(1).numpy()
    return measure(run.spec.labels, pictures.labels, predicted, form="torch", split=split)


def _evaluate_file(model: str | Path, data: str, split: str, provider: str) -> Metrics:
    with Classifier(model, provider=provider) as classifier:
        spec, card = classifier.spec, classifier.model.card
        pictures = _pictures(data, _recipe_of(card, data), spec, split)
        predicted = predict_classes(classifier, pictures)
    return measure(spec.labels, pictures.labels, predicted, form=card.form, split=split)


def _recipe_of(card: ModelCard, data: str) -> Recipe | None:
    """Return the recipe that a model was trained with; None for an adopted model."""
    if not card.is_adopted:
        return Recipe.from_json(card.recipe)
    if not data:
        raise OptionError(
            f"{card.name} was adopted, so the data set that it was trained on is not known",
            remedy="give a data set with --data",
        )
    return None


def _pictures(data: str, recipe: Recipe | None, spec: ModelSpec, split: str) -> Pictures:
    """Return a part of a data set; the model's own data set is split as it was for training.

    For an adopted model (no recipe) the data set may have some of the classes, in any order.
    """
    if recipe is None:
        return with_labels(load_as(data, spec), spec.labels).part(split)
    own = data in ("", recipe.data)
    dataset = load_as(recipe.data if own else data, spec, recipe.train_size if own else 0)
    if dataset.labels != spec.labels:
        raise DataError(
            f"data set {dataset.name!r} has classes {', '.join(dataset.labels)}; "
            f"the model has {', '.join(spec.labels)}",
            remedy="give a data set with the model's classes in the same order",
        )
    return dataset.part(split)
