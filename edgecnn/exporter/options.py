"""What an export writes, and what it demands."""

from dataclasses import dataclass, field

from edgecnn.errors import OptionError
from edgecnn.exporter.gate import Limits
from edgecnn.exporter.targets import Target
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
    limits: Limits = field(default_factory=Limits)
    force: bool = False
    """Write what the gate refuses, and mark it."""
    strict: bool = False
    """Refuse what the gate cannot tell."""

    def __post_init__(self) -> None:
        """Refuse forms that there are not."""
        odd = [form for form in self.forms if form not in (*FORMS, AUTO)]
        if odd or not self.forms or (AUTO in self.forms and len(self.forms) > 1):
            raise OptionError(
                f"forms are {', '.join(self.forms)}", remedy="give auto, or some of fp32,int8,fp16"
            )
