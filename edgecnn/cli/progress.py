"""Progress on stderr: a bar or a spinner on a terminal, plain lines elsewhere.

rich is imported inside the functions: `edgecnn run` starts faster without it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from edgecnn.trainer.progress import Progress
    from edgecnn.trainer.recipe import Recipe


@contextmanager
def training_bar(recipe: "Recipe", *, shown: bool = True) -> Iterator[Callable[["Progress"], None]]:
    """Show loss, accuracy and remaining time; without a terminal, print one line per epoch."""
    console = _console()
    if not shown:
        yield lambda _: None
        return
    if not console.is_terminal:
        yield _epoch_line
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
        BarColumn(),
        TextColumn("loss {task.fields[loss]:.4f}  accuracy {task.fields[accuracy]:.2%}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console) as bar:
        task = bar.add_task(
            "train", total=None, epoch=0, epochs=recipe.epochs, loss=0.0, accuracy=0.0
        )

        def on_progress(state: "Progress") -> None:
            bar.update(
                task,
                total=state.epochs * state.steps,
                completed=(state.epoch - 1) * state.steps + state.step,
                epoch=state.epoch,
                loss=state.loss,
                accuracy=state.accuracy,
            )

        yield on_progress


def _epoch_line(state: "Progress") -> None:
    if state.step == state.steps:
        print_line(
            f"epoch {state.epoch}/{state.epochs}: loss {state.loss:.4f}, "
            f"accuracy {state.accuracy:.2%}"
        )


@contextmanager
def spinner() -> Iterator[Callable[[str], None]]:
    """Show the name of the current stage."""
    console = _console()
    if not console.is_terminal:
        yield print_line
        return
    with console.status("") as status:
        yield lambda stage: status.update(stage)


def print_line(text: str) -> None:
    """Print a line to stderr."""
    _console().print(text, markup=False, highlight=False)


def _console() -> "Console":
    from rich.console import Console

    return Console(stderr=True)
