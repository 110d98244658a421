"""Learning from a larger network's answers.

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
    """A trained network that answers the pictures the student sees."""

    network: nn.Module
    temperature: float
    weight: float

    @torch.no_grad()
    def answer(self, x: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, classes) logits."""
        logits: Tensor = self.network(x)
        return logits.float()

    def loss(self, student: Tensor, answers: Tensor) -> Tensor:
        """Return the divergence of the softened answers, scaled to the labels' gradients."""
        heat = self.temperature
        theirs, own = F.log_softmax(answers / heat, 1), F.log_softmax(student / heat, 1)
        return F.kl_div(own, theirs, reduction="batchmean", log_target=True) * heat**2


def make_teacher(recipe: Recipe, spec: ModelSpec, device: torch.device) -> Teacher | None:
    """Read the recipe's teacher, if it has one.

    Raises:
        NotFound, DataError: There is no such run or checkpoint, or it is broken.
        OptionError: It has other classes or another input.
    """
    numbers = recipe.distill
    if not numbers.teacher:
        return None
    found = read_checkpoint(numbers.teacher)
    if (found.spec.labels, found.spec.shape) != (spec.labels, spec.shape):
        raise OptionError(
            f"teacher {numbers.teacher!r} sees {found.spec.shape} and knows "
            f"{len(found.spec.labels)} classes; the student {spec.shape} and {len(spec.labels)}",
            remedy="use a teacher that was trained on the same data set at the same size",
        )
    network = found.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Teacher(folded(network.eval()), numbers.temperature, numbers.weight)


def folded(network: nn.Module) -> nn.Module:
    """Fold each batch norm into the convolution before it: the same answers, sooner."""
    for layer in network.modules():
        if isinstance(layer, nn.Sequential):
            pairs = zip(list(layer), list(layer)[1:], strict=False)
            for place, (conv, norm) in enumerate(pairs):
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    layer[place] = fuse_conv_bn_eval(conv, norm)
                    layer[place + 1] = nn.Identity()
    return network
