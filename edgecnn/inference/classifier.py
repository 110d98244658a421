"""`Classifier`: labels frames with one model file on one execution provider."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast, overload

import numpy as np
import numpy.typing as npt

from edgecnn.errors import ModelError, NonFinite, OptionError
from edgecnn.inference.session import INPUT, LOGITS, NO_SETTINGS, PROBABILITIES, open_session
from edgecnn.model import fit_probe
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.model_file import ModelFile, read_model


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The result for one frame."""

    label: str
    """The most probable class."""
    probability: float
    """Its probability, 0 to 1."""
    known: bool
    """Whether the frame probably shows one of the classes: `ModelSpec.knows` for this result."""
    latency_ms: float
    """Milliseconds of fitting and inference; in a batch, the batch's time divided by its frames."""
    probabilities: npt.NDArray[np.float32]
    """(K,) float32, the probabilities of all classes."""
    labels: tuple[str, ...]
    """The names of all K classes."""
    logit: float = 0.0
    """The label's logit, which is compared with the spec's `logit_ceiling`."""

    def top(self, k: int = 5) -> list[tuple[str, float]]:
        """Return the k most probable classes, most probable first."""
        order = np.argsort(-self.probabilities, kind="stable")[:k]
        return [(self.labels[i], float(self.probabilities[i])) for i in order]


