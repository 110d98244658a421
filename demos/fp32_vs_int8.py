"""Compare an int8 model with its fp32 model on this machine: labels, size and latency.

    python demos/fp32_vs_int8.py FP32.onnx INT8.onnx [--source VIDEO_OR_FOLDER]

The script fails if the labels differ on more than `--max-disagreement` of the frames.
"""

from itertools import islice

import typer

from edgecnn import Classifier, measure, open_source


def main(
    fp32: str,
    int8: str,
    source: str = "pattern",
    frames: int = 200,
    max_disagreement: float = 0.05,
) -> None:
    """Compare labels, sizes and latencies."""
    with Classifier(fp32) as exact, Classifier(int8) as small, open_source(source) as camera:
        pairs = [(exact(f).label, small(f).label) for f in islice(camera, frames)]
    disagreement = sum(a != b for a, b in pairs) / len(pairs)
    print(f"labels differ on {disagreement:.2%} of {len(pairs)} frames")
    report = measure(fp32, int8, source=source)
    for row in report.models:
        print(f"{row.form}: {row.size_kib} KiB, {row.latency}")
    print(f"int8 / fp32: {report.ratio}")
    if disagreement > max_disagreement:
        raise SystemExit(f"the labels differ on {disagreement:.2%} of the frames")


if __name__ == "__main__":
    typer.run(main)
