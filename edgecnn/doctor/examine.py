"""All checks of this machine. A check that raises an error is a FAIL; the others still run."""

from collections.abc import Callable, Iterator
from pathlib import Path

from edgecnn.check_result import FAIL
from edgecnn.doctor import hardware, native, software, surroundings
from edgecnn.doctor.finding import DoctorReport, Finding, Place
from edgecnn.errors import EdgeError

Check = Callable[[Place], Iterator[Finding]]

CHECKS: dict[str, Check] = {
    "Python": software.check_python,
    "packages": software.check_packages,
    "OpenCV": native.check_opencv,
    "ONNX Runtime": native.check_runtime,
    "model": native.check_model,
    "providers": surroundings.check_providers,
    "cameras": surroundings.check_cameras,
    "frame": native.check_frame,
    "cores": hardware.check_cores,
    "temperature": hardware.check_temperature,
    "throttling": hardware.check_throttling,
    "memory": hardware.check_memory,
    "disk": surroundings.check_disk,
    "clock": surroundings.check_clock,
    "extras": software.check_extras,
}


def examine(
    source: str = "",
    root: Path = Path("/"),
    folder: Path = Path(),
    on_progress: Callable[[str], None] = lambda _: None,
) -> DoctorReport:
    """Run all checks.

    Args:
        source: If given, also read a frame of this source, see `open_source`.
        root: The folder that contains dev, proc and sys.
        folder: The folder that must be writable.
        on_progress: Called with the name of each check before it runs.
    """
    place = Place(root, folder, source)
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        on_progress(name)
        findings += run_check(name, check, place)
    return DoctorReport(tuple(findings))


def run_check(name: str, check: Check, place: Place) -> list[Finding]:
    """Run one check; an exception becomes a FAIL.

    Args:
        name: The name of a finding that is made here.
        check: Yields findings.
        place: What to examine.
    """
    try:
        return list(check(place))
    except EdgeError as error:
        return [Finding(name, FAIL, error.what, error.remedy)]
    except Exception as error:  # a machine may fail in unexpected ways
        reason = f"the check failed, {type(error).__name__}: {error}"
        return [Finding(name, FAIL, reason, "report this line as a bug of edgecnn")]


def finding_rows(report: DoctorReport) -> list[tuple[str, object]]:
    """Return the findings as rows of a table, each remedy in a row of its own."""
    return [
        row
        for finding in report.findings
        for row in (
            (finding.name, f"{finding.result:<4}  {finding.reason}"),
            *([("", f"      try: {finding.remedy}")] if finding.remedy else []),
        )
    ]
