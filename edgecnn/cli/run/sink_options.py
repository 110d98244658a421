"""Where the results of `edgecnn run` are to go: its options."""

from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from edgecnn.errors import OptionError

_option = partial(typer.Option, rich_help_panel="Where results go")


class RunFormat(str, Enum):
    """How a run is printed."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


@dataclass(frozen=True)
class SinkOptions:
    """Where results are to go."""

    form: RunFormat = RunFormat.TEXT
    save: str = ""
    """A video's path, or a folder's for segments."""
    segment_minutes: float = 10.0
    """The length of a segment."""
    quota_gib: float = 0.0
    """What all segments may take on the disk; 0: no limit."""
    csv: Path | None = None
    """A CSV file that gets a row for each result."""
    uncertain: Path | None = None
    """A folder for frames of which the model is not sure."""
    margin: float = 0.2
    """Two most probable classes that are no further apart than this are not sure."""
    show: bool = False
    """Whether a window shows the run."""
    snapshots: Path = Path("shots")
    """Where the window's `s` key saves frames."""
    label_into: Path = Path("pictures")
    """The image folder that the window's digit keys label frames into."""

    @property
    def whole_frames(self) -> bool:
        """Whether any of them needs more than what is classified."""
        return bool(self.save or self.uncertain or self.show)

    @property
    def in_segments(self) -> bool:
        """Whether the video is to be a folder of segments."""
        return self.save.endswith("/") or bool(self.save and Path(self.save).is_dir())

    def check(self, sources: int) -> None:
        """Refuse one video for several sources, and segments without a folder.

        Args:
            sources: How many sources the run has.

        Raises:
            OptionError: The options do not fit each other.
        """
        folder = "give --save a folder for segments, with a slash at its end: video/"
        if self.save and sources > 1 and not self.in_segments:
            raise OptionError(f"there are {sources} sources for one video", remedy=folder)
        if self.quota_gib and not self.in_segments:
            raise OptionError(f"--quota-gib is {self.quota_gib:g} of no segments", remedy=folder)


AsRunFormat = Annotated[
    RunFormat, _option("--format", help="A line a frame as text or jsonl; json: the summary only.")
]
Save = Annotated[
    str, _option(help="Write a labelled video, such as out.mp4; segments into a folder: video/")
]
SegmentMinutes = Annotated[float, _option(help="The length of a segment.")]
QuotaGib = Annotated[
    float, _option(min=0, help="Segments may take so much: the oldest go. 0: no limit.")
]
Csv = Annotated[Path | None, _option(help="Add a row for each result to a CSV file.")]
SaveUncertain = Annotated[
    Path | None,
    _option(help="Keep the newest 100 frames of which the model is not sure in a folder."),
]
UncertainMargin = Annotated[
    float, _option(help="Two classes so close in probability are not sure either.")
]
ShowWindow = Annotated[bool, _option("--show", help="Show a window.")]
Snapshots = Annotated[Path, _option("--shots", help="Where the window's s key saves frames.")]
LabelInto = Annotated[
    Path, _option(help="The image folder that the window's digit keys label frames into.")
]
Web = Annotated[bool, _option("--web", help="Show a live page on 127.0.0.1:8080.")]
WebHost = Annotated[str, _option(help="Show it here; other than loopback, it asks for a token.")]
WebPort = Annotated[
    int | None, _option(min=0, max=65535, help="Show it on this port. 0: a free one.")
]
