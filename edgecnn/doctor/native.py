"""Checks that load native libraries, each in a process of its own.

They import OpenCV or ONNX Runtime inside: nothing that is missing is imported by the others.
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


def check_opencv(place: Place) -> Iterator[Finding]:
    """Import OpenCV, and see what it reads."""
    yield from _isolated("opencv")


def check_runtime(place: Place) -> Iterator[Finding]:
    """Import ONNX Runtime."""
    yield from _isolated("runtime")


def check_model(place: Place) -> Iterator[Finding]:
    """Classify with a shipped model, in a home of its own that must stay empty."""
    with tempfile.TemporaryDirectory() as home:
        yield from _isolated("model", environment={"HOME": home, "XDG_CACHE_HOME": home})
        left = sorted(str(path.relative_to(home)) for path in Path(home).rglob("*"))
    if left:
        remedy = "pip install --upgrade onnxruntime; import edgecnn before onnxruntime"
        yield Finding("telemetry", FAIL, f"a file was left: {', '.join(left)}", remedy)
    else:
        yield Finding("telemetry", OK, "off: classifying left no file in the home folder")


def check_frame(place: Place) -> Iterator[Finding]:
    """Take a frame of the source, if one was given."""
    if place.source:
        yield from _isolated("frame", place.source)


def _isolated(
    what: str, argument: str = "", environment: Mapping[str, str] = NOTHING
) -> Iterator[Finding]:
    text = isolated(answer, json.dumps([what, argument]), environment=environment)
    yield from (Finding(**row) for row in json.loads(text))


def answer(question: str) -> str:
    """Make one check, in the other process."""
    what, argument = json.loads(question)
    return f"[{','.join(finding.to_json() for finding in _CHECKS[what](argument))}]"


def _opencv(_: str) -> list[Finding]:
    from edgecnn.opencv import cv2

    name, version = "OpenCV", cv2.__version__
    backends = {
        cv2.videoio_registry.getBackendName(number) for number in cv2.videoio_registry.getBackends()
    }
    missing = [backend for backend in ("FFMPEG", "V4L2") if backend not in backends]
    if missing:
        remedy = "pip install opencv-python, which has them; the system's build may not"
        return [Finding(name, WARN, f"{version} without {' and '.join(missing)}", remedy)]
    return [Finding(name, OK, f"{version} with FFmpeg and V4L2"), _screen()]


def _screen() -> Finding:
    from edgecnn.opencv import cv2
    from edgecnn.sinks.screen import has_screen

    name, here = "screen", "leave --show out, or take --save"
    gui = [line for line in cv2.getBuildInformation().splitlines() if "GUI:" in line]
    if gui and gui[0].split()[-1] == "NONE":
        remedy = f"{here}; for a window: pip install opencv-python without -headless"
        return Finding(name, WARN, "this OpenCV shows no windows", remedy)
    if not has_screen():
        return Finding(name, WARN, "none for --show: DISPLAY is not set", here)
    return Finding(name, OK, "for --show")


def _runtime(_: str) -> list[Finding]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from edgecnn.inference.ort import TESTED, is_old, onnxruntime

    version, tested = onnxruntime.__version__, ".".join(map(str, TESTED))
    if is_old(version):
        reason = f"{version} is older than {tested}, the oldest that was tested"
        newer = sys.version_info >= (3, 11)
        remedy = "pip install --upgrade onnxruntime" if newer else "Python 3.11 gets a newer one"
        return [Finding("ONNX Runtime", WARN, reason, remedy)]
    return [Finding("ONNX Runtime", OK, f"{version}, tested from {tested} on")]


def _model(_: str) -> list[Finding]:
    from edgecnn.inference.classifier import Classifier
    from edgecnn.model import fit_probe
    from edgecnn.model.model_file import read_model

    model = read_model(MODEL)
    if not fit_probe.fits(model.spec, model.golden.fitted):
        reason = f"a picture gives other pixels than where {MODEL} was made"
        return [Finding("fit rule", FAIL, reason, "pip install --upgrade opencv-python")]
    fit = Finding("fit rule", OK, f"frames are fitted as where {MODEL} was made")
    with Classifier(MODEL) as classifier:
        golden = model.golden
        off = golden.worst_difference(classifier.logits(golden.frames(model.spec)))
    words = f"{MODEL}: {len(golden.frames_png)} golden frames are answered right, a logit is off by"
    return [
        fit,
        Finding("model", OK, f"{words} {off:.2g}, allowed is {golden.tolerance:.2g}"),
    ]


def _frame(source: str) -> list[Finding]:
    from edgecnn.sources.capture import CaptureOptions, open_source
    from edgecnn.sources.live.connection import Patience
    from edgecnn.sources.live.picture_health import MIN_SPREAD

    patience = Patience(open_s=FIRST_FRAME_S, give_up_s=FIRST_FRAME_S)
    options = CaptureOptions(patience=patience, on_event=lambda _: None)
    with open_source(source, options) as opened:
        for frame in islice(opened, 1):
            words = f"{opened.name}: {opened.facts}"
            if float(frame.std()) < MIN_SPREAD:
                remedy = "take the cap off the lens, or let light in"
                return [Finding("frame", WARN, f"{words}, all of one shade", remedy)]
            return [Finding("frame", OK, words)]
    return [Finding("frame", FAIL, f"{opened.name} ended without a frame", "give another source")]


_CHECKS: dict[str, Callable[[str], list[Finding]]] = {
    "opencv": _opencv, "runtime": _runtime, "model": _model, "frame": _frame
}  # fmt: skip
