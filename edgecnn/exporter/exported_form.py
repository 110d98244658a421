"""One form of an export source in memory: the file that the gate runs before it is written."""

import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import nn

from edgecnn.data.dataset import Pictures
from edgecnn.exhaustive import assert_never
from edgecnn.exporter.export_source import ExportSource, Reference
from edgecnn.exporter.graph.contract import stamp, wrap_fp32, wrap_int8
from edgecnn.exporter.graph.multiply_adds import count_macs
from edgecnn.inference.classifier import Classifier
from edgecnn.model.form import Form
from edgecnn.model.frame import Frame
from edgecnn.model.golden import Golden
from edgecnn.model.spec import ModelCard, ModelSpec
from edgecnn.trainer.evaluate import predict_classes
from edgecnn.trainer.run_folder import package_versions
from edgecnn.trainer.score import logits_of


@dataclass(frozen=True, eq=False)
class ExportedForm:
    """One form of an export source: at any time a complete file, that the runner can open.

    Accuracy and golden frames are added by `dataclasses.replace`, once they are measured.
    """

    form: Form
    graph: onnx.ModelProto
    """Wrapped in the contract: input `frame`, outputs `probabilities` and `logits`."""
    spec: ModelSpec
    card: ModelCard
    golden: Golden = field(default_factory=Golden)

    @cached_property
    def data(self) -> bytes:
        """The bytes of the file."""
        return stamp(self.graph, self.spec, self.card, self.golden)

    @property
    def kib(self) -> float:
        """Size of the file, KiB."""
        return len(self.data) / 1024

    def opened(self) -> Classifier:
        """Open it with the runner's `Classifier`: what is measured is what devices will run."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"exported{self.form.suffix}"
            path.write_bytes(self.data)
            return Classifier(path)

    def logits(self, frames: Frame) -> npt.NDArray[np.float32]:
        """Return the (n, K) logits of (n, H, W, C) uint8 frames."""
        with self.opened() as classifier:
            return classifier.logits(list(frames))

    def answers(self, pictures: Pictures) -> npt.NDArray[np.int64]:
        """Return the (n,) predicted class indexes of n fitted pictures."""
        with self.opened() as classifier:
            return predict_classes(classifier, pictures)


def exported_form_of(
    source: ExportSource, name: str, form: Form, core: onnx.ModelProto, how: str = "none"
) -> ExportedForm:
    """Return one form of an export source, without accuracy and golden frames.

    Args:
        source: What is exported.
        name: The model's name.
        form: fp32, fp16 or int8.
        core: The form's plain graph: `image` (N, C, H, W) -> `logits` (N, K).
        how: The card's sentence about its quantization.
    """
    facts = source.facts
    card = ModelCard(
        name=name,
        form=form,
        dataset=facts.dataset,
        dataset_digest=facts.dataset_digest,
        recipe=facts.recipe,
        quantization=how,
        accuracy=(),
        parameters=facts.parameters,
        macs=count_macs(source.core),
        versions=package_versions(),
    )
    return ExportedForm(form, _wrapped(core, form, source.spec), source.spec, card)


def _wrapped(core: onnx.ModelProto, form: Form, spec: ModelSpec) -> onnx.ModelProto:
    """Put the contract around a form's plain graph."""
    match form:
        case Form.INT8:
            return wrap_int8(core, spec)
        case Form.FP32 | Form.FP16:
            return wrap_fp32(core, spec)
        case _:
            assert_never(form)


def reference_of(network: nn.Module) -> Reference:
    """Return the logits of a torch network as the reference that an export is compared with."""

    def logits(pictures: Pictures) -> npt.NDArray[np.float32]:
        rows: npt.NDArray[np.float32] = logits_of(network, pictures, torch.device("cpu")).numpy()
        return rows

    return logits
