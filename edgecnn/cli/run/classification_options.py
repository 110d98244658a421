"""What `edgecnn run` classifies, and when its answer changes: its options."""

from typing import Annotated

import typer

PANEL = "What is classified"

MaxFrames = Annotated[
    int, typer.Option(min=0, help="Stop after so many. 0: no limit.", rich_help_panel=PANEL)
]
Roi = Annotated[
    str,
    typer.Option(
        help="Classify a part: left,top,width,height in shares of the frame.",
        rich_help_panel=PANEL,
    ),
]
Fps = Annotated[
    float,
    typer.Option(
        min=0,
        help="Classify at most so many frames a second. 0: no limit.",
        rich_help_panel=PANEL,
    ),
]
Every = Annotated[int, typer.Option(min=1, help="Classify every nth frame.", rich_help_panel=PANEL)]
Threshold = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="Least probability of an answer; by default the file's own.",
        rich_help_panel=PANEL,
    ),
]
Smooth = Annotated[
    str,
    typer.Option(
        help="3/5: an answer changes when 3 of the last 5 predictions say so.",
        rich_help_panel=PANEL,
    ),
]
Hysteresis = Annotated[
    float,
    typer.Option(
        help="What an answer that holds may fall short of the threshold by.",
        rich_help_panel=PANEL,
    ),
]
