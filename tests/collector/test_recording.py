"""What is stored of a recording: its pictures, and the JSON file about them."""

from pathlib import Path

import numpy as np
import pytest

from collector.scenes import (
    blurred,
    flat,
    save_folder,
    scene,
)
from edgecnn.collector.collect import CollectReport, collect
from edgecnn.collector.filters import Filters
from edgecnn.collector.layout import Split
from edgecnn.collector.recording import Recording
from edgecnn.errors import DataError
from edgecnn.model.frame import Frame
from edgecnn.opencv import decode_picture, encode_png


def scenes(*seeds: int) -> list[Frame]:
    return [scene(seed) for seed in seeds]


def saved(report: CollectReport) -> list[Frame]:
    decoded = (decode_picture(path.read_bytes()) for path in sorted(Path(report.folder).iterdir()))
    return [picture for picture in decoded if picture is not None]


def stored(out: Path) -> list[Recording]:
    return [Recording.from_json(path.read_text()) for path in sorted(out.glob("recordings/*.json"))]


def files(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())


def test_the_files_are_named_by_recording_and_number(tmp_path: Path) -> None:
    source = save_folder(tmp_path / "in", scenes(1, 2))
    report = collect("cup", source, tmp_path / "out")
    assert files(tmp_path / "out") == [
        f"recordings/{report.recording}.json",
        f"train/cup/{report.recording}-0001.png",
        f"train/cup/{report.recording}-0002.png",
    ]


def test_jpeg_is_smaller_and_nearly_the_same(tmp_path: Path) -> None:
    picture = blurred(scene(1), 2)
    report = collect("cup", save_folder(tmp_path / "in", [picture]), tmp_path / "out", jpeg=True)
    (path,) = Path(report.folder).iterdir()
    assert path.suffix == ".jpg"
    assert path.stat().st_size < len(encode_png(picture))
    assert np.abs(saved(report)[0].astype(int) - picture).mean() < 2


def test_pictures_that_came_another_way_are_compared_too(tmp_path: Path) -> None:
    save_folder(tmp_path / "out" / "train" / "cup", scenes(1))
    (tmp_path / "out" / "train" / "cup" / "broken.png").write_bytes(b"no picture")
    source = save_folder(tmp_path / "in", scenes(1, 2))
    assert collect("cup", source, tmp_path / "out").kept == 1


def test_a_recording_is_believed_about_its_pictures_which_are_not_read_again(
    tmp_path: Path,
) -> None:
    source = save_folder(tmp_path / "in", scenes(1))
    report = collect("cup", source, tmp_path / "out")
    next(Path(report.folder).iterdir()).write_bytes(b"no longer a picture")
    assert collect("cup", source, tmp_path / "out").kept == 0


def test_a_picture_that_was_thrown_away_may_come_again(tmp_path: Path) -> None:
    source = save_folder(tmp_path / "in", scenes(1))
    first = collect("cup", source, tmp_path / "out")
    next(Path(first.folder).iterdir()).unlink()
    assert collect("cup", source, tmp_path / "out").kept == 1


def test_a_recording_without_pictures_leaves_nothing(tmp_path: Path) -> None:
    report = collect("cup", save_folder(tmp_path / "in", [flat(0, 0, 0)]), tmp_path / "out")
    assert report.kept == 0
    assert not (tmp_path / "out").exists()


def test_what_is_known_of_a_recording_is_stored_beside_it(tmp_path: Path) -> None:
    source = save_folder(tmp_path / "in", [*scenes(1, 2), flat(0, 0, 0)])
    report = collect("cup", source, tmp_path / "out", split="test")
    (recording,) = stored(tmp_path / "out")
    assert (recording.id, recording.label, recording.split) == (report.recording, "cup", Split.TEST)
    assert (recording.source, recording.seen) == (source, 3)
    assert recording.dropped == report.dropped
    assert recording.filters == Filters()
    assert sorted(recording.hashes) == sorted(p.name for p in Path(report.folder).iterdir())


def test_a_broken_file_of_a_recording_is_named(tmp_path: Path) -> None:
    source = save_folder(tmp_path / "in", scenes(1))
    report = collect("cup", source, tmp_path / "out")
    path = tmp_path / "out" / "recordings" / f"{report.recording}.json"
    path.write_text(path.read_text().replace('"min_change": 5', '"min_change": 500'))
    with pytest.raises(DataError, match=report.recording) as refusal:
        collect("cup", source, tmp_path / "out")
    assert "remove that file" in refusal.value.remedy
