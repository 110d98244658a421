"""Pictures of four colours, larger than the network's input, and what a run on them exports."""

from pathlib import Path

import numpy as np
import pytest

from edgecnn.exporter.export import export
from edgecnn.exporter.options import Options
from edgecnn.opencv import encode_png
from edgecnn.trainer.networks import Architecture
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.train import train

COLOURS = {"blue": (230, 60, 30), "cyan": (220, 190, 40), "green": (40, 200, 70),
           "navy": (90, 25, 10)}  # fmt: skip
PICTURES = 60
NETWORK = Architecture("edge", widths=(6, 8), depths=(1, 0), stride=2)


class Coloured:
    """A folder of pictures, a run on it, and the folder of its export."""

    def __init__(self, folder: Path) -> None:
        self.data, self.run, self.out = (folder / name for name in ("data", "run", "out"))
        random = np.random.default_rng(0)
        for name, colour in COLOURS.items():
            for i in range(PICTURES):
                noise = random.normal(0, 25, (30, 44, 3))
                picture = (np.array(colour) * random.uniform(0.8, 1.0) + noise).clip(0, 255)
                path = self.data / name / f"{i:02}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(encode_png(picture.astype(np.uint8)))
        recipe = Recipe(data=str(self.data), size=16, epochs=4, batch=16, learning_rate=1e-2,
                        network=NETWORK)  # fmt: skip
        train(recipe, self.run, device="cpu")
        made = export(self.run, self.out, name="c", options=Options(force=True))  # tiny: no faster
        self.files = {form: Path(path) for form, path in made.files.items()}


@pytest.fixture(scope="session")
def coloured(tmp_path_factory: pytest.TempPathFactory) -> Coloured:
    """Trained and exported once; tests only read it."""
    return Coloured(tmp_path_factory.mktemp("coloured"))
