"""Frames change hands whole, the newest first, however fast they come."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from threading import Event, Thread

import numpy as np
import pytest

from edgecnn.model.frame import Frame
from edgecnn.sources.live.frame_exchange import (
    FrameBuffer,
    FrameWriter,
    Message,
    make_buffers,
    make_requests,
)

SHAPE = (480, 640, 3)

# Another process publishes frames of one value each as fast as it can, and lends on each ring.
WRITER = """
import json, os, sys
from threading import Event, Thread
import numpy as np
from edgecnn.sources.live import frame_exchange
pipe, requests, *fds = map(int, sys.argv[1:])
writer = frame_exchange.FrameWriter([frame_exchange.FrameBuffer(fd) for fd in fds], requests,
                    lambda message: os.write(pipe, json.dumps(message).encode() + b"\\n"))
def listen():
    while os.read(0, 1):
        writer.answer()
    os._exit(0)
Thread(target=listen).start()
number = 0
while True:
    number += 1
    writer.publish([np.full((480, 640, 3), number % 251, np.uint8)], {"stamp_ns": number})
"""


def flat(level: int) -> Frame:
    return np.full((6, 8, 3), level, np.uint8)


class Lender(FrameWriter):
    """A writer with its reader's part: request, and request and ring."""

    def __init__(self, buffers: list[FrameBuffer], send: Callable[[Message], None]) -> None:
        self.requests = make_requests()
        super().__init__(buffers, self.requests, send)

    def request(self) -> None:
        os.eventfd_write(self.requests, 1)

    def lend(self) -> None:
        self.request()
        self.answer()

    def __del__(self) -> None:
        os.close(self.requests)


@pytest.fixture
def writer() -> tuple[Lender, list[Message], list[FrameBuffer]]:
    buffers, sent = make_buffers(), list[Message]()
    return Lender(buffers, sent.append), sent, buffers


def lent(sent: list[Message], buffers: list[FrameBuffer]) -> tuple[int, int]:
    """Return the number and the value of the frame that was lent last."""
    frame = sent[-1]["frame"]
    (array,) = buffers[frame["buffer"]].read(frame["shapes"])
    return frame["stamp_ns"], int(array[0, 0, 0])


Lending = tuple[Lender, list[Message], list[FrameBuffer]]


def test_the_reader_is_told_once_and_gets_the_newest(writer: Lending) -> None:
    lender, sent, buffers = writer
    for number in (1, 2, 3, 4):
        lender.publish([flat(number)], {"stamp_ns": number})
    assert sent == [{"ready": 1}]
    lender.lend()
    assert lent(sent, buffers) == (4, 4)


def test_nothing_is_lent_twice(writer: Lending) -> None:
    lender, sent, _ = writer
    lender.publish([flat(1)], {"stamp_ns": 1})
    lender.lend()
    before = list(sent)
    lender.lend()
    assert sent == before


def test_a_reader_that_waits_gets_the_next_frame_by_itself_and_once(writer: Lending) -> None:
    lender, sent, buffers = writer
    lender.lend()
    lender.publish([flat(1)], {"stamp_ns": 1})
    assert lent(sent, buffers) == (1, 1)
    lender.publish([flat(2)], {"stamp_ns": 2})
    assert sent[-1] == {"ready": 2}


def test_a_wish_takes_the_next_frame_without_a_ring_and_no_other(writer: Lending) -> None:
    lender, sent, buffers = writer
    lender.request()
    lender.publish([flat(1)], {"stamp_ns": 1})
    assert lent(sent, buffers) == (1, 1)
    lender.publish([flat(2)], {"stamp_ns": 2})
    assert sent[1:] == [{"ready": 2}]


def test_a_ring_without_a_wish_lends_nothing(writer: Lending) -> None:
    """The frame it was for may have gone by itself while the ring was on its way."""
    lender, sent, _ = writer
    lender.answer()
    lender.publish([flat(1)], {"stamp_ns": 1})
    lender.answer()
    assert sent == [{"ready": 1}]


def test_a_wish_that_comes_just_after_a_frame_is_answered_at_the_ring_and_once(
    writer: Lending,
) -> None:
    lender, sent, buffers = writer
    lender.publish([flat(1)], {"stamp_ns": 1})
    lender.request()
    lender.publish([flat(2)], {"stamp_ns": 2})  # sees the request: the reader's ring comes too late
    assert lent(sent, buffers) == (2, 2)
    lender.answer()
    assert len(sent) == 2
    lender.publish([flat(3)], {"stamp_ns": 3})
    assert sent[-1] == {"ready": 3}


