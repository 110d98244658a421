"""Exhaustive matches on enums, checked by mypy."""

from typing import NoReturn


def assert_never(value: NoReturn) -> NoReturn:
    """End a `match` on an enum, as the body of `case _`.

    mypy reports an error at the call while a member has no case, so a new member cannot be
    forgotten. Source: typing.assert_never of Python 3.11.
    """
    raise AssertionError(f"{value!r} is not handled")
