"""Events read as one line and are logged by how bad they are."""

import logging

import pytest

from edgecnn.sources.events import Event, SourceEvent, log_event


def test_an_event_names_its_source_and_its_detail() -> None:
    event = Event("rtsp://cam/1", SourceEvent.STALLED, "no frame for 5 s", 1.0)
    assert str(event) == "rtsp://cam/1: STALLED, no frame for 5 s"


def test_an_event_without_detail_has_no_comma() -> None:
    assert str(Event("0", SourceEvent.CONNECTING, "", 1.0)) == "0: CONNECTING"


def test_control_characters_of_a_camera_do_not_reach_the_terminal() -> None:
    assert str(Event("0", SourceEvent.FAILED, "a\x1b[2J\nb", 1.0)) == "0: FAILED, a[2Jb"


@pytest.mark.parametrize(
    ("what", "level"),
    [
        (SourceEvent.LIVE, logging.INFO),
        (SourceEvent.SEEING, logging.INFO),
        (SourceEvent.STALLED, logging.WARNING),
        (SourceEvent.OBSTRUCTED, logging.WARNING),
    ],
)
def test_good_events_are_information_and_others_warnings(
    what: SourceEvent, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "edgecnn.capture"):
        log_event(Event("0", what, "", 1.0))
    assert [record.levelno for record in caplog.records] == [level]
