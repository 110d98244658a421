"""One self-contained HTML page: tables and pictures, no outside files, no script."""

import base64
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined


@dataclass(frozen=True)
class Picture:
    """A PNG with its caption."""

    caption: str
    png: bytes

    @property
    def data_uri(self) -> str:
        """The picture as the address that an <img> takes."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode()


@dataclass(frozen=True)
class Section:
    """A part of a page: a heading, a sentence, a table of two columns, pictures."""

    title: str
    text: str = ""
    rows: tuple[tuple[str, object], ...] = ()
    pictures: tuple[Picture, ...] = ()


def render_page(title: str, summary: str, sections: list[Section]) -> str:
    """Return the page; every text is escaped."""
    source = (files("edgecnn.report") / "page.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source).render(title=title, summary=summary, sections=sections)
