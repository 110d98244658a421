"""Saving frames from the window: as snapshots, or labelled for training."""

import queue
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from edgecnn.atomic import write_atomic
from edgecnn.collector.filters import Filters
from edgecnn.collector.frame_quality import FrameSelector, Selection
from edgecnn.collector.layout import Split, check_label, check_out, choose_split
from edgecnn.collector.recording import Recorder
from edgecnn.errors import EdgeError
from edgecnn.opencv import encode_fast
from edgecnn.runner.result import Result
from edgecnn.sinks.names import number_of, numbered_name, slug
from edgecnn.sinks.storage import check_free

CLOSE_S = 0.3
"""How long closing waits for pending frames."""
FILTERS = Filters(min_sharpness=0)
"""The user has seen the frame, so blur is accepted; near duplicates are not."""


@dataclass(frozen=True)
class Folders:
    """Where frames are saved."""

    snapshots: Path = Path("shots")
    """For snapshots without a label."""
    labelled: Path = Path("pictures")
    """An image folder for training, as `collect` makes it."""


class FrameSaver:
    """Saves frames in its own thread, since the window must not wait for a disk."""

    def __init__(self, folders: Folders, on_done: Callable[[str], None]) -> None:
        """Start the thread.

        Args:
            folders: Made when the first frame is saved.
            on_done: Called from the thread, with a message about each frame.
        """
        self._folders, self._on_done = folders, on_done
        self._recordings: dict[str, _LabelRecording] = {}
        self._requests: queue.SimpleQueue[tuple[Result, str] | None] = queue.SimpleQueue()
        self._thread = Thread(target=self._run, name="frame saver", daemon=True)
        self._thread.start()

    def save(self, result: Result, label: str = "") -> None:
        """Save the whole, undrawn frame: for training if there is a label, else as a snapshot."""
        self._requests.put((result, label))

    def close(self) -> None:
        """Wait briefly for the frames that are being saved."""
        self._requests.put(None)
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while (request := self._requests.get()) is not None:
            result, label = request
            try:
                self._on_done(self._label(result, label) if label else self._snapshot(result))
            except (EdgeError, OSError) as error:
                self._on_done(f"not saved: {error}".partition("\n")[0])

    def _snapshot(self, result: Result) -> str:
        folder = self._folders.snapshots
        folder.mkdir(parents=True, exist_ok=True)
        check_free(folder)
        number = max(map(number_of, folder.iterdir()), default=0) + 1
        ending = f"-{slug(result.source)}-{slug(result.label)}.png"
        name = numbered_name(result.time_s, number, ending)
        return f"saved {write_atomic(folder / name, encode_fast(result.frame_bgr))}"

    def _label(self, result: Result, label: str) -> str:
        if label not in self._recordings:
            self._recordings[label] = _LabelRecording(self._folders.labelled, label)
        return self._recordings[label].add(result)


class _LabelRecording:
    """The pictures of one label in one run: one recording, in one part of the data set."""

    def __init__(self, out: Path, label: str) -> None:
        check_label(label)
        check_out(out)
        self._recorder = Recorder(out, label, choose_split(out, label, Split.AUTO))
        self._selector = FrameSelector(FILTERS)
        self._seen = 0

    def add(self, result: Result) -> str:
        """Save the frame unless it is a near duplicate; return a message."""
        recorder, self._seen = self._recorder, self._seen + 1
        quality = self._selector.measure(result.frame_bgr)
        selection = self._selector.select(quality)
        if selection is not Selection.KEPT:
            return f"{recorder.label}: not kept, {selection.value.replace('_', ' ')}"
        recorder.save(result.frame_bgr, quality.difference_hash)
        recorder.store(
            result.source, "labelled in the window", seen=self._seen, selector=self._selector
        )
        count = len(recorder.hashes)
        return f"{recorder.label}: picture {count} of this recording, in {recorder.split.value}"
