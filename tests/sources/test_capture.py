"""Sources: every kind gives BGR frames in order, and says clearly why it cannot."""

import random
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import closing
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import real_data

from edgecnn.errors import EdgeError, NotFound, SourceError
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import PICTURE_SUFFIXES, cv2, encode_png
from edgecnn.sources.capture import Source, _rounds, open_source
from edgecnn.sources.captured_frame import CapturedFrame
from edgecnn.sources.file_source import FileSource, Frames
from edgecnn.sources.frame_request import FrameRequest
from edgecnn.sources.prefetch import DEPTH, Prefetcher
from edgecnn.sources.sampling import Sampling


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
        assert opened.facts == "1 pictures"
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


def test_a_camera_that_is_not_there_says_which_ones_are() -> None:
    with pytest.raises(NotFound, match="there is no camera '99'") as refusal:
        read_all(99)
    assert "--wait" in refusal.value.remedy
    assert "camera" in refusal.value.remedy.partition(";")[2]


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_an_unreachable_camera_is_named_without_its_password(
    scheme: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EdgeError, match=rf"{scheme}://127\.0\.0\.1:9/") as refusal:
        read_all(f"{scheme}://user:secret@127.0.0.1:9/")
    assert isinstance(refusal.value, SourceError)
    assert "check the address" in refusal.value.remedy
    shown = capfd.readouterr()
    assert "secret" not in str(refusal.value) + shown.out + shown.err


def test_a_source_is_released_when_its_block_is_left_early() -> None:
    path = str(real_data("video", "car-detection.mp4"))
    with open_source(path) as opened:
        assert len(list(islice(opened, 2))) == 2
    assert "read-ahead" not in {thread.name for thread in threading.enumerate()}


def test_a_video_is_read_ahead_by_a_few_frames_and_no_more(tmp_path: Path) -> None:
    for number in range(20):
        save(tmp_path / f"{number:02}.png", flat(number))
    with open_source(str(tmp_path)) as opened:
        next(opened.captured_frames())
        for picture in sorted(tmp_path.iterdir())[DEPTH + 2 :]:
            picture.write_bytes(b"no picture any more")
        seen: list[Frame] = []
        with pytest.raises(SourceError, match="not a whole picture"):
            note_all(opened, seen)
    assert len(seen) == DEPTH + 1


def test_frames_that_wait_for_a_slow_reader_are_fitted_meanwhile_and_others_where_taken() -> None:
    spec = ModelSpec(("a", "b"), 32, 32, 3)
    with open_source("pattern", wanted=FrameRequest(spec)) as opened:
        (feed,) = opened._feeds
        assert isinstance(feed, Prefetcher)
        while len(feed._ring) < DEPTH:
            time.sleep(0.001)
        waiting = [shot for shot in feed._ring if isinstance(shot, CapturedFrame)]
        taken = list(islice(opened.captured_frames(), DEPTH))
    assert [shot.fitted is not None for shot in waiting] == [False, False, True, True]
    for shot in taken:
        assert shot.fitted is not None
        assert np.array_equal(shot.fitted, fit_frame(shot.frame_bgr, spec))


def test_nothing_of_a_file_is_dropped_by_a_slow_reader(tmp_path: Path) -> None:
    for number in range(12):
        save(tmp_path / f"{number:02}.png", flat(number * 20))
    levels = []
    with open_source(str(tmp_path)) as opened:
        for frame in opened:
            time.sleep(0.01)
            levels.append(int(frame[0, 0, 0]))
        counts = opened.counts[str(tmp_path)]
    assert levels == list(range(0, 240, 20))
    assert (counts.frames, counts.dropped) == (12, 0)


def hurry_and_dawdle(times: int, seed: int) -> Iterator[int]:
    """Count, and now and then wait so long that the other side has to wait too."""
    chance = random.Random(seed)
    for number in range(times):
        if chance.random() < 0.01:
            time.sleep(chance.random() * 0.002)
        yield number


def test_a_thread_that_reads_and_its_reader_never_wait_for_each_other_at_once() -> None:
    frames = (np.full((1, 1, 3), number % 251, np.uint8) for number in hurry_and_dawdle(8000, 1))
    levels: list[int] = []

    def read() -> None:
        pace = hurry_and_dawdle(8000, 2)
        with closing(Prefetcher("film", FileSource(frames, ""), FrameRequest())) as feed:
            levels.extend(
                shot.frame_bgr.item(0) for shot, _ in zip(_rounds([feed]), pace, strict=False)
            )

    reader = threading.Thread(target=read, daemon=True)
    often, interval_s = 1e-6, sys.getswitchinterval()
    sys.setswitchinterval(often)
    try:
        reader.start()
        reader.join(30)
    finally:
        sys.setswitchinterval(interval_s)
    assert levels == [number % 251 for number in range(8000)]


def test_a_frame_that_is_left_out_is_let_go_before_the_next_one_is_read() -> None:
    alive: list[int] = []

    def film() -> Frames:
        refs = []
        for level in range(20):
            frame = flat(level)
            refs.append(weakref.ref(frame))
            yield frame
            del frame
            alive.append(sum(ref() is not None for ref in refs))

    sampling = Sampling(every=100)
    with closing(
        Prefetcher("film", FileSource(film(), ""), FrameRequest(sampling=sampling))
    ) as feed:
        assert [int(shot.frame_bgr[0, 0, 0]) for shot in _rounds([feed])] == [0]
    assert set(alive[1:]) <= {0, 1}  # the first one, as long as its reader has it
