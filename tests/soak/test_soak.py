"""The soak in short: it runs, faults happen, nothing grows, and what it counts can fail."""

import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from processes import left
from soak_ends import Ends, Recovered, end_runs, kill_captures, passed
from soak_frames import complaints, soak
from soak_silence import contacted
from soak_stalls import Outage, measure
from soak_stalls import passed as over_in_time
from watching import Sample, growth, sample, usual


def test_frames_go_through_while_everything_is_broken(int8: Path) -> None:
    soak(str(int8), 300, kill_every_s=0.7, good_s=0.3)  # opens what stays open
    before = sample(0.0)
    report = soak(str(int8), 1500, kill_every_s=0.7, good_s=0.3)
    after = sample(0.0)
    assert report.frames == 1500
    assert [told.results + told.lost for told in report.run.sinks.values()] == [1500] * 4
    assert report.rows == report.run.sinks["csv"].results > 0
    assert not any("ended early" in told or "rows" in told for told in complaints(report))
    assert f"{report.rows - 1} rows of {report.rows}" in complaints(
        replace(report, rows=report.rows - 1)
    )
    assert "memory grew by 1.5 MiB an hour" in complaints(
        replace(report, memory_slope_mib_per_hour=1.5)
    )
    assert sum(report.killed.values()) >= 2
    assert {"LIVE", "RECONNECTING"} <= set(report.events)
    assert replace(after, memory_mib=0, in_use_mib=0) == replace(before, memory_mib=0, in_use_mib=0)
    assert growth(report.warm, report.warm) == []
    more = replace(report.warm, descriptors=report.warm.descriptors + 1)
    assert growth(report.warm, more) == ["descriptors"]


def test_a_leak_shows_in_what_is_usual_and_a_process_that_is_replaced_does_not() -> None:
    steady = [Sample(at, 120.0, 20.0, 45, 8, 5) for at in range(9)]
    dips = [*steady[:7], replace(steady[0], descriptors=37, processes=4), steady[8]]
    leak = [*steady[:4], *[replace(s, descriptors=46) for s in steady[4:]]]
    assert growth(usual(steady), usual(dips)) == []
    assert growth(usual(steady), usual(leak)) == ["descriptors"]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_run_ends_at_a_random_moment_and_leaves_nobody(int8: Path, sign: signal.Signals) -> None:
    ends = end_runs(str(int8), 3, sign, seed=1)
    assert (ends.wrong, ends.orphans) == (0, 0)


def test_a_killed_capture_process_is_replaced_again_and_again() -> None:
    assert kill_captures(3).recovered == 3


def test_an_orphan_would_be_seen() -> None:
    import subprocess

    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert left([sleeper.pid], within_s=0.05) == 1
    finally:
        sleeper.kill()
        sleeper.wait()
    assert left([sleeper.pid]) == 0


def test_what_is_late_wrong_or_left_does_not_pass() -> None:
    assert passed(Ends(9, late=0, wrong=0, orphans=0, longest_s=1.0))
    assert not passed(Ends(9, late=1, wrong=0, orphans=0, longest_s=2.1))
    assert not passed(Ends(9, late=0, wrong=1, orphans=0, longest_s=1.0))
    assert not passed(Ends(9, late=0, wrong=0, orphans=1, longest_s=1.0))
    assert passed(Recovered(9, 9, 1.0))
    assert not passed(Recovered(9, 8, 1.0))


def test_outages_are_noticed_and_end() -> None:
    outages = measure(2, 1, stall_s=0.5, length_s=(1.0, 1.5))
    assert len(outages) == 2
    assert all(outage.noticed_s >= 0.45 for outage in outages)
    assert all(outage.back_s < float("inf") for outage in outages)


@pytest.mark.parametrize(("outage", "good"), [
    (Outage(8.0, 5.9, 2.9), True), (Outage(8.0, 6.1, 2.9), False), (Outage(8.0, 5.1, 3.1), False),
    (Outage(20.0, 5.1, 7.9), True), (Outage(20.0, 5.1, 8.1), False),
    (Outage(9.0, float("inf"), 0.1), False),
])  # fmt: skip
def test_an_outage_passes_if_it_was_noticed_and_over_in_time(outage: Outage, good: bool) -> None:
    assert over_in_time(outage) == good


def test_a_run_talks_to_its_camera_and_nobody_else(int8: Path, tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    found, camera = contacted(str(int8), 1.0, tmp_path)
    assert found == {camera}
