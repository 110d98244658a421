"""Options about results that do not fit each other are refused."""

from pathlib import Path

import pytest

from edgecnn.cli.run.sink_options import SinkOptions
from edgecnn.errors import OptionError


@pytest.mark.parametrize("save", ["video/", "a/b/"])
def test_a_path_with_a_slash_at_its_end_is_a_folder_of_segments(save: str) -> None:
    assert SinkOptions(save=save).in_segments


def test_a_folder_that_exists_is_one_of_segments_and_a_file_is_not(tmp_path: Path) -> None:
    assert SinkOptions(save=str(tmp_path)).in_segments
    assert not SinkOptions(save=str(tmp_path / "out.mp4")).in_segments
    assert not SinkOptions().in_segments


@pytest.mark.parametrize(("options", "needed"), [
    (SinkOptions(), False), (SinkOptions(csv=Path("r.csv")), False), (SinkOptions(save="v"), True),
    (SinkOptions(uncertain=Path("u")), True), (SinkOptions(show=True), True),
])  # fmt: skip
def test_only_pictures_need_whole_frames(options: SinkOptions, needed: bool) -> None:
    assert options.whole_frames is needed


@pytest.mark.parametrize(("options", "sources", "words"), [
    (SinkOptions(save="out.mp4"), 2, "2 sources for one video"),
    (SinkOptions(save="out.mp4", quota_gib=1.5), 1, "--quota-gib is 1.5, but"),
    (SinkOptions(quota_gib=1.5), 1, "--quota-gib is 1.5, but"),
])  # fmt: skip
def test_options_that_do_not_fit_are_refused_with_the_way_out(
    options: SinkOptions, sources: int, words: str
) -> None:
    with pytest.raises(OptionError, match=words) as refusal:
        options.check(sources)
    assert "video/" in refusal.value.remedy


def test_segments_may_have_several_sources_and_a_quota() -> None:
    SinkOptions(save="video/", quota_gib=1.5).check(3)
