"""The allowed operators are operators of ONNX, and each belongs to one group."""

import onnx

from edgecnn.model.operators import CLASSIFIER, EXTERNAL_FILE, MODEL_FILE, QUANTIZED, SHAPES


def test_every_allowed_operator_is_one_of_onnx() -> None:
    known = {schema.name for schema in onnx.defs.get_all_schemas()}
    assert known >= CLASSIFIER | QUANTIZED | SHAPES


def test_no_operator_is_in_two_groups() -> None:
    groups = (CLASSIFIER, QUANTIZED, SHAPES)
    assert len(CLASSIFIER | QUANTIZED | SHAPES) == sum(map(len, groups))


def test_operators_that_hold_graphs_or_random_numbers_are_not_allowed() -> None:
    refused = {"If", "Loop", "Scan", "SequenceMap", "RandomNormal", "RandomUniform"}
    assert not refused & (MODEL_FILE | EXTERNAL_FILE)
