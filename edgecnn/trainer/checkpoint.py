"""Checkpoints: weights, recipe and spec of a network in one safetensors file; no pickle."""

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from edgecnn.atomic import write_atomic
from edgecnn.errors import DataError, NotFound, SpecError
from edgecnn.model.shipped import SHIPPED
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import build
from edgecnn.trainer.recipe import Recipe, reason_of

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """A trained network with its recipe and spec."""

    network: nn.Module
    recipe: Recipe
    spec: ModelSpec


def write_checkpoint(path: Path, network: nn.Module, recipe: Recipe, spec: ModelSpec) -> None:
    """Write a checkpoint atomically; equal checkpoints give equal bytes.

    Args:
        path: The file to write.
        network: Its weights and batch norm statistics are stored.
        recipe: How it was trained; `read_checkpoint` builds the network from it.
        spec: Its input and labels.

    Raises:
        DeviceError: The file cannot be written.
    """
    metadata = {"recipe": recipe.to_json(), "spec": spec.to_json()}
    write_atomic(path, in_order(save(weights_of(network), metadata)))


def in_order(data: bytes) -> bytes:
    """Return a safetensors file with sorted header keys; the library writes them in random order.

    Source: the format's description in huggingface/safetensors: 8 bytes for the length of the
    header, the header as JSON padded with spaces, the tensors.
    """
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:start]), sort_keys=True, ensure_ascii=False)
    text = header.encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[start:]


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """Return the weights and batch norm statistics of a network, on the CPU."""
    return {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}


def read_checkpoint(place: str | Path) -> Checkpoint:
    """Read a checkpoint by run folder, by file, or by the name of one that ships with edgecnn.

    Raises:
        NotFound: There is no such checkpoint.
        DataError: It is broken, or its weights do not fit its network.
    """
    path = _find(place)
    weights, metadata = read_tensors(path)
    try:
        spec = ModelSpec.from_json(metadata["spec"])
        recipe = Recipe.from_json(metadata["recipe"])
        network = build(recipe.network, spec.shape, len(spec.labels))
        network.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError, SpecError) as error:
        raise broken(path, error) from error
    return Checkpoint(network, recipe, spec)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and metadata of a safetensors file; raises DataError if it is broken."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise broken(path, error) from error


def broken(path: Path, error: Exception) -> DataError:
    """Return the error to raise for a file of a run that cannot be read."""
    return DataError(f"{path} is broken: {reason_of(error)}", remedy="train again")


def shipped_checkpoints() -> list[str]:
    """Return the names of the checkpoints that come with edgecnn."""
    return sorted(path.stem for path in (SHIPPED / "checkpoints").glob("*.safetensors"))


def _find(place: str | Path) -> Path:
    for path in (Path(place) / CHECKPOINT, Path(place),
                 SHIPPED / "checkpoints" / f"{place}.safetensors"):  # fmt: skip
        if path.is_file():
            return path
    raise NotFound(
        f"{place} is neither a run folder with {CHECKPOINT} nor a checkpoint",
        remedy=f"run `edgecnn train`, or use a shipped one: {', '.join(shipped_checkpoints())}",
    )
