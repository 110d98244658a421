"""`edgecnn train` as a user meets it."""

from pathlib import Path

from commands import Main


def test_the_help_of_train_names_what_a_run_can_be_told(main: Main) -> None:
    text = main("train", "--help").stdout
    for name in ("--set", "--from", "--resume", "--time-budget", "--recipe", "torchrun"):
        assert name in text


def test_an_existing_run_is_not_overwritten_unasked(main: Main, run_folder: Path) -> None:
    done = main("train", "--data", "digits", "--epochs", "1", "--out", run_folder)
    assert done.returncode == 2
    assert "--overwrite" in done.stderr
