"""Figures of all reports are rendered alike, and equal figures to equal bytes."""

from matplotlib.figure import Figure

from edgecnn.opencv import decode_picture
from edgecnn.pages.plots import BLUE, DPI, to_png


def drawn() -> Figure:
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1], color=BLUE)
    return figure


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert to_png(drawn()) == to_png(drawn())


def test_a_figure_has_the_size_that_inches_and_dpi_give() -> None:
    for dpi in (DPI, 2 * DPI):
        picture = decode_picture(to_png(drawn(), dpi))
        assert picture is not None
        assert picture.shape == (dpi, 2 * dpi, 3)
