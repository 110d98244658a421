"""The live page of `edgecnn run`."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from edgecnn.cli.options import show_text

if TYPE_CHECKING:
    from edgecnn.inference.classifier import Classifier
    from edgecnn.web.live_page import LivePage


def open_page(
    classifier: "Classifier", host: str, port: int | None, *, requested: bool
) -> "AbstractContextManager[LivePage | None]":
    """Open the live page if one of its options is given, and print its address.

    Args:
        classifier: The model of the run.
        host: A name or IP address of this machine; empty: loopback.
        port: 0: any free port; None: the default one.
        requested: Whether `--web` is given.
    """
    if not (requested or host or port is not None):
        return nullcontext()
    from edgecnn.web.listening import HOST, PORT
    from edgecnn.web.live_page import LivePage

    page = LivePage(classifier, host=host or HOST, port=PORT if port is None else port)
    show_text(f"live page: {page.url}", err=True)
    return page
