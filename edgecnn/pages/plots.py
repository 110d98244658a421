"""Matplotlib settings that every report shares: colours, resolution, PNG output."""

import io

from matplotlib.figure import Figure

BLUE, ORANGE, GRAY = "#1f6feb", "#d9730d", "#8a8f98"
"""Readers with any common colour blindness can tell these apart."""

DPI = 110


def to_png(figure: Figure, dpi: int = DPI) -> bytes:
    """Render a figure as PNG; without a date inside, equal figures give equal bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()
