"""Where pictures go: a label's folder in `train`, `val` or `test`, by whole recordings."""

import re
from enum import Enum
from pathlib import Path

from edgecnn.errors import DataError, OptionError

BACKGROUND = "background"
"""The class of pictures that show none of the others."""

RECORDINGS = "recordings"
"""The folder of what is known of each recording."""

_LONGEST_NAME = 255
_NOT_PORTABLE = '<>:"/\\|?*'
_PICTURE_NAME = re.compile(r"(\d{8}T\d{6}Z-[0-9a-f]{6})-\d+\.(?:png|jpg)")


class Split(str, Enum):
    """The part of a data set that a recording goes to."""

    AUTO = "auto"
    TRAIN = "train"
    VAL = "val"
    TEST = "test"


_PARTS = {
    Split.TRAIN: ("train",),
    Split.VAL: ("val", "valid", "validation"),
    Split.TEST: ("test",),
}


def check_label(label: str) -> None:
    """Raise OptionError unless the label can be a visible folder's name on every system."""
    wrong = sorted({letter for letter in label if letter in _NOT_PORTABLE})
    is_name = label.isprintable() and label == label.strip() and not label.endswith(".")
    if wrong or not label or not is_name or label.startswith("."):
        found = f"; it holds {' '.join(wrong)}" if wrong else ""
        raise OptionError(
            f"--label is {label!r}, which cannot be a class folder's name{found}",
            remedy="give a name like cup: no separators, no dot or space at its ends",
        )
    if len(label.encode()) > _LONGEST_NAME:
        raise OptionError(f"--label is {len(label)} letters long", remedy="give a shorter name")


def check_out(out: Path) -> None:
    """Refuse a file, and class folders that training would no longer see beside `train`.

    Raises:
        OptionError: `out` is a file.
        DataError: `out` has folders of its own and no `train`.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise OptionError(f"--out is {out}, which is a file", remedy="give a folder")
    ours = {RECORDINGS, *(name for names in _PARTS.values() for name in names)}
    names = [path.name for path in folders_in(out)]
    loose = [name for name in names if name.lower() not in ours]
    if loose and "train" not in map(str.lower, names):
        raise DataError(
            f"{out} has the folders {', '.join(loose[:5])} and no train",
            remedy=f"move the class folders into {out / 'train'}, or give --out a new folder",
        )


def class_folder(out: Path, split: Split, label: str) -> Path:
    """Return the label's folder in a part, under the name that the part already has, if any."""
    names = _PARTS[split]
    there = (path for path in folders_in(out) if path.name.lower() in names)
    return next(there, out / names[0]) / label


def choose_split(out: Path, label: str, requested: Split) -> Split:
    """Return the part for the label's next recording: the requested, or by what is already there.

    A whole recording goes to one part: its frames resemble each other, and a network that has seen
    half of them would be marked on what it knows. The first goes to train, the second to val, then
    val gets about every sixth: the 9th, 15th, 21st.
    """
    if requested is not Split.AUTO:
        return requested
    in_train, in_val = (
        count_recordings(class_folder(out, split, label)) for split in (Split.TRAIN, Split.VAL)
    )
    number = in_train + in_val + 1
    wanted = max(1, (number + 3) // 6) if number > 1 else 0  # a sixth, rounded
    return Split.VAL if in_val < wanted else Split.TRAIN


def count_recordings(folder: Path) -> int:
    """Count the recordings that have a picture in a class folder."""
    matches = (_PICTURE_NAME.fullmatch(path.name) for path in pictures_in(folder))
    return len({match[1] for match in matches if match})


def folders_in(folder: Path) -> list[Path]:
    """Return the visible folders in a folder; none if it is not there."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in found if path.is_dir() and not path.name.startswith(".")]


def pictures_in(folder: Path) -> list[Path]:
    """Return the visible files of a class folder; none if it is not there."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in files if path.is_file() and not path.name.startswith(".")]


def advice(out: Path, label: str) -> tuple[str, ...]:
    """Return what this label still lacks, a sentence each."""
    found = {
        split: bool(pictures_in(class_folder(out, split, label)))
        for split in (Split.TRAIN, Split.VAL, Split.TEST)
    }
    notes = []
    if not found[Split.TRAIN]:
        notes.append(f"{label!r} has no training pictures yet: make a recording with --split train")
    elif not found[Split.VAL]:
        notes.append(
            f"{label!r} has no recording for validation: make a second one, at another time or "
            "place; until then training validates on neighbours of its own frames, which flatters"
        )
    elif not found[Split.TEST]:
        notes.append(
            f"{label!r} has no recording for testing: make one with --split test; until then the "
            "test pictures are neighbours of training frames, which flatters"
        )
    if not pictures_in(class_folder(out, Split.TRAIN, BACKGROUND)):
        notes.append(f"there is no background class: {CLOSED_SET}")
    return tuple(notes)


CLOSED_SET = (
    "a classifier always answers one of its classes, so without a background class "
    "(--background) or a threshold unknown things get a name"
)
"""What everybody should know who trains on two cups and shows it a spoon."""
