"""The model file that `verify` checks: its graph, and its logits in the runner's own session."""

from functools import cached_property

import numpy as np
import onnx

from edgecnn.exporter.golden import tolerance_of
from edgecnn.exporter.verify.known_faults import KnownFault, Logits, known_faults
from edgecnn.inference.session import INPUT, LOGITS, open_session
from edgecnn.model.frame import Frame
from edgecnn.model.model_file import ModelFile

MEASURED_FRAMES = 32


class ModelUnderTest:
    """A file whose golden frames may disagree, so that `Classifier` would refuse to open it.

    Args:
        file: The file, its digest and contract checked.

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
        """The graph, parsed by onnx."""
        return onnx.load_from_string(self.file.data)

    @cached_property
    def tolerance(self) -> float:
        """How much a logit may differ: measured here, not what the file claims."""
        return tolerance_of(self.file.card.form, self.graph, self.some_frames(MEASURED_FRAMES))

    @cached_property
    def faults(self) -> list[KnownFault]:
        """Faults that this graph may have."""
        return known_faults(self.graph, self.file.spec)

    def logits(self, frames: Frame) -> Logits:
        """Return (n, K) logits of (n, H, W, C) uint8 frames, run one by one as on a device."""
        rows = [self._session.run([LOGITS], {INPUT: frame[None]})[0] for frame in frames]
        return np.concatenate(rows)

    def some_frames(self, count: int) -> Frame:
        """Return (count, H, W, C) uint8 frames: the golden frames, then noise."""
        shape = (count, *self.file.spec.shape)
        frames = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        for row, frame in zip(frames, self.golden_frames, strict=False):
            row[:] = frame
        return frames
