"""The options of the gate, which `export` and `adopt` share."""

from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.exporter.quantization.targets import Target

if TYPE_CHECKING:
    from edgecnn.exporter.options import Options

ForTarget = Annotated[
    Target,
    typer.Option(help="portable: the same labels on every CPU; auto: for CPUs like this one."),
]
Precision = Annotated[
    str, typer.Option(help="Forms to write, of fp32,int8,fp16; auto: the one that wins.")
]
MaxDrop = Annotated[
    float, typer.Option(min=0, help="Accuracy that a form may lose, percentage points.")
]
MaxRatio = Annotated[
    float, typer.Option(min=0, help="Time over fp32's; above 1.0 for files 2x smaller only.")
]
MaxKib = Annotated[float, typer.Option(min=0, help="Size that the file may have, KiB; 0: any.")]
Force = Annotated[bool, typer.Option("--force", help="Write what the gate refuses, marked so.")]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse what the gate cannot tell.")]

Keep = Annotated[
    float, typer.Option(min=0, max=1, help="Share of right answers that shall stay known.")
]
Ood = Annotated[
    list[str] | None,
    typer.Option(help="A data set without the model's classes: how much of it is known?"),
]


def gate_options(
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
    """Return what is written, and what the gate allows; raises OptionError."""
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
