"""edgecnn: from pictures to an int8 ONNX camera classifier, accuracy and latency measured.

The public names below are loaded when they are first used, so that importing the package costs
nothing and the device half never meets torch.
"""

import os
import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgecnn.bench.measure import measure
    from edgecnn.collector.collect import collect
    from edgecnn.errors import EdgeError
    from edgecnn.exporter.export import export
    from edgecnn.exporter.options import Options
    from edgecnn.exporter.verify.verify import verify
    from edgecnn.inference.classifier import Classifier, Prediction
    from edgecnn.model.frame import fit_frame
    from edgecnn.model.spec import Fit, ModelCard, ModelSpec
    from edgecnn.runner.result import Result
    from edgecnn.runner.run import Run, RunPlan
    from edgecnn.runner.sink_queue import Sink
    from edgecnn.runner.smoothing import Smoothing
    from edgecnn.runner.watch import WatchOptions, watch
    from edgecnn.sources.cameras.settings import CameraSettings
    from edgecnn.sources.capture import CaptureOptions, open_source, open_sources
    from edgecnn.sources.frame_request import FrameRequest
    from edgecnn.sources.live.connection import Patience
    from edgecnn.sources.region import Region
    from edgecnn.sources.sampling import Sampling
    from edgecnn.trainer.recipe import Recipe
    from edgecnn.trainer.train import train
    from edgecnn.web.live_page import LivePage

__version__ = "0.1.0"

# ONNX Runtime 1.29 and later reads this once, while it is being imported.
if "onnxruntime" in sys.modules and os.environ.get("ORT_DISABLE_TELEMETRY") != "1":
    warnings.warn(
        "onnxruntime was imported before edgecnn, so its telemetry may already be on; "
        "import edgecnn first, or set ORT_DISABLE_TELEMETRY=1 yourself",
        stacklevel=2,
    )
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

_HOMES = {
    "EdgeError": "edgecnn.errors",
    "ModelSpec": "edgecnn.model.spec",
    "ModelCard": "edgecnn.model.spec",
    "Fit": "edgecnn.model.spec",
    "fit_frame": "edgecnn.model.frame",
    "Classifier": "edgecnn.inference.classifier",
    "Prediction": "edgecnn.inference.classifier",
    "CameraSettings": "edgecnn.sources.cameras.settings",
    "CaptureOptions": "edgecnn.sources.capture",
    "Patience": "edgecnn.sources.live.connection",
    "Region": "edgecnn.sources.region",
    "Result": "edgecnn.runner.result",
    "Run": "edgecnn.runner.run",
    "RunPlan": "edgecnn.runner.run",
    "Sink": "edgecnn.runner.sink_queue",
    "Sampling": "edgecnn.sources.sampling",
    "Smoothing": "edgecnn.runner.smoothing",
    "Form": "edgecnn.model.form",
    "FrameRequest": "edgecnn.sources.frame_request",
    "WatchOptions": "edgecnn.runner.watch",
    "watch": "edgecnn.runner.watch",
    "LivePage": "edgecnn.web.live_page",
    "open_source": "edgecnn.sources.capture",
    "open_sources": "edgecnn.sources.capture",
    "collect": "edgecnn.collector.collect",
    "measure": "edgecnn.bench.measure",
    "train": "edgecnn.trainer.train",
    "Recipe": "edgecnn.trainer.recipe",
    "export": "edgecnn.exporter.export",
    "Options": "edgecnn.exporter.options",
    "verify": "edgecnn.exporter.verify.verify",
}

__all__ = [
    "CameraSettings",
    "CaptureOptions",
    "Classifier",
    "EdgeError",
    "Fit",
    "Form",
    "FrameRequest",
    "LivePage",
    "ModelCard",
    "ModelSpec",
    "Options",
    "Patience",
    "Prediction",
    "Recipe",
    "Region",
    "Result",
    "Run",
    "RunPlan",
    "Sampling",
    "Sink",
    "Smoothing",
    "WatchOptions",
    "collect",
    "export",
    "fit_frame",
    "measure",
    "open_source",
    "open_sources",
    "train",
    "verify",
    "watch",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'edgecnn' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
