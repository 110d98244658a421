"""The forms of a model: number formats, with the tolerance, suffix and providers of each."""

from enum import Enum

from edgecnn.exhaustive import assert_never

INT8_STEPS = 2
"""Tolerance in int8 steps: fused and unfused kernels round ties differently (onnxruntime#32132)."""


class Form(str, Enum):
    """The number format that a model file computes in. Each form is a complete file."""

    FP32 = "fp32"
    """32-bit floats: the reference with which the other forms are compared."""
    INT8 = "int8"
    """8-bit integers, static QDQ, for CPUs."""
    FP16 = "fp16"
    """16-bit floats, for GPUs and other accelerators."""

    def __str__(self) -> str:
        return self.value

    @property
    def suffix(self) -> str:
        """The end of a file's name: `.int8.onnx`."""
        return f".{self.value}.onnx"

    @property
    def refused_by(self) -> tuple[str, ...]:
        """Short names of the execution providers without kernels for it.

        Source: uint8 QDQ convolutions: onnxruntime#24807, #12229; TensorRT#2774.
        """
        match self:
            case Form.INT8:
                return "cuda", "tensorrt", "directml", "coreml"
            case Form.FP32 | Form.FP16:
                return ()
            case _:
                assert_never(self)

    def tolerance(self, int8_step: float) -> float:
        """Return the largest difference of a logit that is accepted between machines.

        Args:
            int8_step: Change of a logit by one step of the last int8 tensor; used for int8 only.
        """
        match self:
            case Form.FP32:
                return 1e-4
            case Form.FP16:
                return 5e-3
            case Form.INT8:
                return INT8_STEPS * int8_step
            case _:
                assert_never(self)
