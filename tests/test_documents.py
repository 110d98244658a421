"""The documents are true: their commands and examples run, their links and names lead somewhere."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from commands import Main, Ran
from documents import (
    DOCUMENTS,
    PAGES,
    ROOT,
    Command,
    Example,
    anchors_of,
    blocks_of,
    commands_of,
    steps_of,
    text_of,
    without_blocks,
)
from external_models import as_keras, network_of
from floors_picture import PICTURE, draw
from picture_folders import encoded, scene

import edgecnn
from edgecnn import errors
from edgecnn.cli import app
from edgecnn.exporter.export_source import ExportSource
from edgecnn.model.golden import Golden
from edgecnn.model.operators import MODEL_FILE
from edgecnn.model.spec import Accuracy, Known, ModelCard, ModelSpec, Rejection
from edgecnn.opencv import cv2

CAMERA = "a camera"
PI = "a Raspberry Pi"
EXCEPTIONS = {
    "make ": "it runs these tests, or what they test",
    "edgecnn collect --label cup --source 0": CAMERA,
    "edgecnn collect --background --source 0": CAMERA,
    "edgecnn run shipped/cups.int8.onnx --source 0": CAMERA,
    "edgecnn run objects --source 0": CAMERA,
    "edgecnn run objects --source rtsp:": CAMERA,
    "edgecnn run digits-camera --source": CAMERA,
    "torchrun ": "hours of training; test_train_network.py starts two processes",
    "pip install": "test_wheel.py installs the package",
    "python demos/": "test_demos.py runs them",
    "python export/": "hours of training",
    "python3 -m venv": PI,
    "~/venv/bin/": PI,
    "ssh ": PI,
    "rsync ": PI,
    "scp ": PI,
    "sudo ": PI,
    "journalctl ": PI,
}
"""Commands that do not run here, by their beginning, and why."""


@pytest.fixture
def prepared(
    tmp_path: Path, run_folder: Path, candidate: ExportSource, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with what documents assume: a checkout, a run, pictures, a video, a Keras model."""
    for name in ("demos", "export"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(run_folder, tmp_path / "runs" / "trained")
    _write_pictures(tmp_path / "pictures")
    _write_video(tmp_path / "in.mp4")
    keras = as_keras(network_of(candidate.core, 28))
    (tmp_path / "keras_article.onnx").write_bytes(keras.SerializeToString())
    (tmp_path / "labels.txt").write_text("".join(f"{i}\n" for i in range(10)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _write_pictures(folder: Path) -> None:
    """Write two classes that any network tells apart: blue scenes and red ones."""
    for part, first, count in (("train", 0, 24), ("val", 100, 12)):
        for channel, label in ((0, "background"), (2, "cup")):
            (folder / part / label).mkdir(parents=True)
            for i in range(first, first + count):
                pixels = scene(i + 1000 * channel)
                pixels[:, :, 2 - channel] = 0
                (folder / part / label / f"{i}.png").write_bytes(encoded(pixels))


def _write_video(path: Path) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (160, 120))
    for i in range(40):
        writer.write(scene(i, 120, 160))
    writer.release()


@pytest.mark.parametrize("document", PAGES)
def test_the_commands_and_examples_of_a_document_run_in_its_order(
    document: str, main: Main, prepared: Path
) -> None:
    for step in steps_of(text_of(document)):
        if isinstance(step, Example):
            _run_example(step, prepared)
        elif not _reason(step):
            assert step.words[0] == "edgecnn", f"list it among the exceptions: {step.line}"
            done = main(*step.words[1:])
            allowed = (0, 1) if step.words[1] == "doctor" else (0,)  # of this machine it says FAIL
            assert done.returncode in allowed, f"{step.line}: {done.stderr}"
            _check_output(step, done)


def _reason(command: Command) -> str:
    return next((why for start, why in EXCEPTIONS.items() if command.line.startswith(start)), "")


def _run_example(example: Example, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example.code],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout, "an example shows something"


def _check_output(command: Command, done: Ran) -> None:
    """See whether each line that a document shows begins as one that was printed, but for numbers.

    Machines differ in providers, cameras and what `doctor` finds.
    """
    if command.words[1] in ("devices", "doctor"):
        return
    printed = {_beginning(line) for line in (done.stdout + done.stderr).splitlines()}
    shown = {_beginning(line) for line in command.output if line.strip() != "..."}
    assert shown <= printed, f"{command.line} no longer prints {shown - printed}"


def _beginning(line: str) -> str:
    return re.sub(r"[\d.,]+", "0", re.split(r" {2,}", line.strip())[0])


def test_every_exception_has_a_command_that_needs_it() -> None:
    lines = [command.line for page in DOCUMENTS for command in commands_of(text_of(page))]
    needless = [s for s in EXCEPTIONS if not any(line.startswith(s) for line in lines)]
    assert needless == []


def test_no_command_hides_in_a_block_that_does_not_run() -> None:
    for page in DOCUMENTS:
        text = text_of(page)
        assert re.findall(r"^    (?:edgecnn|make|python) .*$", text, re.MULTILINE) == [], page
        others = [content for kind, content in blocks_of(text) if kind != "console"]
        assert [b for b in others if re.search(r"^(?:\$ )?edgecnn \w", b, re.MULTILINE)] == [], page


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file_and_a_heading(document: str) -> None:
    text = without_blocks(text_of(document))
    for link in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_a_page_of_the_site_links_to_pages_of_the_site(page: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", without_blocks(text_of(page)))
    assert [link for link in links if link.startswith(("../", "/", "http"))] == []


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name != "CHANGELOG.md"])
def test_every_path_that_a_document_names_is_there(document: str) -> None:
    found = re.findall(r"(?:edgecnn|tests|demos|export|docs)/[\w./-]+\w", text_of(document))
    assert sorted({path for path in found if not (ROOT / path).exists()}) == []


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name != "CHANGELOG.md"])
def test_every_option_that_a_document_names_is_one_of_a_command(document: str) -> None:
    text = re.sub(r"^\$ (?!edgecnn).*$|--nproc-per-node", "", text_of(document), flags=re.MULTILINE)
    text = re.sub(r"`(?:PYTHONPATH=\S+ )?python [^`]*`|exec:[^`]*", "", text)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert named - set(_options(typer.main.get_command(app))) - {"--help"} == set()


