"""Files appear whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgecnn.atomic import sync_folder, write_atomic
from edgecnn.errors import DeviceError

ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from edgecnn.atomic import write_atomic

resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
write_atomic(Path(sys.argv[1]), bytes(20_000))
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("content", "stored"),
    [(b"\x00\xff\r\n", b"\x00\xff\r\n"), ("Käfer\n", "Käfer\n".encode()), ("", b"")],
    ids=["bytes", "text", "nothing"],
)
def test_the_content_is_stored_as_given(
    tmp_path: Path, content: bytes | str, stored: bytes
) -> None:
    path = write_atomic(tmp_path / "file", content)
    assert path == tmp_path / "file"
    assert path.read_bytes() == stored


def test_nothing_else_is_left_beside_the_file(tmp_path: Path) -> None:
    write_atomic(tmp_path / "file", "new")
    assert names(tmp_path) == ["file"]


def test_an_old_file_is_replaced_and_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old and long")
    with path.open() as reader:
        write_atomic(path, "new")
        assert reader.read() == "old and long"
    assert path.read_text() == "new"


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a" / "b" / "file", "new")
    assert (tmp_path / "a" / "b" / "file").read_text() == "new"


def test_a_file_may_be_named_without_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_atomic(Path("file"), "new")
    assert names(tmp_path) == ["file"]


def write_on_a_full_disk(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ON_A_FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_full_disk_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    write_on_a_full_disk(path)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_full_disk_is_a_device_error_that_names_the_file(tmp_path: Path) -> None:
    done = write_on_a_full_disk(tmp_path / "file")
    assert f"DeviceError: {tmp_path / 'file'} could not be written: File too large" in done.stderr
    assert "try: free some disk space" in done.stderr
    assert names(tmp_path) == []


UNWRITABLE = {
    "below a file": "file/new",
    "far below a file": "file/a/b/new",
    "a folder": "folder",
    "a name that is too long": "n" * 300,
}


@pytest.mark.parametrize("name", UNWRITABLE.values(), ids=UNWRITABLE)
def test_a_path_that_cannot_be_written_is_a_device_error_that_names_it(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DeviceError, match="could not be written") as refusal:
        write_atomic(tmp_path / name, "new")
    assert str(tmp_path / name) in refusal.value.what
    assert "None" not in refusal.value.what
    assert "folder that you may write" in refusal.value.remedy


@pytest.mark.parametrize("name", UNWRITABLE.values(), ids=UNWRITABLE)
def test_a_path_that_cannot_be_written_leaves_everything_as_it_was(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DeviceError):
        write_atomic(tmp_path / name, "new")
    assert names(tmp_path) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "old"


def test_a_part_of_another_process_is_left_to_it(tmp_path: Path) -> None:
    other = tmp_path / f".file.{os.getpid() + 1}.part"
    other.write_text("half")
    write_atomic(tmp_path / "file", "new")
    assert other.read_text() == "half"


def test_a_folder_that_is_not_there_cannot_be_synchronised(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "absent")
