"""The window of a run. Its keys work while cameras stall, since it waits for none of them."""

import time
from collections import deque
from collections.abc import Callable

from edgecnn.errors import DeviceError
from edgecnn.opencv import cv2
from edgecnn.runner.result import Result
from edgecnn.sinks.screen import has_screen
from edgecnn.text import printable
from edgecnn.window.frame_saver import Folders, FrameSaver
from edgecnn.window.view import View, draw_view

STEP_MS = 15
SILENT_S = 2
"""After so long without a frame the window says so."""
NOTE_S = 4.0
"""How long it shows what a key did."""
RATE_FRAMES = 60
CHOICES = 10
"""Classes that the keys 0 to 9 stand for at once."""
ESCAPE, TAB = 27, 9


class WindowSink:
    """Shows the newest results in a window. A screen belongs to one thread, so it has two faces.

    Results come from the thread that delivers them; `step` draws and hears keys, in the thread
    that made the window.
    """

    name, queue_size, needs_frames, required = "window", 8, True, False

    def __init__(self, title: str, labels: tuple[str, ...], folders: Folders) -> None:
        """Open the window.

        Args:
            title: What it is called.
            labels: The classes that a frame can be given.
            folders: Where frames are kept.

        Raises:
            DeviceError: There is no screen.
        """
        if not has_screen():
            raise DeviceError(
                "there is no screen to show a window on", remedy="leave --show out, or use --save"
            )
        self.is_recording: Callable[[], bool] = lambda: False
        """Tells whether a video is being written."""
        self._title, self._labels = printable(title), labels
        self._feeds: dict[str, _Feed] = {}
        self._source = ""
        self._held: Result | None = None
        self._page = -1
        self._note = ("", 0.0)
        self._shown: View | None = None
        self._keeper = FrameSaver(folders, self._tell)
        cv2.namedWindow(self._title, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)  # no toolbar

    def __call__(self, result: Result) -> None:
        """Remember the result for `step`."""
        if result.source in self._feeds:
            self._feeds[result.source].add(result)
        else:  # a new dictionary, since the other thread may go through this one
            self._feeds = {**self._feeds, result.source: _Feed(result)}

    def step(self) -> bool:
        """Show what is new and hear keys for a moment; tell whether to go on."""
        view = self._view()
        if self._shown is None or not _alike(view, self._shown):
            cv2.imshow(self._title, draw_view(view))
            self._shown = view
        key = cv2.waitKey(STEP_MS) & 0xFF
        if cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1:
            return False
        return self._hear(key, view.result)

    def close(self) -> None:
        """Do nothing: `destroy` closes the window, in its own thread."""

    def destroy(self) -> None:
        """Close the window, and finish what is being saved."""
        self._keeper.close()
        cv2.destroyAllWindows()

    def _view(self) -> View:
        now_s = time.monotonic()
        feed = self._feeds.get(self._source) or next(iter(self._feeds.values()), None)
        silent_s = int(now_s - feed.at_s[-1]) if feed else 0
        is_silent = silent_s >= SILENT_S
        note, until_s = self._note
        return View(
            result=self._held or (feed.newest if feed else None),
            fps=feed.fps if feed and not is_silent else 0.0,
            silent_s=silent_s if is_silent else 0,
            paused=self._held is not None,
            recording=self.is_recording(),
            note=note if now_s < until_s else "",
            choices=self._choices(),
            several=len(self._feeds) > 1,
        )

    def _choices(self) -> list[tuple[str, str]]:
        if self._page < 0:
            return []
        start = self._page * CHOICES
        shown = self._labels[start : start + CHOICES]
        return [(str(key), label) for key, label in enumerate(shown)]

    def _hear(self, key: int, shown: Result | None) -> bool:
        """Do what a key asks for, on the result that is shown; tell whether to go on."""
        if key in (ord("q"), ESCAPE):
            return False
        if key in (ord("p"), ord(" ")):
            self._held = None if self._held else shown
        elif key == ord("s") and shown:
            self._keeper.keep(shown)
        elif key == ord("l"):
            pages = -(-len(self._labels) // CHOICES)
            self._page = self._page + 1 if self._page + 1 < pages else -1
        elif key == TAB:
            self._turn(shown)
        elif shown and chr(key) in (choices := dict(self._choices())):
            self._keeper.keep(shown, choices[chr(key)])
        return True

    def _turn(self, shown: Result | None) -> None:
        """Show the next source."""
        names = list(self._feeds)
        if shown and shown.source in names:
            self._source = names[(names.index(shown.source) + 1) % len(names)]
            self._held = None

    def _tell(self, note: str) -> None:
        self._note = (note, time.monotonic() + NOTE_S)


class _Feed:
    """The newest result of one source, and when the last ones came."""

    def __init__(self, newest: Result) -> None:
        self.newest = newest
        self.at_s = deque([time.monotonic()], RATE_FRAMES)

    def add(self, result: Result) -> None:
        self.newest = result
        self.at_s.append(time.monotonic())

    @property
    def fps(self) -> float:
        """Results a second, over the newest ones."""
        count, span_s = len(self.at_s) - 1, self.at_s[-1] - self.at_s[0]
        return count / span_s if span_s > 0 else 0.0


def _alike(view: View, shown: View) -> bool:
    """Tell whether there is nothing new to see: the rate changes with the result alone."""
    same = view.result is shown.result and list(view.choices) == list(shown.choices)
    return same and _state(view) == _state(shown)


def _state(view: View) -> tuple[object, ...]:
    return view.silent_s, view.paused, view.recording, view.note, view.several
