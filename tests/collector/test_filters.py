"""The thresholds of the frame filters."""

import pytest

from edgecnn.collector.filters import Filters
from edgecnn.errors import OptionError


@pytest.mark.parametrize(("share", "bits", "words"), [
    (-0.1, 5, "--min-sharpness is -0.1"), (1.0, 5, "--min-sharpness is 1.0"),
    (0.2, -1, "--min-change is -1"), (0.2, 65, "--min-change is 65"),
])  # fmt: skip
def test_a_filter_out_of_its_range_is_refused(share: float, bits: int, words: str) -> None:
    with pytest.raises(OptionError, match=words) as refusal:
        Filters(share, bits)
    assert "keep all" in refusal.value.remedy
