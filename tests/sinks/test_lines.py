"""Results as lines of text or JSON, also where a name is hostile."""

import io
import json

import pytest
from hostile_text import TEXT, assert_harmless
from hypothesis import given
from hypothesis import strategies as st
from results import result

from edgecnn.runner.result import Result, ResultStatus
from edgecnn.sinks.lines import LineSink, result_json, result_line
from edgecnn.text import printable


def lines(results: list[Result], *, as_json: bool, tagged: bool = False) -> list[str]:
    out = io.StringIO()
    sink = LineSink(as_json=as_json, tagged=tagged, out=out)
    for each in results:
        sink(each)
    sink.close()
    return out.getvalue().splitlines()


def test_a_line_for_people_tells_number_label_probability_and_time() -> None:
    (line,) = lines([result(number=12)], as_json=False)
    assert line.split() == ["12", "Käfer", "65.0%", "1.235", "ms"]


def test_a_line_for_people_says_what_an_unknown_frame_may_be() -> None:
    (line,) = lines([result(known=False)], as_json=False)
    assert line.split()[1] == "unknown"
    assert line.endswith("(Käfer?)")


@pytest.mark.parametrize(
    "status", [ResultStatus.OBSTRUCTED, ResultStatus.FROZEN, ResultStatus.NON_FINITE]
)
def test_a_line_for_people_says_why_it_cannot_be_trusted(status: ResultStatus) -> None:
    (line,) = lines([result(status=status)], as_json=False)
    assert line.endswith(f"({status.value})")


def test_a_line_for_people_starts_with_the_source_where_there_are_several() -> None:
    (line,) = lines([result(source="left")], as_json=False, tagged=True)
    assert line.split()[:2] == ["left", "1"]


def test_a_line_for_programs_is_json_with_every_field() -> None:
    (line,) = lines([result(number=3, known=False)], as_json=True)
    found = json.loads(line)
    assert [name for name, _ in found.pop("top")] == ["Käfer", "cat", "dog"]
    assert found == {
        "frame": 3,
        "source": "camera",
        "picture": "",
        "time": 1_800_000_000.3,
        "label": "unknown",
        "changed": False,
        "status": "",
        "probability": 0.65,
        "known": False,
        "latency_ms": 1.2346,
        "age_ms": 2.5,
    }


def test_a_result_without_a_prediction_has_no_latency_and_is_not_known() -> None:
    (line,) = lines([result(status=ResultStatus.NON_FINITE)], as_json=True)
    found = json.loads(line)
    assert (found["latency_ms"], found["known"], found["top"]) == (None, False, [])


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "JSON"])
def test_each_result_is_one_line(as_json: bool) -> None:
    assert len(lines([result(number=i) for i in range(5)], as_json=as_json)) == 5


def test_lines_go_to_standard_output_unless_told_otherwise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    LineSink(as_json=True)(result())
    assert json.loads(capsys.readouterr().out)["frame"] == 1


def test_lines_go_into_a_file_after_what_was_printed_before(
    capfd: pytest.CaptureFixture[str],
) -> None:
    print("first")
    LineSink(as_json=True)(result())
    first, line = capfd.readouterr().out.splitlines()
    assert first == "first"
    assert json.loads(line)["label"] == "Käfer"


def hostile(text: str, *, known: bool) -> Result:
    return result(label=text, source=text, labels=("cat", "dog", text, "bee"), known=known)


@given(text=TEXT, known=st.booleans(), tagged=st.booleans())
def test_no_name_breaks_a_line_of_text(text: str, known: bool, tagged: bool) -> None:
    assert_harmless(result_line(hostile(text, known=known), tagged=tagged))


@given(text=TEXT, known=st.booleans())
def test_no_name_breaks_a_line_of_json(text: str, known: bool) -> None:
    line = result_json(hostile(text, known=known))
    assert_harmless(line)
    found = json.loads(line)
    assert found["source"] == printable(text, limit=1000)
    assert found["top"][0][0] == printable(text, limit=1000)
