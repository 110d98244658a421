"""ONNX Runtime execution providers: their names, and which of them executes the nodes."""

from dataclasses import dataclass

from edgecnn.errors import ProviderError
from edgecnn.inference.ort import onnxruntime
from edgecnn.inference.plugins import plugin_devices, plugin_packages, register
from edgecnn.inference.provider_facts import CPU as CPU
from edgecnn.inference.provider_facts import MIN_SHARE, SHORT_NAMES, short_name
from edgecnn.model.form import Form
from edgecnn.model.model_file import ModelFile

BUILT_IN = tuple(onnxruntime.get_available_providers())
"""Providers of this ONNX Runtime itself: read before a plugin can add its own."""


@dataclass(frozen=True)
class Assignment:
    """How much of a model a provider executes."""

    provider: str
    share: float
    """Share of the multiply-adds that it executes, 0 to 1."""
    elsewhere: tuple[str, ...]
    """`node (provider)` for each Conv, Gemm or MatMul that another provider executes."""


def full_name(provider: str, model: ModelFile) -> str:
    """Return ONNX Runtime's name of a provider, after checking that it can run the model.

    Args:
        provider: Its short name, or ONNX Runtime's own name.
        model: The model to run.

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
    """Read from ONNX Runtime's own record which provider executes each node.

    Args:
        session: The session of the model.
        name: ONNX Runtime's name of the requested provider.
        model: The model, whose card has the multiply-adds of each node.

    Raises:
        ProviderError: This ONNX Runtime keeps no such record.
    """
    if name == CPU:
        return Assignment(name, 1.0, ())  # there is no provider to fall back to
    if not hasattr(session, "get_provider_graph_assignment_info"):
        raise ProviderError(
            f"onnxruntime {onnxruntime.__version__} cannot say which provider runs what",
            remedy="pip install --upgrade the ONNX Runtime build, or use --provider cpu",
        )
    provider_by_node = {
        node.name: part.ep_name
        for part in session.get_provider_graph_assignment_info()
        for node in part.get_nodes()
    }
    return weigh(provider_by_node, name, model.card.macs)


def weigh(provider_by_node: dict[str, str], name: str, macs: dict[str, int]) -> Assignment:
    """Compute a provider's share of the multiply-adds.

    Args:
        provider_by_node: The provider that executes each node, by node name.
        name: The requested provider.
        macs: Multiply-adds by node name.
    """
    others = {node: provider_by_node.get(node, "nobody") for node in macs}
    others = {node: other for node, other in others.items() if other != name}
    elsewhere, total = sum(macs[node] for node in others), sum(macs.values())
    share = 1.0 - elsewhere / total if total else 0.0  # a card without them proves nothing
    return Assignment(name, share, tuple(f"{node} ({other})" for node, other in others.items()))


def demand_share(assignment: Assignment, *, allow_cpu: bool) -> None:
    """Raise ProviderError if the share is too small, unless the CPU may execute the rest."""
    if assignment.share < MIN_SHARE and not allow_cpu:
        raise ProviderError(
            f"{assignment.provider} takes {assignment.share:.1%} of the multiply-adds; elsewhere: "
            f"{', '.join(assignment.elsewhere)}",
            remedy="use the model's other form, another provider, or --allow-cpu to accept it",
        )
