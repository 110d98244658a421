"""Recordings without end: segments, quota, full, read-only and vanished disks, killed processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from results import picture, result
from small_disk import small_disk

from edgecnn.errors import DeviceError, OptionError
from edgecnn.runner.sink_queue import DeliveryCounts, SinkQueue
from edgecnn.sinks.video.segments import GIB, Segments, SegmentSink
from edgecnn.sources.capture import open_source
from edgecnn.sources.stop import Stop

RATES = {"camera": 10.0, "left": 10.0, "right": 10.0}
SECOND = 1 / 60
"""A segment's length in minutes."""


def record(sink: SegmentSink, *numbers: int, source: str = "camera", size: int = 64) -> None:
    for number in numbers:
        sink(result(picture(number, 48, size), number=number, source=source))


def clips(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def frames(path: Path) -> int:
    with open_source(str(path)) as opened:
        return sum(1 for _ in opened)


def test_segments_have_their_length_and_names_that_sort_and_lose_no_frame(tmp_path: Path) -> None:
    sink = SegmentSink(Segments(tmp_path / "rec", SECOND), RATES)
    record(sink, *range(1, 26))
    sink.close()
    made = clips(tmp_path / "rec" / "camera")
    assert [path.name for path in made] == [
        "20270115T080000Z-000001.mp4",
        "20270115T080001Z-000002.mp4",
        "20270115T080002Z-000003.mp4",
    ]
    assert [frames(path) for path in made] == [10, 10, 5]


def test_each_source_has_its_own_recording(tmp_path: Path) -> None:
    sink = SegmentSink(Segments(tmp_path, SECOND), RATES)
    for number in range(1, 11):
        record(sink, number, source="left")
        record(sink, number, source="right", size=32)
    sink.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["left", "right"]
    assert [frames(path) for path in clips(tmp_path)] == [10, 10]


def test_the_folder_of_a_source_is_within_the_recording_whatever_it_is_called(
    tmp_path: Path,
) -> None:
    sink = SegmentSink(Segments(tmp_path / "rec"), {})
    for source in ("../../up", "/etc", "rtsp://host/live?...", "\x1b[2J", "", ".", "a" * 300, "A"):
        record(sink, 1, source=source)
    sink.close()
    assert list(tmp_path.iterdir()) == [tmp_path / "rec"]
    folders = [path.name for path in (tmp_path / "rec").iterdir()]
    assert len(folders) == 8
    assert all(name.replace("-", "").isalnum() and len(name) < 50 for name in folders), folders


def test_a_frame_of_another_size_begins_another_segment(tmp_path: Path) -> None:
    sink = SegmentSink(Segments(tmp_path), RATES)
    record(sink, 1, 2, 3)
    record(sink, 4, 5, size=96)
    sink.close()
    found = []
    for path in clips(tmp_path):
        with open_source(str(path)) as opened:
            found.append([frame.shape[1] for frame in opened])
    assert found == [[64] * 3, [96] * 2]


def test_a_second_run_goes_on_counting(tmp_path: Path) -> None:
    for _ in range(2):
        sink = SegmentSink(Segments(tmp_path, SECOND), RATES)
        record(sink, *range(1, 12))
        sink.close()
    numbers = [path.stem.partition("-")[2] for path in (tmp_path / "camera").iterdir()]
    assert sorted(numbers) == ["000001", "000002", "000003", "000004"]


def test_the_rate_of_a_live_source_is_measured_for_each_segment(tmp_path: Path) -> None:
    sink = SegmentSink(Segments(tmp_path, SECOND), {})
    record(sink, *range(1, 31))
    sink.close()
    rates = []
    for path in clips(tmp_path):
        with open_source(str(path)) as opened:
            rates.append(opened.fps)
    assert rates == [pytest.approx(10.0)] * len(rates)
    assert sum(frames(path) for path in clips(tmp_path)) == 30


def test_the_oldest_segments_make_room_and_nobody_elses_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgecnn.sinks.video.segments.QUOTA_CHECK_S", 0.0)
    (tmp_path / "camera").mkdir()
    strangers = [tmp_path / "camera" / "holiday.mp4", tmp_path / "20270115T080000Z-000001.mp4"]
    for path in strangers:
        path.write_bytes(bytes(10**6))
    quota = 1_000_000
    sink = SegmentSink(Segments(tmp_path, 10, quota / GIB), RATES)
    largest = 0
    for number in range(1, 201):
        record(sink, number, size=768)
        held = [path for path in clips(tmp_path) if path not in strangers]
        largest = max(largest, sum(path.stat().st_size for path in held))
    sink.close()
    kept = [path for path in clips(tmp_path) if path not in strangers]
    assert quota / 2 < largest < 1.02 * quota
    assert all(path.exists() for path in strangers)
    numbers = [int(path.stem.partition("-")[2]) for path in kept]
    assert len(numbers) > 2
    assert numbers[0] > 1
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert frames(kept[-1]) > 0


def test_what_is_oldest_is_told_by_the_number_when_the_clock_jumps(tmp_path: Path) -> None:
    names = ["20270115T080000Z-000001.mp4", "19700101T000000Z-000002.mp4"]
    (tmp_path / "camera").mkdir()
    for name in names:
        (tmp_path / "camera" / name).write_bytes(bytes(1000))
    sink = SegmentSink(Segments(tmp_path, SECOND, 1500 / GIB), RATES)
    record(sink, 1)
    assert not (tmp_path / "camera" / names[0]).exists()
    assert (tmp_path / "camera" / names[1]).exists()
    sink.close()


def deliver(sink: SegmentSink, count: int, size: int = 256) -> tuple[SinkQueue, list[str]]:
    """Deliver results as a run does, from a file; return what was told."""
    told: list[str] = []
    delivery = SinkQueue(sink, lambda _, detail: told.append(detail), Stop(), lossless=True)
    for number in range(1, count + 1):
        delivery.offer(result(picture(number % 50, 48, size), number=number))
    delivery.close(30)
    return delivery, told


def test_a_disk_that_is_nearly_full_ends_the_recording_and_every_segment_is_whole(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path, "2m") as disk:
        delivery, told = deliver(SegmentSink(Segments(disk, SECOND), RATES), 1000)
        assert "nearly full" in told[0]
        assert delivery.counts.lost > 0
        assert delivery.counts.results + delivery.counts.lost == 1000
        made = clips(disk)
        assert len(made) > 5
        assert sum(frames(path) for path in made) == delivery.counts.results
        assert os.statvfs(disk).f_bavail > 0


def test_a_disk_that_somebody_else_fills_leaves_no_broken_segment(tmp_path: Path) -> None:
    with small_disk(tmp_path, "2m") as disk:
        sink = SegmentSink(Segments(disk, SECOND), RATES)
        record(sink, *range(1, 16), size=256)
        with (disk / "other").open("wb", buffering=0) as other:
            while os.statvfs(disk).f_bavail:
                other.write(bytes(4096))
        delivery, told = deliver(sink, 100)
        assert "nearly full: 0.0 MB are free" in told[0]
        assert delivery.counts.results == 0
        assert [frames(path) for path in clips(disk) if path.suffix == ".mp4"] == [10]
        assert len(clips(disk)) == 2  # and the other's


def test_a_disk_that_becomes_read_only_ends_the_recording(tmp_path: Path) -> None:
    with small_disk(tmp_path, "2m") as disk:
        sink = SegmentSink(Segments(disk, SECOND), RATES)
        record(sink, *range(1, 11))
        sink.close()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        delivery, told = deliver(sink, 10)
        assert "cannot be written: Read-only file system" in told[0]
        assert len(clips(disk)) == 1
        assert delivery.counts == DeliveryCounts(0, 10, told[0])


def test_a_disk_that_vanishes_ends_the_recording(tmp_path: Path) -> None:
    sink = SegmentSink(Segments(tmp_path / "rec", SECOND), RATES)
    record(sink, 1, 2)
    (tmp_path / "rec").rename(tmp_path / "away")
    _, told = deliver(sink, 10)
    assert told == [f"{tmp_path / 'rec'} cannot be read: No such file or directory"]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(DeviceError, match="cannot be written"):
        SegmentSink(Segments(tmp_path / "file" / "rec"), RATES)


@pytest.mark.parametrize(("minutes", "quota"), [(0.0, 1.0), (-1.0, 0.0), (1.0, -1.0)])
def test_lengths_that_are_none_are_refused(tmp_path: Path, minutes: float, quota: float) -> None:
    with pytest.raises(OptionError, match="--segment-minutes"):
        Segments(tmp_path, minutes, quota)


ENDLESS = """
import sys, time
from pathlib import Path
from results import picture, result
from edgecnn.sinks.video.segments import Segments, SegmentSink
sink = SegmentSink(Segments(Path(sys.argv[1]), 1 / 60), {"camera": 10.0})
for number in range(1, 10**9):
    sink(result(picture(number % 50), number=number))
    if number == 25:
        print("written", flush=True)
    if number > 25:
        time.sleep(0.01)
"""


def test_a_killed_recording_leaves_whole_segments_and_one_part_which_the_next_run_removes(
    tmp_path: Path,
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(tmp_path)], stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate(timeout=30)
    hidden = [path for path in clips(tmp_path) if path.name.startswith(".")]
    whole = [path for path in clips(tmp_path) if path not in hidden]
    assert len(hidden) <= 1
    assert len(whole) >= 2
    assert {frames(path) for path in whole} == {10}
    SegmentSink(Segments(tmp_path), RATES)
    assert clips(tmp_path) == whole
