"""Scoring a run through torch and a file through the runner, on the pictures that were meant."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from data.idx_files import write_idx_folder

from edgecnn.data.dataset import Dataset, Pictures
from edgecnn.errors import DataError, DeviceError, NotFound, OptionError
from edgecnn.exporter.graph.contract import stamp, wrap_fp32
from edgecnn.exporter.graph.multiply_adds import count_macs
from edgecnn.exporter.graph.plain_graph import export_core
from edgecnn.inference.classifier import Classifier
from edgecnn.model.form import Form
from edgecnn.model.frame import Frame
from edgecnn.model.golden import Golden
from edgecnn.model.spec import ModelCard, ModelSpec
from edgecnn.trainer.evaluate import evaluate, predict_classes
from edgecnn.trainer.networks import Architecture
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.run_folder import read_run
from edgecnn.trainer.score import choose_device, logits_of
from edgecnn.trainer.train import load_for, train

SIZED = Recipe(
    data="digits", epochs=1, train_size=1000, network=Architecture(widths=(2, 3, 4), dense=5)
)


@dataclass
class Sized:
    """A run trained on 1,000 of the digits, and the file made of it."""

    run: Path
    file: Path


@pytest.fixture(scope="module")
def sized(tmp_path_factory: pytest.TempPathFactory) -> Sized:
    folder = tmp_path_factory.mktemp("sized")
    report = train(SIZED, folder / "run", device="cpu")
    run = read_run(folder / "run")
    core = export_core(run.network, run.spec)
    card = ModelCard(
        name="sized",
        form=Form.FP32,
        dataset=SIZED.data,
        dataset_digest=report.dataset_digest,
        recipe=SIZED.to_json(),
        quantization="none",
        accuracy=(),
        parameters=report.parameters,
        macs=count_macs(core),
        versions=report.versions,
    )
    file = folder / "sized.fp32.onnx"
    file.write_bytes(stamp(wrap_fp32(core, run.spec), run.spec, card, Golden()))
    return Sized(folder / "run", file)


@pytest.fixture
def other_digits(tmp_path: Path) -> str:
    """A small data set with the digits' ten classes: 60 for training, 20 for testing."""
    return str(write_idx_folder(tmp_path / "other", list(range(10)) * 6, list(range(10)) * 2))


def test_a_run_scores_what_its_report_says(run_folder: Path) -> None:
    assert evaluate(run_folder, device="cpu") == read_run(run_folder).report.test


def test_torch_and_the_fp32_file_give_the_same_test_accuracy(run_folder: Path, fp32: Path) -> None:
    through_torch, through_runner = evaluate(run_folder, device="cpu"), evaluate(fp32)
    assert through_runner.accuracy.correct == through_torch.accuracy.correct
    assert through_runner.accuracy.total == through_torch.accuracy.total
    assert through_runner.confusion == through_torch.confusion


def test_a_score_says_form_and_split(run_folder: Path, fp32: Path, int8: Path) -> None:
    forms = [evaluate(model, split="validation") for model in (run_folder, fp32, int8)]
    assert [score.accuracy.form for score in forms] == ["torch", "fp32", "int8"]
    assert {score.accuracy.split for score in forms} == {"validation"}


def test_a_file_scores_what_its_card_says(int8: Path) -> None:
    with Classifier(int8) as classifier:
        (said,) = [a for a in classifier.model.card.accuracy if a.form == "int8"]
    assert evaluate(int8).accuracy == said


@pytest.mark.parametrize(("split", "total"), [("train", 1198), ("validation", 240), ("test", 359)])
def test_each_split_is_that_part_of_the_data_set(
    split: str, total: int, run_folder: Path, digits: tuple[Dataset, ModelSpec]
) -> None:
    part: Pictures = getattr(digits[0], split)
    metrics = evaluate(run_folder, split=split, device="cpu")
    assert metrics.accuracy.total == len(part) == total
    counts = np.bincount(part.labels).tolist()
    assert [row.pictures for row in metrics.classes] == counts


@pytest.mark.parametrize("split", ["dev", "", "Test"])
def test_an_unknown_split_is_refused_with_the_known_ones(split: str, run_folder: Path) -> None:
    with pytest.raises(OptionError, match=f"'{split}'") as caught:
        evaluate(run_folder, split=split)
    assert "train, validation, test" in caught.value.remedy


