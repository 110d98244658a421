"""`Classifier`: the same answer however frames are handed in, or an error that says why not."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from craft import both, poison, with_entry, with_fields, with_new_digest

from edgecnn.errors import FrameError, ModelError, OptionError
from edgecnn.inference.classifier import Classifier, Prediction
from edgecnn.model import digest
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.golden import Golden
from edgecnn.model.model_file import read_model


@pytest.fixture
def classify(int8: Path) -> Iterator[Classifier]:
    with Classifier(int8) as classifier:
        yield classifier


def rows(predictions: list[Prediction]) -> npt.NDArray[np.float32]:
    return np.stack([prediction.probabilities for prediction in predictions])


def test_the_labels_are_those_of_the_pictures(classify: Classifier, frames: list[Frame]) -> None:
    assert len({prediction.label for prediction in classify(frames)}) > 5


def test_a_list_of_frames_is_labelled_as_each_alone(
    classify: Classifier, frames: list[Frame]
) -> None:
    together, alone = classify(frames), [classify(frame) for frame in frames]
    np.testing.assert_array_equal(rows(together), rows(alone))
    assert [p.label for p in together] == [p.label for p in alone]


def test_a_tuple_of_frames_is_a_list_of_frames(classify: Classifier, frames: list[Frame]) -> None:
    assert len(classify(tuple(frames[:3]))) == 3


@pytest.mark.parametrize("count", [1, 3, 4, 7, 20])
def test_a_batch_of_four_labels_as_one_by_one(
    classify: Classifier, int8: Path, frames: list[Frame], count: int
) -> None:
    with Classifier(int8, batch=4) as by_four:
        together = by_four(frames[:count])
    alone = [classify(frame) for frame in frames[:count]]
    assert [p.label for p in together] == [p.label for p in alone]
    np.testing.assert_allclose(rows(together), rows(alone), atol=1e-5)


def test_one_frame_is_labelled_by_a_classifier_with_a_batch_of_four(
    classify: Classifier, int8: Path, frames: list[Frame]
) -> None:
    with Classifier(int8, batch=4) as by_four:
        assert by_four(frames[0]).label == classify(frames[0]).label


def test_no_frames_give_no_predictions(classify: Classifier) -> None:
    assert classify([]) == []


def test_no_frames_give_no_logits(classify: Classifier) -> None:
    assert classify.logits([]).shape == (0, 10)


@pytest.mark.parametrize("form", ["int8", "fp32"])
def test_probabilities_sum_to_one(
    form: str, request: pytest.FixtureRequest, frames: list[Frame]
) -> None:
    with Classifier(request.getfixturevalue(form)) as classifier:
        sums = rows(classifier(frames)).astype(np.float64).sum(axis=1)
    np.testing.assert_allclose(sums, 1.0, atol=1e-6)


def test_probabilities_are_the_softmax_of_the_logits(
    classify: Classifier, frames: list[Frame]
) -> None:
    raised = np.exp(classify.logits(frames).astype(np.float64))
    expected = raised / raised.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(rows(classify(frames)), expected, atol=1e-5)


def test_the_label_and_probability_are_those_of_the_largest(
    classify: Classifier, frames: list[Frame]
) -> None:
    for prediction in classify(frames):
        best = int(prediction.probabilities.argmax())
        assert prediction.label == classify.spec.labels[best]
        assert prediction.probability == float(prediction.probabilities.max())


def test_top_gives_k_classes_most_probable_first(classify: Classifier, frames: list[Frame]) -> None:
    prediction = classify(frames[0])
    top = prediction.top(4)
    assert top[0] == (prediction.label, prediction.probability)
    assert [p for _, p in top] == sorted(map(float, prediction.probabilities), reverse=True)[:4]


def test_top_gives_every_class_when_asked_for_more(
    classify: Classifier, frames: list[Frame]
) -> None:
    assert {label for label, _ in classify(frames[0]).top(99)} == set(classify.spec.labels)


def test_classes_of_equal_probability_stay_in_the_order_of_the_labels() -> None:
    labels = tuple(f"class {index}" for index in range(300))
    even = np.full(300, 1 / 300, np.float32)
    prediction = Prediction(labels[0], 1 / 300, True, 1.0, even, labels)
    assert tuple(label for label, _ in prediction.top(300)) == labels


def test_a_camera_frame_is_labelled_as_its_fitted_frame(
    classify: Classifier, camera_frame: Frame
) -> None:
    fitted = fit_frame(camera_frame, classify.spec)
    np.testing.assert_array_equal(
        classify(camera_frame).probabilities, classify(fitted).probabilities
    )


def test_a_list_may_mix_frames_of_all_sizes(
    classify: Classifier, int8: Path, camera_frame: Frame, frames: list[Frame]
) -> None:
    mixed = [camera_frame, frames[0], camera_frame[:100, ::2, 0]]
    with Classifier(int8, batch=2) as by_two:
        np.testing.assert_allclose(rows(by_two(mixed)), rows(classify(mixed)), atol=1e-5)


WRONG_FRAMES: dict[str, tuple[Any, str]] = {
    "nothing read": (None, "NoneType"),
    "a text": ("frame", "str"),
    "float": (np.zeros((28, 28, 1), np.float32), "float32"),
    "one row": (np.zeros(28, np.uint8), r"\(28,\)"),
    "two channels": (np.zeros((28, 28, 2), np.uint8), r"\(28, 28, 2\)"),
    "four axes": (np.zeros((1, 28, 28, 1), np.uint8), r"\(1, 28, 28, 1\)"),
    "no pixels": (np.zeros((0, 28, 3), np.uint8), "no pixels"),
}


@pytest.mark.parametrize(("frame", "named"), WRONG_FRAMES.values(), ids=WRONG_FRAMES)
@pytest.mark.parametrize("batch", [1, 2])
def test_a_wrong_frame_is_refused_naming_what_it_is(
    int8: Path, frame: Any, named: str, batch: int
) -> None:
    with Classifier(int8, batch=batch) as classifier:
        with pytest.raises(FrameError, match=named) as refusal:
            classifier(frame)
        assert refusal.value.remedy
        with pytest.raises(FrameError, match=named):
            classifier([frame])


def test_four_threads_may_share_a_classifier(
    classify: Classifier, camera_frame: Frame, frames: list[Frame]
) -> None:
    work = [*frames, camera_frame] * 10
    expected = rows(classify(work))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda frame: classify(frame), work))
    np.testing.assert_array_equal(rows(answers), expected)


def test_two_threads_of_inference_give_the_same_labels(
    classify: Classifier, int8: Path, frames: list[Frame]
) -> None:
    with Classifier(int8, threads=2) as with_two:
        np.testing.assert_allclose(rows(with_two(frames)), rows(classify(frames)), atol=1e-5)


def test_a_closed_classifier_says_so(int8: Path, frames: list[Frame]) -> None:
    classifier = Classifier(int8)
    classifier.close()
    with pytest.raises(ModelError, match="closed") as refusal:
        classifier(frames[0])
    assert "open it again" in refusal.value.remedy


def test_a_classifier_is_closed_when_its_with_block_ends(int8: Path, frames: list[Frame]) -> None:
    with Classifier(int8) as classifier:
        classifier(frames[0])
    with pytest.raises(ModelError, match="closed"):
        classifier.logits(frames)


def test_closing_twice_is_fine(int8: Path) -> None:
    classifier = Classifier(int8)
    classifier.close()
    classifier.close()


@pytest.mark.parametrize(
    ("options", "named"),
    [({"threads": 0}, "threads=0"), ({"batch": 0}, "batch=0"), ({"batch": -1}, "batch=-1")],
    ids=["no threads", "no batch", "negative batch"],
)
def test_a_number_below_one_is_refused_by_name(
    int8: Path, options: dict[str, int], named: str
) -> None:
    with pytest.raises(OptionError, match=named) as refusal:
        Classifier(int8, **options)  # type: ignore[arg-type]
    assert "1 or more" in refusal.value.remedy


@pytest.mark.parametrize("form", ["int8", "fp32"])
def test_other_golden_logits_are_refused_at_opening_with_the_difference(
    form: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path: Path = request.getfixturevalue(form)
    logits = json.loads(read_model(path).golden.to_json())["logits"]
    logits[1][2] += 50.0
    changed = with_new_digest(path, tmp_path, with_fields(digest.GOLDEN_KEY, logits=logits))
    with pytest.raises(ModelError, match=r"answers differently .* is off by 50") as refusal:
        Classifier(changed)
    assert "ONNX Runtime" in refusal.value.remedy


def test_a_difference_within_the_tolerance_is_accepted(int8: Path, tmp_path: Path) -> None:
    logits = json.loads(read_model(int8).golden.to_json())["logits"]
    logits[1][2] += 50.0
    changed = with_new_digest(
        int8, tmp_path, with_fields(digest.GOLDEN_KEY, logits=logits, tolerance=51.0)
    )
    Classifier(changed).close()


def test_a_network_that_answers_nan_is_an_error_and_never_the_first_class(
    fp32: Path, tmp_path: Path, frames: list[Frame]
) -> None:
    no_golden = with_entry(digest.GOLDEN_KEY, Golden().to_json())
    path = with_new_digest(fp32, tmp_path, both(poison, no_golden))
    with Classifier(path) as classifier:
        with pytest.raises(ModelError, match=r"edited\.onnx answers with NaN") as refusal:
            classifier(frames[0])
        assert "train" in refusal.value.remedy
        with pytest.raises(ModelError, match="NaN"):
            classifier(frames)


def test_a_network_that_answers_nan_fails_its_golden_frames(fp32: Path, tmp_path: Path) -> None:
    path = with_new_digest(fp32, tmp_path, poison)
    with pytest.raises(ModelError, match="off by nan"):
        Classifier(path)


def test_a_prediction_is_known_from_the_reject_threshold_on(
    classify: Classifier, int8: Path, tmp_path: Path, frames: list[Frame]
) -> None:
    threshold = sorted(prediction.probability for prediction in classify(frames))[10]
    change = with_fields(digest.SPEC_KEY, reject_threshold=threshold, logit_ceiling=())
    strict = with_new_digest(int8, tmp_path, change)
    with Classifier(strict) as classifier:
        predictions = classifier(frames)
    assert [p.known for p in predictions] == [p.probability >= threshold for p in predictions]
    assert {p.known for p in predictions} == {True, False}


def test_a_prediction_is_known_up_to_the_ceiling_of_its_logit(
    classify: Classifier, int8: Path, tmp_path: Path, frames: list[Frame]
) -> None:
    largest = classify.logits(frames).max(1)
    ceiling = float(np.sort(largest)[10])
    change = with_fields(digest.SPEC_KEY, reject_threshold=0.0, logit_ceiling=(ceiling,))
    with Classifier(with_new_digest(int8, tmp_path, change), batch=8) as classifier:
        predictions = classifier(frames)
    assert [p.known for p in predictions] == [logit <= ceiling for logit in largest]
    assert {p.known for p in predictions} == {True, False}


def test_without_threshold_and_ceiling_everything_is_known(
    int8: Path, tmp_path: Path, frames: list[Frame]
) -> None:
    change = with_fields(digest.SPEC_KEY, reject_threshold=0.0, logit_ceiling=())
    with Classifier(with_new_digest(int8, tmp_path, change)) as classifier:
        assert all(prediction.known for prediction in classifier(frames))
