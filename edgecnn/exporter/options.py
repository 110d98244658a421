"""Options of an export: the forms to write, and the limits of the gate."""

from dataclasses import dataclass, field

from edgecnn.errors import OptionError
from edgecnn.exporter.gate.gate import GateLimits
from edgecnn.exporter.quantization.targets import Target
from edgecnn.exporter.rejection import KEEP
from edgecnn.model.form import Form
from edgecnn.records import Record

AUTO: tuple[Form, ...] = ()
"""Instead of forms to write: only the form that the gate finds most efficient."""


@dataclass(frozen=True)
class Options(Record):
    """What `export` and `adopt` write, and what the gate allows."""

    forms: tuple[Form, ...] = (Form.FP32, Form.INT8)
    """Forms to write; `AUTO`: the most efficient one."""
    target: Target = Target.PORTABLE
    """The CPUs that an int8 file is made for."""
    limits: GateLimits = field(default_factory=GateLimits)
    force: bool = False
    """Write forms that the gate refuses; their cards say so."""
    strict: bool = False
    """Refuse forms for which the gate CANNOT TELL, too."""
    keep: float = KEEP
    """Share of rightly labelled pictures that the reject threshold must accept, above 0 to 1."""
    ood: tuple[str, ...] = ()
    """Out-of-distribution data sets: the share that is accepted as known goes on the card."""

    def __post_init__(self) -> None:
        """Raise OptionError if `keep` is no such share."""
        if not 0 < self.keep <= 1:
            raise OptionError(f"keep is {self.keep}", remedy="give more than 0, up to 1")


def parse_forms(text: str) -> tuple[Form, ...]:
    """Return the forms in a text such as `fp32,int8`, or `AUTO` for `auto`.

    Raises:
        OptionError: A form has another name.
    """
    if text == "auto":
        return AUTO
    try:
        return tuple(Form(name) for name in text.split(","))
    except ValueError:
        known = ",".join(Form)
        raise OptionError(f"forms are {text!r}", remedy=f"give auto, or some of {known}") from None
