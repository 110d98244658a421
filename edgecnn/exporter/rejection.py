"""Saying "I don't know": a reject threshold from validation pictures, and what it lets pass."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import onnx
from scipy.special import softmax
from scipy.stats import binomtest

from edgecnn.exporter.candidate import Candidate
from edgecnn.exporter.temperature import divided, fit_temperature, last_constants
from edgecnn.frame import Frame
from edgecnn.spec import Known, ModelSpec
from edgecnn.trainer.dataset import Dataset, Pictures

KEEP = 0.95
"""Share of rightly labelled pictures that stay known."""
DECIMALS = 6
STRANGE = 256
"""Pictures of each made-up kind."""
SEED = 0
Probabilities = npt.NDArray[np.floating]


def conformal(scores: npt.NDArray[np.floating], keep: float) -> float:
    """Return the highest threshold that a new score like these (n,) reaches with chance `keep`.

    It is the k-th lowest, k = (n + 1) (1 - keep) rounded down: a new score is as likely to fall
    into any of the n + 1 gaps between them. With too few scores k is 0, and every score will do.

    Source: Vovk, Gammerman and Shafer 2005, "Algorithmic Learning in a Random World", 2.2.
    """
    place = math.floor((len(scores) + 1) * (1 - keep) + 1e-9)
    return float(np.sort(scores)[min(place, len(scores)) - 1]) if place else -math.inf


def choose_threshold(
    probabilities: Probabilities, labels: npt.NDArray[np.int64], keep: float
) -> float:
    """Return a reject threshold that keeps a new, rightly labelled picture with chance `keep`.

    Args:
        probabilities: (n, K) of validation pictures.
        labels: (n,) true class indexes.
        keep: 0 to 1.
    """
    right = probabilities.argmax(1) == labels
    scale = int(10**DECIMALS)
    found = max(conformal(probabilities.max(1)[right], keep), 0.0)
    return min(math.floor(found * scale), scale - 1) / scale


def strange_frames(spec: ModelSpec) -> dict[str, Frame]:
    """Return frames that show nothing: noise, and one gray for each level."""
    random = np.random.default_rng(SEED)
    levels = np.arange(STRANGE, dtype=np.uint8)[:, None, None, None]
    return {
        "noise": random.integers(0, 256, (STRANGE, *spec.shape), np.uint8),
        "blank": np.broadcast_to(levels, (STRANGE, *spec.shape)).copy(),
    }


def count_known(form: str, pictures: str, logits: Probabilities, threshold: float) -> Known:
    """Count how many pictures are as sure as the threshold, from (n, K) logits of a form."""
    known, total = int((softmax(logits, axis=1).max(1) >= threshold).sum()), len(logits)
    interval = binomtest(known, total).proportion_ci(method="wilson")
    return Known(form, pictures, known, total, float(interval.low), float(interval.high))


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A candidate that is as sure as it is right, and knows when it is not sure enough."""

    candidate: Candidate
    """Its core is the fp32 form's; its spec has the threshold."""
    cores: dict[str, onnx.ModelProto]
    """The plain graph of each form."""
    temperature: float


def calibrated(candidate: Candidate, cores: dict[str, onnx.ModelProto], keep: float) -> Calibrated:
    """Choose temperature and threshold by what the reference says of validation pictures.

    Args:
        candidate: What is to be shipped.
        cores: The plain graph of each form; all get the same temperature.
        keep: Share of rightly labelled pictures that shall stay known, above 0 to 1.
    """
    labels = candidate.data.validation.labels
    logits = candidate.reference(candidate.data.validation)
    dense = all(last_constants(core) for core in cores.values())
    temperature = fit_temperature(logits, labels) if dense else 1.0
    threshold = choose_threshold(softmax(logits / temperature, axis=1), labels, keep)

    def reference(pictures: Pictures) -> npt.NDArray[np.float32]:
        return candidate.reference(pictures) / np.float32(temperature)

    cores = {form: divided(core, temperature) for form, core in cores.items()}
    spec = replace(candidate.spec, reject_threshold=threshold)
    made = replace(candidate, core=cores["fp32"], spec=spec, reference=reference)
    return Calibrated(made, cores, temperature)


def measure_known(
    form: str,
    answer: Callable[[Frame], npt.NDArray[np.float32]],
    data: Dataset,
    strangers: dict[str, Frame],
    threshold: float,
) -> tuple[Known, ...]:
    """Count what one form calls known.

    Args:
        form: Its name.
        answer: (n, height, width, channels) uint8 -> (n, K) logits.
        data: Its own data set: right answers should be known, wrong ones rather not.
        strangers: Fitted frames that belong to no class, by name; they choose nothing.
        threshold: Of the model's spec.
    """
    validation, test = (answer(np.asarray(p.frames)) for p in (data.validation, data.test))
    right = validation.argmax(1) == data.validation.labels
    correct = test.argmax(1) == data.test.labels
    rows = {
        "right, validation": validation[right],
        "right, test": test[correct],
        "wrong, test": test[~correct],
        **{name: answer(frames) for name, frames in strangers.items()},
    }
    return tuple(count_known(form, n, rows[n], threshold) for n in rows if len(rows[n]))
