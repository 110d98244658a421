"""The session settings that a user may give: ONNX Runtime takes a misspelt one without a word.

Source: the keys in the library of ONNX Runtime 1.32 (documented in its
onnxruntime_session_options_config_keys.h), without those for language models and other file
formats, and without those that edgecnn sets itself.
"""

from collections.abc import Sequence
from difflib import get_close_matches

from edgecnn.errors import OptionError

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
    """Return the settings of `KEY=VALUE` texts.

    Raises:
        OptionError: A text has no value, a key is not known, or is given twice.
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


def check_key(key: str) -> None:
    """Raise OptionError, naming the nearest, unless a key is known."""
    if key not in KEYS:
        near = get_close_matches(key, KEYS, n=1, cutoff=0.5)
        raise OptionError(
            f"there is no session setting {key!r}",
            remedy=f"did you mean {near[0]}?" if near else f"use one of: {', '.join(KEYS)}",
        )
