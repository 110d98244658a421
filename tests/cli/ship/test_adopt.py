"""`edgecnn adopt`: what it prints, and options that contradict each other."""

from pathlib import Path

import pytest
from commands import Main
from external_models import as_keras, random_network

from edgecnn.cli.ship.adopt import adopt_text
from edgecnn.exporter.adopt.adopt import AdoptReport
from edgecnn.exporter.adopt.adoption import Adoption, Agreement
from edgecnn.model.form import Form
from edgecnn.trainer.metrics import measure_accuracy


def test_adopt_says_what_it_read_and_was_given(main: Main, tmp_path: Path) -> None:
    path, labels = tmp_path / "other.onnx", tmp_path / "labels.txt"
    path.write_bytes(as_keras(random_network()).SerializeToString())
    labels.write_text("a\nb\nc\n")
    done = main("adopt", path, "--labels", labels, "--assume", "unit", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    for words in (
        "NHWC",
        "given ",
        "guessed ",
        "16 synthetic frames",
        "other.fp32.onnx",
        "no int8",
    ):
        assert words in done.stdout


def report(*, with_pictures: bool) -> AdoptReport:
    accuracy = (measure_accuracy("fp32", "test", 9, 10),) if with_pictures else ()
    return AdoptReport(
        Adoption("0" * 64, ("a fact",), ("a choice",), ("a guess",)),
        Agreement(16, "synthetic frames", 1.0, 0.0),
        {Form.FP32: "m.fp32.onnx"}, {Form.FP32: 12.5}, accuracy, (), {},
    )  # fmt: skip


def test_pictures_are_asked_for_only_where_there_are_none() -> None:
    assert "--data" in adopt_text(report(with_pictures=False))
    assert "--data" not in adopt_text(report(with_pictures=True))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--assume", "imagenet", "--scale", "1"], "--scale was given too"),
        (["--assume", "imagenet", "--channels", "bgr"], "for rgb pictures; --channels is bgr"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    main: Main, options: list[str], words: str, tmp_path: Path
) -> None:
    done = main("adopt", "any.onnx", "--labels", "any.txt", "--out", tmp_path, *options)
    assert done.returncode == 2
    assert words in done.stderr
    assert not list(tmp_path.iterdir())
