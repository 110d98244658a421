"""Give shipped models temperature, threshold and ceiling without training them again.

    EDGECNN_DATA=... python export/calibrate.py [NAME...]

For files whose data set is here. Weights keep their levels; the steps of the last layer change, and
with them the golden logits.
"""

from dataclasses import replace

import numpy as np
import onnx
import typer
from make import FOREIGN

from edgecnn.errors import NotFound
from edgecnn.exporter.contract import stamp
from edgecnn.exporter.drafts import Draft
from edgecnn.exporter.golden import choose_golden, tolerance_of
from edgecnn.exporter.rejection import KEEP, load_strangers, measure_known, with_rejection
from edgecnn.exporter.temperature import divided, fit_temperature
from edgecnn.files import write_atomic
from edgecnn.runner.model_file import ModelFile, read_model
from edgecnn.runner.shipped import shipped_names
from edgecnn.spec import Rejection
from edgecnn.trainer.catalog import load_as
from edgecnn.trainer.recipe import Recipe


def main(names: list[str] = typer.Argument(None)) -> None:  # noqa: B008
    """Calibrate each file, in its place."""
    for name in names or shipped_names():
        model = read_model(name)
        try:
            write_atomic(model.path, calibrated_file(model))
        except NotFound as error:
            print(f"{name} stays as it is: {error.what}")


def calibrated_file(model: ModelFile) -> bytes:
    """Return a model file that knows what it knows; raises NotFound without its data set."""
    recipe, labels = Recipe.from_json(model.card.recipe), model.spec.labels
    data = load_as(recipe.data, model.spec, recipe.train_size)
    assert data.labels == labels
    graph = onnx.load_from_string(model.data)
    del graph.metadata_props[:]
    old = Draft(model.card.form, graph, model.spec, model.card)
    logits = old.logits(np.asarray(data.validation.frames))
    heat = fit_temperature(logits, data.validation.labels)
    spec = with_rejection(model.spec, logits / heat, data.validation.labels, KEEP)
    draft = replace(old, graph=divided(graph, heat), spec=spec)
    strangers = load_strangers(spec, FOREIGN[recipe.data])
    known = measure_known(draft.logits, data, strangers, spec)
    card = replace(model.card, rejection=(Rejection(heat, KEEP, known),))
    with draft.opened() as classifier:
        tolerance = tolerance_of(card.form, draft.graph)
        golden = choose_golden(classifier, data.validation, tolerance)
    print(f"{card.name}: temperature {heat}, {known[0]} validation pictures that are right known")
    return stamp(draft.graph, spec, card, golden)


if __name__ == "__main__":
    typer.run(main)
