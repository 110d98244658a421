"""One self-contained HTML page: tables and pictures, no outside files, no script."""

import base64
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from edgecnn.pages.table import Table


@dataclass(frozen=True)
class Picture:
    """A PNG with its caption."""

    caption: str
    """Empty: none is shown."""
    png: bytes
    width: int = 0
    """On the page, in CSS pixels; a narrow screen shrinks it. 0: as many as the PNG has."""

    @property
    def data_uri(self) -> str:
        """The picture as the address that an <img> takes."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode()


@dataclass(frozen=True)
class Section:
    """A part of a page: a heading, and what follows it, in this order."""

    title: str
    text: str = ""
    rows: tuple[tuple[str, object], ...] = ()
    """Names with their values."""
    pictures: tuple[Picture, ...] = ()
    thumbnails: tuple[Picture, ...] = ()
    """Small pictures, in a grid."""
    tables: tuple[Table, ...] = ()
    code: str = ""
    """Text whose line breaks and spaces stay."""


def render_page(title: str, summary: str, sections: list[Section]) -> str:
    """Return the page; every text is escaped."""
    source = (files("edgecnn.pages") / "page.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source).render(title=title, summary=summary, sections=sections)
