"""`measure`: time one model on real frames, or two models interleaved."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from edgecnn.bench.clock import Latency, Ratio, latency, ratio, time_rounds
from edgecnn.bench.frames import CAMERA, camera_frames
from edgecnn.errors import OptionError
from edgecnn.inference.classifier import Classifier
from edgecnn.inference.machine import Machine, describe_machine
from edgecnn.model.form import Form
from edgecnn.model.frame import Frame
from edgecnn.records import Record
from edgecnn.sources.address import hide_credentials
from edgecnn.sources.capture import open_source

WARMUP_ROUNDS = 50
MAX_SOURCE_FRAMES = 64


@dataclass(frozen=True)
class ModelLatency(Record):
    """The latency of one model, from a frame to its prediction."""

    model: str
    form: Form
    digest: str
    size_kib: float
    latency: Latency


@dataclass(frozen=True)
class BenchReport(Record):
    """What was timed, with which frames, on which machine."""

    models: tuple[ModelLatency, ...]
    ratio: Ratio | None
    """Time of the second model over the first; None for a single model."""
    frames: str
    """Where the frames came from."""
    provider: str
    threads: int
    machine: Machine


def measure(
    model: str | Path,
    against: str | Path = "",
    *,
    source: str = "",
    rounds: int = 500,
    provider: str = "cpu",
    threads: int = 1,
) -> BenchReport:
    """Time a model from frame to prediction; with `against`, two models interleaved.

    Args:
        model: A path, or the name of a shipped model.
        against: A second model; the ratio is its time over the first one's.
        source: Where the frames come from, see `open_source`; by default each model's golden
            frames, which are real pictures, enlarged to 640x480 as a camera gives them.
        rounds: Timed calls of each model, 10 or more.
        provider: ONNX Runtime execution provider.
        threads: Threads of one inference.

    Raises:
        OptionError: There are fewer than 10 rounds, or the source has no frames.
        NotFound, ModelError, ProviderError, SourceError: See `Classifier` and `open_source`.
    """
    if rounds < 10:
        raise OptionError(f"rounds is {rounds}", remedy="give 10 or more")
    paths = [path for path in (model, against) if path]
    with ExitStack() as stack:
        opened = (Classifier(path, provider=provider, threads=threads) for path in paths)
        classifiers = [stack.enter_context(classifier) for classifier in opened]
        calls = [_Call(classifier, _frames(classifier, source)) for classifier in classifiers]
        time_rounds(calls, WARMUP_ROUNDS)
        samples = time_rounds(calls, rounds)
    return BenchReport(
        models=tuple(_row(c, timed) for c, timed in zip(classifiers, samples, strict=True)),
        ratio=ratio(samples[0], samples[1]) if len(samples) == 2 else None,
        frames=hide_credentials(source) or f"the models' golden frames as {CAMERA} frames",
        provider=provider,
        threads=threads,
        machine=describe_machine(),
    )


class _Call:
    """Classifies the next frame at each call, in an endless cycle."""

    def __init__(self, classifier: Classifier, frames: Sequence[Frame]) -> None:
        self._classifier, self._frames = classifier, cycle(frames)

    def __call__(self) -> object:
        return self._classifier(next(self._frames))


def _frames(classifier: Classifier, source: str) -> list[Frame]:
    if not source:
        frames = camera_frames(classifier.model.golden.frames(classifier.spec))
    else:
        with open_source(source) as opened:
            frames = list(islice(opened, MAX_SOURCE_FRAMES))
    if not frames:
        name = hide_credentials(source) or classifier.model.path.name
        raise OptionError(f"{name} has no frames", remedy="give --source a source with frames")
    return frames


def _row(classifier: Classifier, samples_ns: list[int]) -> ModelLatency:
    model, card = classifier.model, classifier.model.card
    size_kib = round(model.size_kib, 1)
    return ModelLatency(card.name, card.form, model.digest, size_kib, latency(samples_ns))
