"""What the layout promises: imports point down, the device half is light, names are real."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import edgecnn

ROOT = Path(edgecnn.__file__).parent
FLOORS = (
    "errors",
    "atomic check_result exhaustive interval memory opencv pages parent_death percentile records "
    "text",
    "model",
    "inference sources",
    "runner",
    "bench sinks",
    "collector doctor web",
    "window",
    "data",
    "trainer",
    "exporter",
    "demo",
    "cli",
    "__main__",
)
MOST_MODULES, MOST_LINES = 16, 250
FLOOR = {name: height for height, names in enumerate(FLOORS) for name in names.split()}
DEVICE_HALF = [name for name in FLOOR if FLOOR[name] <= FLOOR["window"] and name != "pages"]
MODULES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def own_imports(path: Path) -> set[str]:
    """Return the dotted edgecnn modules that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name == "edgecnn" or name.startswith("edgecnn.")}


def floor_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_to_a_lower_floor_or_the_own_folder(path: Path) -> None:
    own = floor_of(path)
    reached = {name.split(".")[1] for name in own_imports(path) if "." in name} - {own}
    assert {name for name in reached if FLOOR.get(name, -1) >= FLOOR[own]} == set()


def dotted(path: Path) -> str:
    return ".".join(("edgecnn", *path.relative_to(ROOT).with_suffix("").parts))


@pytest.mark.parametrize("folder", [name for name in FLOOR if (ROOT / name).is_dir()])
def test_the_modules_of_a_folder_import_each_other_without_circles(folder: str) -> None:
    edges = {dotted(path): own_imports(path) for path in (ROOT / folder).rglob("*.py")}
    finished: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, f"circle: {' -> '.join([*above, name])}"
        if name in edges and name not in finished:
            for target in sorted(edges[name]):
                visit(target, (*above, name))
            finished.add(name)

    for name in edges:
        visit(name, ())


@pytest.mark.parametrize(
    "folder",
    sorted({path.parent for path in MODULES}),
    ids=lambda folder: str(folder.relative_to(ROOT)),
)
def test_no_folder_has_more_than_sixteen_modules(folder: Path) -> None:
    assert len([path for path in folder.glob("*.py") if path.stem != "__init__"]) <= MOST_MODULES


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_has_more_than_250_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_nobody_inside_imports_the_package_root_but_the_version_option() -> None:
    users = {path for path in MODULES if "edgecnn" in own_imports(path)}
    assert {str(path.relative_to(ROOT)) for path in users} <= {"cli/options.py"}


def run_python(code: str, **environment: str) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True, text=True, timeout=120, env={**os.environ, **environment}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_edgecnn_brings_neither_numpy_nor_cv2_nor_onnxruntime() -> None:
    heavy = "{'numpy', 'cv2', 'onnxruntime', 'torch', 'onnx', 'typer'}"
    assert run_python(f"import edgecnn, sys; print({heavy} & set(sys.modules))") == "set()\n"


def test_the_device_half_runs_with_torch_and_onnx_blocked(int8: Path, fp32: Path) -> None:
    modules = [f"edgecnn.{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}"
               for path in MODULES if floor_of(path) in DEVICE_HALF]  # fmt: skip
    code = f"""
import sys
for name in ('torch', 'onnx', 'sklearn', 'scipy', 'matplotlib', 'jinja2', 'pooch', 'safetensors'):
    sys.modules[name] = None
import importlib
for name in {[m.removesuffix(".__init__") for m in modules]}:
    importlib.import_module(name)
from edgecnn.cli import app
from typer.testing import CliRunner
for command in (['run', {str(int8)!r}, '--source', 'pattern', '--max-frames', '3'],
                ['bench', {str(int8)!r}, {str(fp32)!r}, '--rounds', '10']):
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
print('ran')
"""
    assert run_python(code).endswith("ran\n")


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if floor_of(path) in (*DEVICE_HALF, "cli")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_the_device_half_is_written_for_python_3_10(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 10))
    names = {n.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import)
             for n in node.names}  # fmt: skip
    assert names & {"tomllib", "StrEnum", "Self", "ExceptionGroup", "UTC"} <= {"Self"}


def test_every_public_name_is_there_and_documented() -> None:
    for name in edgecnn.__all__:
        assert (getattr(edgecnn, name).__doc__ or "").strip(), name


def test_a_type_checker_sees_each_public_name_in_the_module_that_it_is_imported_from() -> None:
    (block,) = [n for n in ast.parse(Path(edgecnn.__file__).read_text()).body
                if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]  # fmt: skip
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    assert {name.asname: node.module for node in imports for name in node.names} == edgecnn._MODULES


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = edgecnn.nonsense
