"""The README's commands run, its Python runs, its links lead somewhere."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from commands import Main

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (edgecnn .*)$", TEXT, re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole tour: a command uses what those before it made."""
    return tmp_path_factory.mktemp("tour")


def test_there_is_a_tour() -> None:
    verbs = [command.split()[1] for command in COMMANDS]
    assert verbs == ["run", "train", "export", "bench", "inspect", "evaluate", "verify",
                     "devices", "doctor"]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_tour_runs(
    main: Main, command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    done = main(*shlex.split(command)[1:])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", ["README.md", "docs/running.md"])
def test_the_python_example_runs(document: str, folder: Path) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 3


DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/running.md", "demos/README.md"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = [t.partition("#")[0] for t in re.findall(r"\]\(([^)]+)\)", text) if "://" not in t]
    folder = (ROOT / document).parent
    assert [target for target in targets if not (folder / target).exists()] == []


def test_every_make_target_named_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^    make (\w+)", TEXT, re.MULTILINE):
        assert f"\n{target}:" in makefile


def test_every_benchmark_named_is_there() -> None:
    for path in re.findall(r"tests/benchmarks/\w+\.py", TEXT):
        assert (ROOT / path).is_file(), path
