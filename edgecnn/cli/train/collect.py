"""The command that makes pictures of a camera's frames. It needs neither torch nor onnx."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.camera_options import CameraFps, Exposure, Fourcc, Size, camera_settings
from edgecnn.cli.options import AsFormat, Format, show, table
from edgecnn.collector.filters import Filters
from edgecnn.collector.layout import BACKGROUND, CLOSED_SET, Split
from edgecnn.errors import OptionError

if TYPE_CHECKING:
    from edgecnn.collector.collect import CollectReport


def collect(
    source: Annotated[
        str, typer.Option(help="Camera index, video, picture, folder, URL or `pattern`.")
    ],
    label: Annotated[str, typer.Option(help="The class, and its folder's name.")] = "",
    out: Annotated[Path, typer.Option(help="The image folder.")] = Path("pictures"),
    every: Annotated[
        str, typer.Option(help="No window: take one each 0.5s, or each 10 frames.")
    ] = "",
    count: Annotated[int, typer.Option(min=0, help="Stop after so many. 0: no limit.")] = 0,
    split: Annotated[
        Split, typer.Option(help="Where the whole recording goes. auto: every sixth to val.")
    ] = Split.AUTO,
    background: Annotated[
        bool, typer.Option("--background", help="Pictures that show none of the classes.")
    ] = False,
    min_sharpness: Annotated[
        float, typer.Option(help="Share of the recording's median sharpness. 0: keep blurred ones.")
    ] = Filters.min_sharpness,
    min_change: Annotated[
        int, typer.Option(help="Bits of 64 that differ from every kept one. 0: keep duplicates.")
    ] = Filters.min_change,
    jpeg: Annotated[bool, typer.Option("--jpeg", help="JPEG of quality 95, not PNG.")] = False,
    size: Size = "",
    fourcc: Fourcc = "",
    camera_fps: CameraFps = 0.0,
    exposure: Exposure = 0.0,
    form: AsFormat = Format.TEXT,
) -> None:
    """Make labelled pictures of a camera's frames; they stay on this machine.

    On a screen a window opens: space takes a frame, b switches the burst, q ends. With --every, or
    where there is no screen or terminal, frames are taken by themselves.
    """
    from edgecnn.collector.collect import GIVE_UP_SOON
    from edgecnn.collector.collect import collect as collect_pictures

    if background:
        typer.echo(f"note: {CLOSED_SET}", err=True)
    settings = camera_settings(size, fourcc, camera_fps, exposure)
    report = collect_pictures(
        _label(label, background=background),
        source,
        out,
        every=every,
        count=count,
        split=split,
        filters=Filters(min_sharpness, min_change),
        jpeg=jpeg,
        window=not every and _person_is_there(source),
        options=replace(GIVE_UP_SOON, settings=settings),
        on_progress=lambda path: typer.echo(path, err=True),
    )
    show(report, collect_text(report), form)
    if report.interrupted:
        raise SystemExit(130)


def collect_text(report: "CollectReport") -> str:
    """Return a recording's report for people."""
    dropped = (f"{count} {reason.replace('_', ' ')}" for reason, count in report.dropped.items())
    stopped = ", stopped" if report.interrupted else ""
    rows: list[tuple[str, object]] = [
        ("label", report.label),
        ("source", f"{report.source}: {report.facts}"),
        ("kept", f"{report.kept} of {report.seen} frames in {report.seconds:.1f} s{stopped}"),
        ("dropped", ", ".join(dropped)),
        ("split", f"{report.split.value}, the whole recording {report.recording}"),
        ("folder", report.folder),
    ]
    return table([*rows, *(("note", note) for note in report.notes)])


def _label(label: str, *, background: bool) -> str:
    if bool(label) == background:
        given = "both --label and --background" if background else "no --label"
        raise OptionError(
            f"there is {given}",
            remedy="give --label for a class, or --background for pictures of none",
        )
    return BACKGROUND if background else label


def _person_is_there(source: str) -> bool:
    """Tell whether somebody could press a key in a window that shows this source."""
    from edgecnn.collector.sampling_interval import is_pictures
    from edgecnn.sinks.screen import has_screen

    return sys.stdin.isatty() and has_screen() and not is_pictures(source)
