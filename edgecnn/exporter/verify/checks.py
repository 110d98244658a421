"""The results of checking a model file."""

from dataclasses import dataclass

from edgecnn.check_result import FAIL, CheckResult
from edgecnn.model.spec import ModelSpec
from edgecnn.records import Record


@dataclass(frozen=True)
class Check:
    """One check and its result."""

    name: str
    result: CheckResult
    """OK, FAIL or SKIPPED."""
    reason: str
    """What was found; for FAIL, what is wrong; for SKIPPED, why."""


@dataclass(frozen=True)
class VerifyReport(Record):
    """All checks of one model file."""

    path: str
    form: str
    """Empty where the file cannot be read."""
    checks: tuple[Check, ...]

    @property
    def failures(self) -> tuple[Check, ...]:
        """Return the checks that failed."""
        return tuple(check for check in self.checks if check.result == FAIL)


def rule_of(spec: ModelSpec) -> str:
    """Return how a spec fits frames."""
    return f"{spec.fit.value}, {spec.shrink.value}"


def other_rule(spec: ModelSpec) -> str:
    """Return the beginning of the message that a file's fit rule is not the original one."""
    return f"frames are fitted by another rule: the file says {rule_of(spec)}"
