"""The report of the whole way shows what was measured on it."""

from pathlib import Path

import numpy as np

from edgecnn.bench.measure import measure
from edgecnn.demo.end_to_end_report import EndToEnd, render_end_to_end
from edgecnn.exporter.ship import ExportReport
from edgecnn.inference.classifier import Classifier
from edgecnn.runner.run import Run, RunPlan
from edgecnn.runner.watch import WatchOptions
from edgecnn.trainer.metrics import measure_accuracy
from edgecnn.trainer.run_folder import read_run


def test_the_report_of_the_way_shows_what_was_measured(
    run_folder: Path, exported: ExportReport, fp32: Path, int8: Path
) -> None:
    with Classifier(int8) as classifier:
        run = Run(classifier, RunPlan(["pattern"], options=WatchOptions(max_frames=5)))().value
    assert run is not None
    trained = read_run(run_folder).report
    video = measure_accuracy("int8", "video", 4, 5)
    frame = np.zeros((6, 8, 3), np.uint8)
    page = render_end_to_end(
        EndToEnd(trained, exported, video, run, measure(fp32, int8, rounds=10), (frame,))
    )
    for text in (
        str(video),
        f"{trained.test.accuracy.value:.2%}",
        exported.gates[0].verdict,
        "small.int8",
        str(run),
    ):
        assert text in page
    # Loss, accuracy, learning rate, confusions, and the frame.
    assert page.count("data:image/png;base64,") == 5
    assert len(page) < 3_000_000
