"""Checks of Python and of installed packages."""

from edgecnn.check_result import OK
from edgecnn.doctor import software
from edgecnn.doctor.finding import Place


def test_extras_are_information() -> None:
    findings = list(software.check_extras(Place()))
    assert [row.name for row in findings] == ["[train]", "[web]"]
    assert {row.result for row in findings} == {OK}
    assert findings[0].reason == "installed"