def test_the_next_frame_is_told_after_one_was_lent(writer: Lending) -> None:
    lender, sent, _ = writer
    lender.publish([flat(1)], {"stamp_ns": 1})
    lender.lend()
    lender.publish([flat(2)], {"stamp_ns": 2})
    assert sent[-1] == {"ready": 2}


def test_a_frame_that_is_lent_stays_while_newer_ones_come(writer: Lending) -> None:
    lender, sent, buffers = writer
    lender.publish([flat(1)], {"stamp_ns": 1})
    lender.lend()
    message = sent[-1]
    for number in range(2, 50):
        lender.publish([flat(number)], {"stamp_ns": number})
        assert lent([message], buffers) == (1, 1)


def test_sheets_grow_and_carry_several_arrays_of_any_size(writer: Lending) -> None:
    lender, sent, buffers = writer
    for height in (4, 40, 7):
        small, large = flat(height)[:2], np.full((height, 30, 3), 9, np.uint8)
        lender.publish([small, large], {"stamp_ns": height})
        lender.lend()
        frame = sent[-1]["frame"]
        found = buffers[frame["buffer"]].read(frame["shapes"])
        assert [f.shape for f in found] == [small.shape, large.shape]
        assert (found[0] == height).all()
        assert (found[1] == 9).all()


def test_what_was_read_is_the_readers_own(writer: Lending) -> None:
    lender, sent, buffers = writer
    lender.publish([flat(1)], {"stamp_ns": 1})
    lender.lend()
    (mine,) = buffers[sent[-1]["frame"]["buffer"]].read([(6, 8, 3)])
    for number in range(2, 9):
        lender.publish([flat(number)], {"stamp_ns": number})
        lender.lend()
    assert (mine == 1).all()


def test_draining_waits_until_the_last_frame_was_lent(writer: Lending) -> None:
    lender, _, _ = writer
    lender.publish([flat(1)], {"stamp_ns": 1})
    waiting = Thread(target=lender.drain)
    waiting.start()
    assert waiting.is_alive()
    lender.lend()
    waiting.join(60)
    assert not waiting.is_alive()


def test_draining_waits_until_the_message_is_sent_too() -> None:
    sent: list[Message] = []
    drained = Event()

    def slowly(message: Message) -> None:
        assert not ("frame" in message and drained.wait(0.2))
        sent.append(message)

    lender = Lender(make_buffers(), slowly)
    lender.publish([flat(1)], {"stamp_ns": 1})

    def drain() -> None:
        lender.drain()
        drained.set()

    waiting = Thread(target=drain)
    waiting.start()
    lender.lend()
    waiting.join(60)
    assert [*sent[-1]] == ["frame"]


def read_while_writing(frames: int) -> tuple[int, list[int]]:
    """Read frames of a process that never stops writing: how many were torn, and their numbers."""
    buffers, requests = make_buffers(), make_requests()
    read, write = os.pipe()
    passed = [write, requests, *(buffer.descriptor for buffer in buffers)]
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, *map(str, passed)],
        stdin=subprocess.PIPE, pass_fds=passed,
    )  # fmt: skip
    os.close(write)
    assert process.stdin is not None
    torn, numbers = 0, list[int]()
    waits, asked = 0, False
    try:
        with os.fdopen(read) as pipe:
            for line in pipe:
                message = json.loads(line)
                if message.get("frame"):
                    frame = message["frame"]
                    (array,) = buffers[frame["buffer"]].read(frame["shapes"])
                    torn += not (array == frame["stamp_ns"] % 251).all()
                    numbers.append(frame["stamp_ns"])
                    asked = False
                if len(numbers) == frames:
                    break
                waits = message.get("ready", waits)
                if not asked and waits > max(numbers, default=0):
                    os.eventfd_write(requests, 1)
                    asked = True
                if asked:
                    process.stdin.write(b"?")
                    process.stdin.flush()
    finally:
        process.kill()
        process.communicate()
        os.close(requests)
        for buffer in buffers:
            buffer.close()
    return torn, numbers


def test_no_frame_of_another_process_is_torn_while_it_writes_at_full_speed() -> None:
    torn, numbers = read_while_writing(400)
    assert torn == 0
    assert numbers == sorted(set(numbers))
    assert numbers[-1] > len(numbers)  # it was faster than we
