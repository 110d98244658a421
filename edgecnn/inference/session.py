"""Opens an ONNX Runtime session on the requested provider, or fails."""

from collections.abc import Mapping
from types import MappingProxyType

from edgecnn.errors import ModelError, ProviderError
from edgecnn.inference.ort import onnxruntime
from edgecnn.inference.plugins import device_options, plugin_devices
from edgecnn.inference.providers import (
    BUILT_IN,
    Assignment,
    demand_share,
    full_name,
    read_assignment,
)
from edgecnn.inference.session_keys import check_key
from edgecnn.model.model_file import ModelFile

INPUT = "frame"
LOGITS = "logits"
PROBABILITIES = "probabilities"

NO_SETTINGS: Mapping[str, str] = MappingProxyType({})

_SETTINGS = {
    "session.record_ep_graph_assignment_info": "1",
    # Spinning threads would keep a core busy while they wait for the next camera frame.
    "session.intra_op.allow_spinning": "0",
}


def open_session(
    model: ModelFile,
    *,
    provider: str,
    threads: int,
    batch: int,
    allow_cpu: bool,
    settings: Mapping[str, str] = NO_SETTINGS,
) -> "tuple[onnxruntime.InferenceSession, Assignment]":
    """Open a session; of a plugin provider, on its first device.

    Args:
        model: The model file.
        provider: The provider's short name, or ONNX Runtime's own name.
        threads: Number of threads of one inference.
        batch: Frames of each call.
        allow_cpu: Whether the CPU may execute what the provider does not.
        settings: ONNX Runtime's session settings by their keys.

    Returns:
        The session, and how much of the model the provider executes.

    Raises:
        OptionError: A session setting is unknown.
        ModelError: ONNX Runtime cannot load the graph, or its inputs or outputs differ from the
            contract.
        ProviderError: The provider is not available or does not run the model.
    """
    name = full_name(provider, model)
    options = _options(threads, batch, settings)
    try:
        if name not in BUILT_IN:  # by its name alone, the CPU would silently be used
            device = plugin_devices(name)[0]
            options.add_provider_for_devices([device], device_options(device, threads))
        session = onnxruntime.InferenceSession(
            model.data, options, providers=[name] if name in BUILT_IN else None, enable_fallback=0
        )
    except Exception as error:  # ONNX Runtime's dozen exception types have no common base
        raise ModelError(
            f"{model.path.name}: ONNX Runtime {onnxruntime.__version__} cannot load it: {error}",
            remedy="update ONNX Runtime, or export the model again",
        ) from error
    if session.get_providers()[0] != name:
        raise ProviderError(
            f"{name} did not start; ONNX Runtime fell back to {session.get_providers()[0]}",
            remedy="check its driver and libraries, or use --provider cpu",
        )
    _check_signature(session, model, batch)
    assignment = read_assignment(session, name, model)
    demand_share(assignment, allow_cpu=allow_cpu)
    return session, assignment


def _options(threads: int, batch: int, settings: Mapping[str, str]) -> "onnxruntime.SessionOptions":
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_free_dimension_override_by_name("N", batch)
    for key in settings:
        check_key(key)
    for key, value in {
        **_SETTINGS,
        **settings,
    }.items():  # merged: a repeated key is a warning
        options.add_session_config_entry(key, value)
    return options


def _check_signature(session: "onnxruntime.InferenceSession", model: ModelFile, batch: int) -> None:
    found = {
        tensor.name: (tensor.type, list(tensor.shape))
        for tensor in [*session.get_inputs(), *session.get_outputs()]
    }
    classes = ("tensor(float)", [batch, len(model.spec.labels)])
    expected = {
        INPUT: ("tensor(uint8)", [batch, *model.spec.shape]),
        PROBABILITIES: classes,
        LOGITS: classes,
    }
    differing = sorted(n for n in {*found, *expected} if found.get(n) != expected.get(n))
    if differing:
        raise ModelError(
            f"{model.path.name}: its graph and its spec disagree: "
            + "; ".join(f"{n} is {found.get(n)}, expected {expected.get(n)}" for n in differing),
            remedy="export the model again",
        )
