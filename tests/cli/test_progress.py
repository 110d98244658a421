"""Progress on stderr where there is no terminal: plain lines, nothing on stdout."""

import pytest

from edgecnn.cli.progress import print_line, spinner, training_bar
from edgecnn.trainer.progress import Progress
from edgecnn.trainer.recipe import Recipe


def test_a_stage_is_a_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with spinner() as on_progress:
        on_progress("calibrating [int8]")
    print_line("done")
    assert capsys.readouterr() == ("", "calibrating [int8]\ndone\n")


def progress(step: int) -> Progress:
    return Progress(epoch=2, epochs=5, step=step, steps=10, loss=0.25, accuracy=0.875)


def test_an_epoch_is_one_line_at_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    with training_bar(Recipe()) as on_progress:
        for step in (1, 9, 10):
            on_progress(progress(step))
    assert capsys.readouterr() == ("", "epoch 2/5: loss 0.2500, accuracy 87.50%\n")


def test_a_process_that_is_not_the_leader_prints_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with training_bar(Recipe(), shown=False) as on_progress:
        on_progress(progress(10))
    assert capsys.readouterr() == ("", "")
