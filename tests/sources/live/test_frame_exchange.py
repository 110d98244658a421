"""Frames pass between processes whole, the newest first, however fast they are published."""

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

# Publishes frames of one value each as fast as it can; another thread handles notifications.
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
        writer.on_notification()
    os._exit(0)
Thread(target=listen).start()
number = 0
while True:
    number += 1
    writer.publish([np.full((480, 640, 3), number % 251, np.uint8)], {"stamp_ns": number})
"""


def flat(level: int) -> Frame:
    return np.full((6, 8, 3), level, np.uint8)


class WriterWithRequests(FrameWriter):
    """A writer that can also act as its reader: request a frame, and notify the writer."""

    def __init__(self, buffers: list[FrameBuffer], send: Callable[[Message], None]) -> None:
        self.requests = make_requests()
        super().__init__(buffers, self.requests, send)

    def request(self) -> None:
        os.eventfd_write(self.requests, 1)

    def request_and_notify(self) -> None:
        self.request()
        self.on_notification()

    def __del__(self) -> None:
        os.close(self.requests)


@pytest.fixture
def exchange() -> tuple[WriterWithRequests, list[Message], list[FrameBuffer]]:
    buffers, sent = make_buffers(), list[Message]()
    return WriterWithRequests(buffers, sent.append), sent, buffers


def last_delivered(sent: list[Message], buffers: list[FrameBuffer]) -> tuple[int, int]:
    """Return the stamp and the pixel value of the frame that was delivered last."""
    frame = sent[-1]["frame"]
    (array,) = buffers[frame["buffer"]].read(frame["shapes"])
    return frame["stamp_ns"], int(array[0, 0, 0])


Exchange = tuple[WriterWithRequests, list[Message], list[FrameBuffer]]


def test_a_frame_is_announced_once_and_the_newest_is_delivered(exchange: Exchange) -> None:
    frames, sent, buffers = exchange
    for number in (1, 2, 3, 4):
        frames.publish([flat(number)], {"stamp_ns": number})
    assert sent == [{"ready": 1}]
    frames.request_and_notify()
    assert last_delivered(sent, buffers) == (4, 4)


def test_no_frame_is_delivered_twice(exchange: Exchange) -> None:
    frames, sent, _ = exchange
    frames.publish([flat(1)], {"stamp_ns": 1})
    frames.request_and_notify()
    before = list(sent)
    frames.request_and_notify()
    assert sent == before


def test_a_frame_that_was_requested_in_vain_is_delivered_once_it_is_published(
    exchange: Exchange,
) -> None:
    frames, sent, buffers = exchange
    frames.request_and_notify()
    frames.publish([flat(1)], {"stamp_ns": 1})
    assert last_delivered(sent, buffers) == (1, 1)
    frames.publish([flat(2)], {"stamp_ns": 2})
    assert sent[-1] == {"ready": 2}


def test_a_request_gets_one_frame_without_a_notification(exchange: Exchange) -> None:
    frames, sent, buffers = exchange
    frames.request()
    frames.publish([flat(1)], {"stamp_ns": 1})
    assert last_delivered(sent, buffers) == (1, 1)
    frames.publish([flat(2)], {"stamp_ns": 2})
    assert sent[1:] == [{"ready": 2}]


def test_a_notification_without_a_request_delivers_nothing(exchange: Exchange) -> None:
    """The frame may have been delivered while the notification was on its way."""
    frames, sent, _ = exchange
    frames.on_notification()
    frames.publish([flat(1)], {"stamp_ns": 1})
    frames.on_notification()
    assert sent == [{"ready": 1}]


def test_a_request_just_after_a_frame_gets_one_frame_at_the_notification(
    exchange: Exchange,
) -> None:
    frames, sent, buffers = exchange
    frames.publish([flat(1)], {"stamp_ns": 1})
    frames.request()
    frames.publish([flat(2)], {"stamp_ns": 2})  # before the notification arrives
    assert last_delivered(sent, buffers) == (2, 2)
    frames.on_notification()
    assert len(sent) == 2
    frames.publish([flat(3)], {"stamp_ns": 3})
    assert sent[-1] == {"ready": 3}


def test_the_next_frame_is_announced_after_one_was_delivered(exchange: Exchange) -> None:
    frames, sent, _ = exchange
    frames.publish([flat(1)], {"stamp_ns": 1})
    frames.request_and_notify()
    frames.publish([flat(2)], {"stamp_ns": 2})
    assert sent[-1] == {"ready": 2}


def test_a_delivered_frame_is_not_overwritten_by_newer_ones(exchange: Exchange) -> None:
    frames, sent, buffers = exchange
    frames.publish([flat(1)], {"stamp_ns": 1})
    frames.request_and_notify()
    message = sent[-1]
    for number in range(2, 50):
        frames.publish([flat(number)], {"stamp_ns": number})
        assert last_delivered([message], buffers) == (1, 1)


def test_buffers_grow_and_hold_several_arrays_of_any_size(exchange: Exchange) -> None:
    frames, sent, buffers = exchange
    for height in (4, 40, 7):
        small, large = flat(height)[:2], np.full((height, 30, 3), 9, np.uint8)
        frames.publish([small, large], {"stamp_ns": height})
        frames.request_and_notify()
        frame = sent[-1]["frame"]
        found = buffers[frame["buffer"]].read(frame["shapes"])
        assert [f.shape for f in found] == [small.shape, large.shape]
        assert (found[0] == height).all()
        assert (found[1] == 9).all()


def test_a_frame_that_was_read_is_a_copy(exchange: Exchange) -> None:
    frames, sent, buffers = exchange
    frames.publish([flat(1)], {"stamp_ns": 1})
    frames.request_and_notify()
    (copy,) = buffers[sent[-1]["frame"]["buffer"]].read([(6, 8, 3)])
    for number in range(2, 9):
        frames.publish([flat(number)], {"stamp_ns": number})
        frames.request_and_notify()
    assert (copy == 1).all()


def test_draining_waits_until_the_last_frame_was_delivered(exchange: Exchange) -> None:
    frames, _, _ = exchange
    frames.publish([flat(1)], {"stamp_ns": 1})
    waiting = Thread(target=frames.drain)
    waiting.start()
    assert waiting.is_alive()
    frames.request_and_notify()
    waiting.join(60)
    assert not waiting.is_alive()


def test_draining_waits_until_the_message_is_sent() -> None:
    sent: list[Message] = []
    drained = Event()

    def slowly(message: Message) -> None:
        assert not ("frame" in message and drained.wait(0.2))
        sent.append(message)

    frames = WriterWithRequests(make_buffers(), slowly)
    frames.publish([flat(1)], {"stamp_ns": 1})

    def drain() -> None:
        frames.drain()
        drained.set()

    waiting = Thread(target=drain)
    waiting.start()
    frames.request_and_notify()
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
    announced, requested = 0, False
    try:
        with os.fdopen(read) as pipe:
            for line in pipe:
                message = json.loads(line)
                if message.get("frame"):
                    frame = message["frame"]
                    (array,) = buffers[frame["buffer"]].read(frame["shapes"])
                    torn += not (array == frame["stamp_ns"] % 251).all()
                    numbers.append(frame["stamp_ns"])
                    requested = False
                if len(numbers) == frames:
                    break
                announced = message.get("ready", announced)
                if not requested and announced > max(numbers, default=0):
                    os.eventfd_write(requests, 1)
                    requested = True
                if requested:
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
    assert numbers[-1] > len(numbers)  # the writer was faster than the reader
