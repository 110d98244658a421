"""The window of a run. It never waits for a source, so its keys work while cameras stall."""

import time
from collections import deque
from collections.abc import Callable

from edgecnn.opencv import cv2
from edgecnn.runner.result import Result
from edgecnn.sinks.screen import check_screen
from edgecnn.text import printable
from edgecnn.window.frame_saver import Folders, FrameSaver
from edgecnn.window.view import View, draw_view

STEP_MS = 15
SILENT_S = 2
"""After this time without a result, the window shows a warning."""
NOTE_S = 4.0
"""How long the message about a key is shown."""
RATE_RESULTS = 60
"""The rate is averaged over this many results."""
CHOICES = 10
"""How many classes are listed at once, for the keys 0 to 9."""
ESCAPE, TAB = 27, 9


class WindowSink:
    """Shows the newest results in a window.

    A window belongs to one thread. So the sink's thread only stores results, and the thread that
    made the window calls `step` to draw and read keys.
    """

    name, queue_size, needs_frames, required = "window", 8, True, False

    def __init__(self, title: str, labels: tuple[str, ...], folders: Folders) -> None:
        """Open the window.

        Args:
            title: Of the window.
            labels: The classes that a frame can be labelled with.
            folders: Where frames are saved.

        Raises:
            DeviceError: There is no screen.
        """
        check_screen("leave --show out, or use --save")
        self.is_recording: Callable[[], bool] = lambda: False
        """Returns whether a video is being written."""
        self._title, self._labels = printable(title), labels
        self._streams: dict[str, _Stream] = {}
        self._source = ""
        self._held: Result | None = None
        self._page = -1
        self._note = ("", 0.0)
        self._shown: View | None = None
        self._saver = FrameSaver(folders, self._show_note)
        cv2.namedWindow(self._title, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)  # no toolbar

    def __call__(self, result: Result) -> None:
        """Store the result for `step`."""
        if result.source in self._streams:
            self._streams[result.source].add(result)
        else:  # a new dictionary: the other thread may be iterating over this one
            self._streams = {**self._streams, result.source: _Stream(result)}

    def step(self) -> bool:
        """Draw what is new and read keys for some milliseconds; return whether to go on."""
        view = self._view()
        if self._shown is None or not _looks_same(view, self._shown):
            cv2.imshow(self._title, draw_view(view))
            self._shown = view
        key = cv2.waitKey(STEP_MS) & 0xFF
        if cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1:
            return False
        return self._on_key(key, view.result)

    def close(self) -> None:
        """Do nothing: `destroy` closes the window, in the thread that made it."""

    def destroy(self) -> None:
        """Close the window, after pending frames are saved."""
        self._saver.close()
        cv2.destroyAllWindows()

    def _view(self) -> View:
        now_s = time.monotonic()
        stream = self._streams.get(self._source) or next(iter(self._streams.values()), None)
        silent_s = int(now_s - stream.at_s[-1]) if stream else 0
        is_silent = silent_s >= SILENT_S
        note, until_s = self._note
        return View(
            result=self._held or (stream.newest if stream else None),
            fps=stream.fps if stream and not is_silent else 0.0,
            silent_s=silent_s if is_silent else 0,
            paused=self._held is not None,
            recording=self.is_recording(),
            note=note if now_s < until_s else "",
            choices=self._choices(),
            several=len(self._streams) > 1,
        )

    def _choices(self) -> list[tuple[str, str]]:
        if self._page < 0:
            return []
        start = self._page * CHOICES
        shown = self._labels[start : start + CHOICES]
        return [(str(key), label) for key, label in enumerate(shown)]

    def _on_key(self, key: int, shown: Result | None) -> bool:
        """Handle a key for the result that is shown; return whether to go on."""
        if key in (ord("q"), ESCAPE):
            return False
        if key in (ord("p"), ord(" ")):
            self._held = None if self._held else shown
        elif key == ord("s") and shown:
            self._saver.save(shown)
        elif key == ord("l"):
            pages = -(-len(self._labels) // CHOICES)
            self._page = self._page + 1 if self._page + 1 < pages else -1
        elif key == TAB:
            self._show_next_source(shown)
        elif shown and chr(key) in (choices := dict(self._choices())):
            self._saver.save(shown, choices[chr(key)])
        return True

    def _show_next_source(self, shown: Result | None) -> None:
        names = list(self._streams)
        if shown and shown.source in names:
            self._source = names[(names.index(shown.source) + 1) % len(names)]
            self._held = None

    def _show_note(self, note: str) -> None:
        self._note = (note, time.monotonic() + NOTE_S)


class _Stream:
    """The newest result of one source, and the times of recent ones."""

    def __init__(self, newest: Result) -> None:
        self.newest = newest
        self.at_s = deque([time.monotonic()], RATE_RESULTS)

    def add(self, result: Result) -> None:
        self.newest = result
        self.at_s.append(time.monotonic())

    @property
    def fps(self) -> float:
        """Results per second, over the recent ones."""
        count, span_s = len(self.at_s) - 1, self.at_s[-1] - self.at_s[0]
        return count / span_s if span_s > 0 else 0.0


def _looks_same(view: View, shown: View) -> bool:
    """Return whether two views look the same; `fps` only changes with the result."""
    same = view.result is shown.result and list(view.choices) == list(shown.choices)
    return same and _state(view) == _state(shown)


def _state(view: View) -> tuple[object, ...]:
    return view.silent_s, view.paused, view.recording, view.note, view.several