@pytest.mark.parametrize("model", ["run_folder", "fp32"])
def test_a_data_set_with_other_classes_is_refused(
    model: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    other = write_idx_folder(tmp_path, [0, 1, 2], [0])
    with pytest.raises(DataError, match="has classes 0, 1, 2; the model has 0, 1, 2, 3") as caught:
        evaluate(request.getfixturevalue(model), data=str(other))
    assert str(other) in caught.value.what


def test_the_same_classes_in_another_order_are_refused(run_folder: Path, tmp_path: Path) -> None:
    other = write_idx_folder(tmp_path, list(range(10)), [0])
    (other / "labels.txt").write_text("\n".join("1023456789"))
    with pytest.raises(DataError, match="in the same order"):
        evaluate(run_folder, data=str(other))


@pytest.mark.parametrize("model", ["run", "file"])
def test_the_train_size_of_training_is_kept(model: str, sized: Sized) -> None:
    path = getattr(sized, model)
    totals = {s: evaluate(path, split=s).accuracy.total for s in ("train", "validation", "test")}
    assert totals == {"train": 1000, "validation": 438, "test": 359}


def test_the_validation_part_of_a_file_holds_the_pictures_it_was_not_trained_on(
    sized: Sized,
) -> None:
    data, _ = load_for(SIZED)
    with Classifier(sized.file) as classifier:
        answers = predict_classes(classifier, data.validation)
    correct = int((answers == data.validation.labels).sum())
    for model in (sized.run, sized.file):
        assert evaluate(model, split="validation").accuracy.correct == correct


@pytest.mark.parametrize("model", ["run", "file"])
def test_the_train_size_of_training_does_not_bind_another_data_set(
    model: str, sized: Sized, other_digits: str
) -> None:
    path = getattr(sized, model)
    assert evaluate(path, data=other_digits).accuracy.total == 20
    assert evaluate(path, data=other_digits, split="validation").accuracy.total == 10


@pytest.mark.parametrize("model", ["run", "file"])
def test_the_models_own_data_set_may_be_named(model: str, sized: Sized) -> None:
    path = getattr(sized, model)
    assert evaluate(path, data="digits", split="validation").accuracy.total == 438


def test_pictures_of_another_size_are_fitted(sized: Sized, other_digits: str) -> None:
    run, file = (evaluate(model, data=other_digits) for model in (sized.run, sized.file))
    assert run.confusion == file.confusion


def test_answers_are_the_index_of_the_largest_logit(fp32: Path, frames: list[Frame]) -> None:
    pictures = Pictures(np.stack(frames), np.zeros(len(frames), np.int64))
    with Classifier(fp32) as classifier:
        answers = predict_classes(classifier, pictures)
        assert [classifier.spec.labels[i] for i in answers] == [
            classifier(frame).label for frame in frames
        ]


def test_runner_and_torch_agree_on_every_logit(
    sized: Sized, digits: tuple[Dataset, ModelSpec]
) -> None:
    run, test = read_run(sized.run), digits[0].test
    wanted = logits_of(run.network, test, choose_device("cpu")).numpy()
    with Classifier(sized.file) as classifier:
        found = classifier.logits(list(test.frames))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_a_model_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nothing"):
        evaluate(tmp_path / "nothing.onnx")


def test_a_folder_that_holds_no_run_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=str(tmp_path)):
        evaluate(tmp_path)


def test_an_unknown_device_is_refused(run_folder: Path) -> None:
    with pytest.raises(DeviceError, match="'tpu'"):
        evaluate(run_folder, device="tpu")


def test_a_data_set_that_is_gone_is_not_found(sized: Sized, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="gone"):
        evaluate(sized.run, data=str(tmp_path / "gone"))


def test_evaluating_does_not_change_the_run(sized: Sized) -> None:
    before = {path.name: path.read_bytes() for path in sized.run.iterdir()}
    evaluate(sized.run)
    assert {path.name: path.read_bytes() for path in sized.run.iterdir()} == before
    assert read_run(sized.run).recipe == replace(SIZED)
