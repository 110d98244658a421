"""Choosing the golden frames of a model, and how far another machine's answer may be off."""

import numpy as np
import onnx
from onnx import numpy_helper

from edgecnn.exporter.graph import LOGITS
from edgecnn.runner.classify import Classifier
from edgecnn.runner.fit_probe import probe
from edgecnn.runner.golden import Golden, encode_frames
from edgecnn.trainer.dataset import Pictures

CANDIDATES = 8
DECIMALS = 5
"""Of a stored logit: a tenth of the smallest tolerance."""
TOLERANCES = {"fp32": 1e-4, "fp16": 5e-3}
"""Largest difference of a logit on another machine; int8 counts in steps."""
INT8_STEPS = 2
"""Fused and unfused kernels round ties differently: onnxruntime#32132."""


def choose_golden(classifier: Classifier, pictures: Pictures, tolerance: float) -> Golden:
    """Return golden frames of as many classes as fit, with the logits this classifier gives.

    Args:
        classifier: The model, opened by the runner.
        pictures: Fitted pictures to choose from.
        tolerance: Largest difference of a logit that another machine may show.
    """
    _, firsts = np.unique(pictures.labels, return_index=True)
    texts = encode_frames([pictures.frames[i] for i in firsts[:CANDIDATES]])
    golden = Golden(texts, (), tolerance)
    rows = classifier.logits(golden.frames(classifier.spec))
    logits = tuple(tuple(round(float(x), DECIMALS) for x in row) for row in rows)
    return Golden(texts, logits, tolerance, probe(classifier.spec))


def int8_step(model: onnx.ModelProto) -> float:
    """Return the most that one quantization step before the last layer moves a logit."""
    makers = {output: node for node in model.graph.node for output in node.output}
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    last = makers[LOGITS]
    before = makers[last.input[0]]
    while before.op_type != "DequantizeLinear":  # layers that stay float
        before = makers[before.input[0]]
    step = constants[before.input[1]]
    return float(step * np.abs(_weights(last.input[1], makers, constants)).max())


def _weights(
    name: str, makers: dict[str, onnx.NodeProto], constants: dict[str, np.ndarray]
) -> np.ndarray:
    """Return a layer's weights as floats; of quantized ones, an upper bound."""
    if name in constants:
        return constants[name]
    levels, scale = (constants[source] for source in makers[name].input[:2])
    floats: np.ndarray = levels.astype(np.float32) * np.max(scale)
    return floats


def tolerance_of(form: str, graph: onnx.ModelProto) -> float:
    """Return by how much a logit of a form may differ between machines."""
    return INT8_STEPS * int8_step(graph) if form == "int8" else TOLERANCES[form]
