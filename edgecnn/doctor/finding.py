"""What the checks of this machine report."""

from dataclasses import dataclass
from pathlib import Path

from edgecnn.check_result import FAIL, CheckResult
from edgecnn.records import Record


@dataclass(frozen=True)
class Finding(Record):
    """The result of one check."""

    name: str
    result: CheckResult
    """OK, WARN or FAIL."""
    reason: str
    remedy: str = ""
    """What to do; empty if the result is OK."""


@dataclass(frozen=True)
class DoctorReport(Record):
    """The findings of all checks."""

    findings: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings with the result FAIL."""
        return tuple(finding for finding in self.findings if finding.result == FAIL)


@dataclass(frozen=True)
class Place:
    """What the checks examine."""

    root: Path = Path("/")
    """The folder that contains dev, proc and sys."""
    folder: Path = Path()
    """The working folder, which must be writable."""
    source: str = ""
    """A source to read one frame from; empty: none."""
