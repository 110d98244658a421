"""Small trained networks, made once for all tests of this folder; tests only read them."""

import pytest

from edgecnn.data.dataset import Dataset
from edgecnn.model.spec import ModelSpec
from exporter.quantization.trained import ARCHITECTURES, Trained


@pytest.fixture(scope="session")
def article(digits: tuple[Dataset, ModelSpec]) -> Trained:
    """A small network of the plain architecture."""
    return Trained("article", digits)


@pytest.fixture(scope="session", params=ARCHITECTURES)
def trained(
    request: pytest.FixtureRequest, digits: tuple[Dataset, ModelSpec], article: Trained
) -> Trained:
    """A small network of each architecture."""
    return article if request.param == "article" else Trained(request.param, digits)
