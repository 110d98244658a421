"""Train on a folder of pictures, export an int8 model file, and print the gate's verdict.

    python demos/train_and_ship.py [--data digits] [--out shipped] [--min-accuracy 0.9]

`--data` takes a data set's name or a folder with train/<class>/ pictures. The script fails if the
shipped int8 file labels fewer test pictures correctly than `--min-accuracy`.
"""

from pathlib import Path

import typer

from edgecnn import Options, Recipe, export, train


def main(
    data: str = "digits", out: Path = Path("shipped"), epochs: int = 20, min_accuracy: float = 0.9
) -> None:
    """Train, export, check."""
    trained = train(Recipe(data=data, epochs=epochs), out / "run", overwrite=True)
    print(f"trained: {trained.test.accuracy}")
    shipped = export(out / "run", out, options=Options(force=True))  # even if the gate fails
    for gate in shipped.gates:
        print(f"{gate.form} {gate.verdict}: {gate.reason}")
    for form, path in shipped.files.items():
        print(f"{form}: {path}, {shipped.sizes_kib[form]} KiB")
    (int8,) = (score for score in shipped.accuracy if score.form == "int8")
    print(f"int8: {int8}")
    if int8.value < min_accuracy:
        raise SystemExit(f"int8 accuracy {int8.value:.2%} is below {min_accuracy:.2%}")


if __name__ == "__main__":
    typer.run(main)
