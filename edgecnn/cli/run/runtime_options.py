"""How `edgecnn run` uses ONNX Runtime and waits for cameras: its options."""

from typing import Annotated

import typer

from edgecnn.cli.camera_options import PANEL as CAMERAS

RUNTIME = "ONNX Runtime"

Sources = Annotated[
    list[str],
    typer.Option(
        help="Camera index or path, video, picture, folder, URL, `exec:COMMAND` or `pattern`. "
        "Give it again for several at once."
    ),
]
AllowCpu = Annotated[
    bool,
    typer.Option(
        "--allow-cpu",
        help="Accept work that the provider leaves to the CPU.",
        rich_help_panel=RUNTIME,
    ),
]
SessionSettings = Annotated[
    list[str] | None,
    typer.Option(help="A setting of ONNX Runtime's session: KEY=VALUE.", rich_help_panel=RUNTIME),
]
Watchdog = Annotated[
    float,
    typer.Option(
        min=0.1,
        help="Seconds after which an inference has hung: exit 6.",
        rich_help_panel=RUNTIME,
    ),
]
StallTimeout = Annotated[
    float,
    typer.Option(
        min=0.1, help="Seconds without a frame after which to reconnect.", rich_help_panel=CAMERAS
    ),
]
Wait = Annotated[
    bool,
    typer.Option(
        "--wait",
        help="Keep trying for a camera that is not there yet.",
        rich_help_panel=CAMERAS,
    ),
]
