"""The CSV file: rows that add up over runs, power cuts and hostile names."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results import result
from small_disk import small_disk

from edgecnn.errors import DeviceError, OptionError
from edgecnn.runner.result import Result, ResultStatus
from edgecnn.sinks.csv_sink import COLUMNS, CsvSink

DIGEST = "0123456789abcdef" * 4


def write(path: Path, *results: Result) -> None:
    sink = CsvSink(path, DIGEST)
    for each in results:
        sink(each)
    sink.close()


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_tells_what_when_how_sure_and_by_which_model(tmp_path: Path) -> None:
    write(tmp_path / "r.csv", result(number=3))
    assert read(tmp_path / "r.csv") == [
        {
            "time": "2027-01-15T08:00:00.300Z",
            "source": "camera",
            "picture": "",
            "frame": "3",
            "label": "Käfer",
            "probability": "0.650000",
            "known": "true",
            "status": "",
            "latency_ms": "1.2346",
            "age_ms": "2.500",
            "model": "0123456789ab",
        }
    ]


def test_a_result_without_a_prediction_has_empty_cells_for_it(tmp_path: Path) -> None:
    write(tmp_path / "r.csv", result(status=ResultStatus.NON_FINITE, known=False))
    (row,) = read(tmp_path / "r.csv")
    assert (row["label"], row["status"]) == ("unknown", "non_finite")
    assert (row["probability"], row["latency_ms"], row["known"]) == ("", "", "false")


def test_a_second_run_adds_its_rows_under_the_same_header(tmp_path: Path) -> None:
    write(tmp_path / "r.csv", result(number=1), result(number=2))
    write(tmp_path / "r.csv", result(number=1))
    assert [row["frame"] for row in read(tmp_path / "r.csv")] == ["1", "2", "1"]
    assert (tmp_path / "r.csv").read_text().count("time,source") == 1


@pytest.mark.parametrize("content", ["a,b,c\n1,2,3\n", "time,source\n", "no header", "\n"])
def test_a_file_with_another_first_line_is_refused_and_stays_as_it_is(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "r.csv"
    path.write_text(content)
    with pytest.raises(OptionError, match="does not begin with time,source"):
        CsvSink(path, DIGEST)
    assert path.read_text() == content


def test_a_folder_or_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in (".", "fifo"):
        with pytest.raises(OptionError, match="not a file"):
            CsvSink(tmp_path / name, DIGEST)


def test_a_file_in_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="could not be written"):
        CsvSink(tmp_path / "absent" / "r.csv", DIGEST)


def test_a_line_that_a_power_cut_broke_anywhere_costs_no_other_line(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    write(path, result(number=1), result(number=2, source='a "b", c', label='"Käfer, "'))
    whole = path.read_bytes()
    start = whole.index(b"\n", whole.index(b"\n") + 1) + 1
    for cut in range(start, len(whole)):
        path.write_bytes(whole[:cut])
        write(path, result(number=3))
        rows = read(path)
        assert (rows[0]["frame"], rows[-1]["frame"]) == ("1", "3"), whole[start:cut]
        assert len(rows) == (2 if cut == start else 3)


def test_a_header_that_a_power_cut_broke_is_written_again(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("time,sour")
    write(tmp_path / "r.csv", result())
    assert len(read(tmp_path / "r.csv")) == 1


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(tmp_path: Path, label: str) -> None:
    write(tmp_path / "r.csv", result(label=label, source=label))
    (row,) = read(tmp_path / "r.csv")
    assert (row["label"], row["source"]) == (f"'{label}", f"'{label}")


@given(label=st.text(), source=st.text())
def test_any_text_makes_one_row_of_visible_text(
    tmp_path_factory: pytest.TempPathFactory, label: str, source: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "r.csv"
    write(path, result(label=label, source=source))
    _, row, end = path.read_text().split("\n")
    assert end == ""
    assert row.isprintable()
    assert len(next(csv.reader([row]))) == len(COLUMNS)


def test_a_full_disk_is_the_end_of_the_register_which_says_so(tmp_path: Path) -> None:
    with small_disk(tmp_path, "64k") as disk:
        sink = CsvSink(disk / "r.csv", DIGEST)
        with pytest.raises(DeviceError, match=r"r\.csv could not be written: No space left"):
            fill(sink)
        sink.close()
        rows = (disk / "r.csv").read_text().splitlines()
    assert len(rows) > 300
    assert {row.count(",") for row in rows[:-1]} == {len(COLUMNS) - 1}


def fill(sink: CsvSink) -> None:
    for number in range(1, 2000):
        sink(result(number=number))


ENDLESS = """
import sys
from pathlib import Path
from results import result
from edgecnn.sinks.csv_sink import CsvSink
sink = CsvSink(Path(sys.argv[1]), "0" * 64)
for number in range(1, 10**9):
    sink(result(number=number))
    if number == 100:
        print("written", flush=True)
"""


def test_what_a_killed_process_wrote_is_there_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(path)], stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    write(path, result(number=7))
    frames = [int(row["frame"]) for row in read(path)]
    assert frames == [*range(1, len(frames)), 7]
    assert len(frames) > 100