class Classifier:
    """Labels frames with one model.

    Safe to share between threads. Use it as a context manager, or call `close`.

        >>> with Classifier("article-mnist") as classify:  # doctest: +SKIP
        ...     classify(frame).label
        '7'
    """

    def __init__(
        self,
        model: str | Path | ModelFile,
        *,
        provider: str = "cpu",
        threads: int = 1,
        batch: int = 1,
        allow_cpu: bool = False,
        settings: Mapping[str, str] = NO_SETTINGS,
    ) -> None:
        """Open a model.

        A file from elsewhere may take any time and memory here. The commands open such a file in a
        limited child process first: `first_opening.read_checked`, whose result can be given here.

        Args:
            model: The path of a model file, the name of a shipped model, or a file that was read.
            provider: cpu, cuda, tensorrt, openvino, directml, coreml, or ONNX Runtime's own name.
            threads: Number of threads of one inference.
            batch: Frames of one inference; fixed, since several providers require that.
            allow_cpu: Whether the CPU may execute what the provider does not.
            settings: ONNX Runtime's session settings by their keys; see `session_keys`.

        Raises:
            NotFound, ModelError, SpecError: See `read_model`; or the golden frames do not
                reproduce their logits on this machine.
            ProviderError: The provider is not available or does not run the model.
            OptionError: `threads` or `batch` is below 1; a setting is unknown.
        """
        if threads < 1 or batch < 1:
            raise OptionError(f"threads={threads}, batch={batch}", remedy="give 1 or more")
        self.model = model if isinstance(model, ModelFile) else read_model(model)
        self.spec = self.model.spec
        self.batch = batch
        self._session, self.assignment = open_session(
            self.model,
            provider=provider,
            threads=threads,
            batch=batch,
            allow_cpu=allow_cpu,
            settings=settings,
        )
        self._check_golden()

    def require(self, threshold: float) -> None:
        """Replace the file's reject threshold: the least probability of a `known` prediction.

        Raises:
            OptionError: The threshold is not from 0 to below 1.
        """
        if not 0 <= threshold < 1:
            raise OptionError(f"the threshold is {threshold}", remedy="give 0 to below 1")
        self.spec = replace(self.spec, reject_threshold=threshold)

    @overload
    def __call__(self, frames: npt.NDArray[Any]) -> Prediction: ...
    @overload
    def __call__(self, frames: Sequence[npt.NDArray[Any]]) -> list[Prediction]: ...
    def __call__(
        self, frames: npt.NDArray[Any] | Sequence[npt.NDArray[Any]]
    ) -> Prediction | list[Prediction]:
        """Label one frame, or a list of frames.

        Args:
            frames: A uint8 picture as `fit_frame` accepts it, (H, W, 3) BGR or (H, W); or a list.

        Raises:
            FrameError: A frame is not a uint8 picture.
            NonFinite: The network's output is NaN or infinite.
        """
        if isinstance(frames, (list, tuple)):
            return [p for chunk in self._chunks(frames) for p in self._label(chunk)]
        return self._label([cast("npt.NDArray[Any]", frames)])[0]

    def logits(self, frames: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        """Return the (len(frames), K) float32 logits of a list of frames."""
        outputs = [self._run([LOGITS], chunk)[0] for chunk in self._chunks(frames)]
        return np.concatenate(outputs) if outputs else np.empty((0, len(self.spec.labels)), "f4")

    def close(self) -> None:
        """Release the session; a later call raises ModelError."""
        self._session = None

    def __enter__(self) -> "Classifier":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _chunks(self, frames: Sequence[npt.NDArray[Any]]) -> Iterator[Sequence[npt.NDArray[Any]]]:
        for start in range(0, len(frames), self.batch):
            yield frames[start : start + self.batch]

    def _label(self, frames: Sequence[npt.NDArray[Any]]) -> list[Prediction]:
        start = time.perf_counter_ns()
        rows, logits = self._run([PROBABILITIES, LOGITS], frames)
        latency_ms = (time.perf_counter_ns() - start) / 1e6 / len(rows)
        pairs = zip(rows, logits, strict=True)
        return [self._predict(row, own, latency_ms) for row, own in pairs]

    def _predict(
        self, row: npt.NDArray[np.float32], logits: npt.NDArray[np.float32], latency_ms: float
    ) -> Prediction:
        index = int(row.argmax())  # argmax returns the position of a NaN, if there is one
        probability, logit = float(row[index]), float(logits[index])
        if not (math.isfinite(probability) and np.isfinite(logits).all()):
            raise NonFinite(
                f"{self.model.path.name} answers with NaN or infinity",
                remedy="train and export it again",
            )
        known, labels = self.spec.knows(probability, logit), self.spec.labels
        return Prediction(labels[index], probability, known, latency_ms, row, labels, logit)

    def _run(
        self, outputs: list[str], frames: Sequence[npt.NDArray[Any]]
    ) -> list[npt.NDArray[np.float32]]:
        """Return the outputs, each (len(frames), K) float32, for at most `batch` frames."""
        session = self._session
        if session is None:
            raise ModelError("this Classifier is closed", remedy="open it again")
        found = session.run(outputs, {INPUT: self._stack(frames)})
        return [rows[: len(frames)] for rows in found]

    def _stack(self, frames: Sequence[npt.NDArray[Any]]) -> Frame:
        if self.batch == 1:
            return fit_frame(frames[0], self.spec)[None]  # (1, H, W, C), no copy
        stack = np.zeros((self.batch, *self.spec.shape), np.uint8)
        for row, frame in zip(stack, frames, strict=False):
            row[:] = fit_frame(frame, self.spec)
        return stack

    def _check_golden(self) -> None:
        golden = self.model.golden
        if golden.fitted and not fit_probe.fits(self.spec, golden.fitted):
            raise ModelError(
                f"{self.model.path.name}: frames are fitted by another rule here than where it was "
                "made: the same picture gives other pixels",
                remedy="`edgecnn verify` names the rule; or update OpenCV",
            )
        if not golden.frames_png:
            return
        difference = golden.worst_difference(self.logits(golden.frames(self.spec)))
        if not difference <= golden.tolerance:
            raise ModelError(
                f"{self.model.path.name} answers differently on this machine: a logit of its "
                f"golden frames is off by {difference:.3g}, allowed is {golden.tolerance:.3g}",
                remedy="update ONNX Runtime, or use the fp32 form here",
            )
