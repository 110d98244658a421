"""Fixtures of the tests of sources."""

from pathlib import Path

import pytest
from live_sources import EventLog, noise_command


@pytest.fixture
def events() -> EventLog:
    """An empty log of events."""
    return EventLog()


@pytest.fixture
def noise(tmp_path: Path) -> str:
    """A command that gives raw 64x48 frames forever."""
    return noise_command(tmp_path)
