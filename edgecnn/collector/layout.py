"""The folders of collected pictures: `train`, `val` and `test`, split by whole recordings."""

import re
from enum import Enum
from pathlib import Path

from edgecnn.errors import DataError, OptionError

BACKGROUND = "background"
"""The class of pictures that show none of the other classes."""

RECORDINGS = "recordings"
"""The folder with a JSON file about each recording."""

_LONGEST_NAME = 255
_NOT_PORTABLE = '<>:"/\\|?*'
_PICTURE_NAME = re.compile(r"(\d{8}T\d{6}Z-[0-9a-f]{6})-\d+\.(?:png|jpg)")


class Split(str, Enum):
    """The part of the data set that a recording belongs to; AUTO chooses train or val."""

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
    """Raise OptionError unless the label is a valid, visible folder name on every system."""
    invalid = sorted({letter for letter in label if letter in _NOT_PORTABLE})
    is_name = label.isprintable() and label == label.strip() and not label.endswith(".")
    if invalid or not label or not is_name or label.startswith("."):
        found = f"; it contains {' '.join(invalid)}" if invalid else ""
        raise OptionError(
            f"--label is {label!r}, which cannot be a class folder's name{found}",
            remedy="give a name like cup: no separators, no dot or space at either end",
        )
    if len(label.encode()) > _LONGEST_NAME:
        raise OptionError(f"--label is {len(label)} characters long", remedy="give a shorter name")


def check_out(out: Path) -> None:
    """Check the output folder: class folders beside a new `train` would be ignored by training.

    Raises:
        OptionError: `out` is a file.
        DataError: `out` has class folders but no `train` folder.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise OptionError(f"--out is {out}, which is a file", remedy="give a folder")
    known = {RECORDINGS, *(name for names in _PARTS.values() for name in names)}
    names = [path.name for path in folders_in(out)]
    unknown = [name for name in names if name.lower() not in known]
    if unknown and "train" not in map(str.lower, names):
        raise DataError(
            f"{out} has the folders {', '.join(unknown[:5])} and no train",
            remedy=f"move the class folders into {out / 'train'}, or give --out a new folder",
        )


def class_folder(out: Path, split: Split, label: str) -> Path:
    """Return the folder of a label in a part; existing folders such as `valid` are used for val.

    Args:
        out: The image folder.
        split: The part, not AUTO.
        label: The class.
    """
    names = _PARTS[split]
    existing = (path for path in folders_in(out) if path.name.lower() in names)
    return next(existing, out / names[0]) / label


def choose_split(out: Path, label: str, requested: Split) -> Split:
    """Return the part of the label's next recording: the requested one, or a choice for AUTO.

    A whole recording goes to one part: its frames resemble each other, so a network that was
    trained on half of them would be tested on what it knows. The first recording goes to train, the
    second to val, and then about every sixth to val: the 9th, 15th, 21st.

    Args:
        out: The image folder.
        label: The class.
        requested: A part, or AUTO.
    """
    if requested is not Split.AUTO:
        return requested
    in_train, in_val = (
        count_recordings(class_folder(out, split, label)) for split in (Split.TRAIN, Split.VAL)
    )
    number = in_train + in_val + 1
    target = max(1, (number + 3) // 6) if number > 1 else 0  # a sixth, rounded
    return Split.VAL if in_val < target else Split.TRAIN


def count_recordings(folder: Path) -> int:
    """Return how many recordings have a picture in a class folder."""
    matches = (_PICTURE_NAME.fullmatch(path.name) for path in pictures_in(folder))
    return len({match[1] for match in matches if match})


def folders_in(folder: Path) -> list[Path]:
    """Return the visible subfolders, sorted; none if the folder does not exist."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in found if path.is_dir() and not path.name.startswith(".")]


def pictures_in(folder: Path) -> list[Path]:
    """Return the visible files of a folder, sorted; none if it does not exist."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in files if path.is_file() and not path.name.startswith(".")]


def advice(out: Path, label: str) -> tuple[str, ...]:
    """Return one sentence for each thing that this label still lacks."""
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
            "place; until then training validates on frames next to its training frames, so its "
            "accuracy is too high"
        )
    elif not found[Split.TEST]:
        notes.append(
            f"{label!r} has no recording for testing: make one with --split test; until then the "
            "test pictures are frames next to training frames, so the accuracy is too high"
        )
    if not pictures_in(class_folder(out, Split.TRAIN, BACKGROUND)):
        notes.append(f"there is no background class: {CLOSED_SET}")
    return tuple(notes)


CLOSED_SET = (
    "a classifier always answers one of its classes; without a background class "
    "(--background) or a threshold, unknown objects get the name of a class"
)
"""A note about a limit of all classifiers, for users who collect pictures."""
