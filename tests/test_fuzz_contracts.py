"""A short run of the fuzzer of contracts: `make fuzz` judges 20,000 mutants."""

from pathlib import Path

import fuzz_contracts
import fuzz_workers
import numpy as np
import pytest
from contract_mutants import Texts, mutate

from edgecnn.inference import first_opening
from edgecnn.model import digest


def test_two_hundred_mutants_are_refused_or_work() -> None:
    outcomes, findings = fuzz_workers.run(Path(fuzz_contracts.__file__), 200, seed=1, workers=1)
    assert findings == []
    assert outcomes.total() == 201  # and the most memory
    assert outcomes["run: done, bench: done"] > 20
    assert outcomes["run: refused, SpecError"] > 20
    assert outcomes["run: refused, ModelError"] > 5


def test_a_mutant_follows_from_its_seed_and_number() -> None:
    texts = fuzz_contracts.base_of("digits").texts
    first, second = (mutate(texts, np.random.default_rng([3, 7])) for _ in range(2))
    assert first == second != texts


def test_the_digests_of_mutants_fit() -> None:
    base = fuzz_contracts.base_of("digits")
    for number in range(20):
        data = fuzz_contracts.mutant_of(base, np.random.default_rng(number), graph_too=False)
        digest.check_digest(data, digest.read_metadata(data))


def test_the_fuzzer_sees_a_card_whose_numbers_are_not_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_nothing(texts: Texts, _: object) -> Texts:
        return {**texts, "card": texts["card"].replace('"total":10000', '"total":0')}

    monkeypatch.setenv("EDGECNN_CACHE", str(tmp_path))
    monkeypatch.setattr(fuzz_contracts, "mutate", of_nothing)
    bases = [fuzz_contracts.base_of(name) for name in fuzz_contracts.NAMES]
    outcome = fuzz_contracts.judge(1, 0, bases, tmp_path)
    assert outcome == "run: refused, SpecError"
    monkeypatch.setattr("edgecnn.model.spec.demand_share", lambda *_: None)
    outcome = fuzz_contracts.judge(1, 0, bases, tmp_path)
    assert outcome == "!ZeroDivisionError: division by zero"


def test_the_fuzzer_opens_new_mutants_in_a_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setenv("EDGECNN_CACHE", str(tmp_path))
    monkeypatch.setattr(first_opening, "isolated", stumble)
    bases = [fuzz_contracts.base_of(name) for name in fuzz_contracts.NAMES]
    numbers = range(0, 1000, fuzz_contracts.NEW_EVERY)
    found = [fuzz_contracts.judge(number, 0, bases, tmp_path) for number in numbers]
    assert any("ended with 70" in outcome for outcome in found)
