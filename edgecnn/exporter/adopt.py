"""`adopt`: any ONNX image classifier becomes model files of ours, if they answer as it does."""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgecnn.errors import CheckFailed, ModelError, NotFound, OptionError
from edgecnn.exporter.candidate import Candidate, Facts
from edgecnn.exporter.contract import stamp, wrap_fp32
from edgecnn.exporter.cost import count_macs
from edgecnn.exporter.foreign.original import Original, read_original
from edgecnn.exporter.foreign.output import largest_difference
from edgecnn.exporter.foreign.plan import Told, plan_input
from edgecnn.exporter.foreign.read import TOLERANCE, probe_frames
from edgecnn.exporter.gate import Verdict
from edgecnn.exporter.golden import choose_golden
from edgecnn.exporter.inspect import count_operators, float_islands
from edgecnn.exporter.ship import FP32_TOLERANCE, Options, check_name, ship
from edgecnn.files import write_atomic
from edgecnn.records import Record
from edgecnn.runner import seal
from edgecnn.runner.classify import Classifier
from edgecnn.runner.golden import Golden
from edgecnn.runner.graph_bytes import outline_graph
from edgecnn.runner.model_file import read_capped, read_model
from edgecnn.spec import Accuracy, Fit, ModelCard, ModelSpec
from edgecnn.trainer.catalog import load_as
from edgecnn.trainer.dataset import Dataset, Pictures, with_labels
from edgecnn.trainer.run_folder import package_versions

ORIGIN = "original"
COMPARED = 256
"""Validation pictures on which original and fp32 form are compared."""
PROBES = 16
"""Made frames, where there are no pictures."""
MAX_LABELS_KIB = 1024


@dataclass(frozen=True)
class Adoption(Record):
    """Where an adopted model comes from: its recipe, as far as it is known."""

    adopted: str
    """SHA-256 of the file."""
    read: tuple[str, ...]
    """What the graph says."""
    told: tuple[str, ...]
    """What the user said."""
    guessed: tuple[str, ...]
    """What neither said."""


@dataclass(frozen=True)
class Likeness(Record):
    """How far the fp32 form is from the original."""

    pictures: int
    kind: str
    """Of what: validation pictures, or made frames."""
    agreement: float
    """Share of them with the same label."""
    difference: float
    """The largest: of logits, relative to the largest logit; or of probabilities."""

    def __str__(self) -> str:
        return (f"same label on {self.agreement:.2%} of {self.pictures} {self.kind}, "
                f"off by at most {self.difference:.1e}")  # fmt: skip


@dataclass(frozen=True)
class AdoptReport(Record):
    """What was adopted."""

    adoption: Adoption
    likeness: Likeness
    files: dict[str, str]
    """Path of each form."""
    sizes_kib: dict[str, float]
    accuracy: tuple[Accuracy, ...]
    """Of each form, on the test part; none without pictures."""
    gate: tuple[Verdict, ...]
    """One, or none without pictures."""
    islands: dict[str, int]
    """Layers that the int8 form computes in float, besides the softmax."""


