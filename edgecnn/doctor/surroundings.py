"""Checks of cameras, execution providers, the working folder and the system clock."""

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
"""Less free disk space is a warning."""
_TIMEX_BYTES = 512
"""At least the size of the kernel's `struct timex` on every machine; all zeros only query."""
_UNSYNCHRONISED = 5


def check_cameras(place: Place) -> Iterator[Finding]:
    """Check for cameras, and whether this user can open each of them now."""
    cameras = list_cameras(place.root)
    if not cameras:
        remedy = "connect a camera; files, streams and commands need none"
        yield Finding("cameras", WARN, "none: there is no video device", remedy)
    for camera in cameras:
        name = f"camera {camera.index}"
        if camera.problem:
            yield Finding(name, WARN, f"{camera.name}: {camera.problem}", camera.remedy)
        else:
            yield Finding(name, OK, f"{camera.name}, {len(camera.modes)} modes: {camera.source}")


def check_providers(place: Place) -> Iterator[Finding]:
    """Try every execution provider with real models."""
    found = try_providers()
    yield from map(judge_provider, found.tried)
    for plugin in found.plugins:
        if plugin.providers:
            yield Finding(plugin.package, OK, str(plugin))
        else:
            remedy = f"install what its documentation requires, or pip uninstall {plugin.package}"
            yield Finding(plugin.package, WARN, str(plugin), remedy)


def judge_provider(provider: Provider) -> Finding:
    """Return a provider's finding. Only the CPU must run every form; others may fail."""
    name = f"provider {short_name(provider.name)}"
    if provider.name == CPU and any(trial.problem for trial in provider.trials):
        return Finding(name, FAIL, str(provider), "install the ONNX Runtime build again")
    if not provider.starts:
        remedy = "install its driver, or use another --provider"
        return Finding(name, WARN, str(provider), remedy)
    return Finding(name, OK, str(provider))


def check_disk(place: Place) -> Iterator[Finding]:
    """Write a file to the working folder atomically, and check the free disk space."""
    file = place.folder / f".edgecnn-doctor-{os.getpid()}"
    try:
        write_atomic(file, b"edgecnn doctor")
    finally:
        file.unlink(missing_ok=True)
    free_mib = shutil.disk_usage(place.folder).free / 2**20
    reason = f"{place.folder.resolve()} is writable, {free_mib / 1024:.1f} GiB are free"
    if free_mib < LEAST_FREE_MIB:
        yield Finding("disk", WARN, reason, "free some disk space, before a recording fills it")
    else:
        yield Finding("disk", OK, reason)


def check_clock(place: Place) -> Iterator[Finding]:
    """Check whether the system clock is synchronised. Source: adjtimex(2)."""
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    yield clock_finding(state)


def clock_finding(state: int) -> Finding:
    """Return the finding for a state that adjtimex(2) returned."""
    if state == _UNSYNCHRONISED:
        remedy = "sudo timedatectl set-ntp true; times of results depend on it, latencies do not"
        return Finding("clock", WARN, "not synchronised", remedy)
    if state < 0:
        return Finding("clock", OK, "the kernel does not report whether it is synchronised")
    return Finding("clock", OK, "synchronised")