def _options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from parameter.opts
    for part in getattr(command, "commands", {}).values():
        yield from _options(part)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_named_is_there(document: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:`|^\$ )make (\w+)", text_of(document), re.MULTILINE):
        assert f"\n{target}:" in makefile, target


def test_the_picture_of_the_floors_is_that_of_the_test() -> None:
    assert PICTURE.read_text(encoding="utf-8") == draw(), "python tests/floors_picture.py draws it"


def test_the_api_page_has_every_public_name() -> None:
    assert sorted(re.findall(r"^::: edgecnn\.(\w+)$", text_of("docs/api.md"), re.MULTILINE)) == (
        sorted(edgecnn.__all__)
    )


def test_the_page_of_errors_has_every_class_with_its_base_and_exit_code() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| `(\w+)` \| (\d+) \|", text_of("docs/errors.md"), re.MULTILINE
    )
    classes = [c for c in vars(errors).values() if isinstance(c, type)]
    own = [c for c in classes if issubclass(c, errors.EdgeError)]
    assert sorted(rows) == sorted(
        (c.__name__, c.__mro__[1].__name__, str(c.exit_code)) for c in own
    )


def test_every_message_that_the_page_of_errors_explains_is_one_of_ours() -> None:
    table = text_of("docs/errors.md").split("## Messages, and what they mean")[1]
    shown = re.findall(r"^\| `(.*?)` \|", table, re.MULTILINE)
    parts = [part.strip() for message in shown for part in re.split(r"\.\.\.|\d+ s$", message)]
    ours = "\n".join(text for path in (ROOT / "edgecnn").rglob("*.py") for text in _texts(path))
    assert len(shown) >= 5
    assert [part for part in parts if part not in ours] == []


def _texts(path: Path) -> Iterator[str]:
    """Yield the texts in a module, adjacent ones joined and without what is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(getattr(part, "value", "")) if isinstance(part, ast.Constant) else ""
                          for part in node.values)  # fmt: skip
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_specification_has_every_field_and_operator_of_a_model_file() -> None:
    words = set(re.findall(r"\w+", text_of("docs/model-file.md")))
    for kind in (ModelSpec, ModelCard, Accuracy, Known, Rejection, Golden):
        assert set(kind.__dataclass_fields__) <= words, kind
    assert words >= MODEL_FILE


def test_the_site_has_every_page() -> None:
    named = re.findall(r"([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(f"docs/{name}" for name in named) == [p for p in PAGES if p != "README.md"]
