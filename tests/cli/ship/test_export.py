"""`edgecnn export` as a user meets it."""

from pathlib import Path

from commands import Main

from edgecnn.exporter.quantization.targets import Target, weight_bits
from edgecnn.inference.machine import describe_machine
from edgecnn.model.model_file import read_model


def test_a_failed_gate_is_exit_code_1_and_leaves_no_model(
    main: Main, run_folder: Path, tmp_path: Path
) -> None:
    done = main("export", run_folder, "--out", tmp_path, "--max-kib", "1")
    assert done.returncode == 1, done.stderr
    assert "the gate says FAIL" in done.stderr
    assert "--force" in done.stderr
    assert list(tmp_path.glob("*.onnx")) == []
    assert (tmp_path / "gate.json").is_file()


def test_an_export_for_this_machine_says_so_and_what_the_gate_found(
    main: Main, run_folder: Path, tmp_path: Path
) -> None:
    done = main("export", run_folder, "--out", tmp_path, "--target", "auto",
                "--max-ratio", "100", "--precision", "int8")  # fmt: skip
    assert done.returncode == 0, done.stderr
    (int8,) = tmp_path.glob("*.onnx")
    card = read_model(int8).card
    bits = weight_bits(Target.AUTO, describe_machine())
    assert f"{bits}-bit weights" in card.quantization
    assert card.gate.removeprefix("accuracy ")[:4] in done.stdout
