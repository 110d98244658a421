"""What a check of a model file says."""

from dataclasses import dataclass

from edgecnn.check_result import FAIL, CheckResult
from edgecnn.records import Record


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    result: CheckResult
    """OK, FAIL or SKIPPED."""
    reason: str
    """What was found; of a FAIL, what is wrong; of SKIPPED, why."""


@dataclass(frozen=True)
class VerifyReport(Record):
    """Whether a model file does what was learned."""

    path: str
    form: str
    """Empty where the file cannot be read."""
    checks: tuple[Check, ...]

    @property
    def failures(self) -> tuple[Check, ...]:
        """Return the checks that failed."""
        return tuple(check for check in self.checks if check.result == FAIL)
