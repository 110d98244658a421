"""`export.html`: the gate's verdicts and what they rest on, on one page."""

from edgecnn.exporter.gate.gate import Verdict
from edgecnn.exporter.quantization.found_int8 import Step
from edgecnn.exporter.quantization.int8_report import Int8Report
from edgecnn.exporter.quantization.layer_errors import layers_table, plot_layers
from edgecnn.inference.machine import Machine
from edgecnn.pages.render import Picture, Section, render_page
from edgecnn.pages.table import Table

STEPS = ("tried", "agreement with fp32", "divergence", "points lost", "pictures",
         "gained, points", "kept")  # fmt: skip
FORMATS = ("", ".2%", ".2g", ".2f", ",", "+.2f", "")


def render_gate(
    name: str,
    gates: tuple[Verdict, ...],
    int8: Int8Report | None,
    pictures: dict[str, str],
    machine: Machine,
) -> str:
    """Return the page as HTML.

    Args:
        name: The model's name.
        gates: The verdict on each form but fp32.
        int8: How int8 was made, if it was.
        pictures: Which pictures decided what.
        machine: Where the forms were timed.
    """
    summary = " ".join(f"{gate.form}: {gate.verdict}." for gate in gates) or "fp32 alone."
    sections = [
        *map(_verdict, gates),
        *(_int8(int8) if int8 else ()),
        Section("Which pictures decided what", rows=tuple(pictures.items())),
        Section("Machine", rows=(("machine", machine),)),
    ]
    return render_page(f"edgecnn: export of {name}", summary, sections)


def _verdict(gate: Verdict) -> Section:
    return Section(
        f"{gate.form}: {gate.verdict}",
        f"{gate.reason}.",
        rows=(
            ("accuracy", f"{gate.accuracy.verdict}: {gate.accuracy.reason}"),
            ("efficiency", f"{gate.efficiency.verdict}: {gate.efficiency.reason}"),
            ("fp32", gate.fp32),
            (gate.form, gate.own),
            ("agreement", f"{gate.agreement:.2%} of the labels"),
            ("pictures lost, won", f"{gate.drop.lost:,}, {gate.drop.won:,}"),
            ("time over fp32's, camera frame to answer", gate.cost.ratio),
            ("time over fp32's, network alone", gate.cost.inference),
            ("fitting a camera frame", f"{gate.cost.fit_ms:.3f} ms"),
            ("size", f"{gate.cost.kib:.1f} KiB, fp32 {gate.cost.fp32_kib:.1f} KiB"),
        ),
    )


def _int8(report: Int8Report) -> list[Section]:
    return [
        Section(
            "How int8 was chosen",
            str(report.choice),
            rows=(
                ("calibration", report.coverage),
                ("saturation", report.saturation),
                ("ties", _ties(report)),
            ),
            tables=(steps_table(report.steps),),
        ),
        Section(
            "What each layer costs",
            "Signal over quantization noise: 20 dB is a tenth, 40 dB a hundredth.",
            pictures=(Picture("Along the graph", plot_layers(report.layers)),),
            tables=(layers_table(report.layers),),
        ),
    ]


def steps_table(steps: tuple[Step, ...]) -> Table:
    """Return what was tried as a table."""
    rows = tuple(
        (
            s.what,
            s.agreement,
            s.divergence,
            s.drop_points,
            s.pictures,
            s.bought,
            "yes" if s.kept else "",
        )
        for s in steps
    )
    return Table(STEPS, FORMATS, rows)


def _ties(report: Int8Report) -> str:
    tied = ", ".join(f"{row.share:.0%} of {row.tensor}" for row in report.ties)
    return f"rounding may differ between CPUs: {tied}" if tied else "none: values round alike"
