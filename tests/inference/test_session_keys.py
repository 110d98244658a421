"""Session settings: a misspelt key is refused, one of a newer ONNX Runtime is a warning."""

from pathlib import Path

import onnxruntime
import pytest

from edgecnn.errors import OptionError
from edgecnn.inference.session_keys import KEYS, check_key, parse_settings

SPINNING = "session.intra_op.allow_spinning"


def test_a_misspelt_key_is_refused_naming_the_nearest() -> None:
    with pytest.raises(OptionError, match="allow_spining") as refusal:
        parse_settings(["session.intra_op.allow_spining=1"])
    assert refusal.value.remedy == f"did you mean {SPINNING}?"


def test_a_key_like_no_other_lists_what_there_is() -> None:
    with pytest.raises(OptionError) as refusal:
        parse_settings(["zzz=1"])
    assert SPINNING in refusal.value.remedy


@pytest.mark.parametrize("text", ["", SPINNING, f"{SPINNING}=", "=1"])
def test_what_is_no_setting_is_refused(text: str) -> None:
    with pytest.raises(OptionError):
        parse_settings([text])


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(OptionError, match="given twice"):
        parse_settings([f"{SPINNING}=1", f"{SPINNING}=0"])


def test_a_value_may_hold_an_equals_sign() -> None:
    assert parse_settings(["ep.context_file_path=a=b"]) == {"ep.context_file_path": "a=b"}


def test_every_key_is_in_the_library_of_onnx_runtime() -> None:
    if not onnxruntime.__version__.startswith("1.32."):
        pytest.skip("the keys are those of ONNX Runtime 1.32")
    folder = Path(onnxruntime.__file__).parent / "capi"
    (library,) = folder.glob("onnxruntime_pybind11_state*")
    text = library.read_bytes()
    assert [key for key in KEYS if f"\0{key}\0".encode() not in text] == []


def test_a_key_that_only_a_newer_onnx_runtime_knows_is_a_warning() -> None:
    with pytest.warns(UserWarning, match=r"session\.of_tomorrow.* is new in onnxruntime 1\.40"):
        check_key("session.of_tomorrow", "1.40.1", b"..\0session.of_tomorrow\0..")


@pytest.mark.parametrize("installed", ["1.32.0", "1.40.1"])
def test_a_key_that_no_library_knows_is_refused_whatever_the_version(installed: str) -> None:
    with pytest.raises(OptionError, match="of_tomorow"):
        check_key("session.of_tomorow", installed, b"..\0session.of_tomorrow\0..")


def test_the_installed_library_is_the_one_that_is_searched() -> None:
    with pytest.warns(UserWarning, match="load_model_format"):  # a key that edgecnn leaves out
        check_key("session.load_model_format", "1.40.1")
