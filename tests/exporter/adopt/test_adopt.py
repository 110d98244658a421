"""`adopt`: a network that other tools wrote ends as our own files, and is as good."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from external_models import Network, Writer, as_keras, as_torch, network_of, random_network
from onnx import TensorProto
from picture_folders import encoded

from edgecnn.data.dataset import Dataset
from edgecnn.errors import CheckFailed, ModelError, NotFound, OptionError
from edgecnn.exporter.adopt.adopt import AdoptReport, adopt
from edgecnn.exporter.adopt.input_plan import ASSUMPTIONS, UserOptions
from edgecnn.exporter.adopt.read_graph import probe_frames
from edgecnn.exporter.export import export_source_of
from edgecnn.exporter.gate.gate import GateLimits
from edgecnn.exporter.graph.operator_counts import count_operators, float_islands
from edgecnn.exporter.options import Options
from edgecnn.inference.classifier import Classifier
from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model
from edgecnn.model.spec import Fit, ModelSpec
from edgecnn.trainer.evaluate import evaluate
from edgecnn.trainer.run_folder import read_run
from exporter.adopt.graphs import painted

UNIT = ASSUMPTIONS["unit"]


@pytest.fixture(scope="module")
def trained(run_folder: Path, digits: tuple[Dataset, ModelSpec]) -> Network:
    """The small run's network, for other exporters to write."""
    return network_of(export_source_of(read_run(run_folder), digits[0]).core, 28)


