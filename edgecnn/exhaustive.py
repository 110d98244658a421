"""Closed sets stay closed: a type checker finds the place that a new enum member would miss."""

from typing import NoReturn


def assert_never(value: NoReturn) -> NoReturn:
    """Mark a place that is never reached, after every member of an enum was handled.

    mypy reports the call while a member is left out. Source: typing.assert_never of Python 3.11.
    """
    raise AssertionError(f"{value!r} is not handled")
