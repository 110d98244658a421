"""The surest wrong answers come first, and their pictures are seen well."""

import numpy as np
import numpy.typing as npt
import pytest

from edgecnn.opencv import cv2
from edgecnn.trainer.report.misclassified import Misclassified, thumbnails, worst_mistakes

#                          called   sure   is
ANSWERS = np.array([[0.6, 0.3, 0.1],  # 0   0.6    1
                    [0.1, 0.8, 0.1],  # 1   0.8    1
                    [0.1, 0.0, 0.9],  # 2   0.9    0
                    [0.2, 0.7, 0.1]])  # 1  0.7    2  # fmt: skip
TRUTH = np.array([1, 1, 0, 2])


def decoded(png: bytes) -> npt.NDArray[np.uint8]:
    found = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    picture: npt.NDArray[np.uint8] = found.astype(np.uint8)
    return picture


def test_the_surest_wrong_answer_comes_first() -> None:
    assert worst_mistakes(ANSWERS, TRUTH) == [
        Misclassified(2, truth=0, predicted=2, confidence=0.9),
        Misclassified(3, truth=2, predicted=1, confidence=0.7),
        Misclassified(0, truth=1, predicted=0, confidence=0.6),
    ]


def test_there_are_never_more_than_the_limit() -> None:
    assert [wrong.index for wrong in worst_mistakes(ANSWERS, TRUTH, limit=2)] == [2, 3]


def test_many_mistakes_are_sorted_and_all_wrong() -> None:
    random = np.random.default_rng(0)
    answers, truth = random.dirichlet(np.ones(10), 500), random.integers(0, 10, 500)
    found = worst_mistakes(answers, truth, limit=500)
    assert len(found) == (answers.argmax(1) != truth).sum() > 100
    assert [w.confidence for w in found] == sorted((w.confidence for w in found), reverse=True)
    assert all(w.predicted != w.truth == truth[w.index] for w in found)


def test_mistakes_that_are_equally_sure_keep_their_order() -> None:
    assert [w.index for w in worst_mistakes(np.eye(2)[[0] * 40], np.ones(40, int))] == [*range(24)]


def test_a_perfect_network_made_no_mistake() -> None:
    assert worst_mistakes(np.eye(3), np.arange(3)) == []
    assert thumbnails(np.zeros((0, 28, 28, 1), np.uint8)) == ()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_small_picture_becomes_squares_of_its_pixels(channels: int) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (28, 20, channels), np.uint8)
    (png,) = thumbnails([frame])
    large = decoded(png).reshape(84, 60, channels)
    assert np.array_equal(large, np.kron(frame, np.ones((3, 3, 1), np.uint8)))


@pytest.mark.parametrize(
    ("shape", "side"),
    [
        pytest.param((32, 32, 3), (96, 96), id="three times"),
        pytest.param((64, 64, 3), (64, 64), id="as it is"),
        pytest.param((300, 600, 3), (48, 96), id="shrunk"),
        pytest.param((224, 224, 1), (96, 96), id="gray, shrunk"),
        pytest.param((1000, 2, 3), (96, 1), id="a line"),
    ],
)
def test_a_thumbnail_is_at_most_96_pixels_a_side(
    shape: tuple[int, int, int], side: tuple[int, int]
) -> None:
    (png,) = thumbnails([np.full(shape, 77, np.uint8)])
    assert decoded(png).shape[:2] == side
    assert (decoded(png) == 77).all()
