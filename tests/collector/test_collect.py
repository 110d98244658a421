"""Recordings become image folders that training reads, whole and without the same twice."""

import os
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from conftest import real_data
from picture_folders import read_image_folder
from small_disk import small_disk

import edgecnn
from collector.scenes import (
    STREAMED,
    blurred,
    flat,
    network_camera,
    noisy,
    save_folder,
    save_video,
    scene,
)
from edgecnn.collector.collect import CollectReport, collect
from edgecnn.collector.filters import Filters
from edgecnn.collector.layout import Split
from edgecnn.collector.recording import Recording
from edgecnn.errors import DeviceError, NotFound, OptionError, SourceError
from edgecnn.model.frame import Frame
from edgecnn.opencv import decode_picture
from edgecnn.sources.capture import CaptureOptions, open_source
from edgecnn.sources.live.connection import Patience

ALL = Filters(min_sharpness=0, min_change=0)


def scenes(*seeds: int) -> list[Frame]:
    return [scene(seed) for seed in seeds]


def saved(report: CollectReport) -> list[Frame]:
    decoded = (decode_picture(path.read_bytes()) for path in sorted(Path(report.folder).iterdir()))
    return [picture for picture in decoded if picture is not None]


def stored(out: Path) -> list[Recording]:
    return [Recording.from_json(path.read_text()) for path in sorted(out.glob("recordings/*.json"))]


def files(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())


def test_the_frames_of_a_video_are_kept_whole_and_lossless(tmp_path: Path) -> None:
    source = save_video(tmp_path / "video.mp4", scenes(*range(6)))
    report = collect("cup", source, tmp_path / "out", every="2")
    with open_source(source) as opened:
        wanted = list(opened)[::2]
    np.testing.assert_array_equal(saved(report), wanted)
    assert (report.kept, report.seen) == (3, 6)


def test_half_a_second_of_a_video_lies_between_two_pictures(tmp_path: Path) -> None:
    source = save_video(tmp_path / "video.mp4", scenes(*range(20)))
    assert collect("cup", source, tmp_path / "out").kept == 4


def test_what_was_dropped_is_counted_by_its_reason(tmp_path: Path) -> None:
    frames = [*scenes(1, 2, 3), blurred(scene(4)), noisy(scene(1), 0), flat(9, 9, 9), flat(0, 0, 9)]
    report = collect("cup", save_folder(tmp_path / "in", frames), tmp_path / "out")
    assert (report.kept, report.seen) == (3, 7)
    assert report.dropped == {"one_colour": 2, "blurred": 1, "near_duplicate": 1}


def test_the_count_ends_an_endless_source(tmp_path: Path) -> None:
    report = collect("cup", "pattern", tmp_path, every="1", count=3, filters=ALL)
    assert (report.kept, report.seen) == (3, 3)


def test_only_pictures_that_were_kept_count(tmp_path: Path) -> None:
    source = save_folder(tmp_path / "in", scenes(1, 1, 2, 2, 3))
    report = collect("cup", source, tmp_path / "out", count=2)
    assert (report.kept, report.seen) == (2, 3)


def test_each_picture_is_told_when_it_is_there(tmp_path: Path) -> None:
    sizes: list[int] = []
    source = save_folder(tmp_path / "in", scenes(1, 2))
    collect(
        "cup", source, tmp_path / "out", on_progress=lambda path: sizes.append(path.stat().st_size)
    )
    assert len(sizes) == 2
    assert min(sizes) > 0


