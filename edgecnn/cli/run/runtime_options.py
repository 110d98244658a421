"""Options of `edgecnn run`: its sources, ONNX Runtime, and how long to wait for cameras."""

from functools import partial
from typing import Annotated

from edgecnn.cli.camera_options import camera_option
from edgecnn.cli.options import option

_runtime_option = partial(option, rich_help_panel="ONNX Runtime")

Sources = Annotated[
    list[str],
    option("Camera index or path, video, folder, URL, `exec:COMMAND` or `pattern`; repeatable."),
]
AllowCpu = Annotated[
    bool, _runtime_option("Accept that the provider leaves work to the CPU.", "--allow-cpu")
]
SessionSettings = Annotated[
    list[str] | None,
    _runtime_option("A session setting of ONNX Runtime, KEY=VALUE; repeatable.", default="none"),
]
Watchdog = Annotated[
    float, _runtime_option("Seconds after which an inference has hung: exit code 6.", min=0.1)
]
StallTimeout = Annotated[
    float, camera_option("Seconds without a frame after which to reconnect.", min=0.1)
]
Wait = Annotated[bool, camera_option("Wait for a camera that is not connected yet.", "--wait")]
