"""`edgecnn demo` as a user meets it; `tests/demo` runs the whole of it."""

from pathlib import Path

from commands import Main


def test_a_data_set_that_is_not_there_is_named(main: Main, tmp_path: Path) -> None:
    done = main("demo", "--data", "gone", "--out", tmp_path / "out")
    assert done.returncode == 3, done.stderr
    assert "'gone'" in done.stderr
    assert "\n  try: " in done.stderr
    assert "Traceback" not in done.stderr
