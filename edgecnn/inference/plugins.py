"""Execution providers that come as packages of their own, named `onnxruntime-ep-...`.

Such a package has a function `get_library_path`; ONNX Runtime loads that library, and it offers the
devices that it found. To name such a provider to a session is not enough: ONNX Runtime 1.32 then
runs on the CPU without a word. A session gets its devices.

Source: onnxruntime.ai, "Plugin Execution Provider Library Packaging Guidance".
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import distributions
from typing import TYPE_CHECKING

from edgecnn.records import Record
from edgecnn.text import printable

if TYPE_CHECKING:
    import onnxruntime

PREFIX = "onnxruntime-ep-"


@dataclass(frozen=True)
class Plugin(Record):
    """An installed package with an execution provider."""

    package: str
    version: str
    devices: tuple[str, ...]
    """`provider on device`, of what it offers on this machine."""
    problem: str
    """Why it could not be registered; empty if it was."""

    @property
    def providers(self) -> tuple[str, ...]:
        """Return the names of its providers that have a device here."""
        return tuple(dict.fromkeys(device.partition(" on ")[0] for device in self.devices))

    def __str__(self) -> str:
        if self.problem:
            return f"cannot be registered: {self.problem}"
        return f"registered, offers {', '.join(self.devices) or 'no device on this machine'}"


def plugin_packages() -> dict[str, str]:
    """Return installed packages with their versions, without importing one."""
    named = [(d.metadata["Name"] or "", d.version) for d in distributions()]
    found = {name.lower().replace("_", "-"): version for name, version in named}
    return {name: found[name] for name in sorted(found) if name.startswith(PREFIX)}


@cache
def register(package: str) -> Plugin:
    """Register a package with ONNX Runtime, once in this process."""
    from edgecnn.inference.ort import onnxruntime

    version = plugin_packages()[package]
    try:
        before = len(onnxruntime.get_ep_devices())  # old ones have no such function
        library = import_module(package.replace("-", "_")).get_library_path()
        onnxruntime.register_execution_provider_library(package, library)
        new = onnxruntime.get_ep_devices()[before:]
    except Exception as error:  # whatever a stranger's package raises
        said = printable(f"{type(error).__name__}: {error}", limit=500)  # with the path, twice
        return Plugin(package, version, (), said)
    return Plugin(package, version, tuple(_words(device) for device in new), "")


def plugin_devices(provider: str) -> "list[onnxruntime.OrtEpDevice]":
    """Register every installed package; return the devices of a provider, or none."""
    from edgecnn.inference.ort import onnxruntime

    packages = [package for package in plugin_packages() if not register(package).problem]
    if not packages:
        return []
    own = onnxruntime.get_ep_devices()
    return [device for device in own if device.ep_name == provider]


def device_options(device: "onnxruntime.OrtEpDevice", threads: int) -> dict[str, str]:
    """Return what a provider must be told to compute what the file says, on so many threads.

    OpenVINO 1.8 computes fp32 in bfloat16 where the CPU can: logits were off by 0.08 instead of
    0.000006.
    """
    if not device.ep_name.startswith("OpenVINO"):
        return {}
    facts = device.ep_metadata
    place = (facts.get("ov_meta_device") or facts["ov_device"]).partition(".")[0]  # of GPU.0: GPU
    config = {place: {"EXECUTION_MODE_HINT": "ACCURACY"}}
    return {"load_config": json.dumps(config), "num_of_threads": str(threads)}


def _words(device: "onnxruntime.OrtEpDevice") -> str:
    kind = device.device.type.name
    name = device.ep_metadata.get("FULL_DEVICE_NAME") or device.device.vendor
    return printable(f"{device.ep_name} on {kind} ({name})")
