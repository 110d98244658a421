"""Exceptions of onnx and ONNX Runtime become ModelErrors that say what to do."""

import numpy as np
import pytest
from external_models import as_torch, random_network

from edgecnn.errors import ModelError
from edgecnn.exporter.adopt.library import (
    MAX_CHARACTERS,
    fold,
    model_errors_from,
    open_plain,
    parse,
    run,
    to_our_opset,
)

IMAGES = np.random.default_rng(0).random((2, 1, 8, 8), np.float32)


def test_an_exception_is_a_model_error_with_short_printable_words() -> None:
    words = "onnx cannot work with it: ValueError"
    with pytest.raises(ModelError, match=words) as refusal, model_errors_from("onnx"):
        raise ValueError("\x1b[31m" + "x" * 1000)
    assert refusal.value.what.isprintable()
    assert len(refusal.value.what) < MAX_CHARACTERS + 100
    assert "plain ONNX layers" in refusal.value.remedy


def test_a_lack_of_memory_is_no_fault_of_the_model() -> None:
    with pytest.raises(MemoryError), model_errors_from("ONNX Runtime"):
        raise RuntimeError("std::bad_alloc")


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(ModelError, match="cannot work with it"):
        parse(b"not a model")
    with pytest.raises(ModelError, match="cannot work with it"):
        open_plain(b"not a model")


def test_another_opset_and_folding_keep_the_output(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("folded"))
    model = as_torch(random_network(), opset=13)
    changed = fold(to_our_opset(model))
    assert {e.domain: e.version for e in changed.opset_import}[""] == 20
    own, original = (run(open_plain(m.SerializeToString()), IMAGES) for m in (changed, model))
    np.testing.assert_allclose(own, original, atol=1e-5)
