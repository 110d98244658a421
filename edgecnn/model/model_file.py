"""Reads a model file, and checks its contract before ONNX Runtime parses a byte."""

from dataclasses import dataclass
from pathlib import Path

from edgecnn.errors import ModelError, NotFound, SpecError
from edgecnn.model import digest
from edgecnn.model.golden import Golden
from edgecnn.model.graph_check import outline_graph, refuse_operators
from edgecnn.model.operators import MODEL_FILE
from edgecnn.model.shipped import shipped_model, shipped_names
from edgecnn.model.spec import ModelCard, ModelSpec
from edgecnn.model.static_shapes import refuse_computed_shapes

MAX_MIB = 256
SHOWN = 20
"""Characters of a wrong version that a message shows."""


@dataclass(frozen=True)
class ModelFile:
    """A model file: its bytes, and the contract read from them."""

    path: Path
    data: bytes
    spec: ModelSpec
    card: ModelCard
    golden: Golden
    digest: str
    contract: str
    """Version of the contract that the file follows."""

    @property
    def size_kib(self) -> float:
        """Size of the file in KiB."""
        return len(self.data) / 1024


def find_model(model: str | Path) -> Path:
    """Return a model file's path, given a path or a shipped model's name; raises NotFound."""
    path = Path(model)
    if path.is_file():
        return path
    shipped = shipped_model(str(model))
    if shipped is not None:
        return shipped
    raise NotFound(
        f"there is no model file {str(model)!r}, and no shipped model of that name",
        remedy=f"give a path, or one of: {', '.join(shipped_names())}",
    )


def read_model(model: str | Path) -> ModelFile:
    """Read and check a model file.

    Args:
        model: The path of a model file, or the name of a shipped model.

    Raises:
        NotFound: There is no such file.
        ModelError: It is too large, truncated, modified, without contract, of another contract
            version, or refers to data in another file.
        SpecError: Its spec, card or golden frames are malformed.
    """
    path = find_model(model)
    data = read_capped(path)
    try:
        return parse_model(data, path)
    except (ModelError, SpecError) as error:
        raise type(error)(f"{path}: {error.what}", remedy=error.remedy) from error


def read_capped(path: Path) -> bytes:
    """Return the bytes of a file that is not larger than `MAX_MIB`.

    Raises:
        NotFound: It is not a file, or cannot be read.
        ModelError: It is larger.
    """
    limit = MAX_MIB * 2**20
    try:
        if not path.is_file():  # reading a pipe or device might never end
            raise NotFound(f"{path} is not a file", remedy="give the path of a model file")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise NotFound(
            f"{path} cannot be read: {error.strerror}", remedy="check its permissions"
        ) from error
    if len(data) > limit:
        raise ModelError(f"{path} is larger than {MAX_MIB} MiB", remedy="use a smaller model")
    return data


def parse_model(data: bytes, path: Path) -> ModelFile:
    """Check and parse the bytes of a model file; raises what `read_model` raises."""
    metadata = digest.read_metadata(data)
    values = metadata.values
    _check_contract(values)
    digest.check_digest(data, metadata)
    outline = outline_graph(data)
    refuse_operators(outline, MODEL_FILE)
    refuse_computed_shapes(data, outline)
    contract = values[digest.CONTRACT_KEY]
    return ModelFile(
        path=path,
        data=data,
        spec=ModelSpec.from_json(values[digest.SPEC_KEY], int(contract)),
        card=ModelCard.from_json(values[digest.CARD_KEY], int(contract)),
        golden=Golden.from_json(values[digest.GOLDEN_KEY], int(contract)),
        digest=values[digest.DIGEST_KEY],
        contract=contract,
    )


def _check_contract(values: dict[str, str]) -> None:
    version = values.get(digest.CONTRACT_KEY)
    if version is None:
        raise ModelError(
            "the file carries no edgecnn contract",
            remedy="make one from a run with `edgecnn export`, from an ONNX classifier with "
            "`edgecnn adopt`",
        )
    if version not in digest.CONTRACT_VERSIONS:
        raise ModelError(
            f"the file follows contract {version[:SHOWN]!r}, "
            f"this edgecnn knows {', '.join(digest.CONTRACT_VERSIONS)}",
            remedy="update edgecnn, or export the model with this version",
        )
    keys = (digest.SPEC_KEY, digest.CARD_KEY, digest.GOLDEN_KEY, digest.DIGEST_KEY)
    missing = [key for key in keys if key not in values]
    if missing:
        raise ModelError(
            f"the file's contract lacks {', '.join(missing)}", remedy="export the model again"
        )
