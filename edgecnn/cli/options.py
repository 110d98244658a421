"""Options and output that several commands share."""

from enum import Enum
from typing import Annotated

import typer

import edgecnn
from edgecnn.records import Record
from edgecnn.text import printable_lines


class Format(str, Enum):
    """How a result is printed."""

    TEXT = "text"
    JSON = "json"


Model = Annotated[str, typer.Argument(help="A model file, or the name of a shipped model.")]
AsFormat = Annotated[Format, typer.Option("--format", help="text for people, json for programs.")]
Provider = Annotated[
    str,
    typer.Option(help="cpu, cuda, tensorrt, openvino, directml, coreml, or ONNX Runtime's name."),
]
Threads = Annotated[int, typer.Option(min=1, help="Threads of one inference.")]


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(f"edgecnn {edgecnn.__version__}")
        raise typer.Exit


def show_text(text: str, *, err: bool = False) -> None:
    """Print text without the control characters that a model or a source may have put into it."""
    typer.echo(printable_lines(text), err=err)


def show(record: Record, text: str, form: Format) -> None:
    """Print a record as JSON, or the text made of it."""
    if form is Format.JSON:
        typer.echo(record.to_json(indent=1))
    else:
        show_text(text)


def table(rows: list[tuple[str, object]]) -> str:
    """Return `name  value` lines with the values in one column."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
