"""Plugin packages as pip installs them, with real libraries that ONNX Runtime loads."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from compiled import compile_library

from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame

LIBRARY = (
    "import pathlib\ndef get_library_path(): return str(pathlib.Path(__file__).with_name('{}'))\n"
)
EMPTY = """
#include <stddef.h>
void *CreateEpFactories(const char *name, const void *api, const void *logger, void **factories,
                        size_t most, size_t *count) { *count = 0; return NULL; }
void *ReleaseEpFactory(void *factory) { return NULL; }
"""
CRASH = EMPTY.replace("*count = 0;", "*(volatile int *)8 = 0;")


def install(folder: Path, name: str, source: str) -> Path:
    """Make what pip makes of a package `onnxruntime-ep-NAME`; return its module's folder."""
    module = folder / f"onnxruntime_ep_{name}"
    module.mkdir(parents=True)
    (module / "__init__.py").write_text(source)
    about = folder / f"onnxruntime_ep_{name}-1.5.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: onnxruntime-ep-{name}\nVersion: 1.5\n"
    )
    return module


def install_library(folder: Path, name: str, source: str) -> None:
    module = install(folder, name, LIBRARY.format("library.so"))
    (folder / f"{name}.c").write_text(source)
    compile_library(folder / f"{name}.c", module / "library.so")


def edgecnn(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run edgecnn where these packages are installed too."""
    path = os.pathsep.join([str(folder), *sys.path[1:]])
    return subprocess.run(
        [sys.executable, "-m", "edgecnn", *arguments], capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": path}, check=False,
    )  # fmt: skip


def test_every_plugin_is_a_line_however_broken_it_is(tmp_path: Path) -> None:
    install_library(tmp_path, "empty", EMPTY)
    install_library(tmp_path, "crash", CRASH)
    install(tmp_path, "text", LIBRARY.format("__init__.py"))
    install(tmp_path, "broken", "raise RuntimeError('no driver\\x1b[2J')")
    done = edgecnn(tmp_path, "devices")
    assert done.returncode == 0, done.stderr
    lines = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    plugins = {name.split()[1]: words.strip() for name, words in lines.items() if "plugin" in name}
    assert plugins["onnxruntime-ep-empty"] == "registered, offers no device on this machine"
    assert "ended by SIGSEGV" in plugins["onnxruntime-ep-crash"]
    assert "invalid ELF header" in plugins["onnxruntime-ep-text"]
    assert plugins["onnxruntime-ep-broken"] == ("cannot be registered: RuntimeError: no driver[2J")
    assert lines["provider cpu"].strip().startswith("runs int8 and fp32")


def test_devices_as_json_has_providers_with_their_share_and_plugins(tmp_path: Path) -> None:
    install_library(tmp_path, "empty", EMPTY)
    found = json.loads(edgecnn(tmp_path, "devices", "--format", "json").stdout)
    plugins = {plugin["package"]: plugin for plugin in found["providers"]["plugins"]}
    empty = plugins["onnxruntime-ep-empty"]
    assert (empty["version"], empty["devices"], empty["problem"]) == ("1.5", [], "")
    cpu = found["providers"]["tried"][0]
    assert cpu["name"] == "CPUExecutionProvider"
    assert [(trial["form"], trial["share"]) for trial in cpu["trials"]] == [
        ("int8", 1.0), ("fp32", 1.0),
    ]  # fmt: skip


def test_asking_for_a_provider_whose_plugin_has_no_device_says_so(tmp_path: Path) -> None:
    if find_spec("onnxruntime_ep_openvino"):
        pytest.skip("a real one is installed")
    install_library(tmp_path, "openvino", EMPTY)
    done = edgecnn(tmp_path, "run", "digits", "--source", "pattern", "--provider", "openvino")
    assert done.returncode == 5
    assert "onnxruntime-ep-openvino: registered, offers no device on this machine" in done.stderr


def test_the_doctor_warns_of_a_plugin_without_a_device(tmp_path: Path) -> None:
    install_library(tmp_path, "empty", EMPTY)
    done = edgecnn(tmp_path, "doctor", "--format", "json")
    assert done.returncode == 0, done.stdout
    findings = {row["name"]: row for row in json.loads(done.stdout)["findings"]}
    assert findings["onnxruntime-ep-empty"]["result"] == "WARN"
    assert "pip uninstall onnxruntime-ep-empty" in findings["onnxruntime-ep-empty"]["remedy"]


@pytest.mark.skipif(
    not find_spec("onnxruntime_ep_openvino"), reason="needs onnxruntime-ep-openvino"
)
def test_openvino_as_a_plugin_takes_all_of_both_forms_and_says_what_the_cpu_says(
    int8: Path, fp32: Path, frames: list[Frame]
) -> None:
    for model in (int8, fp32):
        with Classifier(model, provider="openvino") as plugin, Classifier(model) as cpu:
            assert plugin.assignment.share == 1.0
            assert [p.label for p in plugin(frames)] == [p.label for p in cpu(frames)]
