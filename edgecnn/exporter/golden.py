"""Choosing the golden frames of a model, and how far another machine's answer may be off."""

import numpy as np
import onnx

from edgecnn.data.dataset import Pictures
from edgecnn.exporter.graph.execution import open_fused, open_unfused
from edgecnn.exporter.graph.last_layer import int8_step
from edgecnn.inference.classifier import Classifier
from edgecnn.inference.session import INPUT, LOGITS
from edgecnn.model.fit_probe import probe
from edgecnn.model.form import Form
from edgecnn.model.frame import Frame
from edgecnn.model.golden import Golden, encode_frames

CANDIDATES = 8
GAPS = 2
"""A logit may differ by so many times the largest difference that was measured."""
MEASURED = 64
"""Validation pictures on which it is measured."""
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


def tolerance_of(form: Form, graph: onnx.ModelProto, frames: Frame) -> float:
    """Return by how much a logit of a form may differ between machines.

    Machines differ in which layers they fuse and how they round. What that does to this network's
    logits is measured here, between a session that fuses and one that executes each node as
    written; a deep network passes a difference on through all of its layers.

    Args:
        form: The form of the graph.
        graph: A wrapped graph, from `frame` to `logits`.
        frames: (n, H, W, C) uint8 frames to measure on.
    """
    least = form.tolerance(int8_step(graph) if form is Form.INT8 else 0.0)
    return max(least, GAPS * _largest_gap(graph.SerializeToString(), frames))


def _largest_gap(data: bytes, frames: Frame) -> float:
    """Return the largest difference of a logit with and without graph optimizations."""
    sessions = [open_unfused(data), open_fused(data)]
    plain, fused = (
        np.concatenate([session.run([LOGITS], {INPUT: frame[None]})[0] for frame in frames])
        for session in sessions
    )
    return float(np.abs(plain - fused).max(initial=0.0))
