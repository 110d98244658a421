"""The origin of an adopted model, and how closely it agrees with the original."""

from dataclasses import dataclass

from edgecnn.errors import CheckFailed
from edgecnn.exporter.adopt.original import Original
from edgecnn.exporter.adopt.output import largest_difference, to_logits
from edgecnn.exporter.exported_form import ExportedForm
from edgecnn.model.frame import Frame
from edgecnn.records import Record


@dataclass(frozen=True)
class Adoption(Record):
    """The origin of an adopted model; on the card it stands in place of a training recipe."""

    adopted: str
    """SHA-256 of the external file; of a file with weights beside it, of all bytes in a row: its
    own, then those of the others in the order of their names."""
    read: tuple[str, ...]
    """Facts read from its graph."""
    told: tuple[str, ...]
    """Facts that the user gave."""
    guessed: tuple[str, ...]
    """Assumptions where neither the graph nor the user says."""


@dataclass(frozen=True)
class Agreement(Record):
    """How closely the fp32 form agrees with the original."""

    pictures: int
    kind: str
    """What they are: validation pictures, or synthetic frames."""
    agreement: float
    """Share of them with the same label, 0 to 1."""
    difference: float
    """Largest difference of a logit, relative to the largest logit; or of a probability."""

    def __str__(self) -> str:
        return (
            f"same label on {self.agreement:.2%} of {self.pictures} {self.kind}, "
            f"off by at most {self.difference:.1e}"
        )


def compare(original: Original, exported: ExportedForm, frames: Frame, kind: str) -> Agreement:
    """Compare a form with the external model that it was made from.

    Args:
        original: The external model.
        exported: A form of it.
        frames: (n, H, W, C) uint8 fitted frames.
        kind: What the frames are, for the report.

    Raises:
        CheckFailed: A logit or probability differs by more than is allowed.
    """
    expected, logits = original.answer(frames), exported.logits(frames)
    ending, allowed = original.found.ending, original.found.tolerance
    agreement = float((to_logits(ending, expected).argmax(1) == logits.argmax(1)).mean())
    difference = largest_difference(ending, expected, logits)
    if not difference <= allowed:
        raise CheckFailed(
            f"the {exported.form} form is off by {difference:.2g} from the original on "
            f"{len(frames)} {kind}; {allowed} is allowed",
            remedy="export the original again as plain ONNX layers",
        )
    return Agreement(len(frames), kind, agreement, difference)
