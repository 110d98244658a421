"""Providers: the one that was asked for does the work, or the error names what would."""

from pathlib import Path

import onnxruntime
import pytest

from edgecnn.errors import ProviderError
from edgecnn.inference.classifier import Classifier
from edgecnn.inference.providers import CPU, Assignment, demand_share, weigh
from edgecnn.model.frame import Frame

CUDA = "CUDAExecutionProvider"
AZURE = "AzureExecutionProvider"


def _need(provider: str, *, here: bool) -> None:
    if (provider in onnxruntime.get_available_providers()) != here:
        pytest.skip(f"this ONNX Runtime {'lacks' if here else 'has'} {provider}")


@pytest.mark.parametrize("name", ["warp", "", "cpu0", "CUDAexecutionprovider"])
def test_an_unknown_provider_is_refused_listing_what_there_is(fp32: Path, name: str) -> None:
    with pytest.raises(ProviderError, match=f"no provider '{name}'") as refusal:
        Classifier(fp32, provider=name)
    assert all(there in refusal.value.what for there in onnxruntime.get_available_providers())
    assert "onnxruntime-gpu" in refusal.value.remedy


@pytest.mark.parametrize("name", ["cpu", "CPU", CPU])
def test_the_cpu_is_known_by_its_short_and_its_full_name(int8: Path, name: str) -> None:
    with Classifier(int8, provider=name) as classifier:
        assert classifier.assignment == Assignment(CPU, 1.0, ())


@pytest.mark.parametrize("name", ["cuda", "tensorrt", "directml", "coreml", CUDA])
def test_int8_on_a_provider_without_int8_kernels_names_the_fp32_file(int8: Path, name: str) -> None:
    with pytest.raises(ProviderError, match=f"{name} does not run int8") as refusal:
        Classifier(int8, provider=name)
    assert int8.name in refusal.value.what
    assert "small.fp32.onnx" in refusal.value.remedy


def test_fp32_on_cuda_says_that_this_build_has_no_cuda(fp32: Path) -> None:
    _need(CUDA, here=False)
    with pytest.raises(ProviderError, match="has no provider 'cuda'") as refusal:
        Classifier(fp32, provider="cuda")
    assert "onnxruntime-gpu" in refusal.value.remedy


def test_a_provider_that_leaves_the_work_to_the_cpu_is_refused(fp32: Path) -> None:
    _need(AZURE, here=True)
    with pytest.raises(ProviderError, match=r"takes 0\.0% of the multiply-adds") as refusal:
        Classifier(fp32, provider=AZURE)
    assert f"conv1 ({CPU})" in refusal.value.what
    assert "--allow-cpu" in refusal.value.remedy


def test_work_left_to_the_cpu_can_be_accepted_and_is_still_reported(
    fp32: Path, frames: list[Frame]
) -> None:
    _need(AZURE, here=True)
    with Classifier(fp32, provider=AZURE, allow_cpu=True) as classifier, Classifier(fp32) as plain:
        assert classifier.assignment.share == 0.0
        assert classifier(frames[0]).label == plain(frames[0]).label


MACS = {"conv1": 989, "conv2": 1, "gemm1": 10}


def test_a_provider_that_takes_every_node_has_it_all() -> None:
    assert weigh(dict.fromkeys(MACS, CUDA), CUDA, MACS) == Assignment(CUDA, 1.0, ())


def test_a_provider_that_takes_nothing_has_nothing() -> None:
    assert weigh(dict.fromkeys(MACS, CPU), CUDA, MACS).share == 0.0


def test_nodes_weigh_by_their_multiply_adds() -> None:
    assignment = weigh({"conv1": CUDA, "conv2": CUDA, "gemm1": CPU}, CUDA, MACS)
    assert assignment.share == pytest.approx(0.99)
    assert assignment.elsewhere == (f"gemm1 ({CPU})",)


def test_a_node_that_nobody_reports_is_not_counted_for_the_provider() -> None:
    assignment = weigh({"conv1": CUDA, "conv2": CUDA}, CUDA, MACS)
    assert assignment.elsewhere == ("gemm1 (nobody)",)


def test_nodes_without_multiply_adds_do_not_weigh() -> None:
    providers = {**dict.fromkeys(MACS, CUDA), "softmax": CPU}
    assert weigh(providers, CUDA, MACS).share == 1.0


def test_a_card_without_multiply_adds_proves_nothing_for_the_provider() -> None:
    assert weigh({"relu": CUDA}, CUDA, {}).share == 0.0


def test_99_percent_of_the_work_is_enough() -> None:
    demand_share(weigh({"conv1": CUDA, "conv2": CUDA, "gemm1": CPU}, CUDA, MACS), allow_cpu=False)


def test_98_9_percent_of_the_work_is_refused_naming_every_node_elsewhere() -> None:
    assignment = weigh({"conv1": CUDA, "conv2": CPU, "gemm1": CPU}, CUDA, MACS)
    with pytest.raises(ProviderError, match=f"{CUDA} takes 98.9%") as refusal:
        demand_share(assignment, allow_cpu=False)
    assert f"conv2 ({CPU}), gemm1 ({CPU})" in refusal.value.what
    assert "--allow-cpu" in refusal.value.remedy


def test_any_share_will_do_when_the_cpu_is_allowed() -> None:
    demand_share(weigh(dict.fromkeys(MACS, CPU), CUDA, MACS), allow_cpu=True)
