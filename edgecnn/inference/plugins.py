"""Plugin execution providers: packages of their own, named `onnxruntime-ep-...`.

Such a package has a function `get_library_path`; ONNX Runtime loads that library, which then offers
the devices that it found. A session must be given these devices: if it is given the provider's name
only, ONNX Runtime 1.32 silently uses the CPU.

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
    """`provider on device` for each device that it offers on this machine."""
    problem: str
    """Why it could not be registered; empty if it could."""

    @property
    def providers(self) -> tuple[str, ...]:
        """Names of its providers that have a device on this machine."""
        return tuple(dict.fromkeys(device.partition(" on ")[0] for device in self.devices))

    def __str__(self) -> str:
        if self.problem:
            return f"cannot be registered: {self.problem}"
        return f"registered, offers {', '.join(self.devices) or 'no device on this machine'}"


def plugin_packages() -> dict[str, str]:
    """Return the installed plugin packages with their versions, without importing one."""
    named = [(d.metadata["Name"] or "", d.version) for d in distributions()]
    found = {name.lower().replace("_", "-"): version for name, version in named}
    return {name: found[name] for name in sorted(found) if name.startswith(PREFIX)}


@cache
def register(package: str) -> Plugin:
    """Register a package with ONNX Runtime, at most once in this process."""
    from edgecnn.inference.ort import onnxruntime

    version = plugin_packages()[package]
    try:
        before = len(onnxruntime.get_ep_devices())  # older versions have no such function
        library = import_module(package.replace("-", "_")).get_library_path()
        onnxruntime.register_execution_provider_library(package, library)
        new = onnxruntime.get_ep_devices()[before:]
    except Exception as error:  # a package of others may raise anything
        problem = printable(f"{type(error).__name__}: {error}", limit=500)
        return Plugin(package, version, (), problem)
    return Plugin(package, version, tuple(_describe(device) for device in new), "")


def plugin_devices(provider: str) -> "list[onnxruntime.OrtEpDevice]":
    """Register every installed plugin; return the devices of a provider, an empty list if none."""
    from edgecnn.inference.ort import onnxruntime

    if all(register(package).problem for package in plugin_packages()):
        return []  # an older ONNX Runtime has no `get_ep_devices`
    return [device for device in onnxruntime.get_ep_devices() if device.ep_name == provider]


def device_options(device: "onnxruntime.OrtEpDevice", threads: int) -> dict[str, str]:
    """Return the options with which a provider computes in the file's own precision.

    By default OpenVINO 1.8 computes fp32 in bfloat16 on CPUs that support it, and logits differ by
    0.08 instead of 0.000006.

    Args:
        device: A plugin's device.
        threads: Number of threads of one inference.
    """
    if not device.ep_name.startswith("OpenVINO"):
        return {}
    facts = device.ep_metadata
    place = (facts.get("ov_meta_device") or facts["ov_device"]).partition(".")[0]  # of GPU.0: GPU
    config = {place: {"EXECUTION_MODE_HINT": "ACCURACY"}}
    return {"load_config": json.dumps(config), "num_of_threads": str(threads)}


def _describe(device: "onnxruntime.OrtEpDevice") -> str:
    kind = device.device.type.name
    name = device.ep_metadata.get("FULL_DEVICE_NAME") or device.device.vendor
    return printable(f"{device.ep_name} on {kind} ({name})")
