"""Logits, loss and accuracy on fitted pictures, and the choice of a device."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from edgecnn.data.dataset import Dataset
from edgecnn.errors import DeviceError
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import Architecture, build
from edgecnn.trainer.score import choose_device, logits_of, score
from trainer.small_runs import CPU

TINY = Architecture(widths=(4, 6, 8), dense=12)


def test_logits_do_not_depend_on_the_evaluation_batch(
    digits: tuple[Dataset, ModelSpec],
) -> None:
    data, spec = digits
    network = build(TINY, spec.shape, 10)
    together = logits_of(network, data.train, CPU)
    assert together.shape == (len(data.train), 10)
    assert len(data.train) > 1000
    alone = logits_of(network, data.train.take(np.array([0, 499, 500, 1001])), CPU)
    torch.testing.assert_close(together[[0, 499, 500, 1001]], alone)


@pytest.mark.parametrize("name", ["tpu", "", "CUDA", "cuda:0"])
def test_an_unknown_device_is_refused_with_the_usable_ones(
    name: str,
) -> None:
    with pytest.raises(DeviceError, match=f"'{name}'") as caught:
        choose_device(name)
    assert "cpu" in caught.value.remedy


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_is_refused_where_it_is_not_there() -> None:
    with pytest.raises(DeviceError, match="'cuda'"):
        choose_device("cuda")


def test_auto_always_finds_a_device() -> None:
    assert choose_device("auto").type in ("cuda", "mps", "cpu")


def test_loss_and_accuracy_are_those_of_the_logits(digits: tuple[Dataset, ModelSpec]) -> None:
    data, spec = digits
    network = build(TINY, spec.shape, 10)
    logits, labels = logits_of(network, data.test, CPU), torch.tensor(data.test.labels)
    loss, accuracy = score(network, data.test, CPU)
    assert loss == pytest.approx(float(F.cross_entropy(logits, labels)))
    assert accuracy == pytest.approx(np.mean(logits.argmax(1).numpy() == data.test.labels))
    assert not network.training
