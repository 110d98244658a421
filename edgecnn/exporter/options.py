"""What an export writes, and what it demands."""

from dataclasses import dataclass, field

from edgecnn.errors import OptionError
from edgecnn.exporter.gate.gate import GateLimits
from edgecnn.exporter.quantization.targets import Target
from edgecnn.exporter.rejection import KEEP
from edgecnn.records import Record

FORMS = ("fp32", "int8", "fp16")
AUTO = "auto"


@dataclass(frozen=True)
class Options(Record):
    """What is written, and what the gate allows."""

    forms: tuple[str, ...] = ("fp32", "int8")
    """Forms to write, or `auto`: the one that wins."""
    target: Target = Target.PORTABLE
    """Whom int8 is for."""
    limits: GateLimits = field(default_factory=GateLimits)
    force: bool = False
    """Write what the gate refuses, and mark it."""
    strict: bool = False
    """Refuse what the gate cannot tell."""
    keep: float = KEEP
    """Share of rightly labelled pictures that shall stay `known`, above 0; 1: all are."""
    foreign: tuple[str, ...] = ()
    """Data sets without the model's classes: what it calls known of them goes on its card."""

    def __post_init__(self) -> None:
        """Refuse forms that there are not, and a share that is none."""
        odd = [form for form in self.forms if form not in (*FORMS, AUTO)]
        if odd or not self.forms or (AUTO in self.forms and len(self.forms) > 1):
            raise OptionError(
                f"forms are {', '.join(self.forms)}", remedy="give auto, or some of fp32,int8,fp16"
            )
        if not 0 < self.keep <= 1:
            raise OptionError(f"keep is {self.keep}", remedy="give more than 0, up to 1")
