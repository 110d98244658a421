"""The operators of a model file: as written, and as ONNX Runtime executes them."""

import tempfile
from collections import Counter
from pathlib import Path

import onnx

from edgecnn.exporter.adopt.confined import MODEL, limits_for, run_confined
from edgecnn.exporter.adopt.library import model_errors_from
from edgecnn.inference.inspect import Operators
from edgecnn.inference.ort import onnxruntime
from edgecnn.model.model_file import ModelFile

COUNTED = "counted.json"
INTEGER = ("QLinear", "QGemm", "MatMulInteger", "NhwcMaxPool")
"""Beginnings of the names of operators that compute in integers."""
MOVING = frozenset(
    ("QuantizeLinear", "DequantizeLinear", "Softmax", "Transpose", "Reshape", "Flatten", "Squeeze",
     "Unsqueeze", "Concat", "Split", "Slice", "MaxPool", "Identity")
)  # fmt: skip
"""Operators that only move values, those at the ends of an int8 graph, and its softmax."""


def count_operators(model: ModelFile) -> Operators:
    """Count the operators of a model file, before and after ONNX Runtime's optimization.

    Raises:
        ModelError: ONNX Runtime cannot work with the graph, or not within its limits.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / MODEL).write_bytes(model.data)
        run_confined(count_in_folder, folder, limits_for(len(model.data)))
        return Operators.from_json((folder / COUNTED).read_text())


def count_in_folder(folder: Path) -> None:
    """Count the operators of the model in a folder, in a child process.

    A digest that fits shows that a file is undamaged, not that its maker can be trusted.
    """
    data = (folder / MODEL).read_bytes()
    with model_errors_from("ONNX Runtime"):
        written, executed = onnx.load_from_string(data), optimized_graph(data)
    counted = Operators(count_graph(written), count_graph(executed))
    (folder / COUNTED).write_text(counted.to_json())


def float_islands(executed: dict[str, int]) -> dict[str, int]:
    """Return the operators that an executed int8 graph computes in float, besides its softmax.

    Each costs a conversion from int8 and back.
    """
    names = {name: name.removeprefix("com.microsoft.") for name in executed}
    return {
        name: executed[name]
        for name, plain in names.items()
        if not plain.startswith(INTEGER) and plain not in MOVING
    }


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


def count_graph(model: onnx.ModelProto) -> dict[str, int]:
    """Count the operators of a graph, `domain.Type` outside the standard domain."""
    names = (f"{n.domain}.{n.op_type}" if n.domain else n.op_type for n in model.graph.node)
    return dict(sorted(Counter(names).items()))
