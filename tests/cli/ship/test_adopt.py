"""`edgecnn adopt` as a user meets it."""

from pathlib import Path

from commands import Main
from external_models import as_keras, random_network


def test_adopt_says_what_it_read_and_was_told(main: Main, tmp_path: Path) -> None:
    path, labels = tmp_path / "other.onnx", tmp_path / "labels.txt"
    path.write_bytes(as_keras(random_network()).SerializeToString())
    labels.write_text("a\nb\nc\n")
    done = main("adopt", path, "--labels", labels, "--assume", "unit", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    for words in ("NHWC", "told ", "guessed ", "16 synthetic frames", "other.fp32.onnx", "no int8"):
        assert words in done.stdout
