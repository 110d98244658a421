"""Folders of recordings: free space and quota."""

from pathlib import Path

import pytest
from small_disk import small_disk

from edgecnn.errors import DeviceError
from edgecnn.sinks.storage import check_free, make_folder, remove_oldest


def test_removing_the_oldest_stops_at_the_quota(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}" for number in range(5)]
    for path in paths:
        path.write_bytes(bytes(100))
    remove_oldest([*paths[:1], tmp_path / "gone", *paths[1:]], 250)
    assert [path.exists() for path in paths] == [False, False, False, True, True]


def test_a_disk_with_room_is_accepted(tmp_path: Path) -> None:
    with small_disk(tmp_path, "1m") as disk:
        check_free(disk)


def test_a_full_disk_is_refused_with_its_sizes(tmp_path: Path) -> None:
    with small_disk(tmp_path, "1m") as disk:
        (disk / "large").write_bytes(bytes(1_000_000))
        with pytest.raises(DeviceError, match=r"nearly full: 0\.0 MB are free, 0\.1 MB must"):
            check_free(disk)


def test_a_folder_that_was_removed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot be read: No such file"):
        check_free(tmp_path / "gone")


def test_a_folder_below_a_file_cannot_be_made_and_the_option_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DeviceError, match="cannot be written: Not a directory") as refusal:
        make_folder(tmp_path / "file" / "new", "--save")
    assert refusal.value.remedy == "give --save another folder"
