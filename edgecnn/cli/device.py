"""Commands of the device half: bench, inspect. They need neither torch nor onnx."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, Model, Provider, Threads, show, table

if TYPE_CHECKING:
    from edgecnn.bench.measure import BenchReport
    from edgecnn.runner.inspect import Operators
    from edgecnn.runner.model_file import ModelFile


def bench(
    model: Model,
    against: Annotated[
        str, typer.Argument(help="A second model: the ratio is its time over the first's.")
    ] = "",
    source: Annotated[
        str, typer.Option(help="Frames to classify; by default the models' golden frames.")
    ] = "",
    rounds: Annotated[int, typer.Option(min=10, help="Timed calls of each model.")] = 500,
    provider: Provider = "cpu",
    threads: Threads = 1,
    form: AsFormat = Format.TEXT,
) -> None:
    """Time a model from frame to prediction, or two models interleaved."""
    from edgecnn.bench.measure import measure

    report = measure(
        model, against, source=source, rounds=rounds, provider=provider, threads=threads
    )
    show(report, bench_text(report), form)


def bench_text(report: "BenchReport") -> str:
    """Return a bench report for people."""
    rows: list[tuple[str, object]] = [
        (f"{row.model}.{row.form}", f"{row.latency}, {row.size_kib} KiB") for row in report.models
    ]
    if report.ratio:
        rows.append(("second / first", report.ratio[0]))
    threads = f"{report.threads} thread{'s' if report.threads > 1 else ''}"
    rows += [("frames", report.frames), ("provider", f"{report.provider}, {threads}")]
    return table([*rows, ("machine", report.machine)])


def inspect(model: Model, form: AsFormat = Format.TEXT) -> None:
    """Show what a model wants, means and costs, and what was measured of it."""
    from edgecnn.runner.inspect import describe_foreign, describe_model, foreign_rows, report_rows
    from edgecnn.runner.model_file import find_model, read_capped, read_model
    from edgecnn.runner.provider_trial import try_model

    path = find_model(model)
    foreign = describe_foreign(path, read_capped(path))
    if foreign is not None:
        show(foreign, table(foreign_rows(foreign)), form)
        return
    file = read_model(model)
    report = describe_model(file, _operators(file), try_model(file))
    text = table(report_rows(report))
    if not report.operators:
        text += '\n(its operators are shown when "edgecnn[train]" is installed)'
    show(report, text, form)


def _operators(model: "ModelFile") -> "tuple[Operators, ...]":
    if find_spec("onnx") is None:
        return ()
    from edgecnn.exporter.inspect import count_operators

    return (count_operators(model),)
