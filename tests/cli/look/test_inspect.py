"""`edgecnn inspect` as a user meets it."""

import json
from pathlib import Path

from commands import Main
from external_models import as_keras, random_network


def test_inspect_tells_what_the_model_wants_and_costs(main: Main, int8: Path) -> None:
    text = main("inspect", int8).stdout
    for words in ("28x28 gray", "93,322", "2,794,240", "center-crop", "QLinearConv", "pictures"):
        assert words in text


def test_inspect_shows_what_is_safe_of_a_file_without_contract(main: Main, tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(as_keras(random_network()).SerializeToString())
    done = main("inspect", path)
    assert done.returncode == 0, done.stderr
    for words in ("none: `edgecnn adopt`", "keras_tensor: float32 (batch, 8, 8, 1)", "2 Conv"):
        assert words in done.stdout
    assert json.loads(main("inspect", path, "--format", "json").stdout)["outline"]["producer"]
