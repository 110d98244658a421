"""Calls of onnx and ONNX Runtime on external graphs; their exceptions become ModelErrors."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import checker, shape_inference, version_converter

from edgecnn.errors import EdgeError, ModelError
from edgecnn.exporter.graph.plain_graph import OPSET
from edgecnn.inference.ort import onnxruntime

CPU = ["CPUExecutionProvider"]
OUT_OF_MEMORY = ("Failed to allocate", "bad_alloc", "bad allocation", "Failed to map")
MAX_CHARACTERS = 300
"""Characters of a library's message that are shown."""


@contextlib.contextmanager
def model_errors_from(library: str) -> Iterator[None]:
    """Turn an exception of a library into a ModelError, or MemoryError if memory was short."""
    try:
        yield
    except (EdgeError, MemoryError):
        raise
    except Exception as error:  # both libraries raise a dozen types without a common base
        text = " ".join(str(error).split())
        if any(words in text for words in OUT_OF_MEMORY):
            raise MemoryError(text) from error
        words = "".join(letter if letter.isprintable() else "?" for letter in text[:MAX_CHARACTERS])
        raise ModelError(
            f"{library} cannot work with it: {type(error).__name__}: {words}",
            remedy="export it again with a current exporter, as plain ONNX layers",
        ) from error


def parse(data: bytes) -> onnx.ModelProto:
    """Return the graph in the bytes of a file, checked by the onnx package."""
    with model_errors_from("the onnx package"):
        model = onnx.load_from_string(data)
        checker.check_model(model)
    return model


def infer(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph with the shapes of all tensors."""
    with model_errors_from("the onnx package"):
        return shape_inference.infer_shapes(model)


def to_our_opset(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph in the opset that `export` writes."""
    versions = {entry.domain: entry.version for entry in model.opset_import}
    if versions.get("", versions.get("ai.onnx")) == OPSET:
        return model
    with model_errors_from("the onnx package"):
        return version_converter.convert_version(model, OPSET)


def fold(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph after ONNX Runtime's basic optimizations, which leave standard operators.

    They fold constants and batch norms, merge biases, and cancel pairs of casts and transposes.
    """
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = Path(folder) / "folded.onnx"
        options = _options(onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC)
        options.optimized_model_filepath = str(path)
        with model_errors_from("ONNX Runtime"):
            onnxruntime.InferenceSession(model.SerializeToString(), options, providers=CPU)
            return onnx.load(path, load_external_data=False)


def open_plain(data: bytes) -> "onnxruntime.InferenceSession":
    """Open a session that executes a graph as written, without any optimization."""
    options = _options(onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL)
    with model_errors_from("ONNX Runtime"):
        return onnxruntime.InferenceSession(data, options, providers=CPU)


def run(session: "onnxruntime.InferenceSession", rows: npt.NDArray[np.generic]) -> np.ndarray:
    """Return the only output (n, ...) for a batch (n, ...) of the only input, as float32."""
    with model_errors_from("ONNX Runtime"):
        (found,) = session.run(None, {session.get_inputs()[0].name: rows})
        return np.asarray(found, np.float32)


def _options(level: "onnxruntime.GraphOptimizationLevel") -> "onnxruntime.SessionOptions":
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return options
