"""Starting from the features that another run has learned.

Source: Yosinski et al. 2014, "How transferable are features in deep neural networks?".
"""

from dataclasses import replace

from torch import nn

from edgecnn.errors import OptionError
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.checkpoint import read_checkpoint
from edgecnn.trainer.recipe import Recipe


def head_of(network: nn.Module) -> tuple[str, nn.Linear]:
    """Return the last dense layer, which makes the logits, and its name."""
    return [(n, m) for n, m in network.named_modules() if isinstance(m, nn.Linear)][-1]


def start_from(recipe: Recipe, start: str) -> Recipe:
    """Return a recipe that starts from another run's features, with its network and input.

    Raises:
        NotFound, DataError: There is no such run or checkpoint, or it is broken.
    """
    found = read_checkpoint(start)
    return replace(
        recipe,
        size=recipe.size or found.spec.height,
        channels=found.spec.channels,
        network=found.recipe.network,
        transfer=replace(recipe.transfer, start=start),
    )


def take_features(network: nn.Module, recipe: Recipe, spec: ModelSpec) -> None:
    """Give a fresh network the weights of the recipe's start, all but the head's.

    Raises:
        NotFound, DataError: There is no such run or checkpoint, or it is broken.
        OptionError: Its network has other layers, or it sees another number of channels.
    """
    if not recipe.transfer.start:
        return
    found = read_checkpoint(recipe.transfer.start)
    head, _ = head_of(network)
    features = {
        name: tensor
        for name, tensor in found.network.state_dict().items()
        if not name.startswith(f"{head}.")
    }
    own = {n: t.shape for n, t in network.state_dict().items() if not n.startswith(f"{head}.")}
    if own != {name: tensor.shape for name, tensor in features.items()}:
        raise OptionError(
            f"{recipe.transfer.start!r} has other layers than {recipe.network.name} with "
            f"{spec.channels} channels at {spec.height}x{spec.width}",
            remedy="use the network and channels it was trained with; --from alone does so",
        )
    network.load_state_dict(features, strict=False)


def freeze(network: nn.Module, frozen: bool) -> None:
    """Let only the head learn, or everything; frozen norms keep their statistics."""
    for parameter in network.parameters():
        parameter.requires_grad = not frozen
    if not frozen:
        return
    _, head = head_of(network)
    for parameter in head.parameters():
        parameter.requires_grad = True
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()
