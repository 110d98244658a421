"""A run: sources -> results -> sinks, until the sources end or somebody stops it."""

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
"""At a run's own end, sinks may take so long for what still waits."""
LEAVE_S = 0.5
"""The same after somebody stopped it."""


def nowhere(_: Source) -> Sequence[Sink]:
    """Deliver to nobody."""
    return ()


@dataclass(frozen=True)
class RunPlan:
    """What a run is to do."""

    sources: Sequence[str]
    begin: Callable[[Source], Sequence[Sink]] = nowhere
    """Called once the sources are open; returns where results go."""
    options: WatchOptions = field(default_factory=WatchOptions)
    hang_s: float = 10.0
    """An inference that takes longer has hung."""
    step: Callable[[], bool] | None = None
    """Called again and again in the main thread, for a window; False ends the run."""


class Run:
    """One run."""

    def __init__(self, classifier: Classifier, plan: RunPlan) -> None:
        self.stop = Stop()
        self._plan = plan
        capture = replace(plan.options.capture, stop=self.stop)
        self._on_event = capture.on_event
        self._watcher = Watcher(classifier, replace(plan.options, capture=capture))

    def __call__(self) -> Outcome[RunReport]:
        """Run until the sources end, `max_frames` are done, a signal comes or a key is pressed.

        Raises:
            Hung: An inference did not return.
            BrokenPipeError: Who read our lines has gone.
            EdgeError: See `open_sources` and `Classifier`.
        """
        plan, watcher = self._plan, self._watcher
        supervision = Supervision(lambda: watcher.busy_since_s, plan.hang_s, plan.step, self.stop)
        outcome = supervise(self._work, supervision)
        if outcome.value:  # else its thread still looks at it
            self.stop.close()
        return outcome

    def _work(self) -> RunReport:
        with self._watcher.open(self._plan.sources) as source:
            deliveries, statistics = self._start(self._plan.begin(source)), RunStatistics()
            try:
                for result in self._watcher.results(source):
                    statistics.add(result)
                    _offer(result, deliveries)
            finally:
                self._close(deliveries)
            if not self.stop.wanted:
                _check_vital(deliveries)
            sinks = {delivery.sink.name: delivery.delivered for delivery in deliveries}
            counts, stopped = source.counts, self.stop.wanted
            return statistics.report(source.name, counts, sinks, interrupted=stopped)

    def _start(self, sinks: Sequence[Sink]) -> list[SinkQueue]:
        lossless = not any(kind_of(source).live for source in self._plan.sources)
        return [
            SinkQueue(sink, self._report_problem, self.stop, lossless=lossless) for sink in sinks
        ]

    def _close(self, deliveries: list[SinkQueue]) -> None:
        deadline_s = time.monotonic() + (LEAVE_S if self.stop.wanted else FINISH_S)
        for delivery in deliveries:  # all finish at once: one that hangs takes no time from another
            delivery.end()
        for delivery in deliveries:
            delivery.close(max(0.0, deadline_s - time.monotonic()))

    def _report_problem(self, sink: str, detail: str) -> None:
        self._on_event(Event(sink, SourceEvent.UNDELIVERED, detail, time.monotonic()))


def _offer(result: Result, deliveries: list[SinkQueue]) -> None:
    if deliveries:
        bare = result.without_frame()
        for delivery in deliveries:
            delivery.offer(result if delivery.sink.sees else bare)
    _check_vital(deliveries)


def _check_vital(deliveries: list[SinkQueue]) -> None:
    for delivery in deliveries:
        if delivery.cause and delivery.sink.vital:
            raise delivery.cause
