"""Saying "I don't know": a reject threshold from validation pictures, and what it lets pass."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from scipy.special import softmax
from scipy.stats import binomtest

from edgecnn.data.catalog import load_as
from edgecnn.data.dataset import Dataset, Pictures
from edgecnn.errors import OptionError
from edgecnn.exporter.export_source import ExportSource
from edgecnn.exporter.temperature import divided, fit_temperature, last_constants
from edgecnn.model.form import Form
from edgecnn.model.frame import Frame
from edgecnn.model.spec import Known, ModelSpec

KEEP = 0.95
"""Share of rightly labelled pictures that stay known."""
CEILING = 0.1
"""Of the pictures that may be rejected, the share that may be so for too large a logit."""
DECIMALS = 6
MADE_FRAMES = 256
"""Pictures of each made-up kind."""
SEED = 0


def conformal(scores: npt.NDArray[np.floating], keep: float) -> float:
    """Return the highest threshold that a new score like these (n,) reaches with chance `keep`.

    It is the k-th lowest, k = (n + 1) (1 - keep) rounded down: a new score is as likely to fall
    into any of the n + 1 gaps between them. With too few scores k is 0, and every score will do.

    Source: Vovk, Gammerman and Shafer 2005, "Algorithmic Learning in a Random World", 2.2.
    """
    place = math.floor((len(scores) + 1) * (1 - keep) + 1e-9)
    return float(np.sort(scores)[min(place, len(scores)) - 1]) if place else -math.inf


def with_rejection(
    spec: ModelSpec,
    logits: npt.NDArray[np.floating],
    labels: npt.NDArray[np.int64],
    keep: float,
) -> ModelSpec:
    """Return the spec with a threshold and a ceiling that keep a right picture with chance `keep`.

    The ceiling is for what no probability shows: a network of ReLUs is the surer, the further a
    picture is from all that it learned. Source: Hein et al. 2019, "Why ReLU networks yield
    high-confidence predictions far away from the training data".

    Args:
        spec: The model's.
        logits: (n, K) of validation pictures, temperature included.
        labels: (n,) their true class indexes.
        keep: Above 0 to 1.
    """
    right = logits[logits.argmax(1) == labels]
    above = CEILING * (1 - keep)
    threshold = max(conformal(softmax(right, axis=1).max(1), keep + above), 0.0)
    ceiling = -conformal(-right.max(1), 1 - above)
    scale = int(10**DECIMALS)
    return replace(
        spec,
        reject_threshold=min(math.floor(threshold * scale), scale - 1) / scale,
        logit_ceiling=(math.ceil(ceiling * scale) / scale,) if math.isfinite(ceiling) else (),
    )


def made_frames(spec: ModelSpec) -> dict[str, Frame]:
    """Return frames that show nothing: noise, and one gray for each level."""
    random = np.random.default_rng(SEED)
    levels = np.arange(MADE_FRAMES, dtype=np.uint8)[:, None, None, None]
    return {
        "noise": random.integers(0, 256, (MADE_FRAMES, *spec.shape), np.uint8),
        "blank": np.broadcast_to(levels, (MADE_FRAMES, *spec.shape)).copy(),
    }


def load_ood(spec: ModelSpec, names: tuple[str, ...]) -> dict[str, Frame]:
    """Return frames that belong to no class: `made_frames`, and test pictures of data sets.

    Raises:
        NotFound, DataError: A data set is not there or cannot be used.
        OptionError: It has a class of the model's.
    """
    found = made_frames(spec)
    for name in names:
        data = load_as(name, spec)
        shared = [label for label in data.labels if label in spec.labels]
        if shared:
            raise OptionError(
                f"data set {name!r} has classes of the model: {', '.join(shared)}",
                remedy="give one whose pictures the model must not know",
            )
        found[Path(name).name] = np.asarray(data.test.frames)
    return found


def count_known(pictures: str, logits: npt.NDArray[np.floating], spec: ModelSpec) -> Known:
    """Count how many pictures the spec knows, by their (n, K) logits."""
    pairs = zip(softmax(logits, axis=1).max(1), logits.max(1), strict=True)
    known, total = int(sum(spec.knows(*pair) for pair in pairs)), len(logits)
    interval = binomtest(known, total).proportion_ci(method="wilson")
    low, high = (round(float(end), DECIMALS) for end in (interval.low, interval.high))
    return Known(pictures, known, total, low, high)


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A source that is as sure as it is right, and knows when it is not sure enough."""

    source: ExportSource
    """Its core is the fp32 form's; its spec has the threshold."""
    cores: dict[Form, onnx.ModelProto]
    """The plain graph of each form."""
    temperature: float


def calibrated(source: ExportSource, cores: dict[Form, onnx.ModelProto], keep: float) -> Calibrated:
    """Choose temperature and threshold by what the reference says of validation pictures.

    Args:
        source: What is to be shipped.
        cores: The plain graph of each form; all get the same temperature.
        keep: Share of rightly labelled pictures that shall stay known, above 0 to 1.
    """
    labels = source.data.validation.labels
    logits = source.reference(source.data.validation)
    dense = all(last_constants(core) for core in cores.values())
    temperature = fit_temperature(logits, labels) if dense else 1.0
    spec = with_rejection(source.spec, logits / temperature, labels, keep)

    def reference(pictures: Pictures) -> npt.NDArray[np.float32]:
        return source.reference(pictures) / np.float32(temperature)

    cores = {form: divided(core, temperature) for form, core in cores.items()}
    made = replace(source, core=cores[Form.FP32], spec=spec, reference=reference)
    return Calibrated(made, cores, temperature)


def measure_known(
    answer: Callable[[Frame], npt.NDArray[np.float32]],
    data: Dataset,
    ood: dict[str, Frame],
    spec: ModelSpec,
) -> tuple[Known, ...]:
    """Count what a form calls known.

    Args:
        answer: (n, height, width, channels) uint8 -> (n, K) logits.
        data: Its own data set: right answers should be known, wrong ones rather not.
        ood: Fitted frames that belong to no class, by name; they choose nothing.
        spec: The model's.
    """
    validation, test = (answer(np.asarray(p.frames)) for p in (data.validation, data.test))
    right = validation.argmax(1) == data.validation.labels
    correct = test.argmax(1) == data.test.labels
    rows = {
        "right, validation": validation[right],
        "right, test": test[correct],
        "wrong, test": test[~correct],
        **{name: answer(frames) for name, frames in ood.items()},
    }
    return tuple(count_known(n, rows[n], spec) for n in rows if len(rows[n]))
