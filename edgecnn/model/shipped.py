"""Finds the models that are shipped with edgecnn, by name."""

from importlib.resources import files
from pathlib import Path

# `edgecnn/shipped` is a link to the folder `export` in a checkout, and a copy of it in a wheel.
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
