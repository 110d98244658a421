"""Options that several commands share, and printing."""

from enum import Enum
from typing import Annotated, Any

import typer

import edgecnn
from edgecnn.records import Record
from edgecnn.text import printable_lines


def option(text: str, *names: str, default: str = "", **limits: Any) -> Any:
    """Return a typer option for `Annotated`.

    Args:
        text: The help text.
        names: Names on the command line, if they differ from the parameter's.
        default: Describes the default in the help, if the value itself says nothing.
        limits: Passed on to `typer.Option`, such as `min`.
    """
    return typer.Option(*names, help=text, show_default=default or True, **limits)


class Format(str, Enum):
    """The output format of a result."""

    TEXT = "text"
    JSON = "json"


Model = Annotated[str, typer.Argument(help="A model file, or the name of a shipped model.")]
AsFormat = Annotated[Format, option("Output format.", "--format")]
Provider = Annotated[
    str, option("Execution provider: cpu, cuda, tensorrt, openvino, ..., or ONNX Runtime's name.")
]
Threads = Annotated[int, option("Threads per inference.", min=1)]


def show_version(requested: bool) -> None:
    """Print the version and exit."""
    if requested:
        typer.echo(f"edgecnn {edgecnn.__version__}")
        raise typer.Exit


def show_text(text: str, *, err: bool = False) -> None:
    """Print text without control characters, which names in models and sources may contain."""
    typer.echo(printable_lines(text), err=err)


def show(record: Record, text: str, form: Format) -> None:
    """Print a record as JSON, or its text.

    Args:
        record: The result.
        text: The same as text.
        form: Which of them to print.
    """
    if form is Format.JSON:
        typer.echo(record.to_json(indent=1))
    else:
        show_text(text)


def table(rows: list[tuple[str, object]]) -> str:
    """Return one `name  value` line per row, with the values in one column."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
