"""`edgecnn collect`: save labelled frames. Needs neither torch nor onnx."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.camera_options import CameraFps, Exposure, Fourcc, Size, camera_settings
from edgecnn.cli.options import AsFormat, Format, option, show, table
from edgecnn.collector.filters import Filters
from edgecnn.collector.layout import BACKGROUND, CLOSED_SET, Split
from edgecnn.errors import OptionError

if TYPE_CHECKING:
    from edgecnn.collector.collect import CollectReport


def collect(
    source: Annotated[str, option("Camera index, video, picture, folder, URL or `pattern`.")],
    label: Annotated[str, option("The class, its folder's name.", default="see --background")] = "",
    out: Annotated[Path, option("The image folder to add to.")] = Path("pictures"),
    every: Annotated[
        str,
        option("No window: save every 0.5s, or every 10 frames.", default="0.5s, or every picture"),
    ] = "",
    count: Annotated[int, option("Stop after this many pictures. 0: no limit.", min=0)] = 0,
    split: Annotated[
        Split, option("Part for the whole recording. auto: every sixth to val.")
    ] = Split.AUTO,
    background: Annotated[
        bool, option("Save pictures that show none of the classes.", "--background")
    ] = False,
    min_sharpness: Annotated[
        float, option("Least share of the median sharpness. 0: save blurred frames too.")
    ] = Filters.min_sharpness,
    min_change: Annotated[
        int, option("Least difference to saved pictures, of 64 bits. 0: save duplicates.")
    ] = Filters.min_change,
    jpeg: Annotated[bool, option("Save JPEG of quality 95 instead of PNG.", "--jpeg")] = False,
    size: Size = "",
    fourcc: Fourcc = "",
    camera_fps: CameraFps = 0.0,
    exposure: Exposure = 0.0,
    form: AsFormat = Format.TEXT,
) -> None:
    """Save labelled frames of a camera as pictures; they stay on this machine.

    In the window, space saves a frame, b switches burst mode, q ends. With --every, or without a
    screen or terminal, frames are saved automatically.
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
        window=not every and _can_use_window(source),
        options=replace(GIVE_UP_SOON, settings=settings),
        on_progress=lambda path: typer.echo(path, err=True),
    )
    show(report, collect_text(report), form)
    if report.interrupted:
        raise SystemExit(130)


def collect_text(report: "CollectReport") -> str:
    """Return the report of a recording as text."""
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
            remedy="give --label for a class, or --background for pictures of no class",
        )
    return BACKGROUND if background else label


def _can_use_window(source: str) -> bool:
    """Return whether a user can press keys in a window that shows this source."""
    from edgecnn.collector.sampling_interval import is_pictures
    from edgecnn.sinks.screen import has_screen

    return sys.stdin.isatty() and has_screen() and not is_pictures(source)
