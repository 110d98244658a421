"""A data set takes on the class indexes of a model, which may have more classes."""

import pytest

from edgecnn.data.dataset import Dataset, with_labels
from edgecnn.errors import DataError
from edgecnn.model.spec import ModelSpec


def test_pictures_of_some_classes_are_enough(digits: tuple[Dataset, ModelSpec]) -> None:
    data = digits[0]
    more = ("a", *reversed(data.labels), "b")
    renamed = with_labels(data, more)
    named = [more[i] for i in renamed.test.labels]
    assert named == [data.labels[i] for i in data.test.labels]
    with pytest.raises(DataError, match="the model has"):
        with_labels(data, ("0", "1"))
