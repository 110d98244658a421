"""A live source that cannot be opened says why, and does not hang."""

import os
import sys
from pathlib import Path

import pytest
from live_sources import EventLog, frames_of

from edgecnn.errors import SourceError
from edgecnn.sources.events import SourceEvent
from edgecnn.sources.live.connection import Patience

PYTHON = f"exec:{sys.executable}"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("exec:edgecnn-nowhere -o -", "edgecnn-nowhere cannot be started: No such file"),
        (f"{PYTHON} -c 'raise SystemExit(\"no http://me:secret@cam\")'", "ended with 1: no http://cam"),
        ("rtsp://me:secret@127.0.0.1:9/", "OpenCV cannot open it"),
        ("http://me:secret@127.0.0.1:9/", "no connection"),
        ("http://me:secret@127.0.0.1:99999/", "no readable port"),
    ],
)  # fmt: skip
def test_a_source_that_does_not_open_says_why(events: EventLog, source: str, words: str) -> None:
    with pytest.raises(SourceError, match="did not open") as refusal:
        next(frames_of(source, events.options()))
    assert words in refusal.value.what
    assert "secret" not in str(refusal.value) + repr(events)


def test_a_fifo_without_a_writer_does_not_hang(events: EventLog, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mp4")
    options = events.options(patience=Patience(open_s=1.0))
    with pytest.raises(SourceError, match="no frame came in time"):
        next(frames_of(str(tmp_path / "fifo.mp4"), options))
    assert events.kinds == [SourceEvent.CONNECTING, SourceEvent.FAILED]
