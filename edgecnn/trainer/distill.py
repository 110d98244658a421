"""Knowledge distillation: a network also learns from the logits of a larger one.

Source: Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network".
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from edgecnn.errors import OptionError
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.checkpoint import read_checkpoint
from edgecnn.trainer.recipe import Recipe


@dataclass(frozen=True)
class Teacher:
    """A trained network whose logits are targets for the student, on the same batches."""

    network: nn.Module
    temperature: float
    weight: float

    @torch.no_grad()
    def logits(self, x: Tensor) -> Tensor:
        """(n, c, h, w) float in 0..1 -> (n, classes) float32 logits."""
        logits: Tensor = self.network(x)
        return logits.float()

    def loss(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Return the KL divergence of two (n, classes) logits, softened by the temperature.

        The factor temperature² keeps its gradients as large as those of the labels' loss.
        """
        target, own = (F.log_softmax(x / self.temperature, 1) for x in (teacher, student))
        divergence = F.kl_div(own, target, reduction="batchmean", log_target=True)
        return divergence * self.temperature**2


def make_teacher(recipe: Recipe, spec: ModelSpec, device: torch.device) -> Teacher | None:
    """Return the recipe's teacher in evaluation mode; None if the recipe has none.

    Args:
        recipe: Its `distill` names the teacher.
        spec: The student's input and labels.
        device: Where the teacher computes.

    Raises:
        NotFound: There is no such run or checkpoint.
        DataError: It is broken.
        OptionError: It has other classes or another input than the student.
    """
    numbers = recipe.distill
    if not numbers.teacher:
        return None
    found = read_checkpoint(numbers.teacher)
    if (found.spec.labels, found.spec.shape) != (spec.labels, spec.shape):
        raise OptionError(
            f"teacher {numbers.teacher!r} has input {found.spec.shape} and "
            f"{len(found.spec.labels)} classes; the student has {spec.shape} and "
            f"{len(spec.labels)}",
            remedy="use a teacher that was trained on the same data set at the same size",
        )
    network = found.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Teacher(fold_batch_norms(network.eval()), numbers.temperature, numbers.weight)


def fold_batch_norms(network: nn.Module) -> nn.Module:
    """Fold each batch norm into the convolution before it, in place: equal logits, less time."""
    for layer in network.modules():
        if isinstance(layer, nn.Sequential):
            pairs = zip(list(layer), list(layer)[1:], strict=False)
            for place, (conv, norm) in enumerate(pairs):
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    layer[place] = fuse_conv_bn_eval(conv, norm)
                    layer[place + 1] = nn.Identity()
    return network
