"""Options that commands share, and what they print."""

import json
from typing import Annotated, Any

import pytest
import typer
from hostile_text import TEXT
from hypothesis import given
from typer.testing import CliRunner

import edgecnn.cli
from edgecnn.cli.options import Format, option, show, show_text, table
from edgecnn.runner.smoothing import Smoothing
from edgecnn.text import printable


def parameters() -> dict[str, list[Any]]:
    """Return the options and arguments of every command."""
    group: Any = typer.main.get_command(edgecnn.cli.app)
    found = {name: each.params for name, each in group.commands.items() if name != "data"}
    found |= {f"data {name}": each.params for name, each in group.commands["data"].commands.items()}
    return found


@pytest.mark.parametrize("command", sorted(parameters()))
def test_every_option_and_argument_has_a_help_text(command: str) -> None:
    assert [each.name for each in parameters()[command] if not each.help] == []


@pytest.mark.parametrize("command", sorted(parameters()))
def test_every_option_that_is_no_flag_shows_its_default(command: str) -> None:
    hidden = [
        each.name
        for each in parameters()[command]
        if not (each.required or getattr(each, "is_flag", False))
        and each.default in (None, "", [], ())
        and not isinstance(each.show_default, str)
    ]
    assert hidden == []


def test_the_help_describes_a_default_that_says_nothing() -> None:
    app = typer.Typer()

    @app.command()
    def work(size: Annotated[str, option("The size.", default="the driver's")] = "") -> None: ...

    text = CliRunner().invoke(app, ["--help"]).stdout
    assert "The size." in text
    assert "default: (the driver's)" in text


def test_a_record_is_printed_as_text_or_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    show(Smoothing(3, 5), "3 of 5", Format.TEXT)
    show(Smoothing(3, 5), "3 of 5", Format.JSON)
    text, _, rest = capsys.readouterr().out.partition("\n")
    assert text == "3 of 5"
    assert json.loads(rest) == {"votes": 3, "of": 5, "hysteresis": 0.0}


@given(text=TEXT)
def test_a_message_has_no_control_characters_but_its_own_line_breaks(text: str) -> None:
    app = typer.Typer()
    app.command()(lambda: show_text(f"no {text.replace(chr(10), '')}\n  try: it"))
    clean = printable(text, limit=len(text))
    assert CliRunner().invoke(app).stdout == f"no {clean}\n  try: it\n"


def test_the_values_of_a_table_stand_in_one_column() -> None:
    assert table([("a", 1), ("long", "x")]) == "a     1\nlong  x"
