"""Whether a graph can be a classifier of pictures; another network is refused with its task's name.

Told by inputs, outputs and operators alone, before anything is asked of the user.
"""

from typing import NoReturn

from edgecnn.errors import ModelError
from edgecnn.model.graph_check import Outline, Value, refuse_operators
from edgecnn.model.operators import EXTERNAL_FILE, QUANTIZED

OLDEST_OPSET = 7
"""The oldest opset that ONNX Runtime runs."""
PIXELS = ("float32", "float16", "uint8")
"""Types of an input of pictures."""
TOKENS = ("int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "bool")
"""Types of numbers that stand for words; uint8 is for pixels."""
OPERATORS = {
    "NonMaxSuppression": "a detector",
    "RoiAlign": "a detector",
    "MaxRoiPool": "a detector",
    "ConvTranspose": "a network that makes pictures or maps, such as a segmentation",
    "LSTM": "a network of sequences, such as text or speech",
    "GRU": "a network of sequences, such as text or speech",
    "RNN": "a network of sequences, such as text or speech",
}
"""What a network is, by an operator that classifiers of pictures do not have."""
REMEDY = "edgecnn runs classifiers: one picture in, one score for each class out"


def check_classifier(outline: Outline) -> None:
    """Raise ModelError unless this may be a float classifier: one picture in, classes out."""
    quantized = sorted(QUANTIZED & set(outline.operators))
    if quantized:
        _refuse(f"is quantized already ({quantized[0]})", "adopt the float model it was made from")
    _refuse_other_inputs(outline.inputs)
    _refuse_other_outputs(outline.outputs)
    for operator in sorted(OPERATORS.keys() & outline.operators.keys()):
        _refuse_task(f"uses the operator {operator}", OPERATORS[operator])
    refuse_operators(outline, EXTERNAL_FILE)
    for what, values in (("input", outline.inputs), ("output", outline.outputs)):
        if len(values) != 1:
            _refuse(f"has {len(values)} {what}s: {_listed(values)}",
                    f"export it with one {what}: a picture in, classes out")  # fmt: skip
    if outline.inputs[0].type not in PIXELS:
        _refuse(f"takes {outline.inputs[0]}", f"export it with input of {' or '.join(PIXELS)}")
    opset = outline.opsets.get("", outline.opsets.get("ai.onnx", 1))
    if opset < OLDEST_OPSET:
        _refuse(f"is of opset {opset}, older than {OLDEST_OPSET}", "export it with a newer opset")


def refuse_places(shape: tuple[str, ...], words: str) -> None:
    """Raise ModelError if an output has classes for several places of a picture.

    Args:
        shape: (batch, ...); a dimension that is no number is of any size.
        words: The output, for the message.
    """
    others = [size for size in shape[1:] if size != "1"]
    if len(shape) == 3 and len(others) > 1:
        _refuse_task(
            f"gives {words}: a row of numbers for each of several places",
            "text recognition (OCR), or a detector",
        )
    if len(shape) > 3 and sum(size.isdecimal() for size in others) > 1:
        _refuse_task(f"gives {words}: a map", "segmentation, or features without their last layers")


def _refuse_other_outputs(outputs: tuple[Value, ...]) -> None:
    """Raise ModelError if there is more than one score for each class."""
    if len(outputs) > 1:
        _refuse(
            f"has {len(outputs)} outputs: {_listed(outputs)}; this is a detector, or a network "
            "with further heads",
            "export it with the output of its classes alone",
        )
    for value in outputs:
        refuse_places(value.shape, str(value))


def _refuse_other_inputs(inputs: tuple[Value, ...]) -> None:
    """Raise ModelError if no input can be a batch of pictures."""
    if not inputs or any(len(value.shape) == 4 for value in inputs):
        return
    listed = _listed(inputs)
    if any(value.type in TOKENS for value in inputs):
        _refuse_task(
            f"takes whole numbers: {listed}", "a language model, or another that reads tokens"
        )
    if _is_one_picture(inputs[0].shape):
        _refuse(f"takes pictures without a batch: {listed}", "export it with input (N, C, H, W)")
    _refuse_task(f"takes no pictures: {listed}", "a model of speech, or of other series of numbers")


def _is_one_picture(shape: tuple[str, ...]) -> bool:
    """Return whether a shape is that of one picture: (C, H, W) or (H, W, C)."""
    if len(shape) != 3:
        return False
    is_gray = shape[0] == "1" and shape[1].isdecimal() and shape[1] == shape[2]
    return is_gray or "3" in (shape[0], shape[2])


def _listed(values: tuple[Value, ...]) -> str:
    shown = ", ".join(map(str, values[:4])) or "none"
    return shown + (", ..." if len(values) > 4 else "")


def _refuse_task(what: str, task: str) -> NoReturn:
    _refuse(f"{what}; this is {task}", REMEDY)


def _refuse(what: str, remedy: str) -> NoReturn:
    raise ModelError(f"the model {what}", remedy=remedy)
