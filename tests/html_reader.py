"""Reads a page as a browser does: what it would load, what it shows."""

import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """The elements, addresses and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = re.findall(r"(?:url\(|@import\s)[^);]*", html)
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        loading = ("src", "href", "srcset", "data", "poster", "action")
        self.addresses += [value or "" for name, value in attrs if name in loading]

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def outside(self) -> list[str]:
        """Addresses that are not inside the page."""
        return [address for address in self.addresses if not address.startswith("data:")]
