"""Transfer learning: a network starts from the features of another run.

Source: Yosinski et al. 2014, "How transferable are features in deep neural networks?".
"""

from dataclasses import replace

from torch import nn

from edgecnn.errors import OptionError
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.checkpoint import read_checkpoint
from edgecnn.trainer.recipe import Recipe


def head_of(network: nn.Module) -> tuple[str, nn.Linear]:
    """Return the name and module of the last dense layer (the head), whose output is the logits."""
    return [(n, m) for n, m in network.named_modules() if isinstance(m, nn.Linear)][-1]


def start_from(recipe: Recipe, start: str) -> Recipe:
    """Return the recipe changed to start from another run, with its network, channels and size.

    Args:
        recipe: The recipe to change; a size other than 0 is kept.
        start: A run's folder, or the name of a shipped checkpoint.

    Raises:
        NotFound: There is no such run or checkpoint.
        DataError: It is broken.
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
    """Load the weights of `recipe.transfer.start` into a network, except those of the head.

    Args:
        network: A network with random weights, changed in place.
        recipe: Nothing happens if its `transfer` names no start.
        spec: The network's input, for the message.

    Raises:
        NotFound: There is no such run or checkpoint.
        DataError: It is broken.
        OptionError: Its network has other layers, or another number of channels.
    """
    if not recipe.transfer.start:
        return
    head = head_of(network)[0]
    given = read_checkpoint(recipe.transfer.start).network
    features, own = (
        {name: t for name, t in net.state_dict().items() if not name.startswith(f"{head}.")}
        for net in (given, network)
    )
    if {n: t.shape for n, t in own.items()} != {n: t.shape for n, t in features.items()}:
        raise OptionError(
            f"{recipe.transfer.start!r} has other layers than {recipe.network.name} with "
            f"{spec.channels} channels at {spec.height}x{spec.width}",
            remedy="use its network and channels, as --from without other options does",
        )
    network.load_state_dict(features, strict=False)


def freeze(network: nn.Module, frozen: bool) -> None:
    """Freeze everything but the head, or unfreeze all; frozen batch norms keep their statistics."""
    network.requires_grad_(not frozen)
    if not frozen:
        return
    head_of(network)[1].requires_grad_(True)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()
