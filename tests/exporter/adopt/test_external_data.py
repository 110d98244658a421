"""Weights beside a model: read if they lie plainly in its folder, else refused and not opened."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch
from external_models import as_torch, random_network
from onnx import TensorProto, numpy_helper

from edgecnn.errors import ModelError
from edgecnn.exporter.adopt import external_data
from edgecnn.exporter.adopt.external_data import external_parts, merge_external_data
from edgecnn.model.graph_check import outline_graph

MODEL = as_torch(random_network())
DATA = "model.onnx.data"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """The model as the onnx package writes it, each tensor aligned in one file beside it."""
    path = tmp_path / "in" / "model.onnx"
    path.parent.mkdir()
    copied = onnx.ModelProto()
    copied.CopyFrom(MODEL)
    onnx.save_model(copied, path, save_as_external_data=True, location=DATA, size_threshold=0)
    return path


def merged(path: Path) -> bytes:
    return merge_external_data(path.read_bytes(), path)[0]


def changed(path: Path, **entries: str) -> None:
    """Write other entries into the model's first tensor."""
    model = onnx.load(path, load_external_data=False)
    tensor = model.graph.initializer[0]
    kept = {entry.key: entry.value for entry in tensor.external_data}
    del tensor.external_data[:]
    for key, value in {**kept, **entries}.items():
        tensor.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())


def test_weights_of_a_neighbour_file_are_merged_in(saved: Path) -> None:
    content, others = merge_external_data(saved.read_bytes(), saved)
    assert onnx.load_from_string(content) == MODEL
    assert others == ((saved.parent / DATA).read_bytes(),)
    outline_graph(content)


def test_a_model_of_one_file_comes_back_as_it_is(tmp_path: Path) -> None:
    content = MODEL.SerializeToString()
    assert merge_external_data(content, tmp_path / "model.onnx") == (content, ())
    assert merge_external_data(b"", tmp_path / "model.onnx") == (b"", ())


def test_what_torch_writes_by_default_is_read(tmp_path: Path) -> None:
    path = tmp_path / "torch.onnx"
    layer = torch.nn.Conv2d(3, 4, 3)
    network = torch.nn.Sequential(layer, torch.nn.Flatten()).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (torch.zeros(1, 3, 8, 8),), path, dynamo=True, verbose=False)
    assert [file.name for file in tmp_path.iterdir() if file != path] == ["torch.onnx.data"]
    graph = onnx.load_from_string(merged(path)).graph
    weights = {tuple(t.dims): numpy_helper.to_array(t) for t in graph.initializer}
    assert (weights[4, 3, 3, 3] == layer.weight.detach().numpy()).all()


def test_several_files_are_read(saved: Path) -> None:
    first = MODEL.graph.initializer[0].raw_data
    (saved.parent / "a.bin").write_bytes(b"before" + first)
    changed(saved, location="a.bin", offset="6")
    content, others = merge_external_data(saved.read_bytes(), saved)
    assert onnx.load_from_string(content) == MODEL
    assert others == (b"before" + first, (saved.parent / DATA).read_bytes())


def test_a_file_that_is_not_there_says_what_to_type(saved: Path) -> None:
    (saved.parent / DATA).unlink()
    with pytest.raises(
        ModelError, match=f"'{DATA}', which cannot be read: No such file"
    ) as refusal:
        merged(saved)
    assert str(saved.parent) in refusal.value.remedy
    assert "external_data=False" in refusal.value.remedy


def test_a_file_that_was_cut_is_refused(saved: Path) -> None:
    data = saved.parent / DATA
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"at bytes .* which has") as refusal:
        merged(saved)
    assert "truncated" in refusal.value.remedy


def folder(path: Path) -> None:
    path.mkdir()


def link_out(path: Path) -> None:
    path.symlink_to(path.parent.parent / "secret")


def link_to_nothing(path: Path) -> None:
    path.symlink_to("gone")


PLACES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a folder": (folder, "cannot be read"),
    "a link to another folder": (link_out, "a link to another folder"),
    "a link to nothing": (link_to_nothing, "cannot be read"),
    "a pipe": (os.mkfifo, "no regular file"),
}


@pytest.mark.parametrize(("make", "words"), PLACES.values(), ids=PLACES)
def test_what_is_no_file_of_the_folder_is_refused(
    make: Callable[[Path], None], words: str, saved: Path
) -> None:
    secret = saved.parent.parent / "secret"
    (saved.parent / DATA).rename(secret)
    make(saved.parent / DATA)
    with pytest.raises(ModelError, match=words):
        merged(saved)


