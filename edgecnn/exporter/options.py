"""What an export writes, and what it demands."""

from dataclasses import dataclass, field

from edgecnn.errors import OptionError
from edgecnn.exporter.gate.gate import GateLimits
from edgecnn.exporter.quantization.targets import Target
from edgecnn.exporter.rejection import KEEP
from edgecnn.model.form import Form
from edgecnn.records import Record

AUTO: tuple[Form, ...] = ()
"""In place of forms to write: the one that wins."""


@dataclass(frozen=True)
class Options(Record):
    """What is written, and what the gate allows."""

    forms: tuple[Form, ...] = (Form.FP32, Form.INT8)
    """Forms to write; `AUTO`: the one that wins."""
    target: Target = Target.PORTABLE
    """Whom int8 is for."""
    limits: GateLimits = field(default_factory=GateLimits)
    force: bool = False
    """Write what the gate refuses, and mark it."""
    strict: bool = False
    """Refuse what the gate cannot tell."""
    keep: float = KEEP
    """Share of rightly labelled pictures that shall stay `known`, above 0; 1: all are."""
    ood: tuple[str, ...] = ()
    """Data sets without the model's classes: what it calls known of them goes on its card."""

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        if not 0 < self.keep <= 1:
            raise OptionError(f"keep is {self.keep}", remedy="give more than 0, up to 1")


def parse_forms(text: str) -> tuple[Form, ...]:
    """Return the forms that a text names: `fp32,int8`, or `auto`.

    Raises:
        OptionError: There is no such form.
    """
    if text == "auto":
        return AUTO
    try:
        return tuple(Form(name) for name in text.split(","))
    except ValueError:
        known = ",".join(Form)
        raise OptionError(f"forms are {text!r}", remedy=f"give auto, or some of {known}") from None
