"""`edgecnn devices` as a user meets it, also where no library is installed."""

from pathlib import Path

from commands import command

from cli.look.bare import bare_python


def test_devices_has_a_line_for_cameras_and_one_for_the_cpu() -> None:
    done = command("devices")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("camera")
    assert any(line.startswith("provider cpu") and "runs int8 and fp32" in line for line in lines)


def test_devices_lists_cameras_where_nothing_is_installed(tmp_path: Path) -> None:
    done = bare_python(tmp_path, "devices")
    assert done.returncode == 0, done.stderr
    assert "camera" in done.stdout
    assert "no ONNX Runtime is installed" in done.stdout.splitlines()[-1]
