"""edgecnn: train, quantize and run image classifiers on cameras; every figure is measured.

The public names below are imported on first use. So `import edgecnn` is cheap, and a device never
imports torch.
"""

import os
import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgecnn.bench.measure import measure as measure
    from edgecnn.collector.collect import collect as collect
    from edgecnn.errors import EdgeError as EdgeError
    from edgecnn.exporter.export import export as export
    from edgecnn.exporter.options import Options as Options
    from edgecnn.exporter.verify.verify import verify as verify
    from edgecnn.inference.classifier import Classifier as Classifier
    from edgecnn.inference.classifier import Prediction as Prediction
    from edgecnn.model.form import Form as Form
    from edgecnn.model.frame import fit_frame as fit_frame
    from edgecnn.model.spec import Fit as Fit
    from edgecnn.model.spec import ModelCard as ModelCard
    from edgecnn.model.spec import ModelSpec as ModelSpec
    from edgecnn.runner.result import Result as Result
    from edgecnn.runner.run import Run as Run
    from edgecnn.runner.run import RunPlan as RunPlan
    from edgecnn.runner.sink_queue import Sink as Sink
    from edgecnn.runner.smoothing import Smoothing as Smoothing
    from edgecnn.runner.watch import WatchOptions as WatchOptions
    from edgecnn.runner.watch import watch as watch
    from edgecnn.sources.cameras.settings import CameraSettings as CameraSettings
    from edgecnn.sources.capture import CaptureOptions as CaptureOptions
    from edgecnn.sources.capture import open_source as open_source
    from edgecnn.sources.capture import open_sources as open_sources
    from edgecnn.sources.frame_request import FrameRequest as FrameRequest
    from edgecnn.sources.live.connection import Patience as Patience
    from edgecnn.sources.region import Region as Region
    from edgecnn.sources.sampling import Sampling as Sampling
    from edgecnn.trainer.recipe import Recipe as Recipe
    from edgecnn.trainer.train import train as train
    from edgecnn.web.live_page import LivePage as LivePage

__version__ = "0.1.0"

# ONNX Runtime 1.29 and later reads this variable once, at its import.
if "onnxruntime" in sys.modules and os.environ.get("ORT_DISABLE_TELEMETRY") != "1":
    warnings.warn(
        "onnxruntime was imported before edgecnn, so its telemetry may already be on; "
        "import edgecnn first, or set ORT_DISABLE_TELEMETRY=1 yourself",
        stacklevel=2,
    )
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

_MODULES = {
    "CameraSettings": "edgecnn.sources.cameras.settings",
    "CaptureOptions": "edgecnn.sources.capture",
    "Classifier": "edgecnn.inference.classifier",
    "EdgeError": "edgecnn.errors",
    "Fit": "edgecnn.model.spec",
    "Form": "edgecnn.model.form",
    "FrameRequest": "edgecnn.sources.frame_request",
    "LivePage": "edgecnn.web.live_page",
    "ModelCard": "edgecnn.model.spec",
    "ModelSpec": "edgecnn.model.spec",
    "Options": "edgecnn.exporter.options",
    "Patience": "edgecnn.sources.live.connection",
    "Prediction": "edgecnn.inference.classifier",
    "Recipe": "edgecnn.trainer.recipe",
    "Region": "edgecnn.sources.region",
    "Result": "edgecnn.runner.result",
    "Run": "edgecnn.runner.run",
    "RunPlan": "edgecnn.runner.run",
    "Sampling": "edgecnn.sources.sampling",
    "Sink": "edgecnn.runner.sink_queue",
    "Smoothing": "edgecnn.runner.smoothing",
    "WatchOptions": "edgecnn.runner.watch",
    "collect": "edgecnn.collector.collect",
    "export": "edgecnn.exporter.export",
    "fit_frame": "edgecnn.model.frame",
    "measure": "edgecnn.bench.measure",
    "open_source": "edgecnn.sources.capture",
    "open_sources": "edgecnn.sources.capture",
    "train": "edgecnn.trainer.train",
    "verify": "edgecnn.exporter.verify.verify",
    "watch": "edgecnn.runner.watch",
}
"""The public names, and the module that defines each."""

__all__ = list(_MODULES)


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'edgecnn' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
