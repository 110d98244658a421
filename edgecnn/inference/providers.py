"""ONNX Runtime execution providers: short names, and the truth about which one took the work."""

from dataclasses import dataclass

from edgecnn.errors import ProviderError
from edgecnn.inference.ort import onnxruntime
from edgecnn.inference.plugins import plugin_devices, plugin_packages, register
from edgecnn.inference.provider_facts import CPU as CPU
from edgecnn.inference.provider_facts import MIN_SHARE, SHORT_NAMES, short_name
from edgecnn.model.form import Form
from edgecnn.model.model_file import ModelFile

BUILT_IN = tuple(onnxruntime.get_available_providers())
"""Providers of this ONNX Runtime itself: asked before a plugin can add its own."""


@dataclass(frozen=True)
class Assignment:
    """Which nodes a provider took, weighed by their multiply-adds."""

    provider: str
    share: float
    """Share of the multiply-adds on the provider, 0 to 1."""
    elsewhere: tuple[str, ...]
    """`node (provider)` for each Conv, Gemm or MatMul that another provider took."""


def full_name(provider: str, model: ModelFile) -> str:
    """Return ONNX Runtime's name of a provider.

    Raises:
        ProviderError: Neither this ONNX Runtime nor a plugin has it for a device of this machine,
            or it cannot run the model's form.
    """
    name = SHORT_NAMES.get(provider.lower(), provider)
    form = model.card.form
    if short_name(name) in form.refused_by:
        raise ProviderError(
            f"{provider} does not run {form} models of this kind; {model.path.name} is {form}",
            remedy=f"use {model.card.name}{Form.FP32.suffix} there",
        )
    if name not in BUILT_IN and not plugin_devices(name):
        plugins = "".join(f"; {package}: {register(package)}" for package in plugin_packages())
        raise ProviderError(
            f"this ONNX Runtime has no provider {provider!r}; it has {', '.join(BUILT_IN)}"
            f"{plugins}",
            remedy="install the build that has it, such as onnxruntime-gpu for onnxruntime, "
            "or a plugin such as onnxruntime-ep-openvino",
        )
    return name


def read_assignment(
    session: "onnxruntime.InferenceSession", name: str, model: ModelFile
) -> Assignment:
    """Read from ONNX Runtime's own record which provider took each node.

    Raises:
        ProviderError: This ONNX Runtime keeps no such record.
    """
    if name == CPU:
        return Assignment(name, 1.0, ())  # nothing comes after it
    if not hasattr(session, "get_provider_graph_assignment_info"):
        raise ProviderError(
            f"onnxruntime {onnxruntime.__version__} cannot say which provider runs what",
            remedy="pip install --upgrade the ONNX Runtime build, or use --provider cpu",
        )
    takers = {
        node.name: part.ep_name
        for part in session.get_provider_graph_assignment_info()
        for node in part.get_nodes()
    }
    return weigh(takers, name, model.card.macs)


def weigh(takers: dict[str, str], name: str, macs: dict[str, int]) -> Assignment:
    """Weigh who took which node by multiply-adds: `takers` maps node names to providers."""
    elsewhere = {node: takers.get(node, "nobody") for node in macs if takers.get(node) != name}
    lost = sum(macs[node] for node in elsewhere)
    total = sum(macs.values())
    share = 1.0 - lost / total if total else 0.0  # a card without them proves nothing
    return Assignment(name, share, tuple(f"{n} ({taker})" for n, taker in elsewhere.items()))


def demand_share(assignment: Assignment, *, allow_cpu: bool) -> None:
    """Raise ProviderError if the provider left too much of the work to others."""
    if assignment.share < MIN_SHARE and not allow_cpu:
        raise ProviderError(
            f"{assignment.provider} takes {assignment.share:.1%} of the multiply-adds; elsewhere: "
            f"{', '.join(assignment.elsewhere)}",
            remedy="use the model's other form, another provider, or --allow-cpu to accept it",
        )
