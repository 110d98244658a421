"""The results of checks, in the same words in every report."""

from enum import Enum


class CheckResult(str, Enum):
    """The result of one check: of a model file, of this machine, or of the gate."""

    OK = "OK"
    PASS = "PASS"  # noqa: S105  (not a password)
    WARN = "WARN"
    FAIL = "FAIL"
    SKIPPED = "SKIPPED"
    CANNOT_TELL = "CANNOT TELL"
    """The gate needs more test pictures or timing rounds to decide."""

    def __str__(self) -> str:
        return self.value


OK, PASS, WARN = CheckResult.OK, CheckResult.PASS, CheckResult.WARN
FAIL, SKIPPED, CANNOT_TELL = CheckResult.FAIL, CheckResult.SKIPPED, CheckResult.CANNOT_TELL
