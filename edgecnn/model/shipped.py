"""Models that come with edgecnn, found by name."""

from importlib.resources import files
from pathlib import Path

# `edgecnn/shipped` is the folder `export`: a link in a checkout, a copy in a wheel.
SHIPPED = Path(str(files("edgecnn"))) / "shipped"

_SUFFIX = ".int8.onnx"


def _folder() -> Path:
    return SHIPPED / "models"


def shipped_names() -> list[str]:
    """Return the names that `shipped_model` knows."""
    return sorted(path.name.removesuffix(_SUFFIX) for path in _folder().glob(f"*{_SUFFIX}"))


def shipped_model(name: str) -> Path | None:
    """Return the int8 file of a shipped model, or None."""
    return _folder() / f"{name}{_SUFFIX}" if name in shipped_names() else None
