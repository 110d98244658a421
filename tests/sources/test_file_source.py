"""Pictures, videos and the test pattern give BGR frames in order; what is broken is named."""

from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import real_data

from edgecnn.errors import NotFound, SourceError
from edgecnn.model.frame import Frame
from edgecnn.opencv import PICTURE_SUFFIXES, cv2, encode_png
from edgecnn.sources.capture import Source, open_source


def read_all(source: str | int) -> list[Frame]:
    with open_source(source) as opened:
        return list(opened)


def note_all(source: Source, seen: list[Frame]) -> None:
    for frame in source:
        seen.append(frame.copy())


def flat(level: int, height: int = 48, width: int = 64) -> Frame:
    return np.full((height, width, 3), level, np.uint8)


def save(path: Path, picture: Frame) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(picture))
    return path


def test_a_video_gives_all_its_frames_and_ends() -> None:
    frames = read_all(str(real_data("video", "car-detection.mp4")))
    assert len(frames) == 377
    assert {(frame.shape, str(frame.dtype)) for frame in frames} == {((432, 768, 3), "uint8")}


def test_a_video_tells_its_size_and_rate() -> None:
    path = str(real_data("video", "car-detection.mp4"))
    with open_source(path) as opened:
        assert opened.name == path
        assert opened.facts == f"768x432, {opened.fps:g} fps"
        assert 1 < opened.fps < 240


def test_a_folder_gives_its_pictures_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, level in {"b.png": 20, "c.png": 30, "a.png": 10}.items():
        save(tmp_path / name, flat(level))
    assert [int(frame[0, 0, 0]) for frame in read_all(str(tmp_path))] == [10, 20, 30]


def test_a_folder_gives_the_pictures_of_its_subfolders_too(tmp_path: Path) -> None:
    save(tmp_path / "two" / "x.png", flat(20))
    save(tmp_path / "one" / "y.png", flat(10))
    assert [int(frame[0, 0, 0]) for frame in read_all(str(tmp_path))] == [10, 20]


def test_a_folder_leaves_out_what_is_no_picture(tmp_path: Path) -> None:
    save(tmp_path / "a.PNG", flat(10))
    (tmp_path / "labels.txt").write_text("zero")
    (tmp_path / "folder.png").mkdir()
    with open_source(str(tmp_path)) as opened:
        assert opened.facts == "1 picture"
        assert len(list(opened)) == 1


def test_one_picture_gives_one_frame(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    (frame,) = read_all(str(save(tmp_path / "one.png", picture)))
    np.testing.assert_array_equal(frame, picture)


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES))
def test_a_picture_of_every_kind_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"one{suffix}"
    cv2.imwrite(str(path), flat(200))
    (frame,) = read_all(str(path))
    assert frame.shape == (48, 64, 3)
    assert abs(int(frame.mean()) - 200) < 5


def test_a_gray_picture_gives_a_bgr_frame(tmp_path: Path) -> None:
    path = tmp_path / "gray.png"
    path.write_bytes(encode_png(np.full((5, 6), 7, np.uint8)))
    assert [frame.shape for frame in read_all(str(path))] == [(5, 6, 3)]


def test_a_real_photograph_is_read() -> None:
    path = next(iter(sorted(real_data("hymenoptera").rglob("*.jpg"))))
    (frame,) = read_all(str(path))
    assert frame.ndim == 3


def test_an_empty_folder_has_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no pictures at") as refusal:
        read_all(str(tmp_path))
    assert str(tmp_path) in refusal.value.what
    assert "picture" in refusal.value.remedy


def test_a_broken_picture_is_named_and_the_ones_before_it_are_given(tmp_path: Path) -> None:
    whole = save(tmp_path / "a.png", flat(10)).read_bytes()
    broken = tmp_path / "b.png"
    broken.write_bytes(whole[:20])
    seen: list[Frame] = []
    with open_source(str(tmp_path)) as opened, pytest.raises(SourceError) as refusal:
        note_all(opened, seen)
    assert len(seen) == 1
    assert str(broken) in refusal.value.what
    assert "remove or replace" in refusal.value.remedy


def test_an_empty_picture_file_is_broken(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    with pytest.raises(SourceError, match="not a whole picture"):
        read_all(str(tmp_path / "empty.jpg"))


@pytest.mark.parametrize("name", ["absent.mp4", "absent.png", "absent"])
def test_a_file_that_is_not_there_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound, match=name) as refusal:
        read_all(str(tmp_path / name))
    assert "give a" in refusal.value.remedy


def test_a_text_file_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("no video at all\n" * 100)
    with pytest.raises(SourceError, match=r"notes\.mp4.* did not open") as refusal:
        read_all(str(path))
    assert "whole video file" in refusal.value.remedy


def test_the_pattern_gives_camera_frames_that_change() -> None:
    with open_source("pattern") as opened:
        frames = list(islice(opened, 3))
        assert opened.facts == "640x480"
    assert {(frame.shape, str(frame.dtype)) for frame in frames} == {((480, 640, 3), "uint8")}
    changed = [bool(np.any(a[:200] != b[:200])) for a, b in pairwise(frames)]
    assert changed == [True, True]


def test_the_pattern_never_ends() -> None:
    with open_source("pattern") as opened:
        assert sum(1 for _ in islice(opened, 300)) == 300


def test_a_frame_of_the_pattern_may_be_kept_while_the_next_is_made() -> None:
    with open_source("pattern") as opened:
        first = next(iter(opened))
        kept = first.copy()
        next(iter(opened))
    np.testing.assert_array_equal(first, kept)
