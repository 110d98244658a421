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
    from edgecnn.exporter.verify import verify
    from edgecnn.frame import fit_frame
    from edgecnn.runner.camera import CameraSettings
    from edgecnn.runner.capture import CaptureOptions, open_source, open_sources
    from edgecnn.runner.classify import Classifier, Prediction
    from edgecnn.runner.connection import Patience
    from edgecnn.runner.region import Region
    from edgecnn.runner.result import Result
    from edgecnn.runner.sampling import Sampling
    from edgecnn.runner.smoothing import Smoothing
    from edgecnn.runner.wanted import Wanted
    from edgecnn.runner.watch import WatchOptions, watch
    from edgecnn.spec import Fit, ModelCard, ModelSpec
    from edgecnn.trainer.recipe import Recipe
    from edgecnn.trainer.train import train

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
    "ModelSpec": "edgecnn.spec",
    "ModelCard": "edgecnn.spec",
    "Fit": "edgecnn.spec",
    "fit_frame": "edgecnn.frame",
    "Classifier": "edgecnn.runner.classify",
    "Prediction": "edgecnn.runner.classify",
    "CameraSettings": "edgecnn.runner.camera",
    "CaptureOptions": "edgecnn.runner.capture",
    "Patience": "edgecnn.runner.connection",
    "Region": "edgecnn.runner.region",
    "Result": "edgecnn.runner.result",
    "Sampling": "edgecnn.runner.sampling",
    "Smoothing": "edgecnn.runner.smoothing",
    "Wanted": "edgecnn.runner.wanted",
    "WatchOptions": "edgecnn.runner.watch",
    "watch": "edgecnn.runner.watch",
    "open_source": "edgecnn.runner.capture",
    "open_sources": "edgecnn.runner.capture",
    "collect": "edgecnn.collector.collect",
    "measure": "edgecnn.bench.measure",
    "train": "edgecnn.trainer.train",
    "Recipe": "edgecnn.trainer.recipe",
    "export": "edgecnn.exporter.export",
    "Options": "edgecnn.exporter.options",
    "verify": "edgecnn.exporter.verify",
}

__all__ = [
    "CameraSettings",
    "CaptureOptions",
    "Classifier",
    "EdgeError",
    "Fit",
    "ModelCard",
    "ModelSpec",
    "Options",
    "Patience",
    "Prediction",
    "Recipe",
    "Region",
    "Result",
    "Sampling",
    "Smoothing",
    "Wanted",
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
