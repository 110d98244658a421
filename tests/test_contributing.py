"""CONTRIBUTING.md names what is there: every path, and every name in a file."""

import ast
import re
from pathlib import Path

import pytest
from documents import ROOT, text_of

TEXT = text_of("CONTRIBUTING.md")
ROWS = ["sink", "source", "network", "fit rule", "form", "option of `run`", "statistic of `bench`",
        "check of `doctor`"]  # fmt: skip
NAMED = sorted(set(re.findall(r"`((?:edgecnn|tests|docs|export)/[\w./-]*)(?::(\w+))?`", TEXT)))


def rows() -> dict[str, list[str]]:
    """Return the cells of each row of the table, by its first cell."""
    table = TEXT.split("## To add a ... touch ...")[1].split("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return {row[0]: row[1:] for row in cells[1:]}


def test_the_table_has_a_row_for_each_usual_change_with_code_tests_and_documents() -> None:
    assert list(rows()) == ROWS
    for name, (write, register, proof) in rows().items():
        assert "edgecnn/" in write, name
        assert "edgecnn/" in register, name
        assert "tests/" in proof, name


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[":".join(pair) for pair in NAMED])
def test_a_path_is_there_and_holds_the_name(path: str, name: str) -> None:
    assert (ROOT / path).exists()
    assert not name or name in names_in(ROOT / path)


def names_in(path: Path) -> set[str]:
    """Return the classes, functions and constants at the top level of a module."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found.add(node.name)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found
