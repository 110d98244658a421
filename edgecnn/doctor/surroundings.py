"""Checks of what is around: cameras, providers, the working folder, the clock."""

import ctypes
import os
import shutil
from collections.abc import Iterator

from edgecnn.atomic import write_atomic
from edgecnn.check_result import FAIL, OK, WARN
from edgecnn.doctor.finding import Finding, Place
from edgecnn.inference.provider_facts import CPU, short_name
from edgecnn.inference.provider_trial import Provider, try_providers
from edgecnn.sources.cameras.listing import list_cameras

LEAST_FREE_MIB = 500
_TIMEX_BYTES = 512
"""More than the kernel's `struct timex` on any machine; all zero it only asks."""
_UNSYNCHRONISED = 5


def check_cameras(place: Place) -> Iterator[Finding]:
    """Look for cameras, and whether each can be opened by this user now."""
    cameras = list_cameras(place.root)
    if not cameras:
        remedy = "plug one in; files, streams and commands need none"
        yield Finding("cameras", WARN, "none: the kernel knows no video device", remedy)
    for camera in cameras:
        name = f"camera {camera.index}"
        if camera.problem:
            yield Finding(name, WARN, f"{camera.name}: {camera.problem}", camera.remedy)
        else:
            yield Finding(name, OK, f"{camera.name}, {len(camera.modes)} modes: {camera.source}")


def check_providers(place: Place) -> Iterator[Finding]:
    """Start every provider on real models."""
    found = try_providers()
    yield from map(judge_provider, found.tried)
    for plugin in found.plugins:
        if plugin.providers:
            yield Finding(plugin.package, OK, str(plugin))
        else:
            remedy = f"install what its maker says it needs, or pip uninstall {plugin.package}"
            yield Finding(plugin.package, WARN, str(plugin), remedy)


def judge_provider(provider: Provider) -> Finding:
    """Return what a provider's trials mean: the CPU runs every form, others need not."""
    name = f"provider {short_name(provider.name)}"
    if provider.name == CPU and any(trial.problem for trial in provider.trials):
        return Finding(name, FAIL, str(provider), "install the ONNX Runtime build again")
    if not provider.starts:
        remedy = "install its driver, or do not ask for it"
        return Finding(name, WARN, str(provider), remedy)
    return Finding(name, OK, str(provider))


def check_disk(place: Place) -> Iterator[Finding]:
    """Write, synchronise and rename a file in the working folder; look at the space there."""
    file = place.folder / f".edgecnn-doctor-{os.getpid()}"
    try:
        write_atomic(file, b"whole or not at all")
    finally:
        file.unlink(missing_ok=True)
    free_mib = shutil.disk_usage(place.folder).free / 2**20
    words = f"{place.folder.resolve()} can be written, {free_mib / 1024:.1f} GiB are free"
    if free_mib < LEAST_FREE_MIB:
        yield Finding("disk", WARN, words, "make room, before a recording fills it")
    else:
        yield Finding("disk", OK, words)


def check_clock(place: Place) -> Iterator[Finding]:
    """Ask the kernel whether something keeps its clock right: adjtimex(2)."""
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    yield clock_finding(state)


def clock_finding(state: int) -> Finding:
    """Return what a state that adjtimex(2) returns means."""
    if state == _UNSYNCHRONISED:
        remedy = "sudo timedatectl set-ntp true; ages do not depend on it, times of events do"
        return Finding("clock", WARN, "nothing keeps it right", remedy)
    if state < 0:
        return Finding("clock", OK, "the kernel does not say whether it is kept right")
    return Finding("clock", OK, "is kept right")
