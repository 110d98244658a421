"""All checks of this machine, each on its own: one that breaks down is a FAIL, not the end."""

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
    "temperature": hardware.check_heat,
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
    """Make all checks.

    Args:
        source: Take a frame of it too, if it is given.
        root: Holds the dev, proc and sys folders.
        folder: Where to try whether files can be written.
        on_progress: Told the name of each check.
    """
    place = Place(root, folder, source)
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        on_progress(name)
        findings += look(name, check, place)
    return DoctorReport(tuple(findings))


def look(name: str, check: Check, place: Place) -> list[Finding]:
    """Make one check; what it raises becomes its finding."""
    try:
        return list(check(place))
    except EdgeError as error:
        return [Finding(name, FAIL, error.what, error.remedy)]
    except Exception as error:  # a machine may be broken in ways that nobody thought of
        reason = f"the check broke down, {type(error).__name__}: {error}"
        return [Finding(name, FAIL, reason, "report it with this line")]


def finding_rows(report: DoctorReport) -> list[tuple[str, object]]:
    """Return the rows of a table for people."""
    return [
        row
        for finding in report.findings
        for row in (
            (finding.name, f"{finding.result:<4}  {finding.reason}"),
            *([("", f"      try: {finding.remedy}")] if finding.remedy else []),
        )
    ]
