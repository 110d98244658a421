"""The wheel, in a clean environment with the device half's dependencies alone."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edgecnn.model.shipped import shipped_model, shipped_names

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command without anything of this environment; return what it prints."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=kept, capture_output=True, text=True, timeout=600,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from this tree."""
    out = tmp_path_factory.mktemp("wheel")
    flags = ("--wheel", "--no-isolation", "--outdir")
    run(sys.executable, "-m", "build", *flags, out, ROOT, cwd=out)
    (path,) = out.glob("*.whl")
    return path


def test_a_shipped_model_is_found_in_an_editable_install() -> None:
    assert "article-mnist" in shipped_names()
    path = shipped_model("article-mnist")
    assert path is not None
    assert path.stat().st_size < 120 * 1024


def test_the_wheel_holds_the_package_the_models_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "edgecnn",
        wheel.name.split("-py3")[0] + ".dist-info",
    }
    assert "edgecnn/shipped/models/article-mnist.int8.onnx" in names
    assert "edgecnn/shipped/recipes/article-mnist.toml" in names
    assert "edgecnn/shipped/checkpoints/objects.safetensors" in names
    assert "edgecnn/shipped/checkpoints/objects-teacher.safetensors" not in names
    assert "edgecnn/pages/page.html.j2" in names
    assert "edgecnn/web/static/page.js" in names
    assert "edgecnn/py.typed" in names


def test_the_wheel_runs_a_shipped_model_where_torch_and_onnx_were_never_installed(
    wheel: Path, tmp_path: Path
) -> None:
    clean, constraints = tmp_path / "clean" / "bin", ROOT / "constraints.txt"
    run(sys.executable, "-m", "venv", "--without-pip", clean.parent, cwd=tmp_path)
    pip = (sys.executable, "-m", "pip", "--python", clean / "python")
    run(*pip, "install", "-q", "--no-compile", "-c", constraints, f"{wheel}[cpu]", cwd=tmp_path)
    edgecnn = clean / "edgecnn"
    lines = run(edgecnn, "run", "article-mnist", "--source", "pattern", "--max-frames", "3",
                "--format", "jsonl", cwd=tmp_path).splitlines()  # fmt: skip
    assert [json.loads(line)["frame"] for line in lines] == [1, 2, 3]
    installed = run(*pip, "list", "--format", "json", cwd=tmp_path)
    assert not {"torch", "onnx", "scipy"} & {package["name"] for package in json.loads(installed)}


def test_without_an_onnx_runtime_the_error_says_which_line_installs_one() -> None:
    code = (
        "import sys; sys.path[:] = [p for p in sys.path if 'site-packages' not in p]; "
        f"sys.path.insert(0, {str(ROOT)!r}); import edgecnn.inference.ort"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "pip install onnxruntime" in done.stderr
