"""A short run of the fuzzer: `make fuzz` reads 100,000 mutants."""

from pathlib import Path

import fuzz_models
import fuzz_workers
import numpy as np
import pytest
from mutants import structural

from edgecnn.model.model_file import parse_model


def test_three_thousand_mutants_neither_crash_nor_hang_nor_surprise() -> None:
    outcomes, findings = fuzz_workers.run(Path(fuzz_models.__file__), 3000, seed=1, workers=2)
    assert findings == []
    assert outcomes.total() == 3000
    for kind in ("ours: ModelError", "external: ModelError", "external: read"):
        assert outcomes[kind] > 50, kind
    assert outcomes["ours: with a new digest, and read"] > 20


def test_a_mutant_follows_from_its_seed_and_number() -> None:
    data = fuzz_models.external_files()[0]
    first, second = (structural(data, np.random.default_rng([3, 7])) for _ in range(2))
    assert first == second != data


def test_the_fuzzer_sees_a_reader_that_takes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    bases = fuzz_models.Bases()
    whole = parse_model(bases.contract, Path("m"))
    monkeypatch.setattr(fuzz_models, "parse_model", lambda *_: whole)
    assert "!ours: changed bytes were taken" in outcomes_of(bases)


def test_the_fuzzer_sees_a_reader_that_stumbles(monkeypatch: pytest.MonkeyPatch) -> None:
    bases = fuzz_models.Bases()

    def stumble(*_: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(fuzz_models, "read", stumble)
    assert "!external: KeyError: 'a bug'" in outcomes_of(bases)


def outcomes_of(bases: fuzz_models.Bases) -> set[str]:
    return {fuzz_models.judge(number, 0, bases) for number in range(200)}