def test_a_link_within_the_folder_is_followed(saved: Path) -> None:
    data = saved.parent / DATA
    data.rename(saved.parent / "real")
    data.symlink_to("real")
    assert onnx.load_from_string(merged(saved)) == MODEL


LOCATIONS = {
    "a parent folder": "../secret",
    "the folder itself": ".",
    "the parent": "..",
    "a nested folder": "a/../../secret",
    "a folder of another system": "..\\secret",
    "a drive": "c:secret",
    "an absolute path": "/tmp/secret",
    "a marker of memory": "*/_ORT_MEM_ADDR_/*",
    "nothing": "",
    "a control character": "a\nb",
}


@pytest.mark.parametrize("location", LOCATIONS.values(), ids=LOCATIONS)
def test_every_other_path_is_refused_unopened(location: str, saved: Path) -> None:
    secret = saved.parent.parent / "secret"
    secret.write_bytes((saved.parent / DATA).read_bytes())
    before = secret.stat().st_atime_ns
    changed(saved, location=location)
    with pytest.raises(ModelError, match="no plain file name") as refusal:
        merged(saved)
    assert "external_data=False" in refusal.value.remedy
    assert secret.stat().st_atime_ns == before


NUMBERS = {
    "a negative offset": ({"offset": "-1"}, "the offset '-1'"),
    "an offset that is no number": ({"offset": "٣"}, "the offset"),
    "an endless number": ({"length": "9" * 5000}, "the length '999"),
    "an enormous length": ({"length": str(2**45)}, "keeps 35184372088832 bytes"),
    "a length that does not fit the shape": ({"length": "143"}, "143 bytes .* that takes 144"),
    "an offset behind the file": ({"offset": "999999999"}, "at bytes 999,999,999"),
}


@pytest.mark.parametrize(("entries", "words"), NUMBERS.values(), ids=NUMBERS)
def test_positions_that_do_not_fit_are_refused(
    entries: dict[str, str], words: str, saved: Path
) -> None:
    changed(saved, **entries)
    with pytest.raises(ModelError, match=words):
        merged(saved)


def test_a_tensor_of_another_size_is_refused(saved: Path) -> None:
    model = onnx.load(saved, load_external_data=False)
    model.graph.initializer[0].dims[0] = -4
    saved.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="a tensor that takes -1"):
        merged(saved)


def test_the_same_bytes_for_many_tensors_count_each_time(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external_data, "MAX_MIB", 1)
    model = onnx.load(saved, load_external_data=False)
    weights = model.graph.initializer[0]
    for i in range(10_000):
        model.graph.initializer.add().CopyFrom(weights)
        model.graph.initializer[-1].name = str(i)
    saved.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="more than 1 MiB with its weights"):
        merged(saved)


def test_a_large_file_is_not_read_to_its_end(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external_data, "MAX_MIB", 1)
    os.truncate(saved.parent / DATA, 2**40)  # of holes
    with pytest.raises(ModelError, match="larger than 1 MiB"):
        merged(saved)


def test_a_tensor_with_data_inside_and_outside_is_refused_afterwards(saved: Path) -> None:
    model = onnx.load(saved, load_external_data=False)
    model.graph.initializer[0].float_data.extend([1.0] * 36)
    saved.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="another type"):
        outline_graph(merged(saved))


def test_only_constants_of_the_graph_may_lie_outside(saved: Path) -> None:
    model = onnx.load(saved, load_external_data=False)
    node = model.graph.node.add(op_type="Constant", output=["c"])
    tensor = node.attribute.add(name="value", type=onnx.AttributeProto.TENSOR).t
    tensor.CopyFrom(model.graph.initializer[0])
    saved.write_bytes(model.SerializeToString())
    assert len(external_parts(saved.read_bytes())) == len(MODEL.graph.initializer)
    with pytest.raises(ModelError, match="external data"):
        outline_graph(merged(saved))


def test_data_that_are_not_marked_as_external_stay_refused() -> None:
    model = as_torch(random_network())
    model.graph.initializer[0].external_data.add(key="location", value="weights")
    assert model.graph.initializer[0].data_location == TensorProto.DEFAULT
    content = model.SerializeToString()
    assert external_parts(content) == []
    with pytest.raises(ModelError, match="external data"):
        outline_graph(content)


def test_a_malformed_graph_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="malformed"):
        external_parts(b"\x3a\xff")
