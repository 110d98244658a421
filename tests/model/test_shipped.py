"""Shipped models are found by name."""

from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model
from edgecnn.model.shipped import shipped_model, shipped_names


def test_every_shipped_name_is_an_int8_model_file_of_that_name() -> None:
    cards = [read_model(name).card for name in shipped_names()]
    assert [card.name for card in cards] == shipped_names()
    assert {card.form for card in cards} == {Form.INT8}


def test_a_name_that_is_not_shipped_has_no_path() -> None:
    assert shipped_model("nonsense") is None
    assert shipped_model("../models/digits") is None
