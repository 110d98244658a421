"""The cameras and execution providers of this machine, for `edgecnn devices`."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from edgecnn.errors import DeviceError
from edgecnn.inference.provider_facts import short_name
from edgecnn.inference.provider_trial import Providers, try_providers
from edgecnn.records import Record
from edgecnn.sources.cameras.listing import Camera, list_cameras
from edgecnn.sources.cameras.v4l2 import Mode

Row = tuple[str, object]


@dataclass(frozen=True)
class DevicesReport(Record):
    """The cameras and execution providers of this machine."""

    cameras: tuple[Camera, ...]
    providers: Providers
    problem: str
    """Why no provider could be tried; empty if they were tried."""


def list_devices(root: Path = Path("/")) -> DevicesReport:
    """Find cameras and try all execution providers; `root` contains dev, proc and sys."""
    cameras = tuple(list_cameras(root))
    try:
        return DevicesReport(cameras, try_providers(), "")
    except DeviceError as error:
        return DevicesReport(cameras, Providers((), ()), f"ONNX Runtime: {error.what}")


def device_rows(report: DevicesReport) -> list[Row]:
    """Return the report as rows of a table."""
    rows: list[Row] = [row for camera in report.cameras for row in _camera_rows(camera)]
    rows = rows or [("camera", "none: there is no video device")]
    if report.problem:
        return [*rows, ("providers", report.problem)]
    for provider in report.providers.tried:
        rows.append((f"provider {short_name(provider.name)}", f"{provider} ({provider.package})"))
    rows += [(f"plugin {p.package} {p.version}", p) for p in report.providers.plugins]
    return rows


def _camera_rows(camera: Camera) -> Iterator[Row]:
    driver = f" ({camera.driver})" if camera.driver else ""
    yield f"camera {camera.index}", f"{camera.name or 'unnamed'}{driver}, {camera.path}"
    yield "  --source", camera.source
    if camera.problem:
        yield "  not usable", f"{camera.problem}; try: {camera.remedy}"
    for fourcc, modes in groupby(camera.modes, lambda mode: mode.fourcc):
        yield f"  {fourcc}", "; ".join(map(_mode_words, modes))


def _mode_words(mode: Mode) -> str:
    rates = ", ".join(f"{fps:g}" for fps in mode.fps)
    return f"{mode.size} at {rates} frames/s" if rates else mode.size
