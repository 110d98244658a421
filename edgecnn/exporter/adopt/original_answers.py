"""The outputs of an external model: the reference that its simplified graph is compared with."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgecnn.errors import ModelError
from edgecnn.exporter.adopt.classifier_check import refuse_places
from edgecnn.exporter.adopt.confined import MODEL
from edgecnn.exporter.adopt.input_plan import Plan
from edgecnn.exporter.adopt.library import open_plain, run
from edgecnn.model.frame import Frame

PLAN, FRAMES, ANSWERS = "plan.json", "frames.npy", "answers.npy"


def answer_in_folder(folder: Path) -> None:
    """Run the model in a folder, unchanged and unoptimized, on the frames there."""
    plan = Plan.from_json((folder / PLAN).read_text())
    frames = np.load(folder / FRAMES, allow_pickle=False)
    np.save(folder / ANSWERS, answer((folder / MODEL).read_bytes(), plan, frames))


def answer(data: bytes, plan: Plan, frames: Frame) -> npt.NDArray[np.float32]:
    """Return the output of a network.

    Args:
        data: The bytes of its file.
        plan: How a frame becomes its input.
        frames: (n, H, W, C) uint8 fitted frames, BGR or gray.

    Returns:
        (n, K) float32, flattened.

    Raises:
        ModelError: The output is not of a classifier, or a library cannot run the network.
    """
    session = open_plain(data)
    count = plan.batch or 1
    rows = []
    for start in range(0, len(frames), count):
        part = prepare(frames[start : start + count], plan)
        padding = np.zeros((count - len(part), *part.shape[1:]), part.dtype)
        rows.append(_rows(run(session, np.concatenate([part, padding])), count)[: len(part)])
    return np.concatenate(rows)


def _rows(found: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float32]:
    """Return the output for a batch as (count, K); raises ModelError if it is no such output."""
    refuse_places(tuple(map(str, found.shape)), str(found.shape))
    if found.size == 0 or found.size % count:
        raise ModelError(
            f"the model gives {found.shape} for {count} pictures",
            remedy="export it with an output (N, classes)",
        )
    return found.reshape(count, -1)


def prepare(frames: Frame, plan: Plan) -> npt.NDArray[np.generic]:
    """Return (n, H, W, C) uint8 frames as a batch of the network's input, in its layout."""
    ordered = frames[..., list(plan.order)]
    if plan.type != "uint8":
        ordered = (ordered * np.array(plan.gain) + np.array(plan.offset)).astype(plan.type)
    return np.ascontiguousarray(ordered if plan.nhwc else ordered.transpose(0, 3, 1, 2))