def adopt(
    model: str | Path,
    labels: str | Path,
    out: str | Path,
    *,
    told: Told,
    fit: Fit | None = None,
    data: str = "",
    name: str = "",
    options: Options | None = None,
    watch: Callable[[str], None] = lambda _: None,
) -> AdoptReport:
    """Wrap an ONNX image classifier in the contract.

    Args:
        model: An ONNX file: float or uint8 pictures in, classes out.
        labels: A text file, one class name a line, in the model's order.
        out: Folder for the model files.
        told: What the graph does not say of its input.
        fit: How frames are brought to size; by default center-crop, reported as a guess.
        data: A data set with classes of the model. Without one there is no int8 form, since nothing
            could judge it.
        name: The model's name; by default the file's.
        options: What is written, and what the gate allows.
        watch: Called with the name of each stage.

    Raises:
        NotFound, ModelError: There is no such file, or it is refused.
        OptionError: Something that the graph does not say was not told.
        CheckFailed: The fp32 form answers differently, or the gate says FAIL.
    """
    path = Path(model)
    name = name or path.stem
    check_name(name)
    content, names = _read_foreign(path), read_labels(Path(labels))
    outline = outline_graph(content)
    plan = plan_input(outline, told, len(names))
    spec = ModelSpec(names, plan.height, plan.width, plan.channels, fit or Fit.CROP)
    watch("reading and cleaning the graph")
    original = read_original(content, plan)
    dataset = with_labels(load_as(data, spec), names) if data else None
    adoption = Adoption(
        adopted=hashlib.sha256(content).hexdigest(),
        read=original.describe(outline),
        told=plan.told,
        guessed=() if fit else ("frames are center-cropped: --fit was not given",),
    )
    watch("comparing with the original")
    draft = Draft(original, spec, adoption, name)
    likeness = draft.compare(dataset)
    if dataset is None:
        files = {"fp32": draft.write(Path(out))}
        return _report(adoption, likeness, files, (), ())
    candidate = draft.candidate(dataset, data)
    shipped = ship(candidate, Path(out), name, options or Options(), watch)
    return _report(adoption, likeness, shipped.files, shipped.accuracy, (shipped.gate,))


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the class names in a text file, one a line; an empty last line does not count.

    Raises:
        NotFound: There is no such file.
        OptionError: It is no text.
    """
    if not path.is_file():
        raise NotFound(f"there is no file of labels {str(path)!r}", remedy="give one with --labels")
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MAX_LABELS_KIB * 1024)
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(
            f"{path} cannot be read: {error}", remedy="give a UTF-8 text, one label a line"
        ) from error
    return tuple(line.strip() for line in text.rstrip().splitlines())


def _read_foreign(path: Path) -> bytes:
    if not path.exists():
        raise NotFound(f"there is no file {str(path)!r}", remedy="give the path of an ONNX file")
    content = read_capped(path)
    if seal.CONTRACT_KEY in seal.read_metadata(content).values:
        raise ModelError(f"{path} is a model file of edgecnn already", remedy="use it as it is")
    return content


def _report(
    adoption: Adoption,
    likeness: Likeness,
    files: dict[str, str],
    accuracy: tuple[Accuracy, ...],
    gate: tuple[Verdict, ...],
) -> AdoptReport:
    sizes = {form: round(Path(path).stat().st_size / 1024, 1) for form, path in files.items()}
    islands = {}
    if "int8" in files:
        islands = float_islands(count_operators(read_model(files["int8"])).executed)
    return AdoptReport(adoption, likeness, files, sizes, accuracy, gate, islands)


@dataclass(frozen=True)
class Draft:
    """An adopted model on its way to its files."""

    original: Original
    spec: ModelSpec
    adoption: Adoption
    name: str

    def compare(self, dataset: Dataset | None) -> Likeness:
        """Return how like the original the fp32 form is; raises CheckFailed if it is another."""
        frames, kind = self._probes(), "made frames"
        if dataset is not None:
            frames = np.asarray(dataset.validation.frames[:COMPARED])
            kind = "validation pictures"
        own = self.original.answer(frames)
        with self._open(self._file(Golden())) as classifier:
            rows = classifier.logits(list(frames))
        agreement = float((own.argmax(1) == rows.argmax(1)).mean())
        difference = largest_difference(self.original.found.ending, own, rows)
        if not difference <= TOLERANCE:
            raise CheckFailed(
                f"the fp32 form is off by {difference:.2g} from the original on {len(frames)} "
                f"{kind}; {TOLERANCE} is allowed",
                remedy="export the original again as plain ONNX layers",
            )
        return Likeness(len(frames), kind, agreement, difference)

    def write(self, folder: Path) -> str:
        """Write the fp32 form, with made frames as golden ones, and return its path."""
        frames = self._probes()
        pictures = Pictures(frames, np.arange(len(frames)))
        with self._open(self._file(Golden())) as classifier:
            golden = choose_golden(classifier, pictures, FP32_TOLERANCE)
        path = folder / f"{self.name}.fp32.onnx"
        return str(write_atomic(path, self._file(golden)))

    def candidate(self, dataset: Dataset, data: str) -> Candidate:
        """Return what goes to the gate."""
        return Candidate(
            core=self.original.core,
            spec=self.spec,
            data=dataset,
            reference=self.original.logits,
            facts=self._facts(data, dataset.digest),
            origin=ORIGIN,
        )

    def _facts(self, data: str, digest: str) -> Facts:
        recipe, parameters = self.adoption.to_json(), self.original.found.parameters
        return Facts(data, digest, recipe, parameters)

    def _probes(self) -> npt.NDArray[np.uint8]:
        return probe_frames(PROBES, self.spec.shape)

    def _file(self, golden: Golden) -> bytes:
        facts, core = self._facts("", ""), self.original.core
        card = ModelCard(
            self.name, "fp32", facts.dataset, facts.dataset_digest, facts.recipe, "none", (),
            facts.parameters, count_macs(core), package_versions(),
        )  # fmt: skip
        return stamp(wrap_fp32(core, self.spec), self.spec, card, golden)

    def _open(self, content: bytes) -> Classifier:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{self.name}.onnx"
            path.write_bytes(content)
            return Classifier(path)
