"""A model file under examination: its graph, and what the runner's own session answers."""

from functools import cached_property

import numpy as np
import onnx

from edgecnn.exporter.golden import tolerance_of
from edgecnn.exporter.verify.known_faults import KnownFault, Logits, known_faults
from edgecnn.inference.session import INPUT, LOGITS, open_session
from edgecnn.model.frame import Frame
from edgecnn.model.model_file import ModelFile


class ModelUnderTest:
    """A file whose golden frames need not agree: `Classifier` would not open it.

    Raises:
        ModelError: ONNX Runtime cannot load it, or its graph and its spec disagree.
        SpecError: A golden frame is not a picture of the network's size.
    """

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self._session, _ = open_session(file, provider="cpu", threads=1, batch=1, allow_cpu=True)
        self.golden_frames = file.golden.frames(file.spec)

    @cached_property
    def graph(self) -> onnx.ModelProto:
        """The graph, read by onnx."""
        return onnx.load_from_string(self.file.data)

    @cached_property
    def tolerance(self) -> float:
        """By how much a logit of this form may be off."""
        return tolerance_of(self.file.card.form, self.graph)

    @cached_property
    def faults(self) -> list[KnownFault]:
        """What may be wrong with it."""
        return known_faults(self.graph, self.file.spec)

    def logits(self, frames: Frame) -> Logits:
        """Answer (n, height, width, channels) uint8 frames one by one, as a device does: (n, K)."""
        rows = [self._session.run([LOGITS], {INPUT: frame[None]})[0] for frame in frames]
        return np.concatenate(rows)

    def some_frames(self, count: int) -> Frame:
        """Return the golden frames, then noise."""
        shape = (count, *self.file.spec.shape)
        frames = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        for row, frame in zip(frames, self.golden_frames, strict=False):
            row[:] = frame
        return frames
