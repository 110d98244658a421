"""A run: sources -> results -> sinks, until the sources end or the user stops it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from edgecnn.inference.classifier import Classifier
from edgecnn.runner.result import Result
from edgecnn.runner.sink_queue import Sink, SinkQueue
from edgecnn.runner.statistics import RunReport, RunStatistics
from edgecnn.runner.supervise import Outcome, Supervision, supervise
from edgecnn.runner.watch import Watcher, WatchOptions
from edgecnn.sources.address import kind_of
from edgecnn.sources.capture import Source
from edgecnn.sources.events import Event, SourceEvent
from edgecnn.sources.stop import Stop

FINISH_S = 30.0
"""How long sinks may take for their pending results when the sources have ended."""
STOPPED_FINISH_S = 0.5
"""How long they may take after the user has stopped the run."""


@dataclass(frozen=True)
class RunPlan:
    """What a run reads, and where its results go."""

    sources: Sequence[str]
    """What to classify, see `open_source`: a camera index or path, video, picture, folder, URL,
    `exec:COMMAND` or `pattern`."""
    open_sinks: Callable[[Source], Sequence[Sink]] = lambda _: ()
    """Called once with the open source, which has names and frame rates; returns the sinks."""
    options: WatchOptions = field(default_factory=WatchOptions)
    """How sources are read and answers are smoothed."""
    hang_s: float = 10.0
    """Seconds after which an inference counts as hung."""
    step: Callable[[], bool] | None = None
    """Called repeatedly in the main thread, to serve a window; returning False ends the run."""


class Run:
    """Classifies all frames of a plan's sources and delivers the results to its sinks.

        >>> with Classifier("objects") as classifier:  # doctest: +SKIP
        ...     outcome = Run(classifier, RunPlan(["0"], lambda source: [LabelCounter()]))()
        >>> print(outcome.value)  # doctest: +SKIP

    `Sink` shows how to write a sink such as `LabelCounter`. For a plain loop over results, without
    sinks and supervision, use `watch`.

    Args:
        classifier: An open model.
        plan: What to read, and where the results go.
    """

    def __init__(self, classifier: Classifier, plan: RunPlan) -> None:
        self.stop = Stop()
        """`run.stop.request()` ends the run, from any thread."""
        self._plan = plan
        capture = replace(plan.options.capture, stop=self.stop)
        self._on_event = capture.on_event
        self._watcher = Watcher(classifier, replace(plan.options, capture=capture))

    def __call__(self) -> Outcome[RunReport]:
        """Run until the sources end, `max_frames` are done, a signal comes or the user stops it.

        Returns:
            The report, or None if the run could not end in time after a signal; and that signal.

        Raises:
            Hung: An inference did not return.
            BrokenPipeError: The process that reads our output has ended.
            EdgeError: See `open_sources` and `Classifier`; also what a required sink raises.
        """
        plan, watcher = self._plan, self._watcher
        supervision = Supervision(lambda: watcher.busy_since_s, plan.hang_s, plan.step, self.stop)
        outcome = supervise(self._work, supervision)
        if outcome.value:  # else its thread still uses it
            self.stop.close()
        return outcome

    def _work(self) -> RunReport:
        with self._watcher.open(self._plan.sources) as source:
            queues, statistics = self._start(self._plan.open_sinks(source)), RunStatistics()
            try:
                for result in self._watcher.results(source):
                    statistics.add(result)
                    _offer(result, queues)
            finally:
                self._close(queues)
            if not self.stop.requested:
                _check_required(queues)
            counts = {queue.sink.name: queue.counts for queue in queues}
            return statistics.report(
                source.name, source.counts, counts, interrupted=self.stop.requested
            )

    def _start(self, sinks: Sequence[Sink]) -> list[SinkQueue]:
        lossless = not any(kind_of(source).live for source in self._plan.sources)
        return [
            SinkQueue(sink, self._report_problem, self.stop, lossless=lossless) for sink in sinks
        ]

    def _close(self, queues: list[SinkQueue]) -> None:
        deadline_s = time.monotonic() + (STOPPED_FINISH_S if self.stop.requested else FINISH_S)
        for queue in queues:  # first end all, so that they finish in parallel
            queue.end()
        for queue in queues:
            queue.close(max(0.0, deadline_s - time.monotonic()))

    def _report_problem(self, sink: str, detail: str) -> None:
        self._on_event(Event(sink, SourceEvent.UNDELIVERED, detail, time.monotonic()))


def _offer(result: Result, queues: list[SinkQueue]) -> None:
    if queues:
        without_frame = result.without_frame()
        for queue in queues:
            queue.offer(result if queue.sink.needs_frames else without_frame)
    _check_required(queues)


def _check_required(queues: list[SinkQueue]) -> None:
    for queue in queues:
        if queue.error and queue.sink.required:
            raise queue.error
