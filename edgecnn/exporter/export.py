"""`export`: from a run's folder to `NAME.fp32.onnx` and `NAME.int8.onnx`, two complete files."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import onnx

from edgecnn.bench.clock import Clock
from edgecnn.data.dataset import Dataset
from edgecnn.errors import DataError
from edgecnn.exporter.export_source import ExportSource, Facts
from edgecnn.exporter.exported_form import reference_of
from edgecnn.exporter.graph.plain_graph import export_core
from edgecnn.exporter.options import Options
from edgecnn.exporter.quantization.calibration_frames import split_training
from edgecnn.exporter.quantization.qat import FineTuned, finetune
from edgecnn.exporter.ship import ExportReport, check_name, ship
from edgecnn.trainer.progress import OnProgress
from edgecnn.trainer.run_folder import Run, read_run
from edgecnn.trainer.train import load_for


def export(
    run: str | Path,
    out: str | Path,
    *,
    name: str = "",
    options: Options | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
    clock: Clock = time.perf_counter_ns,
) -> ExportReport:
    """Export a run as model files, if the gate finds them as accurate as the network.

    Args:
        run: A run's folder.
        out: Folder for the model files and the gate's report.
        name: The model's name; by default `<network>-<data set>`.
        options: What is written, and what the gate allows.
        on_progress: Called with the name of each stage.
        clock: Nanoseconds; the forms are timed with it.

    Returns:
        The files, their accuracy, and the verdicts of the gate.

    Raises:
        NotFound: The run or its data set is not there.
        DataError: The run is broken, or its data set was changed.
        OptionError: The name cannot be a file's name.
        CheckFailed: The gate refuses a form; no model file was written.
    """
    trained = read_run(Path(run))
    name = name or f"{trained.recipe.network.name}-{Path(trained.recipe.data).name}"
    check_name(name)
    on_progress("reading the data set")
    data = _load_same(trained)
    on_progress("converting")
    return ship(
        export_source_of(trained, data), Path(out), name, options or Options(), on_progress, clock
    )


def export_source_of(run: Run, data: Dataset) -> ExportSource:
    """Return a trained run as an export source."""
    recipe, (learned, _) = run.recipe, split_training(data.train)

    def fine_tune(
        core: onnx.ModelProto, quantized: onnx.ModelProto, epochs: int, on_progress: OnProgress
    ) -> FineTuned:
        planned = replace(recipe, qat=replace(recipe.qat, epochs=epochs))
        return finetune(
            core, quantized, replace(data, train=learned), run.spec, planned, on_progress
        )

    return ExportSource(
        core=export_core(run.network, run.spec),
        spec=run.spec,
        data=data,
        reference=reference_of(run.network),
        facts=Facts(
            dataset=recipe.data,
            dataset_digest=run.report.dataset_digest,
            recipe=recipe.to_short_json(),
            parameters=run.report.parameters,
        ),
        fine_tune=fine_tune,
        qat_epochs=recipe.qat.epochs,
    )


def _load_same(run: Run) -> Dataset:
    """Load the data set of a run; raises DataError if it was changed since the training."""
    data, _ = load_for(run.recipe)
    if data.digest != run.report.dataset_digest:
        raise DataError(
            f"data set {run.recipe.data!r} is not the one the run was trained on: its digest is "
            f"{data.digest[:12]}, the run's {run.report.dataset_digest[:12]}",
            remedy="train again, or bring the old pictures back",
        )
    return data
