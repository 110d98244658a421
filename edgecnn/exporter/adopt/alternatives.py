"""What another input or order of the labels would give, tried on pictures whose class is known.

A graph does not say the order of its channels, its normalization or its labels, and a wrong one
costs accuracy without an error. Each is changed alone; a change that does better than chance
explains is reported, with the option to give.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from edgecnn.data.dataset import Pictures
from edgecnn.exporter.adopt.input_plan import ASSUMPTIONS, ORDERS, Plan, affine
from edgecnn.exporter.adopt.original import Original
from edgecnn.exporter.adopt.output import to_logits
from edgecnn.exporter.verify.known_faults import SURE, Labels, explain_order
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import Fit, ModelSpec
from edgecnn.opencv import decode_picture

Marks = npt.NDArray[np.bool_]
"""(n,) whether a picture got its label."""


@dataclass(frozen=True)
class Finding:
    """What the trials say."""

    words: str
    """One sentence; empty: hardly a picture is wrong, nothing was tried."""
    remedy: str = ""
    """What to do instead; empty: nothing is better."""


@dataclass(frozen=True)
class _Input:
    """One way to bring pictures into the network."""

    name: str
    rival: str
    """Name of what it stands against."""
    option: str
    plan: Plan
    frames: Frame


@dataclass(frozen=True, eq=False)
class _Score:
    """How many pictures get their label."""

    right: Marks
    moved: str
    """Which labels are exchanged, in words: `right` counts as if they were not. Empty: none."""

    @property
    def share(self) -> str:
        """Share of the pictures that are right, as text."""
        return f"{self.right.mean():.1%}"


def try_alternatives(original: Original, spec: ModelSpec, pictures: Pictures) -> Finding:
    """Try other inputs of a network, and other orders of its labels, on some pictures.

    Args:
        original: The external model, with the input that the user gave.
        spec: Labels, size and fit rule of its frames.
        pictures: Fitted ones, of any number, with the model's class indexes.
    """
    frames, truth = np.asarray(pictures.frames), pictures.labels
    answers = _answers(original, original.plan, frames)
    if not _is_better(np.ones_like(truth, bool), answers == truth):
        return Finding("")
    given = _score(answers, truth, spec.labels)
    tried = [
        (way, _score(_answers(original, way.plan, way.frames), truth, spec.labels))
        for way in [*_inputs(original.plan, frames), *_fits(original.plan, spec, pictures)]
    ]
    better = [pair for pair in tried if _is_better(pair[1].right, given.right)]
    on = f"on {len(truth)} validation pictures"
    if better:
        way, found = max(better, key=lambda pair: int(pair[1].right.sum()))
        also = f"; {found.moved}" if found.moved else ""
        words = f"{way.name} would give {found.share}, {way.rival} gives {given.share} {on}{also}"
        return Finding(words, f"give {way.option}")
    if given.moved:
        now = f"{float((answers == truth).mean()):.1%}"
        words = f"{given.moved}; in the right order they would give {given.share}, now {now} {on}"
        return Finding(words, "put the labels into the order of the model's outputs")
    names = ", ".join(way.name for way, _ in tried) or "no other input"
    return Finding(f"{given.share} are right {on}; tried, and not better: {names}")


def _is_better(one: Marks, other: Marks) -> bool:
    """Return whether one labels more pictures rightly than chance explains: exact McNemar test."""
    won, lost = int((one & ~other).sum()), int((~one & other).sum())
    return won > 0 and binomtest(won, won + lost, alternative="greater").pvalue < SURE


def _answers(original: Original, plan: Plan, frames: Frame) -> Labels:
    """Return the (n,) class indexes that the original gives frames under a plan."""
    rows = replace(original, plan=plan).answer(frames)
    return np.asarray(to_logits(original.found.ending, rows).argmax(1), np.int64)


def _score(answers: Labels, truth: Labels, labels: tuple[str, ...]) -> _Score:
    """Count the pictures with the right label, as if exchanged labels were in their order.

    Only classes of the pictures can be told to be exchanged.
    """
    present = np.unique(truth)
    names = tuple(labels[i] for i in present)
    confusion = confusion_matrix(truth, answers, labels=present)
    moved = explain_order(names, names, confusion, "the data")
    expected = truth
    if moved:
        _, columns = linear_sum_assignment(confusion, maximize=True)
        expected = present[columns][np.searchsorted(present, truth)]
    return _Score(answers == expected, moved)


def _inputs(plan: Plan, frames: Frame) -> Iterator[_Input]:
    """Yield the other order of channels, and the other usual normalizations."""
    orders = {order: name for name, order in ORDERS.items()}
    own = orders[plan.order]
    if plan.channels == 3:
        other = "bgr" if own == "rgb" else "rgb"
        # numbers that differ between channels belong to a channel, wherever it stands
        turned = replace(plan, order=ORDERS[other], gain=plan.gain[::-1], offset=plan.offset[::-1])
        option = f"--channels {other}"
        if not _same(replace(turned, order=plan.order), plan):
            option += ", and turn the order of --mean and --std"
        yield _Input(other, own, option, turned, frames)
    if plan.type == "uint8":
        return
    plans = {name: changed for name in ASSUMPTIONS if (changed := _assuming(plan, name))}
    current = [name for name, changed in plans.items() if _same(changed, plan)]
    rival = current[0] if current else "the given normalization"
    for name, changed in plans.items():
        if name not in current:
            yield _Input(name, rival, f"--assume {name}", changed, frames)


def _assuming(plan: Plan, name: str) -> Plan | None:
    """Return the plan under a named assumption; None if it is for other channels."""
    given = ASSUMPTIONS[name]
    if len(given.mean) not in (1, plan.channels):
        return None
    gain, offset = affine(given, plan.channels)
    return replace(plan, gain=gain, offset=offset, order=ORDERS.get(given.channels, plan.order))


def _same(one: Plan, other: Plan) -> bool:
    """Return whether two plans give a network the same numbers."""
    numbers = (*one.gain, *one.offset), (*other.gain, *other.offset)
    return one.order == other.order and np.allclose(*numbers, rtol=1e-4, atol=1e-7)


def _fits(plan: Plan, spec: ModelSpec, pictures: Pictures) -> Iterator[_Input]:
    """Yield the other ways to bring pictures to size, where their files can be read again."""
    others = [replace(spec, fit=fit) for fit in Fit if fit is not spec.fit]
    refitted = _refitted(pictures, others)
    for other, frames in zip(others, refitted, strict=False):
        if not np.array_equal(frames, pictures.frames):
            name = other.fit.value
            yield _Input(name, spec.fit.value, f"--fit {name}", plan, frames)


def _refitted(pictures: Pictures, specs: list[ModelSpec]) -> list[Frame]:
    """Return the frames under each spec; none unless each is a file that is still there."""
    if pictures.origins is None:
        return []
    frames = [np.empty((len(pictures), *spec.shape), np.uint8) for spec in specs]
    for i, path in enumerate(map(Path, pictures.origins.paths)):
        picture = decode_picture(path.read_bytes()) if path.is_file() else None
        if picture is None:
            return []
        for spec, fitted in zip(specs, frames, strict=True):
            fitted[i] = fit_frame(picture, spec)
    return frames
