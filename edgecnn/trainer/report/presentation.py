"""The report of a finished run: `report.html`, and its tables as CSV and JSON."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from edgecnn.atomic import write_atomic
from edgecnn.data.dataset import Dataset, Pictures
from edgecnn.inference.machine import describe_machine
from edgecnn.model.frame import Frame
from edgecnn.trainer.augment import augment
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.report.misclassified import worst_mistakes
from edgecnn.trainer.report.reliability import measure_reliability
from edgecnn.trainer.report.run_page import RunPage, render_run_page
from edgecnn.trainer.report.tables import write_tables
from edgecnn.trainer.run_folder import TrainReport
from edgecnn.trainer.score import logits_of

REPORT = "report.html"
SAMPLES = 24
"""Number of augmented training pictures on the page."""


def present(out: Path, network: nn.Module, data: Dataset, report: TrainReport) -> None:
    """Write the page and the tables of a run.

    Args:
        out: The run's folder.
        network: The trained network.
        data: The data set that it was trained on.
        report: The metrics of the run.

    Raises:
        DeviceError: A file cannot be written.
    """
    device = torch.device(report.device)
    probabilities = logits_of(network, data.test, device).softmax(1).numpy()
    mistakes = worst_mistakes(probabilities, data.test.labels)
    reliability = measure_reliability(probabilities, data.test.labels)
    wrong = data.test.take(np.array([mistake.index for mistake in mistakes], np.intp))
    page = RunPage(
        title=f"{report.recipe.network.name} on {data.name}",
        recipe=report.recipe.to_json(),
        facts=_facts(report),
        history=report.history,
        test=report.test,
        reliability=reliability,
        mistakes=mistakes,
        mistaken=wrong.frames,
        samples=augmented(data.train, report.recipe),
        pictures=report.pictures,
        problems=(*report.warnings, *report.problems),
    )
    write_tables(out, report.history, report.test, reliability, mistakes)
    write_atomic(out / REPORT, render_run_page(page))


def augmented(train: Pictures, recipe: Recipe) -> Frame:
    """Return some augmented training pictures, as the network gets them: (n, h, w, c) uint8."""
    generator = torch.Generator().manual_seed(recipe.seed)
    chosen = np.linspace(0, len(train) - 1, min(SAMPLES, len(train))).astype(np.intp)
    frames = torch.tensor(np.asarray(train.take(chosen).frames))
    x = augment(frames, recipe.augment, generator)  # (n, c, h, w)
    seen: Frame = (x * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return seen


def _facts(report: TrainReport) -> tuple[tuple[str, object], ...]:
    machine = describe_machine()
    return (
        ("parameters", f"{report.parameters:,}"),
        ("training", f"{report.seconds:,.1f} s on {report.device}; {report.ended}"),
        ("data set digest", report.dataset_digest),
        ("machine", f"{machine.cpu}, {machine.cores} cores, {machine.system}"),
        *report.versions.items(),
    )
