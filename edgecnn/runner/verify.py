"""`verify` on a device: what of a model file can be checked without torch and onnx."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from edgecnn.check_result import FAIL, OK, SKIPPED
from edgecnn.errors import DataError, ModelError, ProviderError, SpecError
from edgecnn.inference.classifier import Classifier
from edgecnn.inference.file_checks import Check, VerifyReport, check_bytes, check_fit, check_golden
from edgecnn.interval import wilson
from edgecnn.model.model_file import ModelFile, find_model
from edgecnn.sources.capture import open_source

NEEDS_TRAIN = "needs torch and onnx, which are not installed here"


def verify_on_device(
    model: str | Path,
    pictures: str = "",
    on_progress: Callable[[str], None] = lambda _: None,
) -> VerifyReport:
    """Check a model file on the device that runs it.

    Args:
        model: A path, or the name of a shipped model.
        pictures: An image folder, a folder for each class, to check labels and accuracy on.
        on_progress: Called with the name of each stage.

    Raises:
        NotFound: There is no such model or folder.
        DataError: The folder has a class that the model lacks, or no pictures.
    """
    path = find_model(model)
    on_progress("reading the file")
    checks, file = check_bytes(path)
    if file is None:
        return VerifyReport(str(path), "", checks)
    checks += (check_fit(file), _golden(file))
    checks += (Check("reference", SKIPPED, NEEDS_TRAIN), Check("run", SKIPPED, NEEDS_TRAIN))
    if all(check.result != FAIL for check in checks):
        on_progress("classifying pictures")
        checks += _check_pictures(path, pictures)
    return VerifyReport(str(path), file.card.form, checks)


def _golden(file: ModelFile) -> Check:
    """Open the file as `run` does, which checks its golden frames, and say how far it is off."""
    try:
        with Classifier(file.path) as classifier:
            found = classifier.logits(file.golden.frames(file.spec))
    except (ModelError, ProviderError, SpecError) as error:
        return Check("golden", FAIL, error.what)
    return check_golden(file.golden, found, file.golden.tolerance)


def _check_pictures(path: Path, pictures: str) -> tuple[Check, ...]:
    if not pictures:
        return (Check("data", SKIPPED, "give --data X, an image folder with the model's classes"),)
    with Classifier(path) as classifier:
        labels, card = classifier.spec.labels, classifier.model.card
        confusion = np.zeros((len(labels), len(labels)), np.int64)
        for truth, answer in _answers(classifier, Path(pictures)):
            confusion[labels.index(truth), labels.index(answer)] += 1
    claimed = next((score for score in card.accuracy if score.form == card.form), None)
    return _labels(labels, confusion), _accuracy(confusion, claimed.low if claimed else 0.0)


def _answers(classifier: Classifier, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the class of each picture's folder, and the label that the model gives it."""
    folder = folder / "test" if (folder / "test").is_dir() else folder
    with open_source(str(folder)) as source:
        for captured in source.captured_frames():
            truth = Path(captured.picture).parent.name
            if truth not in classifier.spec.labels:
                raise DataError(
                    f"{captured.picture} lies in {truth!r}, which is no class of the model",
                    remedy=f"name the folders {', '.join(classifier.spec.labels[:10])}",
                )
            yield truth, classifier(captured.frame_bgr).label


def _labels(labels: tuple[str, ...], confusion: np.ndarray) -> Check:
    """Check whether classes changed places: each is mostly answered by another one's name."""
    mostly = {i: int(row.argmax()) for i, row in enumerate(confusion) if row.sum()}
    moved = {i: j for i, j in mostly.items() if i != j}
    exchanged = Counter(moved.values()) == Counter(moved.keys())
    if moved and exchanged:
        texts = [f"the file's {labels[j]!r} is the data's {labels[i]!r}" for i, j in moved.items()]
        return Check("labels", FAIL, f"labels are permuted: {', '.join(texts[:4])}")
    return Check("labels", OK, "no two classes have changed places")


def _accuracy(confusion: np.ndarray, claimed_low: float) -> Check:
    """Check whether the accuracy may be the card's: the intervals touch."""
    correct, total = int(np.trace(confusion)), int(confusion.sum())
    low, high = wilson(correct, total)
    figures = f"{correct / total:.2%} [{low:.2%}, {high:.2%}] on {total} pictures"
    if high >= claimed_low:
        return Check("accuracy", OK, figures)
    return Check("accuracy", FAIL, f"{figures}; the card says {claimed_low:.2%} or more")
