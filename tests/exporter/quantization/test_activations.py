"""The inner tensors of a graph are collected on all frames."""

import numpy as np

from edgecnn.exporter.graph.plain_graph import IMAGE, LOGITS
from edgecnn.exporter.quantization.activations import activations_of
from edgecnn.exporter.quantization.quantize import to_image
from exporter.quantization.trained import Trained


def test_every_tensor_is_there_as_the_graph_computes_it(article: Trained) -> None:
    frames = np.asarray(article.data.validation.frames)
    found = activations_of(article.core, frames)
    (logits,) = found[LOGITS]
    np.testing.assert_allclose(logits, article.runtimes(article.core).ravel(), atol=1e-4)
    made = {name for node in article.core.graph.node for name in node.output}
    assert made <= set(found)


def test_the_image_of_a_quantized_graph_is_exact(article: Trained) -> None:
    frames = np.asarray(article.data.validation.frames[:3])
    (image,) = activations_of(article.quantized, frames)[IMAGE]
    assert np.array_equal(image, to_image(frames).ravel())
