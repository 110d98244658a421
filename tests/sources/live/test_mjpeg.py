"""Motion JPEG in any pieces, with every fault that cameras have."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecnn.opencv import cv2, decode_picture, first_scan
from edgecnn.sources.live import mjpeg
from edgecnn.sources.live.mjpeg import JpegSplitter, MultipartSplitter


def jpeg(level: int) -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((16, 24, 3), level, np.uint8))[1])


PICTURES = [jpeg(level) for level in (10, 90, 200)]

TEXTURE = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)
TEXTURED = bytes(cv2.imencode(".jpg", TEXTURE)[1])
SCAN = first_scan(TEXTURED)


def part(
    body: bytes, length: int | None = -1, boundary: str = "--next", end: str = "\r\n"
) -> bytes:
    """Return one part; -1: with its true length, None: with none."""
    size = len(body) if length == -1 else length
    head = "" if size is None else f"content-LENGTH: {size}{end}"
    return f"{boundary}{end}Content-Type: image/jpeg{end}{head}{end}".encode() + body + end.encode()


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(places)]


def split(splitter: MultipartSplitter | JpegSplitter, *chunks: bytes) -> list[bytes]:
    return [found for chunk in chunks for found in splitter.feed(chunk)]


cuts = st.lists(st.integers(0, 10_000), max_size=20)


@settings(max_examples=50)
@given(cuts, st.sampled_from(["\r\n", "\n"]), st.booleans())
def test_parts_come_out_whole_in_whatever_pieces_they_arrive(
    cuts: list[int], end: str, lengths: bool
) -> None:
    stream = b"".join(part(p, -1 if lengths else None, end=end) for p in PICTURES) + b"--next--"
    assert split(MultipartSplitter("next"), *pieces(stream, cuts)) == PICTURES


@pytest.mark.parametrize("lengths", [-1, None])
def test_a_picture_is_there_before_the_next_boundary(lengths: int | None) -> None:
    whole = part(PICTURES[0], lengths)
    assert split(MultipartSplitter("next"), whole) == PICTURES[:1]


@pytest.mark.parametrize(
    ("declared", "used"),
    [("next", "--next"), ("--next", "--next"), ('"next"', "--next"), ("--next", "----next")],
)
def test_cameras_may_count_the_dashes_as_they_like(declared: str, used: str) -> None:
    stream = b"".join(part(p, boundary=used) for p in PICTURES)
    assert split(MultipartSplitter(declared), stream) == PICTURES


@settings(max_examples=50)
@given(cuts)
def test_a_part_that_is_shorter_than_promised_costs_only_itself(cuts: list[int]) -> None:
    short = part(PICTURES[0][:100], len(PICTURES[0]))
    stream = short + b"".join(part(p) for p in PICTURES[1:])
    found = split(MultipartSplitter("next"), *pieces(stream, cuts))
    assert [decode_picture(p) is None for p in found] == [True, False, False]
    assert found[1:] == PICTURES[1:]


def test_a_part_that_is_longer_than_promised_costs_only_itself() -> None:
    stream = part(PICTURES[0], 50) + part(PICTURES[1])
    cut, whole = split(MultipartSplitter("next"), stream)
    assert (decode_picture(cut), whole) == (None, PICTURES[1])


def test_a_part_that_is_no_picture_comes_out_to_be_counted() -> None:
    stream = part(b"out of memory") + part(PICTURES[1]) + part(b"")
    assert split(MultipartSplitter("next"), stream) == [b"out of memory", PICTURES[1], b""]


def test_a_part_without_end_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mjpeg, "MAX_PART", 1000)
    splitter = MultipartSplitter("next")
    found = split(splitter, part(b"", None), *[b"x" * 100] * 50, part(PICTURES[0]))
    assert found[-1] == PICTURES[0]
    assert all(decode_picture(p) is None for p in found[:-1])


def test_a_promise_of_gigabytes_is_not_believed() -> None:
    stream = part(PICTURES[0], 10**12) + part(PICTURES[1])
    assert split(MultipartSplitter("next"), stream) == PICTURES[:2]


@given(st.binary(max_size=300), cuts)
def test_noise_around_pictures_raises_no_error(noise: bytes, cuts: list[int]) -> None:
    split(MultipartSplitter("next"), *pieces(noise + part(PICTURES[0]) + noise, cuts))
    split(JpegSplitter(), *pieces(noise + PICTURES[0] + noise, cuts))


@settings(max_examples=50)
@given(cuts, st.sampled_from([b"", b"\n", b"\0\xff"]))
def test_pictures_that_follow_each_other_are_split(cuts: list[int], between: bytes) -> None:
    stream = between.join(PICTURES)
    assert split(JpegSplitter(), *pieces(stream, cuts)) == PICTURES


def test_the_last_picture_is_there_before_another_comes() -> None:
    assert split(JpegSplitter(), PICTURES[0]) == PICTURES[:1]


@settings(max_examples=50)
@given(cuts, st.integers(SCAN, len(TEXTURED) - 1))
def test_a_picture_whose_scan_was_cut_off_costs_only_itself(cuts: list[int], kept: int) -> None:
    stream = TEXTURED[:kept] + PICTURES[1] + PICTURES[2]
    found = split(JpegSplitter(), *pieces(stream, cuts))
    assert [decode_picture(p) is None for p in found] == [True, False, False]


def test_pictures_come_again_after_one_whose_head_was_cut_off() -> None:
    for kept in range(2, SCAN, 7):
        found = split(JpegSplitter(), TEXTURED[:kept], *PICTURES * 50)
        assert found[-1] == PICTURES[-1]
        assert len(found) > 30


def test_a_picture_whose_head_is_broken_costs_only_itself() -> None:
    broken = PICTURES[0][:2] + b"\0" * 500 + PICTURES[0][2:]
    found = split(JpegSplitter(), broken, PICTURES[1])
    assert decode_picture(found[0]) is None
    assert found[-1] == PICTURES[1]


def test_a_thumbnail_does_not_end_its_picture() -> None:
    thumbnail = jpeg(77)
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    picture = PICTURES[0][:2] + segment + PICTURES[0][2:]
    assert split(JpegSplitter(), picture, PICTURES[1]) == [picture, PICTURES[1]]
