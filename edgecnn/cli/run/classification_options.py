"""What `edgecnn run` classifies, and when its answer changes: its options."""

from functools import partial
from typing import Annotated

import typer

_option = partial(typer.Option, rich_help_panel="What is classified")

MaxFrames = Annotated[int, _option(min=0, help="Stop after so many. 0: no limit.")]
Roi = Annotated[str, _option(help="Classify a part: left,top,width,height in shares of the frame.")]
Fps = Annotated[
    float, _option(min=0, help="Classify at most so many frames a second. 0: no limit.")
]
Every = Annotated[int, _option(min=1, help="Classify every nth frame.")]
Threshold = Annotated[
    float | None, _option(min=0, help="Least probability of an answer; by default the file's own.")
]
Smooth = Annotated[
    str, _option(help="3/5: an answer changes when 3 of the last 5 predictions say so.")
]
Hysteresis = Annotated[
    float, _option(help="What an answer that holds may fall short of the threshold by.")
]
