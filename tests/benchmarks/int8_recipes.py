"""int8 as the tools make it by default, and as the exporter does: accuracy, agreement, size, time.

    python tests/benchmarks/int8_recipes.py RUN... [--elsewhere 2000] [--on COMMAND --paths DIRS]

RUN is a run's folder. Accuracy is on the whole test part. Time is a bare `session.run` of one frame
on one thread over that of the float-input NCHW fp32 graph, both interleaved, without torch beside
them.

`--elsewhere` labels so many test pictures on another CPU too, by default AVX2 without VNNI under
qemu, and says how many labels are the same. `--on` is the command of another Python, such as
"qemu-aarch64-static -cpu cortex-a72 -L ROOT ROOT/usr/bin/python3.11", and `--paths` the folders,
with colons between, where that one finds numpy and onnxruntime.
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import typer
from race import race

from edgecnn.bench.clock import Ratio
from edgecnn.exporter.export import export_source_of
from edgecnn.exporter.gate.gate import GateLimits
from edgecnn.exporter.graph.contract import wrap_int8
from edgecnn.exporter.quantization.calibration_frames import calibration_frames
from edgecnn.exporter.quantization.quantize import Frames, prepare, to_image
from edgecnn.exporter.quantization.search import find_int8
from edgecnn.exporter.quantization.targets import PORTABLE_BITS
from edgecnn.inference.ort import onnxruntime
from edgecnn.model.frame import Frame
from edgecnn.trainer.metrics import measure_accuracy
from edgecnn.trainer.run_folder import read_run
from edgecnn.trainer.train import load_for

sys.path.insert(0, str(Path(__file__).parents[1]))
from emulate import haswell, run_on


@dataclass(frozen=True, eq=False)
class Form:
    """One form of a network, and how it is fed."""

    graph: onnx.ModelProto
    feed: Callable[[Frame], np.ndarray]
    """(n, H, W, C) uint8 frames as the graph's only input."""

    def session(self, batch: int) -> onnxruntime.InferenceSession:
        """Open it on one thread."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        options.add_free_dimension_override_by_name("N", batch)
        return onnxruntime.InferenceSession(
            self.graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def labels(self, frames: Frame) -> np.ndarray:
        """Return the (n,) labels of frames, one frame a call as on a device."""
        session = self.session(1)
        name = session.get_inputs()[0].name
        rows = [session.run(["logits"], {name: self.feed(frame[None])})[0] for frame in frames]
        labels: np.ndarray = np.concatenate(rows).argmax(1)
        return labels


def naive(core: onnx.ModelProto, frames: Frame, **options: object) -> onnx.ModelProto:
    """Quantize with the library's defaults but for the options."""
    from onnxruntime.quantization import quantize_static  # after edgecnn silenced its telemetry

    with tempfile.TemporaryDirectory() as folder:
        source, target = str(Path(folder) / "a.onnx"), str(Path(folder) / "b.onnx")
        onnx.save(prepare(core), source)
        quantize_static(source, target, Frames(frames), **options)
        return onnx.load(target)


def forms_of(run: Path) -> tuple[dict[str, Form], Frame, np.ndarray]:
    """Return the forms of a run, and its test frames and labels."""
    source = read_run(run)
    data, spec = load_for(source.recipe)
    candidate = export_source_of(source, data)
    core, frames = candidate.core, calibration_frames(data.train, 512)
    found = find_int8(candidate, PORTABLE_BITS, GateLimits(), print)
    print(f"ours: {found.choice}")
    from onnxruntime.quantization import QuantType

    u8s8 = {"activation_type": QuantType.QUInt8, "per_channel": True}
    forms = {
        "fp32": Form(core, to_image),
        "default": Form(naive(core, frames), to_image),
        "u8s8": Form(naive(core, frames, **u8s8), to_image),
        "ours": Form(wrap_int8(found.quantized, spec), lambda frames: frames),
    }
    return forms, np.asarray(data.test.frames), data.test.labels


def time_over(form: Form, fp32: Form, frame: Frame) -> Ratio:
    """Return a form's time over fp32's. Two at a time: of three, the middle finds cold caches."""
    pair = (fp32, form)
    graphs = [one.graph.SerializeToString() for one in pair]
    return race((graphs[0], graphs[1]), (fp32.feed(frame[None]), form.feed(frame[None])))


def labels_elsewhere(
    python: list[str], paths: list[str], forms: dict[str, Form], frames: Frame
) -> dict[str, np.ndarray]:
    """Return the labels that each form gives on another CPU."""
    with tempfile.TemporaryDirectory() as folder:
        graphs = {name: (form.graph, form.feed(frames)) for name, form in forms.items()}
        logits = run_on(python, graphs, Path(folder), paths)
    return {name: rows.argmax(1) for name, rows in logits.items()}


def line(form: Form, labels: np.ndarray, fp32: np.ndarray, truth: np.ndarray, time: Ratio) -> str:
    """Return a form's accuracy, agreement with fp32, size and time."""
    score = measure_accuracy("", "test", int((labels == truth).sum()), len(truth))
    size = f"{form.graph.ByteSize() / 1024:6.1f} KiB"
    return f"{score}  = fp32 {(labels == fp32).mean():.2%}  {size}  {time}"


def main(runs: list[Path], elsewhere: int = 0, on: str = "", paths: str = "") -> None:
    """Print a table for each run."""
    for run in runs:
        forms, frames, truth = forms_of(run)
        labels = {name: form.labels(frames) for name, form in forms.items()}
        ratios = {name: time_over(form, forms["fp32"], frames[0]) for name, form in forms.items()}
        print(f"\n{run}, {len(frames)} test pictures")
        for name, form in forms.items():
            print(f"{name:<8}", line(form, labels[name], labels["fp32"], truth, ratios[name]))
        if elsewhere:
            some = frames[:elsewhere]
            there = labels_elsewhere(
                on.split() or haswell(), paths.split(":") if paths else sys.path, forms, some
            )
            for name, other in there.items():
                own, right = labels[name][:elsewhere], truth[:elsewhere]
                print(
                    f"{name:<8} elsewhere: {(other == own).mean():.2%} of {len(some)} labels the "
                    f"same, {(other == right).mean():.2%} right, here {(own == right).mean():.2%}"
                )


if __name__ == "__main__":
    typer.run(main)
