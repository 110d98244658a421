"""Where an adopted model comes from, and how like its original it still is."""

from dataclasses import dataclass

from edgecnn.errors import CheckFailed
from edgecnn.exporter.adopt.original import Original
from edgecnn.exporter.adopt.output import largest_difference
from edgecnn.exporter.adopt.read_graph import TOLERANCE
from edgecnn.exporter.exported_form import ExportedForm
from edgecnn.model.frame import Frame
from edgecnn.records import Record


@dataclass(frozen=True)
class Adoption(Record):
    """Where an adopted model comes from: its recipe, as far as it is known."""

    adopted: str
    """SHA-256 of the file."""
    read: tuple[str, ...]
    """What the graph says."""
    told: tuple[str, ...]
    """What the user said."""
    guessed: tuple[str, ...]
    """What neither said."""


@dataclass(frozen=True)
class Agreement(Record):
    """How far the fp32 form is from the original."""

    pictures: int
    kind: str
    """Of what: validation pictures, or made frames."""
    agreement: float
    """Share of them with the same label, 0 to 1."""
    difference: float
    """The largest: of logits, relative to the largest logit; or of probabilities."""

    def __str__(self) -> str:
        return (
            f"same label on {self.agreement:.2%} of {self.pictures} {self.kind}, "
            f"off by at most {self.difference:.1e}"
        )


def compare(original: Original, exported: ExportedForm, frames: Frame, kind: str) -> Agreement:
    """Return how like its original a form is on (n, H, W, C) fitted frames.

    Raises:
        CheckFailed: It answers differently.
    """
    own = original.answer(frames)
    with exported.opened() as classifier:
        rows = classifier.logits(list(frames))
    agreement = float((own.argmax(1) == rows.argmax(1)).mean())
    difference = largest_difference(original.found.ending, own, rows)
    if not difference <= TOLERANCE:
        raise CheckFailed(
            f"the {exported.form} form is off by {difference:.2g} from the original on "
            f"{len(frames)} {kind}; {TOLERANCE} is allowed",
            remedy="export the original again as plain ONNX layers",
        )
    return Agreement(len(frames), kind, agreement, difference)
