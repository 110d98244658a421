"""Frames that a person keeps: pictures as they are, or labelled ones to train on."""

import queue
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from edgecnn.atomic import write_atomic
from edgecnn.collector.filters import Filters
from edgecnn.collector.frame_quality import FrameSelector, Selection
from edgecnn.collector.layout import Split, check_label, check_out, choose_split
from edgecnn.collector.recording import Recorder, Recording
from edgecnn.errors import EdgeError
from edgecnn.opencv import encode_fast
from edgecnn.runner.result import Result
from edgecnn.sinks.names import number_of, numbered_name, slug
from edgecnn.sinks.storage import check_free

LEAVE_S = 0.3
ANY_SHARPNESS = Filters(min_sharpness=0)
"""A person has seen the frame; the same again is still of no use."""


@dataclass(frozen=True)
class Folders:
    """Where frames are kept."""

    shots: Path = Path("shots")
    """Pictures as they are."""
    labelled: Path = Path("pictures")
    """An image folder, as `collect` makes it."""


class FrameSaver:
    """Saves frames in a thread of its own: a screen must not wait for a disk."""

    def __init__(self, folders: Folders, say: Callable[[str], None]) -> None:
        """Start waiting for frames.

        Args:
            folders: Made when the first frame is kept.
            say: Called, from the thread, with what became of a frame.
        """
        self._folders, self._say = folders, say
        self._takes: dict[str, _Take] = {}
        self._requests: queue.SimpleQueue[tuple[Result, str] | None] = queue.SimpleQueue()
        self._thread = Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def keep(self, result: Result, label: str = "") -> None:
        """Save a frame, whole and without anything drawn on it, as a picture of a label or none."""
        self._requests.put((result, label))

    def close(self) -> None:
        """Wait a moment for what is being saved."""
        self._requests.put(None)
        self._thread.join(LEAVE_S)

    def _run(self) -> None:
        while (request := self._requests.get()) is not None:
            result, label = request
            try:
                self._say(self._label(result, label) if label else self._shoot(result))
            except (EdgeError, OSError) as error:
                self._say(f"not saved: {error}".partition("\n")[0])

    def _shoot(self, result: Result) -> str:
        folder = self._folders.shots
        folder.mkdir(parents=True, exist_ok=True)
        check_free(folder)
        number = max(map(number_of, folder.iterdir()), default=0) + 1
        ending = f"-{slug(result.source)}-{slug(result.label)}.png"
        name = numbered_name(result.time_s, number, ending)
        return f"saved {write_atomic(folder / name, encode_fast(result.frame_bgr))}"

    def _label(self, result: Result, label: str) -> str:
        if label not in self._takes:
            self._takes[label] = _Take(self._folders.labelled, label)
        return self._takes[label].add(result)


class _Take:
    """The pictures of one label in one run: one recording, which goes to one part."""

    def __init__(self, out: Path, label: str) -> None:
        check_label(label)
        check_out(out)
        self._recorder = Recorder(out, label, choose_split(out, label, Split.AUTO))
        self._chooser = FrameSelector(ANY_SHARPNESS)
        self._seen = 0

    def add(self, result: Result) -> str:
        """Save a frame; return what became of it."""
        recorder, self._seen = self._recorder, self._seen + 1
        look = self._chooser.see(result.frame_bgr)
        verdict = self._chooser.judge(look)
        if verdict is not Selection.KEPT:
            return f"{recorder.label}: not kept, {verdict.value.replace('_', ' ')}"
        recorder.save(result.frame_bgr, look.difference_hash)
        recorder.store(self._recording(result.source))
        count = len(recorder.hashes)
        return f"{recorder.label}: picture {count} of this recording, in {recorder.split.value}"

    def _recording(self, source: str) -> Recording:
        return Recording(
            id=self._recorder.id,
            label=self._recorder.label,
            split=self._recorder.split,
            source=source,
            facts="labelled while it was classified",
            seconds=self._recorder.seconds,
            seen=self._seen,
            dropped=self._chooser.dropped,
            interrupted=False,
            filters=self._chooser.filters,
            hashes=self._recorder.hashes,
        )
