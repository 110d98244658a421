"""A self-contained HTML page of tables and pictures: no external files, no scripts."""

import base64
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from edgecnn.pages.table import Table


@dataclass(frozen=True)
class Picture:
    """A PNG with a caption."""

    caption: str
    """Empty: no caption."""
    png: bytes
    width: int = 0
    """Width on the page, CSS pixels; less on a narrow screen. 0: the width of the PNG."""

    @property
    def data_uri(self) -> str:
        """The picture as a data URI for the `src` of an `<img>`."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode()


@dataclass(frozen=True)
class Section:
    """A part of a page: a heading, then the fields below in this order."""

    title: str
    text: str = ""
    rows: tuple[tuple[str, object], ...] = ()
    """Names and values, shown as a table of two columns."""
    pictures: tuple[Picture, ...] = ()
    thumbnails: tuple[Picture, ...] = ()
    """Small pictures, in a grid."""
    tables: tuple[Table, ...] = ()
    code: str = ""
    """Preformatted text."""


def render_page(title: str, summary: str, sections: list[Section]) -> str:
    """Return the page as HTML, with all texts escaped.

    Args:
        title: Title and heading of the page.
        summary: One or two sentences below the heading.
        sections: What follows.
    """
    source = (files("edgecnn.pages") / "page.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source).render(title=title, summary=summary, sections=sections)
