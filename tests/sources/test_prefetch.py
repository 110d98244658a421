"""A file is read ahead by a few frames, none is dropped, and neither side waits for nothing."""

import random
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from edgecnn.errors import SourceError
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import encode_png
from edgecnn.sources.capture import Source, _take_in_turn, open_source
from edgecnn.sources.captured_frame import CapturedFrame
from edgecnn.sources.file_source import FileSource, Frames
from edgecnn.sources.frame_request import FrameRequest
from edgecnn.sources.prefetch import DEPTH, Prefetcher
from edgecnn.sources.sampling import Sampling


def note_all(source: Source, seen: list[Frame]) -> None:
    for frame in source:
        seen.append(frame.copy())


def flat(level: int, height: int = 48, width: int = 64) -> Frame:
    return np.full((height, width, 3), level, np.uint8)


def save(path: Path, picture: Frame) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(picture))
    return path


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
    with open_source("pattern", request=FrameRequest(spec)) as opened:
        (feed,) = opened._feeds
        assert isinstance(feed, Prefetcher)
        while len(feed._queue) < DEPTH:
            time.sleep(0.001)
        waiting = [captured for captured in feed._queue if isinstance(captured, CapturedFrame)]
        taken = list(islice(opened.captured_frames(), DEPTH))
    assert [captured.fitted is not None for captured in waiting] == [False, False, True, True]
    for captured in taken:
        assert captured.fitted is not None
        assert np.array_equal(captured.fitted, fit_frame(captured.frame_bgr, spec))


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
        with closing(Prefetcher("clip", FileSource(frames, ""), FrameRequest())) as feed:
            levels.extend(
                captured.frame_bgr.item(0)
                for captured, _ in zip(_take_in_turn([feed]), pace, strict=False)
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

    def clip() -> Frames:
        refs = []
        for level in range(20):
            frame = flat(level)
            refs.append(weakref.ref(frame))
            yield frame
            del frame
            alive.append(sum(ref() is not None for ref in refs))

    sampling = Sampling(every=100)
    with closing(
        Prefetcher("clip", FileSource(clip(), ""), FrameRequest(sampling=sampling))
    ) as feed:
        assert [int(captured.frame_bgr[0, 0, 0]) for captured in _take_in_turn([feed])] == [0]
    assert set(alive[1:]) <= {0, 1}  # the first one, as long as its reader has it
