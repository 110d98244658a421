"""The documents of the project in pieces: commands with their output, examples, anchors."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
"""Their commands and examples run."""
DOCUMENTS = [*PAGES, "README.zh-CN.md", "CONTRIBUTING.md", "CHANGELOG.md",
             "demos/README.md", "export/README.md"]  # fmt: skip
"""Their links and names are checked."""
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """One `$ ...` line of a document, with the lines of output that are shown below it."""

    line: str
    """Without the prompt and the comment."""
    output: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The words, as a shell would split them."""
        return shlex.split(self.line)


@dataclass(frozen=True)
class Example:
    """One block of Python."""

    code: str


def text_of(document: str) -> str:
    """Return a document's text; `document` is its path in the checkout."""
    return (ROOT / document).read_text(encoding="utf-8")


def blocks_of(text: str) -> list[tuple[str, str]]:
    """Return the kind and content of each block of code."""
    return _BLOCK.findall(text)


def steps_of(text: str) -> Iterator[Command | Example]:
    """Yield the commands and examples of a text, in its order."""
    for kind, content in blocks_of(text):
        if kind == "python":
            yield Example(content)
        elif kind == "console":
            yield from _commands(content)


def commands_of(text: str) -> list[Command]:
    """Return the commands of a text, in its order."""
    return [step for step in steps_of(text) if isinstance(step, Command)]


def _commands(content: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
        line, *output = part.splitlines()
        yield Command(re.sub(r"\s+#.*", "", line), tuple(filter(None, output)))


def without_blocks(text: str) -> str:
    """Return a text without its blocks of code."""
    return _BLOCK.sub("", text)


def anchors_of(text: str) -> set[str]:
    """Return the anchors of a text's headings, as mkdocs and GitHub make them."""
    headings = re.findall(r"^#+ (.*)$", without_blocks(text), re.MULTILINE)
    plain = (re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings)
    return {re.sub(r"\s+", "-", heading) for heading in plain}
