"""What is known of execution providers without starting one."""

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
"""Share of the multiply-adds that the provider must take."""


def short_name(provider: str) -> str:
    """Return the short name of a provider, or its own where it has none."""
    return next((short for short, name in SHORT_NAMES.items() if name == provider), provider)
