"""A temperature is found within its bounds, and its scaling changes no label."""

import numpy as np
import pytest

from edgecnn.exporter.export_source import ExportSource
from edgecnn.exporter.graph.contract import wrap_fp32
from edgecnn.exporter.graph.editing import constants_of
from edgecnn.exporter.temperature import HIGHEST, LOWEST, divided, fit_temperature, last_constants
from edgecnn.exporter.verify.known_faults import network_of


@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_a_temperature_stays_within_its_bounds(scale: float) -> None:
    logits = np.random.default_rng(0).normal(0, scale, (200, 4))
    labels = np.random.default_rng(1).integers(0, 4, 200)
    assert LOWEST * 0.99 <= fit_temperature(logits, labels) <= HIGHEST * 1.01


def test_a_temperature_has_four_digits_so_that_machines_agree() -> None:
    random = np.random.default_rng(0)
    found = fit_temperature(random.normal(0, 2, (100, 3)), random.integers(0, 3, 100))
    assert float(f"{found:.4g}") == found


def test_divided_logits_give_the_same_labels_and_only_the_last_layer_changes(
    candidate: ExportSource,
) -> None:
    frames = np.asarray(candidate.data.validation.frames)
    cooler = divided(candidate.core, 2.5)
    before, after = (
        network_of(wrap_fp32(graph, candidate.spec))(frames) for graph in (candidate.core, cooler)
    )
    np.testing.assert_allclose(after * 2.5, before, atol=1e-4)
    assert np.array_equal(after.argmax(1), before.argmax(1))
    own, others = constants_of(candidate.core.graph), constants_of(cooler.graph)
    changed = {name for name in own if not np.array_equal(own[name], others[name])}
    assert changed == last_constants(candidate.core)
