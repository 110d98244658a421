"""Looking inside a model file: its operators as written, and as ONNX Runtime will run them."""

import tempfile
from collections import Counter
from pathlib import Path

import onnx

from edgecnn.runner.inspect import Operators
from edgecnn.runner.model_file import ModelFile
from edgecnn.runner.ort import onnxruntime


def count_operators(model: ModelFile) -> Operators:
    """Count the operators of a model file, before and after ONNX Runtime's optimization."""
    return Operators(
        _count(onnx.load_from_string(model.data)),
        _count(optimized_graph(model.data)),
    )


def optimized_graph(data: bytes) -> onnx.ModelProto:
    """Return the graph that ONNX Runtime's CPU provider executes for one frame."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "optimized.onnx"
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = str(path)
        options.log_severity_level = 3
        options.add_free_dimension_override_by_name("N", 1)
        onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        return onnx.load(path)


def _count(model: onnx.ModelProto) -> dict[str, int]:
    names = (f"{n.domain}.{n.op_type}" if n.domain else n.op_type for n in model.graph.node)
    return dict(sorted(Counter(names).items()))
