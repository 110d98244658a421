"""What is read from a model file, and every way in which one is refused."""

import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from craft import Edit, both, edited, with_entry, with_fields, with_new_digest, without_entry
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from edgecnn.data.dataset import Dataset
from edgecnn.errors import EdgeError, ModelError, NotFound, SpecError
from edgecnn.model import digest, model_file
from edgecnn.model.golden import Golden
from edgecnn.model.model_file import MAX_MIB, parse_model, read_model
from edgecnn.model.shipped import shipped_names
from edgecnn.model.spec import ModelSpec
from edgecnn.records import since

FORMS = ("int8", "fp32")
SECRET = "/etc/passwd"


@pytest.fixture(params=FORMS)
def form_and_path(request: pytest.FixtureRequest) -> tuple[str, Path]:
    return request.param, request.getfixturevalue(request.param)


def test_a_model_file_tells_its_spec(
    form_and_path: tuple[str, Path], digits: tuple[Dataset, ModelSpec]
) -> None:
    spec = read_model(form_and_path[1]).spec
    assert replace(spec, reject_threshold=0.0, logit_ceiling=()) == digits[1]


def test_a_model_file_tells_its_card(form_and_path: tuple[str, Path]) -> None:
    form, path = form_and_path
    card = read_model(path).card
    assert (card.name, card.form, card.dataset) == ("small", form, "digits")
    assert card.parameters > 0
    assert set(card.macs) > {"conv1"}


def test_a_model_file_tells_its_golden_frames(form_and_path: tuple[str, Path]) -> None:
    model = read_model(form_and_path[1])
    shapes = {frame.shape for frame in model.golden.frames(model.spec)}
    assert shapes == {model.spec.shape}
    assert len(model.golden.logits) == len(model.golden.frames_png) > 1


def test_size_kib_is_the_size_of_the_file(int8: Path) -> None:
    assert read_model(int8).size_kib * 1024 == int8.stat().st_size


def test_reading_a_model_file_does_not_need_onnxruntime_or_onnx() -> None:
    probe = (
        "import sys, edgecnn.model.model_file;"
        "print({'onnx', 'onnxruntime', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"


@settings(deadline=None, max_examples=60, database=None)
@given(data=st.data())
def test_a_truncated_file_is_refused_before_onnx_runtime_sees_it(
    int8: Path, data: st.DataObject
) -> None:
    whole = int8.read_bytes()
    length = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ModelError, match=r"not a whole ONNX model|no edgecnn contract|lacks"):
        parse_model(whole[:length], int8)


