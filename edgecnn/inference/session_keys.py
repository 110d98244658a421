"""Checks the names of session settings, since ONNX Runtime ignores misspelt ones silently.

Source of the list: the keys in the library of ONNX Runtime 1.32 (documented in its
onnxruntime_session_options_config_keys.h), without those for language models and other file
formats, and without those that edgecnn sets itself.
"""

import re
import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

from edgecnn.errors import OptionError
from edgecnn.inference.builds import installed_builds, installed_version

LISTED = (1, 32)
"""The version of ONNX Runtime that the list is from."""

_SESSION = """
    allow_released_opsets_only collect_node_memory_stats_to_file debug_layout_transformation
    disable_aot_function_inlining disable_cpu_ep_fallback disable_double_qdq_remover
    disable_model_compile disable_prepacking disable_qdq_constant_folding disable_quant_qdq
    dynamic_block_base enable_quant_qdq_cleanup force_spinning_stop
    graph_optimizations_loop_level inter_op.allow_spinning inter_op.spin_backoff_max
    inter_op.spin_duration_us intra_op.allow_spinning intra_op.spin_backoff_max
    intra_op.spin_duration_us intra_op_thread_affinities kernel_dispatch_policy
    prepack.enable_parallel qdqisint8allowed set_denormal_as_zero strict_shape_type_inference
    use_deterministic_compute use_device_allocator_for_initializers use_env_allocators
    x64quantprecision
"""
_OTHERS = """
    ep.context_embed_mode ep.context_enable ep.context_file_path
    mlas.disable_kleidiai mlas.kleidiai.conv_igemm_max_work mlas.nchwc_depthwise_sliding
    mlas.nchwc_pointwise_conv_max_input_channel_batch
    optimization.constant_folding_max_output_size_in_bytes
    optimization.disable_specified_optimizers optimization.enable_cast_chain_elimination
    optimization.enable_gelu_approximation optimization.minimal_build_optimizations
"""
KEYS = (*(f"session.{name}" for name in _SESSION.split()), *_OTHERS.split())


def parse_settings(texts: Sequence[str]) -> dict[str, str]:
    """Parse `KEY=VALUE` texts.

    Raises:
        OptionError: A text has no value, a key is unknown or is given twice.
    """
    settings: dict[str, str] = {}
    for text in texts:
        key, _, value = text.partition("=")
        if not value:
            raise OptionError(f"--session is {text!r}", remedy=f"give KEY=VALUE, like {KEYS[0]}=1")
        if key in settings:
            raise OptionError(f"session setting {key} is given twice", remedy="give it once")
        check_key(key)
        settings[key] = value
    return settings


def check_key(key: str, installed: str = "", library: bytes = b"") -> None:
    """Refuse an unknown key; warn about one that only the installed, newer ONNX Runtime knows.

    Args:
        key: A session setting's name.
        installed: Version of ONNX Runtime; by default that of the installed one.
        library: Contents of its shared library; by default they are read if they are needed.

    Raises:
        OptionError: Neither the list nor a newer library has the key.
    """
    if key in KEYS:
        return
    installed = installed or _installed_version()
    if _numbers(installed) > LISTED and f"\0{key}\0".encode() in (library or _read_library()):
        warnings.warn(
            f"session setting {key!r} is new in onnxruntime {installed}: edgecnn was not tested "
            "with it",
            stacklevel=2,
        )
        return
    similar = get_close_matches(key, KEYS, n=1, cutoff=0.5)
    raise OptionError(
        f"there is no session setting {key!r}",
        remedy=f"did you mean {similar[0]}?" if similar else f"use one of: {', '.join(KEYS)}",
    )


def _installed_version() -> str:
    return next((installed_version(build) for build in installed_builds()), "")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _read_library() -> bytes:
    """Return the contents of ONNX Runtime's shared library, which include the keys it knows."""
    found = find_spec("onnxruntime")
    folders = found.submodule_search_locations if found else None
    paths = [p for f in folders or () for p in Path(f, "capi").glob("onnxruntime_pybind11_state*")]
    return b"".join(path.read_bytes() for path in paths)
