"""ModelSpec and ModelCard: what they refuse, and that they survive JSON."""

import dataclasses
import json
from typing import Any

import pytest
from hostile_text import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecnn.errors import SpecError
from edgecnn.model.limits import MAX_LABELS, MAX_NAME, MAX_PIXELS
from edgecnn.model.model_file import read_model
from edgecnn.model.shipped import shipped_model
from edgecnn.model.spec import Accuracy, Fit, Known, ModelCard, ModelSpec, Rejection, Shrink

NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1)
SIZES = st.tuples(st.integers(1, 4096), st.integers(1, 4096)).filter(
    lambda size: size[0] * size[1] <= MAX_PIXELS
)
COUNTS = st.tuples(st.integers(0, 10_000), st.integers(1, 10_000)).filter(lambda c: c[0] <= c[1])
INTERVALS = st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted)
SPECS = st.builds(
    lambda size, **rest: ModelSpec(height=size[0], width=size[1], **rest),
    size=SIZES,
    labels=st.lists(NAMES, min_size=2, max_size=8, unique=True).map(tuple),
    channels=st.sampled_from((1, 3)),
    fit=st.sampled_from(Fit),
    shrink=st.sampled_from(Shrink),
    reject_threshold=st.floats(0.0, 1.0, exclude_max=True),
    logit_ceiling=st.lists(st.floats(-1e3, 1e3), max_size=1).map(tuple),
)
ACCURACIES = st.builds(
    lambda counts, interval, **rest: Accuracy(
        correct=counts[0], total=counts[1], low=interval[0], high=interval[1], **rest
    ),
    counts=COUNTS,
    interval=INTERVALS,
    form=st.sampled_from(("torch", "fp32", "int8")),
    split=st.sampled_from(("test", "validation")),
)
KNOWN = st.builds(
    lambda pictures, counts, interval: Known(pictures, *counts, *interval),
    pictures=NAMES,
    counts=COUNTS,
    interval=INTERVALS,
)
REJECTIONS = st.builds(
    Rejection,
    temperature=st.floats(0.05, 20),
    keep=st.floats(0, 1),
    known=st.lists(KNOWN, max_size=3).map(tuple),
)
CARDS = st.builds(
    ModelCard,
    name=NAMES,
    form=st.sampled_from(("fp32", "int8")),
    dataset=NAMES,
    dataset_digest=st.text("0123456789abcdef", min_size=64, max_size=64),
    recipe=NAMES,
    quantization=NAMES,
    accuracy=st.lists(ACCURACIES, max_size=3).map(tuple),
    parameters=st.integers(0, 10**9),
    macs=st.dictionaries(NAMES, st.integers(0, 10**9), max_size=4),
    versions=st.dictionaries(NAMES, NAMES, max_size=4),
    rejection=st.lists(REJECTIONS, max_size=1).map(tuple),
    gate=NAMES,
)


def spec(**changes: Any) -> ModelSpec:
    values: dict[str, Any] = {"labels": ("ant", "bee"), "height": 28, "width": 30, "channels": 1}
    return ModelSpec(**{**values, **changes})


@settings(deadline=None, max_examples=100)
@given(SPECS)
def test_any_spec_survives_json(spec: ModelSpec) -> None:
    assert ModelSpec.from_json(spec.to_json()) == spec


@settings(deadline=None, max_examples=50)
@given(CARDS)
def test_any_card_survives_json(card: ModelCard) -> None:
    assert ModelCard.from_json(card.to_json()) == card


def test_a_card_that_was_written_before_there_was_a_verdict_is_read() -> None:
    path = shipped_model("article-mnist")
    assert path is not None
    fields = json.loads(read_model(path).card.to_json())
    del fields["gate"]
    assert ModelCard.from_json(json.dumps(fields)).gate == ""
    del fields["recipe"]
    with pytest.raises(SpecError, match="expected"):
        ModelCard.from_json(json.dumps(fields))


def test_equal_specs_give_equal_text() -> None:
    assert spec().to_json() == spec(labels=("ant", "bee")).to_json()
    assert spec().to_json() != spec(labels=("bee", "ant")).to_json()


