"""A session has the given settings, and the inputs and outputs that the spec promises."""

from pathlib import Path

import pytest
from craft import with_fields, with_new_digest

from edgecnn.errors import ModelError, OptionError
from edgecnn.inference.classifier import Classifier
from edgecnn.inference.session import open_session
from edgecnn.model import digest
from edgecnn.model.model_file import read_model

SPINNING = "session.intra_op.allow_spinning"


def test_a_setting_wins_over_edgecnns_own_without_a_warning(
    int8: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = {}
    for settings in ({}, {SPINNING: "1"}):
        session, _ = open_session(
            read_model(int8), provider="cpu", threads=1, batch=1, allow_cpu=False, settings=settings
        )
        entry = session.get_session_options().get_session_config_entry(SPINNING)
        found[len(settings)] = entry
    assert found == {0: "0", 1: "1"}
    assert capfd.readouterr().err == ""


def test_a_session_itself_refuses_a_misspelt_key(int8: Path) -> None:
    with pytest.raises(OptionError, match="sesion"):
        open_session(
            read_model(int8), provider="cpu", threads=1, batch=1, allow_cpu=False,
            settings={"sesion.disable_prepacking": "1"},
        )  # fmt: skip


def test_a_spec_with_another_number_of_labels_than_the_graph_names_both(
    int8: Path, tmp_path: Path
) -> None:
    path = with_new_digest(int8, tmp_path, with_fields(digest.SPEC_KEY, labels=["a", "b", "c"]))
    with pytest.raises(ModelError, match="graph and its spec disagree") as refusal:
        Classifier(path)
    assert "[1, 10]" in refusal.value.what
    assert "[1, 3]" in refusal.value.what
    assert "export" in refusal.value.remedy


def test_a_spec_with_another_size_than_the_graph_names_both(int8: Path, tmp_path: Path) -> None:
    path = with_new_digest(int8, tmp_path, with_fields(digest.SPEC_KEY, height=32))
    with pytest.raises(ModelError, match="graph and its spec disagree") as refusal:
        Classifier(path)
    assert "[1, 28, 28, 1]" in refusal.value.what
    assert "[1, 32, 28, 1]" in refusal.value.what
