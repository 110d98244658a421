"""`edgecnn bench`: how long models take on this machine. It needs neither torch nor onnx."""

from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, Model, Provider, Threads, show, table

if TYPE_CHECKING:
    from edgecnn.bench.measure import BenchReport


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
    from edgecnn.inference.first_opening import read_checked

    for path in filter(None, (model, against)):
        read_checked(path)
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
        rows.append(("second / first", report.ratio))
    threads = f"{report.threads} thread{'s' if report.threads > 1 else ''}"
    rows += [("frames", report.frames), ("provider", f"{report.provider}, {threads}")]
    return table([*rows, ("machine", report.machine)])