def test_a_file_cut_in_the_middle_says_that_it_may_be_truncated(int8: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(int8.read_bytes()[:50_000])
    with pytest.raises(ModelError, match=r"not a whole ONNX model") as refusal:
        read_model(cut)
    assert str(cut) in refusal.value.what
    assert "truncated" in refusal.value.remedy


@settings(deadline=None, max_examples=150, database=None)
@given(data=st.data())
def test_a_file_with_any_one_byte_changed_is_refused(int8: Path, data: st.DataObject) -> None:
    content = bytearray(int8.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(EdgeError):
        parse_model(bytes(content), int8)


@settings(deadline=None, max_examples=150, database=None)
@given(data=st.data())
def test_a_contract_with_any_one_byte_changed_is_refused(int8: Path, data: st.DataObject) -> None:
    content = bytearray(int8.read_bytes())
    start = content.index(b"edgecnn.c") - 4
    position = data.draw(st.integers(start, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(EdgeError):
        parse_model(bytes(content), int8)


def test_a_wrong_digest_names_the_file_and_how_to_replace_it(int8: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.onnx"
    content = bytearray(int8.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    with pytest.raises(ModelError, match="changed after it was made") as refusal:
        read_model(changed)
    assert str(changed) in refusal.value.what
    assert "copy it again" in refusal.value.remedy


def test_an_onnx_file_without_contract_is_refused(int8: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.onnx"
    plain.write_bytes(edited(int8.read_bytes(), lambda model: model.ClearField("metadata_props")))
    with pytest.raises(ModelError, match=r"plain\.onnx: the file carries no edgecnn contract") as e:
        read_model(plain)
    assert "edgecnn export" in e.value.remedy


@pytest.mark.parametrize("version", ["3", "0", "", "01", "1.0", "one", "2" * 1000])
def test_another_contract_version_is_refused_naming_all(
    int8: Path, tmp_path: Path, version: str
) -> None:
    path = with_new_digest(int8, tmp_path, with_entry(digest.CONTRACT_KEY, version))
    with pytest.raises(ModelError, match=r"follows contract '.*', this edgecnn knows 1, 2") as e:
        read_model(path)
    assert repr(version[:20]) in e.value.what
    assert "update edgecnn" in e.value.remedy


def test_a_file_without_a_new_field_follows_contract_1_and_is_read_as_2_too(
    int8: Path, tmp_path: Path
) -> None:
    assert read_model(int8).contract == "1"
    path = with_new_digest(int8, tmp_path, with_entry(digest.CONTRACT_KEY, "2"))
    assert read_model(path).contract == "2"


@dataclass(frozen=True)
class NewSpec(ModelSpec):
    """A spec with a field of contract version 2."""

    mask: tuple[int, ...] = field(default=(), metadata=since(2))


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_field_of_version_2_is_read_in_a_file_of_version_2_only(
    int8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(model_file, "ModelSpec", NewSpec)
    edit = both(with_fields(digest.SPEC_KEY, mask=[1, 2]), with_entry(digest.CONTRACT_KEY, version))
    path = with_new_digest(int8, tmp_path, edit)
    if version == "1":
        with pytest.raises(SpecError, match="'mask'"):
            read_model(path)
    else:
        spec = read_model(path).spec
        assert isinstance(spec, NewSpec)
        assert spec.mask == (1, 2)


def test_a_new_field_with_a_value_makes_a_file_of_version_2() -> None:
    old, new = NewSpec(("a", "b"), 8, 8, 1), NewSpec(("a", "b"), 8, 8, 1, mask=(1,))
    assert digest.contract_version(old, Golden()) == "1"
    assert digest.contract_version(Golden(), new) == "2"


@pytest.mark.parametrize("key", [digest.SPEC_KEY, digest.CARD_KEY, digest.GOLDEN_KEY])
def test_a_missing_part_of_the_contract_is_named(int8: Path, tmp_path: Path, key: str) -> None:
    path = with_new_digest(int8, tmp_path, without_entry(key))
    with pytest.raises(ModelError, match=f"lacks {key}") as refusal:
        read_model(path)
    assert "export" in refusal.value.remedy


def test_a_missing_digest_is_named(int8: Path, tmp_path: Path) -> None:
    path = tmp_path / "undigested.onnx"
    path.write_bytes(edited(int8.read_bytes(), without_entry(digest.DIGEST_KEY)))
    with pytest.raises(ModelError, match=f"lacks {digest.DIGEST_KEY}"):
        read_model(path)


MALFORMED = {
    "spec is no JSON": (with_entry(digest.SPEC_KEY, "{"), "ModelSpec is not readable"),
    "spec has an unknown field": (with_fields(digest.SPEC_KEY, colour=1), "colour"),
    "spec has no labels": (with_fields(digest.SPEC_KEY, labels=[]), "0 labels"),
    "spec has a text as height": (with_fields(digest.SPEC_KEY, height="28"), "ModelSpec.height"),
    "spec has another fit": (with_fields(digest.SPEC_KEY, fit="squeeze"), "squeeze"),
    "card is a list": (with_entry(digest.CARD_KEY, "[]"), "ModelCard"),
    "card has no number of parameters": (
        with_fields(digest.CARD_KEY, parameters=None),
        "ModelCard.parameters",
    ),
    "golden has a number as frame": (with_fields(digest.GOLDEN_KEY, frames_png=[1]), "frames_png"),
}


@pytest.mark.parametrize(("edit", "named"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_record_is_refused_naming_file_and_field(
    int8: Path, tmp_path: Path, edit: Edit, named: str
) -> None:
    path = with_new_digest(int8, tmp_path, edit)
    with pytest.raises(SpecError) as refusal:
        read_model(path)
    assert named in refusal.value.what
    assert str(path) in refusal.value.what
    assert refusal.value.remedy


def _external() -> TensorProto:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "outside")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=SECRET)
    return tensor


def _sparse(values: TensorProto) -> onnx.SparseTensorProto:
    indices = numpy_helper.from_array(np.arange(4, dtype=np.int64), "indices")
    return helper.make_sparse_tensor(values, indices, [16])


def _graph() -> onnx.GraphProto:
    output = helper.make_tensor_value_info("outside", TensorProto.FLOAT, [4])
    return helper.make_graph([], "nested", [], [output], [_external()])


def _initializer_elsewhere(model: onnx.ModelProto) -> None:
    first = model.graph.initializer[0]
    first.data_location = TensorProto.EXTERNAL
    first.external_data.add(key="location", value=SECRET)


def _initializer_names_a_file_only(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].external_data.add(key="location", value=SECRET)


def _with_attribute(attribute: onnx.AttributeProto) -> Edit:
    def edit(model: onnx.ModelProto) -> None:
        model.graph.node.append(helper.make_node("Constant", [], ["constant"], "constant"))
        model.graph.node[-1].attribute.append(attribute)

    return edit


def _nested(model: onnx.ModelProto) -> None:
    node = helper.make_node("If", ["on"], ["o"], "if", then_branch=_graph(), else_branch=_graph())
    model.graph.node.append(node)


def _sparse_initializer(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.append(_sparse(_external()))


def _function(model: onnx.ModelProto) -> None:
    node = helper.make_node("Constant", [], ["y"], "constant", value=_external())
    opset = [helper.make_opsetid("", 21)]
    model.functions.append(helper.make_function("local", "F", [], ["y"], [node], opset))


def _many(name: str, kind: "onnx.AttributeProto.AttributeType") -> onnx.AttributeProto:
    return onnx.AttributeProto(name=name, type=kind)


def _tensors() -> onnx.AttributeProto:
    attribute = _many("values", onnx.AttributeProto.TENSORS)
    attribute.tensors.append(_external())
    return attribute


def _graphs() -> onnx.AttributeProto:
    attribute = _many("branches", onnx.AttributeProto.GRAPHS)
    attribute.graphs.append(_graph())
    return attribute


def _sparse_tensors() -> onnx.AttributeProto:
    attribute = _many("sparse_values", onnx.AttributeProto.SPARSE_TENSORS)
    attribute.sparse_tensors.append(_sparse(_external()))
    return attribute


ELSEWHERE: dict[str, tuple[Edit, str]] = {
    "an initializer": (_initializer_elsewhere, "external data"),
    "an initializer that only names a file": (_initializer_names_a_file_only, "external data"),
    "a constant": (_with_attribute(helper.make_attribute("value", _external())), "external data"),
    "a list of constants": (_with_attribute(_tensors()), "external data"),
    "a sparse initializer": (_sparse_initializer, "sparse"),
    "a sparse constant": (
        _with_attribute(helper.make_attribute("sparse_value", _sparse(_external()))),
        "sparse",
    ),
    "a list of sparse constants": (_with_attribute(_sparse_tensors()), "sparse"),
    "a branch of If": (_nested, "nested graph"),
    "a list of graphs": (_with_attribute(_graphs()), "nested graph"),
    "a function": (_function, "functions"),
}


@pytest.mark.parametrize(("edit", "named"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_tensor_kept_in_another_file_is_refused_wherever_it_hides(
    fp32: Path, tmp_path: Path, edit: Edit, named: str
) -> None:
    path = with_new_digest(fp32, tmp_path, edit)
    with pytest.raises(ModelError, match=named) as refusal:
        read_model(path)
    assert str(path) in refusal.value.what
    assert "one file" in refusal.value.remedy


def test_a_constant_inside_the_file_is_accepted(fp32: Path, tmp_path: Path) -> None:
    inside = numpy_helper.from_array(np.zeros(4, np.float32), "inside")
    path = with_new_digest(fp32, tmp_path, _with_attribute(helper.make_attribute("value", inside)))
    assert read_model(path).card.form == "fp32"


NOT_MODELS = {
    "nothing": b"",
    "a text": b"Labels of the model, one a line:\nzero\none\n",
    "JSON": b'{"labels": ["zero", "one"]}',
    "zeros": bytes(1000),
    "a PNG": b"\x89PNG\r\n\x1a\n" + bytes(range(200)),
}


@pytest.mark.parametrize("content", NOT_MODELS.values(), ids=NOT_MODELS)
def test_a_file_that_is_no_model_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"not a whole ONNX model|no edgecnn contract") as refusal:
        read_model(path)
    assert str(path) in refusal.value.what
    assert refusal.value.remedy


def test_a_path_that_is_not_there_lists_the_shipped_models(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no model file .*absent\.onnx") as refusal:
        read_model(tmp_path / "absent.onnx")
    assert "give a path" in refusal.value.remedy
    assert all(name in refusal.value.remedy for name in shipped_names())


def test_a_folder_is_no_model_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no model file"):
        read_model(tmp_path)


def test_a_file_larger_than_the_cap_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.truncate(MAX_MIB * 2**20 + 1)
    with pytest.raises(ModelError, match=f"larger than {MAX_MIB} MiB") as refusal:
        read_model(path)
    assert str(path) in refusal.value.what
    assert "smaller model" in refusal.value.remedy
