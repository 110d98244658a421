"""How well shipped models reject unknown pictures: in-distribution and out-of-distribution data.

    EDGECNN_DATA=... python tests/benchmarks/unknown.py [NAME...] [--keep 0.95]

Temperature, threshold and ceiling come from validation pictures of the model's own data set, anew
for each file. Test pictures and other data sets are only measured; but the ceiling was introduced
after most of CIFAR-10 had been seen to be a confident 8 for `digits`. `known` is what ships. The
others are compared with it, each with one threshold that keeps as much: the largest probability,
with and without temperature; the largest logit; the energy (Liu et al. 2020, "Energy-based
Out-of-distribution Detection").
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import typer
from scipy.special import logsumexp, softmax

from edgecnn.data.catalog import load_as
from edgecnn.errors import NotFound
from edgecnn.exporter.rejection import KEEP, conformal, made_frames, with_rejection
from edgecnn.exporter.temperature import fit_temperature
from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame
from edgecnn.model.shipped import shipped_names
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.metrics import measure_accuracy
from edgecnn.trainer.recipe import Recipe

FOREIGN = {"mnist": "digits", "cifar10": "objects", "hymenoptera": "insects"}
LIMIT = 10_000
Logits = npt.NDArray[np.float64]
Verdict = Callable[[Logits], npt.NDArray[np.bool_]]
"""(n, K) logits -> (n,) whether each is known."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What a file says of pictures, as (n, K) logits."""

    spec: ModelSpec
    validation: Logits
    labels: npt.NDArray[np.int64]
    """Of the validation pictures."""
    measured: dict[str, Logits]
    """Of right and wrong test pictures and of strange ones."""


def answers_of(name: str) -> Answers:
    """Ask a shipped model; raises NotFound where its data set is not there."""
    with Classifier(name) as classifier:
        spec, recipe = classifier.spec, Recipe.from_json(classifier.model.card.recipe)
        data = load_as(recipe.data, spec, recipe.train_size)

        def answer(frames: Frame) -> Logits:
            return classifier.logits(list(frames)).astype(np.float64)

        validation, test = (answer(np.asarray(p.frames)) for p in (data.validation, data.test))
        right = test.argmax(1) == data.test.labels
        strange = {n: answer(f) for n, f in strangers(spec, recipe.data).items()}
    measured = {"right": test[right], "wrong": test[~right], **strange}
    return Answers(spec, validation, data.validation.labels, measured)


def strangers(spec: ModelSpec, own: str) -> dict[str, Frame]:
    """Return frames that belong to no class of the model."""
    found = made_frames(spec)
    for name, kind in FOREIGN.items():
        if name != own and not own.startswith(kind):
            found[name] = np.asarray(load_as(name, spec).test.frames)[:LIMIT]
    return found


def verdicts(own: Answers, keep: float) -> dict[str, Verdict]:
    """Return ways to call a frame known, each keeping right validation pictures as often."""
    heat = fit_temperature(own.validation, own.labels)
    spec = with_rejection(own.spec, own.validation / heat, own.labels, keep)
    right = own.validation[own.validation.argmax(1) == own.labels]

    def shipped(logits: Logits) -> npt.NDArray[np.bool_]:
        pairs = zip(softmax(logits / heat, axis=1).max(1), logits.max(1) / heat, strict=True)
        return np.array([spec.knows(*pair) for pair in pairs])

    def reaching(score: Callable[[Logits], Logits]) -> Verdict:
        threshold = conformal(score(right), keep)
        return lambda logits: score(logits) >= threshold

    ceiling = f"{spec.logit_ceiling[0]:.2f}" if spec.logit_ceiling else "none"
    return {
        f"known: temperature {heat}, threshold {spec.reject_threshold:.4f}, ceiling {ceiling}":
            shipped,
        "largest probability, with temperature":
            reaching(lambda logits: softmax(logits / heat, axis=1).max(1)),
        "largest probability": reaching(lambda logits: softmax(logits, axis=1).max(1)),
        "largest logit": reaching(lambda logits: logits.max(1)),
        "energy": reaching(lambda logits: logsumexp(logits, axis=1)),
    }  # fmt: skip


def share(hits: npt.NDArray[np.bool_]) -> str:
    """Return a share with its 95 % interval."""
    found = measure_accuracy("", "", int(hits.sum()), len(hits))
    return f"{found.value:7.2%} [{found.low:.2%}, {found.high:.2%}] of {len(hits)}"


def print_table(name: str, keep: float) -> None:
    """Print what a model calls known, by each way."""
    own = answers_of(name)
    print(name)
    for way, verdict in verdicts(own, keep).items():
        print(f"  {way}")
        for what, logits in own.measured.items():
            print(f"    {what:<12}{share(verdict(logits))}")


def main(names: list[str] = typer.Argument(None), keep: float = KEEP) -> None:  # noqa: B008
    """Print a table for each model whose data set is here."""
    for name in names or shipped_names():
        try:
            print_table(name, keep)
        except NotFound as error:
            print(f"{name}: {error.what}")


if __name__ == "__main__":
    typer.run(main)
