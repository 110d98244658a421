"""Sessions that run a graph without the runner's checks: fused as on a device, or as written."""

from edgecnn.inference.ort import onnxruntime

_CPU = ["CPUExecutionProvider"]


def open_fused(data: bytes) -> "onnxruntime.InferenceSession":
    """Open a session that fuses layers, as the runner does."""
    return _open(data, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL)


def open_unfused(data: bytes) -> "onnxruntime.InferenceSession":
    """Open a session that executes each node as written, without any optimization."""
    return _open(data, onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL)


def _open(
    data: bytes, level: "onnxruntime.GraphOptimizationLevel"
) -> "onnxruntime.InferenceSession":
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(data, options, providers=_CPU)
