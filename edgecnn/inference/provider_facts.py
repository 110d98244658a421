"""Facts about execution providers that need no ONNX Runtime."""

CPU = "CPUExecutionProvider"

SHORT_NAMES = {
    "cpu": CPU,
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}

MIN_SHARE = 0.99
"""Least share of the multiply-adds that the requested provider must execute, 0 to 1."""


def short_name(provider: str) -> str:
    """Return the short name of a provider, or its full name if it has no short one."""
    return next((short for short, name in SHORT_NAMES.items() if name == provider), provider)
