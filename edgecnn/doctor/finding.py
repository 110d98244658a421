"""What a check of this machine says."""

from dataclasses import dataclass
from pathlib import Path

from edgecnn.check_result import FAIL, CheckResult
from edgecnn.records import Record


@dataclass(frozen=True)
class Finding(Record):
    """One thing that was looked at."""

    name: str
    result: CheckResult
    """OK, WARN or FAIL."""
    reason: str
    remedy: str = ""
    """What to do; empty where it is OK."""


@dataclass(frozen=True)
class DoctorReport(Record):
    """Whether this machine is fit."""

    findings: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Return the findings that are FAIL."""
        return tuple(finding for finding in self.findings if finding.result == FAIL)


@dataclass(frozen=True)
class Place:
    """What is looked at."""

    root: Path = Path("/")
    """Holds the dev, proc and sys folders."""
    folder: Path = Path()
    """Where somebody works."""
    source: str = ""
    """A source to take a frame of, or nothing."""