def test_two_recordings_are_train_and_val_and_training_reads_them(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for label, seed in (("cup", 0), ("Löffel & Gabel", 10)):
        for take in (0, 5):
            frames = scenes(*range(seed + take, seed + take + 3))
            collect(label, save_folder(tmp_path / f"{label}{take}", frames), out)
    raw = read_image_folder(out, "kitchen")
    assert raw.labels == ("Löffel & Gabel", "cup")
    assert raw.validation is not None
    assert (len(raw.train), len(raw.validation)) == (6, 6)
    assert raw.problems == ()


def test_with_one_recording_the_report_asks_for_a_second(tmp_path: Path) -> None:
    first = collect("cup", save_folder(tmp_path / "a", scenes(1)), tmp_path / "out")
    second = collect("cup", save_folder(tmp_path / "b", scenes(2)), tmp_path / "out")
    assert (first.split, second.split) == (Split.TRAIN, Split.VAL)
    assert "make a second one" in first.notes[0]
    assert "second" not in " ".join(second.notes)


def test_the_same_again_is_dropped_across_recordings_and_parts(tmp_path: Path) -> None:
    source = save_folder(tmp_path / "in", scenes(1, 2, 3))
    collect("cup", source, tmp_path / "out")
    again = collect("cup", source, tmp_path / "out", split="test")
    assert (again.kept, again.dropped["near_duplicate"]) == (0, 3)


def test_another_label_may_have_the_same_pictures(tmp_path: Path) -> None:
    source = save_folder(tmp_path / "in", scenes(1, 2))
    collect("cup", source, tmp_path / "out")
    assert collect("spoon", source, tmp_path / "out").kept == 2


def test_a_camera_that_hangs_up_is_an_error_that_says_what_was_kept(tmp_path: Path) -> None:
    options = CaptureOptions(patience=Patience(give_up_s=0.5))
    with network_camera() as (url, taken), pytest.raises(SourceError) as failure:
        collect("cup", url, tmp_path, every="1", filters=ALL, options=options, on_progress=taken)
    assert f"{STREAMED} pictures were kept in {tmp_path / 'train' / 'cup'}" in failure.value.what
    assert len(files(tmp_path)) == STREAMED + 1


def test_the_password_of_a_camera_is_nowhere_in_what_is_written_or_said(tmp_path: Path) -> None:
    with network_camera() as (url, taken):
        report = collect("cup", url, tmp_path, every="1", count=2, filters=ALL, on_progress=taken)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "127.0.0.1" in report.source
    assert b"127.0.0.1" in written
    assert b"secret" not in written + report.to_json().encode()


def test_a_broken_picture_in_a_folder_keeps_those_before_it(tmp_path: Path) -> None:
    source = save_folder(tmp_path / "in", scenes(1, 2))
    (tmp_path / "in" / "zzz.png").write_bytes(b"no picture")
    with pytest.raises(SourceError, match=r"zzz\.png.*; 2 pictures were kept in"):
        collect("cup", source, tmp_path / "out")
    assert len(stored(tmp_path / "out")[0].hashes) == 2


@pytest.mark.parametrize(("label", "options", "words"), [
    ("../cup", {}, "--label"), ("cup", {"split": "half"}, "--split"),
    ("cup", {"every": "soon"}, "--every"), ("cup", {"count": -1}, "--count"),
])  # fmt: skip
def test_a_value_that_cannot_be_used_is_refused_before_anything_is_written(
    tmp_path: Path, label: str, options: dict[str, object], words: str
) -> None:
    with pytest.raises(OptionError, match=words):
        collect(label, "pattern", tmp_path / "out", **options)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_is_not_there_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"gone\.mp4"):
        collect("cup", tmp_path / "gone.mp4", tmp_path / "out")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_window_without_a_screen_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(DeviceError, match="no screen") as refusal:
        collect("cup", "pattern", tmp_path, window=True)
    assert "--every" in refusal.value.remedy


def test_a_full_disk_is_an_error_that_says_what_was_kept(tmp_path: Path) -> None:
    source = save_folder(tmp_path / "in", scenes(*range(8)))
    with small_disk(tmp_path, "512k") as disk:
        with pytest.raises(DeviceError, match="No space left") as failure:
            collect("cup", source, disk / "out")
        whole = list((disk / "out" / "train" / "cup").iterdir())
        assert 0 < len(whole) < 8
        assert f"{len(whole)} pictures were kept in" in failure.value.what
        assert "free some disk space" in failure.value.remedy
        assert all(decode_picture(path.read_bytes()) is not None for path in whole)


@pytest.mark.parametrize("video", ["car-detection.mp4", "bottle-detection.mp4"])
def test_real_footage_becomes_pictures_without_the_same_again(tmp_path: Path, video: str) -> None:
    report = collect("thing", str(real_data("video", video)), tmp_path)
    assert report.kept > 10
    assert report.dropped["near_duplicate"] > 10
    assert report.dropped["one_colour"] == 0
    hashes = list(chain(*(recording.hashes.values() for recording in stored(tmp_path))))
    least = min((a ^ b).bit_count() for i, a in enumerate(hashes) for b in hashes[:i])
    assert least >= Filters.min_change


def test_a_folder_that_must_not_be_written_is_an_error(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "train").write_text("a file, which root cannot write into either")
    else:
        (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(DeviceError, match="could not be written") as failure:
        collect("cup", save_folder(tmp_path / "in", scenes(1)), tmp_path / "out")
    assert "0 pictures were kept" in failure.value.what


def test_collect_is_public() -> None:
    assert edgecnn.collect is collect
