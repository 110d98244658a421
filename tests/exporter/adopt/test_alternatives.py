"""On pictures, another input or order of the labels that is better is found and named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from external_models import Writer
from onnx import TensorProto
from picture_folders import encoded

from edgecnn.data.catalog import load_as
from edgecnn.data.dataset import Pictures
from edgecnn.exporter.adopt.alternatives import Finding, try_alternatives
from edgecnn.exporter.adopt.input_plan import ASSUMPTIONS, UserOptions
from edgecnn.exporter.adopt.original import Original, read_original
from edgecnn.model.spec import Fit, ModelSpec
from exporter.adopt.graphs import painted, planned

SIZE, COUNT = 8, 120
SPEC = ModelSpec(("dull", "red"), SIZE, SIZE, 3)
RGB = replace(ASSUMPTIONS["unit"], channels="rgb")


def original(given: UserOptions = RGB, *, pixels: bool = False) -> Original:
    """Return a network that calls a picture red if its mean of red is above 0.4."""
    writer = Writer("input")
    if pixels:
        writer.add("Cast", to=TensorProto.FLOAT).add("Mul", np.array(1 / 255, np.float32))
    writer.add("GlobalAveragePool").add("Flatten")
    weight = np.array([[0, 0, 0], [30, 0, 0]], np.float32)
    writer.add("Gemm", weight, np.array([12, 0], np.float32), transB=1)
    element = TensorProto.UINT8 if pixels else TensorProto.FLOAT
    model = writer.model("input", ["N", 3, SIZE, SIZE], 2, element=element)
    return read_original(model.SerializeToString(), planned(model, given, 2))


def some_pictures(*, wrong: int = 0) -> Pictures:
    """Return pictures of which the first `wrong` have the other label."""
    labels = np.arange(COUNT) % 2
    red = np.where(labels == 1, 150, 40) + np.random.default_rng(0).integers(0, 50, COUNT)
    labels[:wrong] = 1 - labels[:wrong]
    return Pictures(painted(red, SIZE), labels)


def test_where_hardly_a_picture_is_wrong_nothing_is_tried() -> None:
    assert try_alternatives(original(), SPEC, some_pictures(wrong=9)) == Finding("")


def test_where_nothing_is_better_the_trials_are_named() -> None:
    found = try_alternatives(original(), SPEC, some_pictures(wrong=20))
    assert found.remedy == ""
    assert "83.3% are right on 120 validation pictures; tried, and not better:" in found.words
    assert "bgr, signed, pixels, imagenet" in found.words


def test_the_other_order_of_channels_is_found() -> None:
    found = try_alternatives(original(replace(RGB, channels="bgr")), SPEC, some_pictures())
    assert found.words.startswith("rgb would give 100.0%, bgr gives ")
    assert found.remedy == "give --channels rgb"


@pytest.mark.parametrize("name", ["pixels", "signed"])
def test_the_right_assumption_is_found(name: str) -> None:
    wrong = replace(ASSUMPTIONS[name], channels="rgb")
    found = try_alternatives(original(wrong), SPEC, some_pictures(wrong=4))
    assert found.words.startswith(f"unit would give 96.7%, {name} gives ")
    assert found.remedy == "give --assume unit"


def test_numbers_of_no_name_are_called_the_given_ones() -> None:
    wrong = UserOptions(channels="rgb", scale=100.0, mean=(0.1,), std=(1.0,))
    found = try_alternatives(original(wrong), SPEC, some_pictures())
    assert "the given normalization gives" in found.words


def test_exchanged_labels_are_named() -> None:
    found = try_alternatives(original(), replace(SPEC, labels=("red", "dull")), exchanged(4))
    assert "the file's 'red' is the data's 'dull'" in found.words
    assert "in the right order they would give 96.7%, now 3.3%" in found.words
    assert "order of the model's outputs" in found.remedy


def exchanged(wrong: int) -> Pictures:
    pictures = some_pictures(wrong=wrong)
    return replace(pictures, labels=1 - pictures.labels)


def test_exchanged_labels_do_not_hide_the_right_assumption() -> None:
    wrong = replace(ASSUMPTIONS["pixels"], channels="rgb")
    found = try_alternatives(original(wrong), SPEC, exchanged(0))
    assert found.words.startswith("unit would give 100.0%, pixels gives 50.0%")
    assert "labels are permuted" in found.words
    assert found.remedy == "give --assume unit"


def test_pixels_have_an_order_but_no_normalization() -> None:
    given = UserOptions(channels="bgr")
    found = try_alternatives(original(given, pixels=True), SPEC, some_pictures())
    assert found.remedy == "give --channels rgb"
    right = try_alternatives(
        original(UserOptions(channels="rgb"), pixels=True), SPEC, some_pictures(wrong=20)
    )
    assert right.words.endswith("not better: bgr")


def test_numbers_for_each_channel_are_turned_with_it() -> None:
    wrong = UserOptions((0, 0), "", "bgr", 255.0, (0.0, 0.0, 0.1), (1.0,))
    found = try_alternatives(original(wrong), SPEC, some_pictures())
    assert found.remedy == "give --channels rgb, and turn the order of --mean and --std"


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Pictures three times as wide as high, whose middle third does not show their class."""
    folder = tmp_path_factory.mktemp("wide")
    random = np.random.default_rng(2)
    for place, label in enumerate(SPEC.labels):
        (folder / label).mkdir()
        red = random.integers(150, 200, 300) if place else random.integers(0, 40, 300)
        sides, middle = painted(red, SIZE), painted(random.integers(0, 256, 300), SIZE)
        for i, frame in enumerate(np.concatenate([sides, middle, sides], 2)):
            (folder / label / f"{i}.png").write_bytes(encoded(frame))
    return str(folder)


def test_the_right_fit_is_found(wide: str) -> None:
    pictures = load_as(wide, SPEC).validation
    found = try_alternatives(original(), SPEC, pictures)
    assert found.words.startswith("stretch would give ")
    assert "center-crop gives " in found.words
    assert found.remedy == "give --fit stretch"


def test_pictures_that_are_gone_are_not_tried_with_another_fit(wide: str, tmp_path: Path) -> None:
    pictures = load_as(wide, SPEC).validation
    assert pictures.origins is not None
    paths = pictures.origins.paths.copy()
    paths[-1] = str(tmp_path / "gone.png")
    gone = replace(pictures, origins=replace(pictures.origins, paths=paths))
    found = try_alternatives(original(), SPEC, gone)
    assert found.remedy == ""
    assert Fit.STRETCH.value not in found.words
