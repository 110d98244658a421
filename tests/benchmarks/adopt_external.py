"""Operators of external classifiers that still run after cleaning and quantizing.

    python tests/benchmarks/adopt_external.py MODEL.onnx...

MODEL takes 0..1 or ImageNet-normalized pictures (RGB where coloured, 224x224 where open); its
weights may be random. Prints how many nodes it had and has, and what its int8 form executes; the
layers that stay float come last. `--keras` writes Keras' own applications first, with random
weights, and needs Keras 3 on its torch backend; `python -m tf2onnx.convert --saved-model` makes a
file of a TensorFlow SavedModel.
"""

import sys
from pathlib import Path

from edgecnn.errors import EdgeError
from edgecnn.exporter.adopt.input_plan import ASSUMPTIONS, UserOptions, plan_input
from edgecnn.exporter.adopt.original import Original, read_original
from edgecnn.exporter.adopt.read_graph import probe_frames
from edgecnn.exporter.graph.contract import wrap_int8
from edgecnn.exporter.graph.operator_counts import count_graph, float_islands, optimized_graph
from edgecnn.exporter.quantization.quantize import quantize
from edgecnn.model.graph_check import Outline, outline_graph
from edgecnn.model.spec import ModelSpec

KERAS = ("MobileNet", "ResNet50", "DenseNet121", "EfficientNetB0")
FRAMES = 4
"""To calibrate with: the operators do not depend on the ranges."""


def told_for(outline: Outline) -> UserOptions:
    """Return the options that a user of such a model would give."""
    value = outline.inputs[0]
    if value.type == "uint8":
        return UserOptions(channels="rgb")
    if "1" in (value.shape[1], value.shape[3]):
        return ASSUMPTIONS["unit"]
    imagenet = ASSUMPTIONS["imagenet"]
    size = (0, 0) if value.shape[2].isdecimal() else (224, 224)
    return UserOptions(size, "", "rgb", imagenet.scale, imagenet.mean, imagenet.std)


def executed(original: Original) -> dict[str, int]:
    """Return the operators of the int8 form as ONNX Runtime executes it."""
    plan = original.plan
    labels = tuple(map(str, range(plan.classes)))
    spec = ModelSpec(labels, plan.height, plan.width, plan.channels)
    quantized = quantize(original.core, probe_frames(FRAMES, spec.shape))
    return count_graph(optimized_graph(wrap_int8(quantized, spec).SerializeToString()))


def write_keras(folder: Path) -> list[str]:
    """Write Keras' applications as ONNX files."""
    import keras
    import numpy as np

    paths = []
    for name in KERAS:
        model = getattr(keras.applications, name)(weights=None, input_shape=(96, 96, 3), classes=10)
        model(np.zeros((1, 96, 96, 3), np.float32))
        paths.append(str(folder / f"keras_{name}.onnx"))
        model.export(paths[-1], format="onnx", verbose=False)
    return paths


def main(paths: list[str]) -> None:
    """Print a line or three for each model."""
    if paths == ["--keras"]:
        print("\n".join(write_keras(Path())))
        return
    for path in paths:
        data = Path(path).read_bytes()
        try:
            outline = outline_graph(data)
            classes = int(outline.outputs[0].shape[-1])
            original = read_original(data, plan_input(outline, told_for(outline), classes))
        except EdgeError as error:
            print(f"{path}: refused: {error}")
            continue
        counts = executed(original)
        islands = float_islands(counts)
        print(f"{path}: {original.found.nodes_before} nodes, then {original.found.nodes_after}")
        print("  executed: " + ", ".join(f"{n} {kind}" for kind, n in counts.items()))
        print(f"  float: {', '.join(f'{n} {kind}' for kind, n in islands.items()) or 'none'}")


if __name__ == "__main__":
    main(sys.argv[1:])
