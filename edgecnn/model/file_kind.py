"""What a file is that is not an ONNX model, by its first bytes, and how to make one of it.

Sources: the format descriptions of HDF5 (superblock), FlatBuffers (file identifier at byte 4:
`TFL3` in TensorFlow Lite's schema, `ORTM` in ONNX Runtime's), zip, pickle, safetensors and Git LFS.
"""

import re
from dataclasses import dataclass

_KERAS = "in Keras: keras.saving.load_model(FILE).export('model.onnx', format='onnx')"
_TORCH = (
    "build the network in Python, load these weights into it, then "
    "torch.onnx.export(network.eval(), (example,), 'model.onnx', external_data=False)"
)
_SEARCHED = 2**20
"""Bytes at the beginning, and at the end, that are searched for the names in a zip archive."""


@dataclass(frozen=True)
class FileKind:
    """A kind of file that is often taken for an ONNX model."""

    name: str
    remedy: str
    """What makes an ONNX file of it, or brings the right file."""


_HDF5 = FileKind("an HDF5 file, such as a Keras model (.h5)", _KERAS)
_KERAS_ZIP = FileKind("a Keras model (.keras)", _KERAS)
_TORCHSCRIPT = FileKind(
    "a TorchScript program (.pt)",
    "torch.onnx.export(torch.jit.load(FILE).eval(), (example,), 'model.onnx', dynamo=False)",
)
_TORCH_ZIP = FileKind("a PyTorch checkpoint (.pt, .pth)", _TORCH)
_ZIP = FileKind("a zip archive", "unpack it, and give the .onnx file inside")
_GZIP = FileKind("a gzip archive", "unpack it, and give the .onnx file inside")
_TFLITE = FileKind(
    "a TensorFlow Lite model (.tflite)",
    "python -m tf2onnx.convert --tflite FILE --output model.onnx",
)
_ORT = FileKind(
    "a model in ONNX Runtime's own format (.ort)", "give the .onnx file that it was made from"
)
_PICKLE = FileKind("a Python pickle, such as a PyTorch checkpoint (.pt, .pth)", _TORCH)
_SAFETENSORS = FileKind("a safetensors file: weights without a network", _TORCH)
_HTML = FileKind(
    "an HTML page", "download the file itself: this is the page around it, or an error page"
)
_LFS = FileKind(
    "a Git LFS pointer: the file itself was not fetched",
    "run `git lfs pull` in its repository",
)

_FIRST_BYTES = {
    b"\x89HDF\r\n\x1a\n": _HDF5,
    b"\x1f\x8b": _GZIP,
    b"version https://git-lfs.github.com/spec/": _LFS,
}
_IDENTIFIERS = {b"TFL3": _TFLITE, b"ORTM": _ORT}
_PICKLED = re.compile(rb"\x80[\x02-\x05]")
"""Opcode PROTO of protocols 2 to 5."""
_MARKUP = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|head|\?xml)", re.IGNORECASE)


def kind_of(data: bytes) -> FileKind | None:
    """Return the kind of a file that is not an ONNX model; None if it is none of those known.

    It is asked after the bytes could not be read as ONNX: an ONNX model may begin with any field.
    """
    if data.startswith(b"PK\x03\x04"):
        return _archive(data)
    if data[4:8] in _IDENTIFIERS:
        return _IDENTIFIERS[data[4:8]]
    if data[8:9] == b"{" and 2 <= int.from_bytes(data[:8], "little") <= len(data) - 8:
        return _SAFETENSORS
    if _PICKLED.match(data):
        return _PICKLE
    if _MARKUP.match(data[:_SEARCHED]):
        return _HTML
    return next((kind for first, kind in _FIRST_BYTES.items() if data.startswith(first)), None)


def _archive(data: bytes) -> FileKind:
    """Return the kind of a zip archive, by the names of the files in it."""
    searched = data[:_SEARCHED] + data[-_SEARCHED:]
    if b"model.weights.h5" in searched:
        return _KERAS_ZIP
    if b"/constants.pkl" in searched:
        return _TORCHSCRIPT
    return _TORCH_ZIP if b"/data.pkl" in searched else _ZIP
