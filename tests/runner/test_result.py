"""A result, with and without its frame and its prediction."""

from results import picture, result

from edgecnn.runner.result import ResultStatus


def test_a_result_without_its_frame_keeps_everything_else() -> None:
    whole = result(picture(1), number=3, source="left")
    bare = whole.without_frame()
    assert bare.frame_bgr.shape == (0, 0, 3)
    assert (bare.number, bare.source, bare.label) == (3, "left", whole.label)
    assert bare.prediction is whole.prediction
    assert whole.frame_bgr.shape == (48, 64, 3)


def test_the_probability_is_that_of_the_prediction_and_0_without_one() -> None:
    assert result(probability=0.65).probability == 0.65
    assert result(status=ResultStatus.NON_FINITE).probability == 0.0
