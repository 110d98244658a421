"""Choosing the golden frames of a model, and how far another machine's answer may be off."""

import numpy as np
import onnx

from edgecnn.data.dataset import Pictures
from edgecnn.exporter.graph.last_layer import int8_step
from edgecnn.inference.classifier import Classifier
from edgecnn.model.fit_probe import probe
from edgecnn.model.form import Form
from edgecnn.model.golden import Golden, encode_frames

CANDIDATES = 8
DECIMALS = 5
"""Of a stored logit: a tenth of the smallest tolerance."""


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


def tolerance_of(form: Form, graph: onnx.ModelProto) -> float:
    """Return by how much a logit of a form may differ between machines."""
    return form.tolerance(int8_step(graph) if form is Form.INT8 else 0.0)
