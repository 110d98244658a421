"""Options of `edgecnn run`: which frames are classified, and when the label changes."""

from functools import partial
from typing import Annotated

from edgecnn.cli.options import option

_option = partial(option, rich_help_panel="What is classified")

MaxFrames = Annotated[int, _option("Stop after this many frames. 0: no limit.", min=0)]
Roi = Annotated[
    str, _option("Region to classify: left,top,width,height, 0 to 1.", default="the whole frame")
]
Fps = Annotated[float, _option("Most frames per second to classify. 0: no limit.", min=0)]
Every = Annotated[int, _option("Classify every nth frame.", min=1)]
Threshold = Annotated[
    float | None,
    _option("Below this probability the label is `unknown`.", default="the model's own", min=0),
]
Smooth = Annotated[
    str,
    _option("3/5: the label changes if 3 of the last 5 predictions agree.", default="no smoothing"),
]
Hysteresis = Annotated[float, _option("How far the current label may fall below the threshold.")]
