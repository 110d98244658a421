"""Options for the forms of a model and the gate, which `export` and `adopt` share."""

from typing import TYPE_CHECKING, Annotated

from edgecnn.cli.options import option
from edgecnn.exporter.quantization.targets import Target

if TYPE_CHECKING:
    from edgecnn.exporter.options import Options

ForTarget = Annotated[
    Target, option("portable: same labels on every CPU; auto: for CPUs like this one.")
]
Precision = Annotated[str, option("Forms to write: fp32,int8,fp16; auto: the best that passes.")]
MaxDrop = Annotated[float, option("Accuracy that a form may lose, percentage points.", min=0)]
MaxRatio = Annotated[
    float, option("Largest latency over fp32's; above 1.0 only for half the size.", min=0)
]
MaxKib = Annotated[float, option("Largest size of a file, KiB. 0: no limit.", min=0)]
Force = Annotated[bool, option("Write files that fail the gate, marked as such.", "--force")]
Strict = Annotated[bool, option("Refuse files if the gate cannot tell.", "--strict")]

Keep = Annotated[float, option("Share of correct predictions that stay known.", min=0, max=1)]
Ood = Annotated[
    list[str] | None,
    option(
        "A data set of none of the model's classes: how much of it is known? Repeatable.",
        default="none",
    ),
]


def export_options(
    precision: str,
    target: Target,
    max_drop: float,
    max_ratio: float,
    max_kib: float,
    *,
    force: bool,
    strict: bool,
    keep: float,
    ood: list[str] | None,
) -> "Options":
    """Return the options of an export.

    Args:
        precision: Forms to write, separated by commas, or auto.
        target: The CPUs that int8 is for.
        max_drop: Accuracy that a form may lose, percentage points.
        max_ratio: Largest latency over fp32's.
        max_kib: Largest size of a file, KiB; 0: no limit.
        force: Write files that fail the gate.
        strict: Refuse files if the gate cannot tell.
        keep: Share of correct predictions that the threshold must keep.
        ood: Out-of-distribution data sets.

    Raises:
        OptionError: A value is invalid.
    """
    from edgecnn.exporter.gate.gate import GateLimits
    from edgecnn.exporter.options import Options, parse_forms

    return Options(
        forms=parse_forms(precision),
        target=target,
        limits=GateLimits(max_drop=max_drop, max_ratio=max_ratio, max_kib=max_kib),
        force=force,
        strict=strict,
        keep=keep,
        ood=tuple(ood or ()),
    )
