"""An external model in the parent process: its simplified graph, and its own outputs."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

from edgecnn.data.dataset import Pictures
from edgecnn.exporter.adopt.confined import MODEL, limits_for, run_confined
from edgecnn.exporter.adopt.input_plan import Plan
from edgecnn.exporter.adopt.original_answers import ANSWERS, FRAMES, PLAN, answer_in_folder
from edgecnn.exporter.adopt.output import Ending, to_logits
from edgecnn.exporter.adopt.read_graph import CORE, FOUND, CleanedGraph, read_in_folder
from edgecnn.model.frame import Frame
from edgecnn.model.graph_check import Outline, outline_graph, refuse_operators
from edgecnn.model.operators import CLASSIFIER

CHUNK = 256
"""Frames for one child process."""
ANSWER_SECONDS = 300
"""Processor time allowed for one chunk."""

ENDINGS = {
    Ending.LOGITS: "no softmax at its end: the output is taken as logits",
    Ending.SOFTMAX: "a softmax at its end: its input are the logits",
    Ending.LOG_SOFTMAX: "a log-softmax at its end: its input are the logits",
    Ending.SIGMOID: "one sigmoid at its end: the probability of the second label",
}


@dataclass(frozen=True, eq=False)
class Original:
    """An external model. Only child processes with limits read its bytes with onnx."""

    content: bytes
    plan: Plan
    core: onnx.ModelProto
    """The simplified graph, checked: `image` float (N, C, H, W) in 0..1 -> `logits` (N, K)."""
    found: CleanedGraph

    def answer(self, frames: Frame) -> npt.NDArray[np.float32]:
        """Return the (n, K) output of the original graph for (n, H, W, C) uint8 fitted frames.

        A single sigmoid's output is (n, 1).
        """
        parts = [self._answer(frames[i : i + CHUNK]) for i in range(0, len(frames), CHUNK)]
        return np.concatenate(parts)

    def logits(self, pictures: Pictures) -> npt.NDArray[np.float32]:
        """Return the (n, K) logits of n fitted pictures, computed from the original's output."""
        return to_logits(self.found.ending, self.answer(np.asarray(pictures.frames)))

    def describe(self, outline: Outline) -> tuple[str, ...]:
        """Return sentences about what was read from the graph."""
        plan, found = self.plan, self.found
        separate = "normalization stays a 1x1 convolution, since the first layer is padded"
        half = f"16-bit floats became 32-bit ones: {found.tolerance} of a logit may differ"
        return (
            f"{outline.inputs[0]}, {'NHWC' if plan.nhwc else 'NCHW'}",
            f"{outline.outputs[0]}, {ENDINGS[found.ending]}",
            f"{found.nodes_before} nodes, {found.nodes_after} after cleaning",
            *([separate] if found.is_normalized_apart else []),
            *([half] if found.is_half else []),
        )

    def _answer(self, frames: Frame) -> npt.NDArray[np.float32]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            _write(folder, self.content, self.plan)
            np.save(folder / FRAMES, frames)
            limits = limits_for(len(self.content), seconds=ANSWER_SECONDS)
            run_confined(answer_in_folder, folder, limits)
            rows: npt.NDArray[np.float32] = np.load(folder / ANSWERS, allow_pickle=False)
            return rows


def read_original(content: bytes, plan: Plan) -> Original:
    """Read and simplify an external model in a child process.

    Args:
        content: The bytes of the file.
        plan: What its input is.

    Raises:
        ModelError: It is refused, or takes too much memory or time.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, content, plan)
        run_confined(read_in_folder, folder, limits_for(len(content)))
        core = (folder / CORE).read_bytes()
        found = CleanedGraph.from_json((folder / FOUND).read_text())
    refuse_operators(outline_graph(core), CLASSIFIER)
    return Original(content, plan, onnx.load_from_string(core), found)


def _write(folder: Path, content: bytes, plan: Plan) -> None:
    """Write what a child process reads first."""
    (folder / MODEL).write_bytes(content)
    (folder / PLAN).write_text(plan.to_json())
