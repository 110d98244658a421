"""`edgecnn bench`: latency of models on this machine. Needs neither torch nor onnx."""

from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, Model, Provider, Threads, option, show, table

if TYPE_CHECKING:
    from edgecnn.bench.measure import BenchReport


def bench(
    model: Model,
    against: Annotated[
        str,
        typer.Argument(
            help="A second model: the ratio is its time over the first one's.", show_default="none"
        ),
    ] = "",
    source: Annotated[str, option("Frames to classify.", default="the models' golden frames")] = "",
    rounds: Annotated[int, option("Timed calls per model.", min=10)] = 500,
    provider: Provider = "cpu",
    threads: Threads = 1,
    form: AsFormat = Format.TEXT,
) -> None:
    """Measure the latency from frame to prediction, of one model or of two, interleaved."""
    from edgecnn.bench.measure import measure
    from edgecnn.inference.first_opening import read_checked

    for path in filter(None, (model, against)):
        read_checked(path)
    report = measure(
        model, against, source=source, rounds=rounds, provider=provider, threads=threads
    )
    show(report, bench_text(report), form)


def bench_text(report: "BenchReport") -> str:
    """Return a bench report as text."""
    rows: list[tuple[str, object]] = [
        (
            f"{row.model}.{row.form}",
            f"{row.latency}, {row.size_kib} KiB, fitting {row.fit_ms:.3f} ms of it",
        )
        for row in report.models
    ]
    if report.ratio:
        rows.append(("second / first", report.ratio))
    threads = f"{report.threads} thread{'s' if report.threads > 1 else ''}"
    rows += [("frames", report.frames), ("provider", f"{report.provider}, {threads}")]
    return table([*rows, ("machine", report.machine)])
