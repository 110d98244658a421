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

# Their kernels take no uint8 QDQ convolution: onnxruntime#24807, #12229; TensorRT#2774.
WITHOUT_INT8 = tuple(SHORT_NAMES[short] for short in ("cuda", "tensorrt", "directml", "coreml"))

MIN_SHARE = 0.99
"""Share of the multiply-adds that the provider must take."""


def short_name(provider: str) -> str:
    """Return the short name of a provider, or its own where it has none."""
    return next((short for short, name in SHORT_NAMES.items() if name == provider), provider)
