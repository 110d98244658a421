"""Small image folders that several tests of data sets read."""

import os
from pathlib import Path

import pytest
from picture_folders import write_class


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """`train/ant` with 3 and `train/bee` with 4 pictures."""
    write_class(tmp_path / "train" / "ant", 3)
    write_class(tmp_path / "train" / "bee", 4)
    return tmp_path


@pytest.fixture
def open_animals(animals: Path) -> Path:
    """The animals, where every user may enter all folders above them."""
    above = [animals, *animals.parents]
    if os.geteuid() == 0:
        for folder in above:
            if not folder.stat().st_mode & 0o005:
                folder.chmod(folder.stat().st_mode | 0o055)
    return animals