@pytest.fixture(scope="module")
def keras_file(trained: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tutorial's network as Keras writes it."""
    path = tmp_path_factory.mktemp("keras") / "keras.onnx"
    path.write_bytes(as_keras(trained).SerializeToString())
    return path


@pytest.fixture(scope="module")
def ten_labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labels") / "labels.txt"
    path.write_text("".join(f"{i}\n" for i in range(10)))
    return path


@pytest.fixture(scope="module")
def adopted(
    keras_file: Path, ten_labels: Path, tmp_path_factory: pytest.TempPathFactory
) -> AdoptReport:
    folder = tmp_path_factory.mktemp("adopted")
    return adopt(keras_file, ten_labels, folder, user_options=UNIT, data="digits", fit=Fit.STRETCH)


def test_kerass_own_graph_ends_with_the_operators_of_our_own(
    adopted: AdoptReport, int8: Path
) -> None:
    found = count_operators(read_model(adopted.files[Form.INT8]))
    assert found == count_operators(read_model(int8))
    assert float_islands(found.executed) == adopted.islands == {}


def test_an_adopted_network_answers_as_the_run_it_was_written_from(
    adopted: AdoptReport, fp32: Path, frames: list[np.ndarray]
) -> None:
    with Classifier(adopted.files[Form.FP32]) as own, Classifier(fp32) as ours:
        np.testing.assert_allclose(own.logits(frames), ours.logits(frames), atol=1e-4)


def test_the_report_says_what_was_read_given_and_measured(adopted: AdoptReport) -> None:
    words = " ".join(adopted.adoption.read)
    for expected in ("keras_tensor: float32 (batch, 28, 28, 1), NHWC", "softmax", "12 after"):
        assert expected in words
    assert adopted.adoption.told == ("(pixel / 255 - 0) / 1",)
    assert adopted.adoption.guessed == ()
    assert (adopted.agreement.agreement, adopted.agreement.kind) == (1.0, "validation pictures")
    assert [score.form for score in adopted.accuracy] == ["original", Form.FP32, Form.INT8]
    assert adopted.accuracy[0].correct == adopted.accuracy[1].correct


def test_the_card_tells_where_a_model_comes_from(adopted: AdoptReport) -> None:
    card = read_model(adopted.files[Form.INT8]).card
    assert card.is_adopted
    assert json.loads(card.recipe)["adopted"] == adopted.adoption.adopted
    assert (card.dataset, card.parameters) == ("digits", 93_322)


def test_our_own_models_are_not_adopted(int8: Path) -> None:
    assert not read_model(int8).card.is_adopted


def test_an_adopted_model_is_evaluated_on_a_data_set_that_is_named(adopted: AdoptReport) -> None:
    found = evaluate(adopted.files[Form.INT8], data="digits")
    assert found.accuracy == adopted.accuracy[2]
    with pytest.raises(OptionError, match="was adopted") as refusal:
        evaluate(adopted.files[Form.INT8])
    assert "--data" in refusal.value.remedy


def test_a_wrong_assumption_is_refused_on_pictures_and_forced_with_a_note(
    keras_file: Path, ten_labels: Path, tmp_path: Path
) -> None:
    def made(*, force: bool) -> AdoptReport:
        options = Options(forms=(Form.FP32,), force=force)
        return adopt(keras_file, ten_labels, tmp_path, user_options=ASSUMPTIONS["signed"],
                     data="digits", fit=Fit.STRETCH, options=options)  # fmt: skip

    words = r"unit would give 9\d\.\d%, signed gives \d+\.\d% on 240 validation pictures"
    with pytest.raises(CheckFailed, match=words) as refusal:
        made(force=False)
    assert refusal.value.remedy == "give --assume unit; or go on with --force"
    assert not list(tmp_path.iterdir())
    report = made(force=True)
    assert re.match(words, report.adoption.read[-1])
    recipe = json.loads(read_model(report.files[Form.FP32]).card.recipe)
    assert recipe["read"] == list(report.adoption.read)


def test_exchanged_labels_are_refused_on_pictures(keras_file: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join("0123546789"))
    with pytest.raises(CheckFailed, match="the file's '5' is the data's '4'") as refusal:
        adopt(keras_file, labels, tmp_path, user_options=UNIT, data="digits", fit=Fit.STRETCH)
    assert "order of the model's outputs" in refusal.value.remedy


def test_a_form_that_fails_is_not_told_to_be_trained_longer(
    keras_file: Path, ten_labels: Path, tmp_path: Path
) -> None:
    limits = GateLimits(max_kib=1)
    with pytest.raises(CheckFailed, match="the gate says FAIL") as refusal:
        adopt(keras_file, ten_labels, tmp_path, user_options=UNIT, data="digits", fit=Fit.STRETCH,
              options=Options(limits=limits))  # fmt: skip
    assert "train" not in refusal.value.remedy
    assert "--max-drop" in refusal.value.remedy


def test_without_pictures_there_is_an_fp32_form_and_a_named_guess(
    keras_file: Path, ten_labels: Path, tmp_path: Path
) -> None:
    report = adopt(keras_file, ten_labels, tmp_path, user_options=UNIT, name="mine")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.fp32.onnx"]
    assert (report.gates, report.accuracy, report.agreement.kind) == ((), (), "synthetic frames")
    assert "center-cropped" in report.adoption.guessed[0]
    model = read_model(report.files[Form.FP32])
    assert len(model.golden.frames_png) >= 3
    Classifier(model.path).close()


def test_two_adoptions_are_the_same_bytes(
    keras_file: Path, ten_labels: Path, tmp_path: Path
) -> None:
    first, second = (
        adopt(keras_file, ten_labels, tmp_path / name, user_options=UNIT, name="m").files[Form.FP32]
        for name in ("a", "b")
    )
    assert Path(first).read_bytes() == Path(second).read_bytes()


def test_one_sigmoid_ends_as_two_classes_in_int8_too(tmp_path: Path) -> None:
    """Whether a picture is red: the mean of its red channel, behind a convolution."""
    random = np.random.default_rng(0)
    reds = {"dull": random.integers(0, 90, 300), "red": random.integers(115, 256, 300)}
    for label, red in reds.items():
        (tmp_path / "data" / label).mkdir(parents=True)
        for i, frame in enumerate(painted(red, 8)):
            (tmp_path / "data" / label / f"{i}.png").write_bytes(encoded(frame))
    weight = random.normal(0, 0.1, (4, 3, 3, 3)).astype(np.float32)
    weight[0] = 0
    weight[0, 0, 1, 1] = 1
    writer = Writer("input").add("Conv", weight).add("Relu").add("GlobalAveragePool")
    writer.add("Flatten").add("MatMul", np.array([[30], [0], [0], [0]], np.float32))
    writer.add("Add", np.array([-12], np.float32)).add("Sigmoid")
    (tmp_path / "red.onnx").write_bytes(
        writer.model("input", ["N", 3, 8, 8], 1).SerializeToString()
    )
    (tmp_path / "labels.txt").write_text("dull\nred\n")
    report = adopt(
        tmp_path / "red.onnx",
        tmp_path / "labels.txt",
        tmp_path / "out",
        data=str(tmp_path / "data"),
        user_options=replace(UNIT, channels="rgb"),
        options=Options(limits=GateLimits(max_ratio=99)),
    )
    assert [score.value for score in report.accuracy] == [1.0, 1.0, 1.0]
    assert "one sigmoid" in report.adoption.read[1]
    for path in report.files.values():
        with Classifier(path) as classifier:
            first, second = classifier(list(painted(np.array([40, 200]), 8)))
        assert (first.label, second.label) == ("dull", "red")
        assert second.probability > 0.99


def test_a_model_of_ours_is_not_adopted_again(int8: Path, ten_labels: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="already"):
        adopt(int8, ten_labels, tmp_path, user_options=UNIT)


@pytest.mark.parametrize("missing", ["model", "labels"])
def test_a_file_that_is_not_there_is_named(missing: str, keras_file: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(NotFound, match="gone"):
        adopt(gone if missing == "model" else keras_file, gone, tmp_path, user_options=UNIT)


def test_a_model_with_its_weights_beside_it_is_adopted(
    trained: Network, keras_file: Path, ten_labels: Path, tmp_path: Path
) -> None:
    path, data = tmp_path / "keras.onnx", "keras.onnx.data"
    model = as_keras(trained)
    onnx.save_model(model, path, save_as_external_data=True, location=data, size_threshold=0)
    own, whole = (
        adopt(file, ten_labels, tmp_path / out, user_options=UNIT)
        for file, out in ((path, "a"), (keras_file, "b"))
    )
    expected = hashlib.sha256(path.read_bytes() + (tmp_path / data).read_bytes()).hexdigest()
    assert own.adoption.adopted == expected != whole.adoption.adopted
    with Classifier(own.files[Form.FP32]) as one, Classifier(whole.files[Form.FP32]) as other:
        frames = list(probe_frames(3, (28, 28, 1)))
        np.testing.assert_array_equal(one.logits(frames), other.logits(frames))


def test_weights_in_another_folder_are_refused_and_not_touched(
    ten_labels: Path, tmp_path: Path
) -> None:
    model = as_torch(random_network())
    weights = tmp_path / "weights"
    weights.write_bytes(model.graph.initializer[0].raw_data)
    model.graph.initializer[0].ClearField("raw_data")
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    model.graph.initializer[0].external_data.add(key="location", value="../weights")
    path = tmp_path / "in" / "model.onnx"
    path.parent.mkdir()
    path.write_bytes(model.SerializeToString())
    before = weights.stat().st_atime_ns
    with pytest.raises(ModelError, match="external data") as refusal:
        adopt(path, ten_labels, tmp_path / "out", user_options=UNIT)
    assert "external_data=False" in refusal.value.remedy
    assert weights.stat().st_atime_ns == before


def test_what_the_graph_leaves_open_must_be_given(
    keras_file: Path, ten_labels: Path, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match="float input"):
        adopt(keras_file, ten_labels, tmp_path, user_options=UserOptions())
