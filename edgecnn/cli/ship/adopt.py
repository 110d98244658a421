"""`edgecnn adopt`: any ONNX image classifier becomes model files. It needs the extra [train]."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, show, table
from edgecnn.cli.progress import spinner
from edgecnn.cli.ship.gate_options import (
    Force,
    ForTarget,
    Keep,
    MaxDrop,
    MaxKib,
    MaxRatio,
    Ood,
    Precision,
    Strict,
    gate_options,
)
from edgecnn.errors import OptionError
from edgecnn.exporter.quantization.targets import Target
from edgecnn.model.spec import Fit

if TYPE_CHECKING:
    from edgecnn.exporter.adopt.adopt import AdoptReport


def adopt(
    model: Annotated[Path, typer.Argument(help="An ONNX image classifier.")],
    labels: Annotated[Path, typer.Option(help="A text file, one class name a line.")],
    out: Annotated[Path, typer.Option(help="Folder for the model files.")],
    data: Annotated[
        str, typer.Option(help="Pictures with the model's classes; without them no int8.")
    ] = "",
    size: Annotated[str, typer.Option(help="Of the input, 224 or 224x192.")] = "",
    layout: Annotated[str, typer.Option(help="Of the input, nchw or nhwc.")] = "",
    channels: Annotated[str, typer.Option(help="In the input's order: rgb, bgr or gray.")] = "",
    scale: Annotated[float, typer.Option(help="Pixels are divided by it first: 255 or 1.")] = 0.0,
    mean: Annotated[str, typer.Option(help="Then subtracted: 0.485,0.456,0.406 or 0.")] = "",
    std: Annotated[str, typer.Option(help="Then divided by: 0.229,0.224,0.225 or 1.")] = "",
    assume: Annotated[str, typer.Option(help="unit, signed, pixels or imagenet instead.")] = "",
    fit: Annotated[
        Fit | None, typer.Option(help="How frames are brought to size.", show_default=False)
    ] = None,
    name: Annotated[str, typer.Option(help="The model's name; by default the file's.")] = "",
    target: ForTarget = Target.PORTABLE,
    precision: Precision = "fp32,int8",
    max_drop: MaxDrop = 0.5,
    max_ratio: MaxRatio = 1.1,
    max_kib: MaxKib = 0,
    force: Force = False,
    strict: Strict = False,
    keep: Keep = 0.95,
    ood: Ood = None,
    form: AsFormat = Format.TEXT,
) -> None:
    """Wrap any ONNX image classifier in the contract, and quantize it if int8 is as good.

    What its graph does not say must be given: --channels, and --scale, --mean, --std or --assume.
    """
    from edgecnn.exporter.adopt.adopt import adopt as adopt_model
    from edgecnn.exporter.adopt.input_plan import UserOptions, assumed

    given = UserOptions(
        _size(size), _choice(layout, "nchw", "nhwc"), channels, scale, _floats(mean), _floats(std)
    )
    options = gate_options(
        precision, target, max_drop, max_ratio, max_kib,
        force=force, strict=strict, keep=keep, ood=ood,
    )  # fmt: skip
    with spinner() as on_progress:
        report = adopt_model(
            model, labels, out, user_options=assumed(assume, given), fit=fit, data=data, name=name,
            options=options, on_progress=on_progress,
        )  # fmt: skip
    show(report, adopt_text(report), form)


def _size(text: str) -> tuple[int, int]:
    """Return width and height: `224` or `224x192`."""
    from edgecnn.sources.cameras.settings import parse_size

    return parse_size(f"{text}x{text}" if text.isdecimal() else text)


def _choice(text: str, *names: str) -> str:
    if text and text not in names:
        raise OptionError(f"{text!r} is not known", remedy=f"use one of: {', '.join(names)}")
    return text


def _floats(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise OptionError(f"{text!r} are no numbers", remedy="give 0.5 or 0.4,0.5,0.6") from None


def adopt_text(report: "AdoptReport") -> str:
    """Return a report for people."""
    adoption = report.adoption
    rows: list[tuple[str, object]] = [("read", words) for words in adoption.read]
    rows += [("given", words) for words in adoption.told]
    rows += [("guessed", words) for words in adoption.guessed]
    rows.append(("fp32 / original", report.agreement))
    rows += [(path, f"{report.sizes_kib[kind]} KiB") for kind, path in report.files.items()]
    rows += [(score.form, score) for score in report.accuracy]
    rows += [(f"{gate.form} {gate.verdict}", gate.reason) for gate in report.gates]
    if report.islands:
        islands = ", ".join(f"{count} {name}" for name, count in report.islands.items())
        rows.append(("float in int8", islands))
    if not report.accuracy:
        rows.append(("no int8", "without pictures nothing can judge it: give some with --data"))
    return table(rows)
