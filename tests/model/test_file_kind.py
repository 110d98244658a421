"""Files that are often taken for ONNX models are named, with what makes an ONNX file of them."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import safetensors.numpy
import torch
from external_models import as_torch, random_network

from edgecnn.errors import ModelError
from edgecnn.model.digest import read_metadata
from edgecnn.model.file_kind import kind_of


def hdf5() -> bytes:
    """The superblock of version 0, and a part of what follows it."""
    return b"\x89HDF\r\n\x1a\n" + bytes([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0]) + bytes(76)


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return file.getvalue()


def checkpoint(*, legacy: bool) -> bytes:
    file = io.BytesIO()
    torch.save(torch.nn.Linear(2, 2).state_dict(), file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


def torchscript() -> bytes:
    """What a TorchScript archive holds: torch.jit itself warns that it is deprecated."""
    return zipped("net/data.pkl", "net/code/__torch__.py", "net/constants.pkl", "net/version")


def ort_format(folder: Path) -> bytes:
    """ONNX Runtime's own writer."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "model.ort")
    options.log_severity_level = 4
    options.add_session_config_entry("session.save_model_format", "ORT")
    data = as_torch(random_network()).SerializeToString()
    onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return (folder / "model.ort").read_bytes()


POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)
KINDS = {
    "HDF5": (hdf5(), "HDF5", "format='onnx'"),
    "Keras 3": (zipped("metadata.json", "config.json", "model.weights.h5"), "Keras", "export("),
    "TFLite": (b"\x1c\0\0\0TFL3" + bytes(24), "TensorFlow Lite", "tf2onnx.convert --tflite"),
    "a checkpoint": (checkpoint(legacy=False), "PyTorch", "torch.onnx.export(network"),
    "an old checkpoint": (checkpoint(legacy=True), "pickle", "torch.onnx.export(network"),
    "TorchScript": (torchscript(), "TorchScript", "torch.jit.load"),
    "a pickle": (pickle.dumps({"weights": [1.0] * 100}), "pickle", "torch.onnx.export"),
    "a zip archive": (zipped("model.onnx"), "zip archive", "unpack"),
    "a gzip archive": (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "gzip", "unpack"),
    "a page": (b"\n<!DOCTYPE html>\n<html><body>404</body></html>", "HTML", "download"),
    "a page without a type": (b"<html lang='en'>", "HTML", "download"),
    "a pointer": (POINTER, "Git LFS pointer", "git lfs pull"),
    "weights": (safetensors.numpy.save({"w": np.ones(3)}), "safetensors", "torch.onnx.export"),
}


@pytest.mark.parametrize(("data", "name", "remedy"), KINDS.values(), ids=KINDS)
def test_another_kind_of_file_is_named_with_the_way_to_an_onnx_file(
    data: bytes, name: str, remedy: str
) -> None:
    with pytest.raises(ModelError, match=f"not a whole ONNX model: it is .*{name}") as refusal:
        read_metadata(data)
    assert remedy in refusal.value.remedy


def test_onnx_runtimes_own_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"\.ort") as refusal:
        read_metadata(ort_format(tmp_path))
    assert "made from" in refusal.value.remedy


def test_an_onnx_file_is_of_none_of_these_kinds_and_bytes_that_say_nothing_neither() -> None:
    data = as_torch(random_network()).SerializeToString()
    read_metadata(data)
    for content in (data, data[: len(data) // 2], b"", b"x", b"plain text", bytes(100)):
        assert kind_of(content) is None


def test_an_onnx_file_whose_names_look_like_another_kind_is_read() -> None:
    """Producer `TFL3` would stand where TensorFlow Lite's identifier does."""
    model = as_torch(random_network())
    model.ir_version, model.producer_name = 9, "TFL3"
    data = model.SerializeToString()
    assert data[4:8] == b"TFL3"
    read_metadata(data)


def test_an_empty_file_is_called_so() -> None:
    with pytest.raises(ModelError, match="empty"):
        read_metadata(b"")
