"""How well shipped models say "I don't know": kept and falsely accepted shares, by four scores.

    EDGECNN_DATA=... python tests/benchmarks/unknown.py [NAME...] [--keep 0.95]

Temperature and threshold come from validation pictures of the model's own data set. Test pictures
and those of other data sets only measure. `known` is what ships: the largest probability with the
temperature. The others are compared with it: without temperature; the largest logit; the energy
(Liu et al. 2020, "Energy-based Out-of-distribution Detection").
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import typer
from scipy.special import logsumexp, softmax

from edgecnn.errors import NotFound
from edgecnn.exporter.rejection import KEEP, conformal, strange_frames
from edgecnn.exporter.temperature import fit_temperature
from edgecnn.frame import Frame
from edgecnn.runner.classify import Classifier
from edgecnn.runner.shipped import shipped_names
from edgecnn.spec import ModelSpec
from edgecnn.trainer.catalog import load_as
from edgecnn.trainer.metrics import measure_accuracy
from edgecnn.trainer.recipe import Recipe

FOREIGN = ("mnist", "cifar10")
LIMIT = 10_000
Score = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]


def scores(temperature: float) -> dict[str, Score]:
    """Return what may be compared with a threshold: (n, K) logits -> (n,), higher is surer."""
    return {
        "known": lambda logits: softmax(logits / temperature, axis=1).max(1),
        "no temperature": lambda logits: softmax(logits, axis=1).max(1),
        "largest logit": lambda logits: logits.max(1),
        "energy": lambda logits: logsumexp(logits, axis=1),
    }


def foreign_frames(spec: ModelSpec, own: str) -> dict[str, Frame]:
    """Return frames that belong to no class of the model."""
    found = strange_frames(spec)
    for name in FOREIGN:
        if name != own and not (name == "mnist" and own.startswith("digits")):
            found[name] = np.asarray(load_as(name, spec).test.frames)[:LIMIT]
    return found


def share(hits: npt.NDArray[np.bool_]) -> str:
    """Return a share with its 95 % interval."""
    found = measure_accuracy("", "", int(hits.sum()), len(hits))
    return f"{found.value:7.2%} [{found.low:.2%}, {found.high:.2%}]"


def main(names: list[str] = typer.Argument(None), keep: float = KEEP) -> None:  # noqa: B008
    """Print a table for each model."""
    for name in names or shipped_names():
        try:
            print_table(name, keep)
        except NotFound as error:
            print(f"{name}: {error.what}")


def print_table(name: str, keep: float) -> None:
    """Print a model's shares."""
    with Classifier(name) as classifier:
        spec, card = classifier.spec, classifier.model.card

        def answer(frames: Frame) -> npt.NDArray[np.float64]:
            return classifier.logits(list(frames)).astype(np.float64)

        recipe = Recipe.from_json(card.recipe)
        data = load_as(recipe.data, spec, recipe.train_size)
        validation, test = (answer(np.asarray(p.frames)) for p in (data.validation, data.test))
        foreign = {n: answer(f) for n, f in foreign_frames(spec, recipe.data).items()}
    temperature = fit_temperature(validation, data.validation.labels)
    right, known = (
        validation.argmax(1) == data.validation.labels,
        test.argmax(1) == data.test.labels,
    )
    print(f"{name}: temperature {temperature}, {right.sum()} validation pictures are right")
    for kind, score in scores(temperature).items():
        threshold = conformal(score(validation[right]), keep)
        rows = {"right": test[known], "wrong": test[~known], **foreign}
        print(f"  {kind}, threshold {threshold:.6f}")
        for what, logits in rows.items():
            print(f"    {what:<8} known {share(score(logits) >= threshold)} of {len(logits)}")


if __name__ == "__main__":
    typer.run(main)
