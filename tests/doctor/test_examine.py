"""All checks together: an error in one is a FAIL, and the others still run."""

from collections.abc import Iterator
from pathlib import Path

from doctor.roots import ZONE, write
from edgecnn.check_result import FAIL, OK, WARN
from edgecnn.doctor import hardware
from edgecnn.doctor.examine import CHECKS, examine, finding_rows, run_check
from edgecnn.doctor.finding import DoctorReport, Finding, Place
from edgecnn.errors import OptionError


def test_a_check_that_breaks_down_is_a_failure_and_not_the_end(tmp_path: Path) -> None:
    place = write(tmp_path, {f"{ZONE}/temp": "warm"})
    (finding,) = run_check("temperature", hardware.check_temperature, place)
    assert (finding.name, finding.result) == ("temperature", FAIL)
    assert "ValueError" in finding.reason
    assert "'warm'" in finding.reason


def test_a_check_that_is_refused_keeps_the_remedy() -> None:
    def check(_: Place) -> Iterator[Finding]:
        raise OptionError("a", remedy="b")

    assert run_check("x", check, Place()) == [Finding("x", FAIL, "a", "b")]


def test_a_report_travels_as_json_and_every_complaint_has_a_remedy(tmp_path: Path) -> None:
    watched: list[str] = []
    report = examine(root=tmp_path, folder=tmp_path, on_progress=watched.append)
    assert DoctorReport.from_json(report.to_json()) == report
    assert watched == list(CHECKS)
    assert report.failures == ()
    assert all(bool(row.remedy) == (row.result != OK) for row in report.findings)


def test_people_see_the_remedy_below_the_complaint() -> None:
    rows = finding_rows(DoctorReport((Finding("a", OK, "fine"), Finding("b", WARN, "bad", "do"))))
    assert rows == [("a", "OK    fine"), ("b", "WARN  bad"), ("", "      try: do")]
