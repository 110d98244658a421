"""`edgecnn adopt`: an external ONNX image classifier becomes model files. Needs [train]."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, option, show, table
from edgecnn.cli.progress import spinner
from edgecnn.cli.ship import gate_options
from edgecnn.errors import OptionError
from edgecnn.exporter.quantization.targets import Target
from edgecnn.model.spec import Fit

if TYPE_CHECKING:
    from edgecnn.exporter.adopt.adopt import AdoptReport

_from_graph = partial(option, default="read from the graph")
_not_given = partial(option, default="none")


def adopt(
    model: Annotated[Path, typer.Argument(help="An ONNX image classifier.")],
    labels: Annotated[Path, option("A text file with one class name per line.")],
    out: Annotated[Path, option("Folder for the model files.")],
    data: Annotated[
        str, option("A data set of the model's classes, for int8.", default="none: no int8")
    ] = "",
    size: Annotated[str, _from_graph("Input size: 224, or width x height: 224x192.")] = "",
    layout: Annotated[str, _from_graph("Input layout: nchw or nhwc.")] = "",
    channels: Annotated[str, _not_given("Order of the channels: rgb, bgr or gray.")] = "",
    scale: Annotated[float, option("First divide pixels by this: 255 or 1. 0: not given.")] = 0.0,
    mean: Annotated[str, _not_given("Then subtract this: 0.485,0.456,0.406 or 0.")] = "",
    std: Annotated[str, _not_given("Then divide by this: 0.229,0.224,0.225 or 1.")] = "",
    assume: Annotated[
        str,
        _not_given("In place of these: unit (0..1), signed (-1..1), pixels (0..255), imagenet."),
    ] = "",
    fit: Annotated[Fit | None, option("How frames are resized.", default="center-crop")] = None,
    name: Annotated[str, option("The model's name.", default="the file's")] = "",
    target: gate_options.ForTarget = Target.PORTABLE,
    precision: gate_options.Precision = "fp32,int8",
    max_drop: gate_options.MaxDrop = 0.5,
    max_ratio: gate_options.MaxRatio = 1.1,
    max_kib: gate_options.MaxKib = 0,
    force: gate_options.Force = False,
    strict: gate_options.Strict = False,
    keep: gate_options.Keep = 0.95,
    ood: gate_options.Ood = None,
    form: AsFormat = Format.TEXT,
) -> None:
    """Convert an ONNX image classifier to model files, and quantize it if int8 passes the gate.

    The graph does not contain the preprocessing, so give --channels, and either --scale, --mean and
    --std or --assume.
    """
    from edgecnn.exporter.adopt.adopt import adopt as adopt_model
    from edgecnn.exporter.adopt.input_plan import UserOptions, assumed

    given = UserOptions(
        _size(size), _choice(layout, "nchw", "nhwc"), channels, scale, _floats(mean), _floats(std)
    )
    options = gate_options.export_options(
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
        raise OptionError(f"--layout is {text!r}", remedy=f"use one of: {', '.join(names)}")
    return text


def _floats(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise OptionError(f"{text!r} are not numbers", remedy="give 0.5 or 0.4,0.5,0.6") from None


def adopt_text(report: "AdoptReport") -> str:
    """Return a report as text."""
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
        rows.append(("no int8", "int8 needs a data set to check its accuracy: give --data"))
    return table(rows)
