"""Checks that load native libraries, each in its own process, so that a crash is a finding.

OpenCV and ONNX Runtime are imported inside the functions: the other checks run without them.
"""

import json
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from edgecnn.check_result import FAIL, OK, WARN
from edgecnn.doctor.finding import Finding, Place
from edgecnn.inference.isolated import NOTHING, isolated

MODEL = "digits"
FIRST_FRAME_S = 20.0
"""How long a source may take to open and to give a frame."""


def check_opencv(place: Place) -> Iterator[Finding]:
    """Import OpenCV; check its video backends and its window support."""
    yield from _isolated("opencv")


def check_runtime(place: Place) -> Iterator[Finding]:
    """Import ONNX Runtime; check its version."""
    yield from _isolated("runtime")


def check_model(place: Place) -> Iterator[Finding]:
    """Check a shipped model's predictions, with an empty home folder that must stay empty."""
    with tempfile.TemporaryDirectory() as home:
        yield from _isolated("model", environment={"HOME": home, "XDG_CACHE_HOME": home})
        written = sorted(str(path.relative_to(home)) for path in Path(home).rglob("*"))
    if written:
        remedy = "pip install --upgrade onnxruntime; import edgecnn before onnxruntime"
        yield Finding("telemetry", FAIL, f"classifying wrote {', '.join(written)}", remedy)
    else:
        yield Finding("telemetry", OK, "off: classifying wrote no file to the home folder")


def check_frame(place: Place) -> Iterator[Finding]:
    """Read a frame of the source, if one was given."""
    if place.source:
        yield from _isolated("frame", place.source)


def _isolated(
    check: str, argument: str = "", environment: Mapping[str, str] = NOTHING
) -> Iterator[Finding]:
    text = isolated(run_named_check, json.dumps([check, argument]), environment=environment)
    yield from (Finding(**row) for row in json.loads(text))


def run_named_check(request: str) -> str:
    """Run one check in the child process: JSON [name, argument] -> JSON list of findings."""
    name, argument = json.loads(request)
    return f"[{','.join(finding.to_json() for finding in _CHECKS[name](argument))}]"


def _opencv(_: str) -> list[Finding]:
    from edgecnn.opencv import cv2

    name, version = "OpenCV", cv2.__version__
    backends = {
        cv2.videoio_registry.getBackendName(number) for number in cv2.videoio_registry.getBackends()
    }
    missing = [backend for backend in ("FFMPEG", "V4L2") if backend not in backends]
    if missing:
        remedy = "pip install opencv-python, which includes them; a system package may not"
        return [Finding(name, WARN, f"{version} without {' and '.join(missing)}", remedy)]
    return [Finding(name, OK, f"{version} with FFmpeg and V4L2"), _screen()]


def _screen() -> Finding:
    from edgecnn.opencv import cv2
    from edgecnn.sinks.screen import has_screen

    name, remedy = "screen", "leave --show out, or use --save"
    gui = [line for line in cv2.getBuildInformation().splitlines() if "GUI:" in line]
    if gui and gui[0].split()[-1] == "NONE":
        remedy += "; for a window: pip install opencv-python without -headless"
        return Finding(name, WARN, "this OpenCV build has no window support", remedy)
    if not has_screen():
        return Finding(name, WARN, "none for --show: DISPLAY is not set", remedy)
    return Finding(name, OK, "--show can open a window")


def _runtime(_: str) -> list[Finding]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from edgecnn.inference.ort import TESTED, is_old, onnxruntime

    version, tested = onnxruntime.__version__, ".".join(map(str, TESTED))
    if is_old(version):
        reason = f"{version} is older than {tested}, the oldest tested version"
        upgrade = "pip install --upgrade onnxruntime"
        remedy = upgrade if sys.version_info >= (3, 11) else f"with Python 3.11 or later: {upgrade}"
        return [Finding("ONNX Runtime", WARN, reason, remedy)]
    return [Finding("ONNX Runtime", OK, f"{version}, tested from {tested} on")]


def _model(_: str) -> list[Finding]:
    from edgecnn.inference.classifier import Classifier
    from edgecnn.model import fit_probe
    from edgecnn.model.model_file import read_model

    model = read_model(MODEL)
    if not fit_probe.fits(model.spec, model.golden.fitted):
        reason = f"OpenCV resizes to other pixels than where {MODEL} was exported"
        return [Finding("fit rule", FAIL, reason, "pip install --upgrade opencv-python")]
    fit = Finding(
        "fit rule", OK, f"OpenCV resizes to the same pixels as where {MODEL} was exported"
    )
    with Classifier(MODEL) as classifier:
        golden = model.golden
        difference = golden.worst_difference(classifier.logits(golden.frames(model.spec)))
    reason = (
        f"{MODEL}: the logits of {len(golden.frames_png)} golden frames are right within "
        f"{difference:.2g}, allowed is {golden.tolerance:.2g}"
    )
    return [fit, Finding("model", OK, reason)]


def _frame(source: str) -> list[Finding]:
    from edgecnn.sources.capture import CaptureOptions, open_source
    from edgecnn.sources.live.connection import Patience
    from edgecnn.sources.live.picture_health import MIN_SPREAD

    patience = Patience(open_s=FIRST_FRAME_S, give_up_s=FIRST_FRAME_S)
    options = CaptureOptions(patience=patience, on_event=lambda _: None)
    with open_source(source, options) as opened:
        for frame in islice(opened, 1):
            reason = f"{opened.name}: {opened.facts}"
            if float(frame.std()) < MIN_SPREAD:
                remedy = "uncover the lens, or add light"
                return [Finding("frame", WARN, f"{reason}, all of one colour", remedy)]
            return [Finding("frame", OK, reason)]
    return [Finding("frame", FAIL, f"{opened.name} ended without a frame", "give another source")]


_CHECKS: dict[str, Callable[[str], list[Finding]]] = {
    "opencv": _opencv, "runtime": _runtime, "model": _model, "frame": _frame
}  # fmt: skip
