"""What a foreign network itself says of frames: the reference that its clean graph is held to."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgecnn.exporter.adopt.confined import MODEL
from edgecnn.exporter.adopt.input_plan import Plan
from edgecnn.exporter.adopt.library import open_plain, run
from edgecnn.model.frame import Frame

PLAN, FRAMES, ANSWERS = "plan.json", "frames.npy", "answers.npy"


def answer_in_folder(folder: Path) -> None:
    """Answer the frames in a folder by the model there, unoptimized, unchanged."""
    plan = Plan.from_json((folder / PLAN).read_text())
    frames = np.load(folder / FRAMES, allow_pickle=False)
    np.save(folder / ANSWERS, answer((folder / MODEL).read_bytes(), plan, frames))


def answer(data: bytes, plan: Plan, frames: Frame) -> npt.NDArray[np.float32]:
    """Return the (n, ...) output of a network for (n, H, W, C) fitted frames, BGR or gray."""
    session = open_plain(data)
    count = plan.batch or 1
    rows = []
    for start in range(0, len(frames), count):
        part = prepare(frames[start : start + count], plan)
        whole = np.concatenate([part, np.zeros((count - len(part), *part.shape[1:]), part.dtype)])
        rows.append(run(session, whole)[: len(part)])
    return np.concatenate(rows).reshape(len(frames), -1)


def prepare(frames: Frame, plan: Plan) -> npt.NDArray[np.generic]:
    """Return (n, H, W, C) frames as the network wants them, in its layout."""
    ordered = frames[..., list(plan.order)]
    if not plan.uint8:
        ordered = (ordered * np.array(plan.gain) + np.array(plan.offset)).astype(np.float32)
    return np.ascontiguousarray(ordered if plan.nhwc else ordered.transpose(0, 3, 1, 2))
