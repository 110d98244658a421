"""Describes a model file, as a record for programs and as rows of a table for people."""

from dataclasses import dataclass
from pathlib import Path

from edgecnn.inference.provider_facts import short_name
from edgecnn.inference.provider_trial import Provider
from edgecnn.model import digest
from edgecnn.model.graph_check import Outline, outline_graph
from edgecnn.model.model_file import ModelFile
from edgecnn.model.spec import ModelCard, ModelSpec
from edgecnn.records import Record


@dataclass(frozen=True)
class Operators(Record):
    """Operators by type, `domain.Type` outside the standard domain."""

    written: dict[str, int]
    """In the file."""
    executed: dict[str, int]
    """In the graph as optimized by ONNX Runtime's CPU provider."""


@dataclass(frozen=True)
class ModelReport(Record):
    """The description of a model file."""

    path: str
    size_kib: float
    digest: str
    spec: ModelSpec
    card: ModelCard
    golden_frames: int
    golden_tolerance: float
    operators: Operators | None
    """None if the onnx package is not installed."""
    providers: tuple[Provider, ...]
    """How each provider of this machine runs the file; empty if they were not tried."""


@dataclass(frozen=True)
class ExternalReport(Record):
    """The description of an ONNX file without edgecnn's contract."""

    path: str
    size_kib: float
    outline: Outline


def describe_external(path: Path, data: bytes) -> ExternalReport | None:
    """Describe an ONNX file that carries no contract; None for one that does.

    Raises:
        ModelError: It is not an ONNX file, or not a plain graph in one file.
    """
    if digest.CONTRACT_KEY in digest.read_metadata(data).values:
        return None
    return ExternalReport(str(path), round(len(data) / 1024, 1), outline_graph(data))


def external_rows(report: ExternalReport) -> list[tuple[str, object]]:
    """Return the rows of a table for people."""
    outline = report.outline
    opsets = ", ".join(f"{name or 'ai.onnx'} {number}" for name, number in outline.opsets.items())
    return [
        ("contract", "none: `edgecnn adopt` makes a model file of an image classifier"),
        ("file", f"{report.path}, {report.size_kib} KiB"),
        ("made by", outline.producer or "not said"),
        ("opset", opsets),
        *(("input", value) for value in outline.inputs),
        *(("output", value) for value in outline.outputs),
        ("operators", _counts(outline.operators)),
    ]


def describe_model(
    model: ModelFile,
    operators: Operators | None = None,
    providers: tuple[Provider, ...] = (),
) -> ModelReport:
    """Describe a model file.

    Args:
        model: The file.
        operators: Counted by the exporter, since this package cannot read graphs.
        providers: The result of `try_model`.
    """
    return ModelReport(
        path=str(model.path),
        size_kib=round(model.size_kib, 1),
        digest=model.digest,
        spec=model.spec,
        card=model.card,
        golden_frames=len(model.golden.frames_png),
        golden_tolerance=model.golden.tolerance,
        operators=operators,
        providers=providers,
    )


def report_rows(report: ModelReport) -> list[tuple[str, object]]:
    """Return the rows of a table for people."""
    spec, card = report.spec, report.card
    size, kind = f"{spec.width}x{spec.height}", "gray" if spec.channels == 1 else "BGR"
    dataset = f"{card.dataset}, digest {card.dataset_digest[:12]}" if card.dataset else "none"
    rows: list[tuple[str, object]] = [
        ("model", f"{card.name}, form {card.form}"),
        ("file", f"{report.path}, {report.size_kib} KiB"),
        ("digest", report.digest),
        ("input", f"{size} {kind} uint8, {spec.fit.value}, {spec.shrink.value}"),
        ("labels", ", ".join(spec.labels)),
        ("known", _known_rule(spec)),
        ("parameters", f"{card.parameters:,}"),
        ("multiply-adds", f"{sum(card.macs.values()):,}"),
        ("quantization", card.quantization),
        ("data set", dataset),
        *((f"accuracy {score.form}", score) for score in card.accuracy),
        *((f"known, {row.pictures}", row) for part in card.rejection for row in part.known),
        ("golden", f"{report.golden_frames} frames, tolerance {report.golden_tolerance:.2g}"),
        ("made with", ", ".join(f"{name} {number}" for name, number in card.versions.items())),
        ("recipe", card.recipe),
    ]
    if report.operators:
        rows.append(("as written", _counts(report.operators.written)))
        rows.append(("as executed", _counts(report.operators.executed)))
    rows += [(f"on {short_name(provider.name)}", provider) for provider in report.providers]
    return rows


def _known_rule(spec: ModelSpec) -> str:
    ceiling = "".join(f", no logit above {c:.4g}" for c in spec.logit_ceiling)
    return f"at {spec.reject_threshold:.2%} or more{ceiling}"


def _counts(operators: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in operators.items())
