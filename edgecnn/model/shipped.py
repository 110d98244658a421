"""Finds the models that are shipped with edgecnn, by name."""

from importlib.resources import files
from pathlib import Path

from edgecnn.model.form import Form

# `edgecnn/shipped` is a link to the folder `export` in a checkout, and a copy of it in a wheel.
SHIPPED = Path(str(files("edgecnn"))) / "shipped"
MODELS = SHIPPED / "models"


def shipped_names() -> list[str]:
    """Return the names that `shipped_model` accepts."""
    suffix = Form.INT8.suffix
    return sorted(path.name.removesuffix(suffix) for path in MODELS.glob(f"*{suffix}"))


def shipped_model(name: str) -> Path | None:
    """Return the path of a shipped model's int8 file, or None if there is no such model."""
    return MODELS / f"{name}{Form.INT8.suffix}" if name in shipped_names() else None
