"""`edgecnn evaluate` as a user meets it."""

import json
from pathlib import Path

from commands import Main


def test_evaluate_prints_the_accuracy_and_a_line_per_class(main: Main, int8: Path) -> None:
    done = main("evaluate", int8)
    assert done.returncode == 0, done.stderr
    accuracy, head, *classes = done.stdout.splitlines()
    assert accuracy.startswith("int8: ")
    assert head.split() == ["class", "precision", "recall", "f1", "pictures"]
    assert [line.split()[0] for line in classes] == list("0123456789")


def test_a_run_and_its_fp32_file_have_the_same_accuracy(
    main: Main, run_folder: Path, fp32: Path
) -> None:
    values = [
        json.loads(main("evaluate", each, "--format", "json").stdout)["accuracy"]["correct"]
        for each in (run_folder, fp32)
    ]
    assert values[0] == values[1]
