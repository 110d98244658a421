"""Options of `edgecnn run`: where its results go."""

from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated

from edgecnn.cli.options import option
from edgecnn.errors import OptionError

_option = partial(option, rich_help_panel="Where results go")


class RunFormat(str, Enum):
    """The output format of a run."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


@dataclass(frozen=True)
class SinkOptions:
    """Where results go."""

    form: RunFormat = RunFormat.TEXT
    save: str = ""
    """The path of a video, or of a folder for segments; empty: no video."""
    segment_minutes: float = 10.0
    """The length of a segment."""
    quota_gib: float = 0.0
    """What all segments may take on disk; 0: no limit."""
    csv: Path | None = None
    """A CSV file that gets one row per result."""
    uncertain: Path | None = None
    """A folder for frames of which the model is not sure."""
    margin: float = 0.2
    """A frame is uncertain if its two highest probabilities differ by no more than this."""
    show: bool = False
    """Whether to show a window."""
    snapshots: Path = Path("shots")
    """Where the key `s` of the window saves frames."""
    label_into: Path = Path("pictures")
    """The image folder for frames that the digit keys of the window label."""

    @property
    def whole_frames(self) -> bool:
        """Whether any sink needs whole frames, not just the classified part."""
        return bool(self.save or self.uncertain or self.show)

    @property
    def in_segments(self) -> bool:
        """Whether the video is written as a folder of segments."""
        return self.save.endswith("/") or bool(self.save and Path(self.save).is_dir())

    def check(self, sources: int) -> None:
        """Check that the options fit each other.

        Args:
            sources: The number of sources.

        Raises:
            OptionError: There is one video for several sources, or a quota without segments.
        """
        remedy = "give --save a folder for segments, with a slash at the end: video/"
        if self.save and sources > 1 and not self.in_segments:
            raise OptionError(f"there are {sources} sources for one video", remedy=remedy)
        if self.quota_gib and not self.in_segments:
            raise OptionError(
                f"--quota-gib is {self.quota_gib:g}, but there are no segments", remedy=remedy
            )


AsRunFormat = Annotated[
    RunFormat, _option("text, jsonl: a line per frame; json: only the summary.", "--format")
]
Save = Annotated[
    str, _option("Write a labelled video: out.mp4, or segments: video/", default="no video")
]
SegmentMinutes = Annotated[float, _option("The length of a segment, minutes.")]
QuotaGib = Annotated[
    float, _option("Disk space for segments, GiB; the oldest go. 0: no limit.", min=0)
]
Csv = Annotated[Path | None, _option("Append one row per result to this CSV file.", default="none")]
SaveUncertain = Annotated[
    Path | None, _option("Save the newest 100 uncertain frames in this folder.", default="none")
]
UncertainMargin = Annotated[
    float, _option("Uncertain: the two highest probabilities differ by less.")
]
ShowWindow = Annotated[bool, _option("Show frames and predictions in a window.", "--show")]
Snapshots = Annotated[Path, _option("Folder for frames that the window's key s saves.", "--shots")]
LabelInto = Annotated[Path, _option("Image folder for frames that the window's digit keys label.")]
Web = Annotated[bool, _option("Show a live page in the browser.", "--web")]
WebHost = Annotated[
    str, _option("Address of the live page; not loopback: it needs a token.", default="127.0.0.1")
]
WebPort = Annotated[
    int | None,
    _option("Port of the live page. 0: any free port.", default="8080", min=0, max=65535),
]
