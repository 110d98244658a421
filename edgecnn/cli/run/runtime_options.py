"""How `edgecnn run` uses ONNX Runtime and waits for cameras: its options."""

from functools import partial
from typing import Annotated

import typer

from edgecnn.cli.camera_options import camera_option

_runtime_option = partial(typer.Option, rich_help_panel="ONNX Runtime")

Sources = Annotated[
    list[str],
    typer.Option(
        help="Camera index or path, video, picture, folder, URL, `exec:COMMAND` or `pattern`. "
        "Give it again for several at once."
    ),
]
AllowCpu = Annotated[
    bool, _runtime_option("--allow-cpu", help="Accept work that the provider leaves to the CPU.")
]
SessionSettings = Annotated[
    list[str] | None, _runtime_option(help="A setting of ONNX Runtime's session: KEY=VALUE.")
]
Watchdog = Annotated[
    float, _runtime_option(min=0.1, help="Seconds after which an inference has hung: exit 6.")
]
StallTimeout = Annotated[
    float, camera_option(min=0.1, help="Seconds without a frame after which to reconnect.")
]
Wait = Annotated[
    bool, camera_option("--wait", help="Keep trying for a camera that is not there yet.")
]
