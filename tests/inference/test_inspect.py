"""A model file, and a file without contract, are described for people and programs."""

from pathlib import Path

from external_models import as_torch, random_network

from edgecnn.inference.inspect import (
    ModelReport,
    Operators,
    describe_external,
    describe_model,
    external_rows,
    report_rows,
)
from edgecnn.inference.provider_trial import try_model
from edgecnn.model.model_file import read_model


def test_a_model_says_which_provider_here_takes_it(int8: Path) -> None:
    model = read_model(int8)
    report = describe_model(model, providers=try_model(model))
    rows = dict(report_rows(report))
    assert str(rows["on cpu"]) == "runs int8"


def test_the_rows_name_size_form_and_what_is_known(int8: Path) -> None:
    rows = dict(report_rows(describe_model(read_model(int8))))
    assert rows["model"] == "small, form int8"
    assert str(rows["input"]).startswith("28x28 gray uint8")
    assert "or more" in str(rows["known"])
    assert str(rows["data set"]).startswith("digits, digest ")


def test_operators_are_counted_if_the_exporter_counted_them(int8: Path) -> None:
    operators = Operators({"Conv": 2}, {"QLinearConv": 2})
    rows = dict(report_rows(describe_model(read_model(int8), operators)))
    assert (rows["as written"], rows["as executed"]) == ("2 Conv", "2 QLinearConv")


def test_a_report_survives_json(int8: Path) -> None:
    report = describe_model(read_model(int8))
    assert ModelReport.from_json(report.to_json()) == report


def test_a_file_with_a_contract_is_not_external(int8: Path) -> None:
    assert describe_external(int8, int8.read_bytes()) is None


def test_an_external_file_is_described_by_its_graph(tmp_path: Path) -> None:
    data = as_torch(random_network()).SerializeToString()
    report = describe_external(tmp_path / "net.onnx", data)
    assert report is not None
    rows = external_rows(report)
    assert str(dict(rows)["contract"]).startswith("none")
    assert "Conv" in str(dict(rows)["operators"])
    assert [name for name, _ in rows].count("input") == 1