def test_the_shape_is_height_width_channels() -> None:
    assert spec().shape == (28, 30, 1)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"height": 0}, "0x30", id="no height"),
        pytest.param({"width": 0}, "28x0", id="no width"),
        pytest.param({"height": -28}, "-28x30", id="negative height"),
        pytest.param({"width": -1}, "28x-1", id="negative width"),
        pytest.param({"height": 4097, "width": 1}, "4097x1", id="a long side"),
        pytest.param({"height": 4096, "width": 4096}, "4096x4096", id="many pixels"),
        pytest.param({"height": 2**62, "width": 2**62}, "allowed are 4096", id="more than memory"),
        pytest.param({"channels": 0}, "0 channels", id="no channels"),
        pytest.param({"channels": 2}, "2 channels", id="two channels"),
        pytest.param({"channels": 4}, "4 channels", id="four channels"),
        pytest.param({"labels": ()}, "0 labels", id="no labels"),
        pytest.param({"labels": ("ant",)}, "1 labels", id="one label"),
        pytest.param({"labels": ("ant", "")}, "['']", id="empty label"),
        pytest.param({"labels": ("ant", "b\nee")}, "b\\nee", id="line feed"),
        pytest.param({"labels": ("ant", "\x1b[31mbee")}, "x1b[31mbee", id="escape sequence"),
        pytest.param({"labels": ("ant", "b\u202eee")}, "u202e", id="right-to-left override"),
        pytest.param({"labels": ("ant", "\ud800")}, "ud800", id="half a character"),
        pytest.param({"labels": ("ant", "bee", "ant")}, "twice: ant", id="a label twice"),
        pytest.param(
            {"labels": tuple(map(str, range(100_000)))}, "100,000 labels", id="100,000 labels"
        ),
        pytest.param(
            {"labels": tuple(map(str, range(MAX_LABELS + 1)))}, "25,001", id="a label too many"
        ),
        pytest.param(
            {"labels": ("a" * (MAX_NAME + 1), "b")}, "1,001 characters", id="a long label"
        ),
        pytest.param({"reject_threshold": -0.1}, "-0.1", id="threshold below 0"),
        pytest.param({"reject_threshold": 1.0}, "threshold is 1.0", id="threshold of 1"),
        pytest.param({"logit_ceiling": (1.0, 2.0)}, "(1.0, 2.0)", id="two ceilings"),
        pytest.param({"logit_ceiling": (float("inf"),)}, "inf", id="ceiling that is no number"),
        pytest.param({"logit_ceiling": (1e39,)}, "1e+39", id="ceiling beyond float32"),
        pytest.param({"reject_threshold": float("nan")}, "nan", id="threshold that is no number"),
    ],
)
def test_a_spec_that_no_frame_could_satisfy_is_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(SpecError) as caught:
        spec(**changes)
    assert named in caught.value.what
    assert caught.value.remedy == "correct that value"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"height": 1, "width": 1}, id="one pixel"),
        pytest.param({"channels": 3}, id="colour"),
        pytest.param({"labels": ("Käfer", "蜜蜂", "two words")}, id="any script"),
        pytest.param({"labels": ("ant", "Ant")}, id="case tells labels apart"),
        pytest.param({"labels": tuple(map(str, range(1000)))}, id="1,000 labels"),
        pytest.param({"labels": tuple(map(str, range(MAX_LABELS)))}, id="25,000 labels"),
        pytest.param({"labels": ("a" * MAX_NAME, "b")}, id="a long label"),
        pytest.param({"height": 2048, "width": 2048}, id="2048x2048 pixels"),
        pytest.param({"height": 4096, "width": 1024}, id="a long side"),
        pytest.param({"reject_threshold": 0.999}, id="high threshold"),
    ],
)
def test_a_usable_spec_is_accepted_and_read_back(changes: dict[str, Any]) -> None:
    accepted = spec(**changes)
    assert ModelSpec.from_json(accepted.to_json()) == accepted


def test_the_rules_hold_for_what_is_read_too() -> None:
    text = spec().to_json().replace('"channels":1', '"channels":5')
    with pytest.raises(SpecError, match="5 channels"):
        ModelSpec.from_json(text)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(ModelSpec)])
def test_a_spec_cannot_be_changed(name: str) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(spec(), name, None)


def test_a_frame_is_cropped_and_everything_known_unless_said_otherwise() -> None:
    assert (spec().fit, spec().reject_threshold) == (Fit.CROP, 0.0)


@pytest.mark.parametrize(
    ("probability", "logit", "known"),
    [(0.7, 5.0, True), (0.69, 5.0, False), (0.7, 5.1, False), (0.99, -3.0, True)],
)
def test_what_is_known_is_probable_and_below_the_ceiling(
    probability: float, logit: float, known: bool
) -> None:
    assert spec(reject_threshold=0.7, logit_ceiling=(5.0,)).knows(probability, logit) is known
    assert spec().knows(probability, logit)


def test_an_accuracy_reads_as_a_sentence() -> None:
    accuracy = Accuracy("int8", "test", 97, 100, 0.9155, 0.9897)
    assert accuracy.value == 0.97
    assert str(accuracy) == "97.00% [91.55%, 98.97%] on 100 test pictures"


@pytest.mark.parametrize("text", [text for text in HOSTILE if not text.isprintable()], ids=ascii)
def test_a_label_with_control_or_invisible_characters_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="control characters"):
        ModelSpec(("cat", text), 28, 28, 1)
