"""The statistics of a run, and their report."""

import numpy as np
from results import result

from edgecnn.percentile import percentile
from edgecnn.runner.result import ResultStatus
from edgecnn.runner.sink_queue import DeliveryCounts
from edgecnn.runner.statistics import RecentNumbers, RunReport, RunStatistics
from edgecnn.sources.events import Counts


def report_of(statistics: RunStatistics, lost: int = 0) -> RunReport:
    sources = {"left": Counts(frames=3, dropped=2), "right": Counts(frames=1, dropped=5)}
    counts = {"csv": DeliveryCounts(results=4 - lost, lost=lost)}
    return statistics.report("left, right", sources, counts, interrupted=True)


def some_results() -> RunStatistics:
    statistics = RunStatistics()
    for status in (ResultStatus.NONE, ResultStatus.FROZEN, ResultStatus.NON_FINITE):
        statistics.add(result(status=status))
    statistics.add(result(known=False))
    return statistics


def test_labels_errors_and_dropped_frames_are_counted() -> None:
    report = report_of(some_results())
    assert (report.frames, report.errors, report.dropped) == (4, 1, 7)
    assert report.labels == {"Käfer": 3, "unknown": 1}


def test_latencies_are_those_of_predictions_and_ages_those_of_all_results() -> None:
    report = report_of(some_results())
    assert (report.p50_ms, report.p99_ms, report.age_p99_ms) == (1.2346, 1.2346, 2.5)


def test_a_run_without_results_has_zeros() -> None:
    report = report_of(RunStatistics())
    assert (report.frames, report.p50_ms, report.age_p99_ms, report.labels) == (0, 0.0, 0.0, {})


def test_a_report_travels_as_json() -> None:
    report = report_of(some_results())
    assert RunReport.from_json(report.to_json()) == report


def test_a_summary_says_what_was_lost_and_that_the_run_was_stopped() -> None:
    text = str(report_of(some_results(), lost=2))
    assert text.startswith("stopped, 4 frames in ")
    assert text.endswith("7 dropped, 1 without a finite answer, csv: 2 results lost")
    assert "lost" not in str(report_of(some_results()))


def test_only_the_newest_numbers_are_kept() -> None:
    recent = RecentNumbers(size=3)
    for number in (100.0, 1.0, 2.0, 3.0):
        recent.add(number)
    assert recent.percentiles(0, 50, 100) == [1.0, 2.0, 3.0]


def test_a_run_and_a_bench_report_the_same_percentile_of_the_same_numbers() -> None:
    numbers = np.arange(1, 101) / 10
    recent = RecentNumbers()
    for number in numbers:
        recent.add(float(number))
    assert recent.percentiles(50, 95, 99) == [percentile(numbers, p) for p in (50, 95, 99)]
