"""The page in a real browser: what it shows, what it asks for, what a person can do."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame
from edgecnn.opencv import decode_picture
from edgecnn.runner.result import Result
from edgecnn.runner.watch import WatchOptions
from edgecnn.web.live_page import LivePage
from web.browser import Page, browser
from web.pages import feeding, live_page, noise

WIDE, PHONE, NARROW = (1280, 800), (390, 844), (360, 640)
ODD = "<b>bold</b>&amp;"
SHOWN = "document.getElementById('answer').textContent.trim()"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """An empty page; skipped where there is no browser."""
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def classifier(int8: Path) -> Iterator[Classifier]:
    with Classifier(int8) as opened:
        yield opened


class Running:
    """A page with two sources, of which one has an odd name."""

    def __init__(self, page: LivePage, classifier: Classifier, frames: list[Frame]) -> None:
        self.page, self.classifier, self.frames = page, classifier, frames
        self.rest = page.attach(WatchOptions()).pause
        self.first = frames[0]

    def result(self, number: int) -> Result:
        """Return the next result: the sources take turns."""
        prediction = self.classifier(self.first)
        label = prediction.label if prediction.known else "unknown"
        frame = noise(number % 20, 270, 480)
        source = ("/somewhere/else/front.mp4", ODD)[number % 2]
        return Result(number, frame, prediction, label, source=source, age_ms=4.0)


@pytest.fixture
def running(classifier: Classifier, frames: list[Frame]) -> Iterator[Running]:
    threshold = classifier.spec.reject_threshold
    with live_page(classifier) as (page, _):
        made = Running(page, classifier, frames)
        with feeding(page, made.result):
            yield made
    classifier.require(threshold)


def go(tab: Page, running: Running, size: tuple[int, int] = WIDE) -> None:
    """Open the page and wait for its first answer."""
    tab.problems.clear()
    tab.requests.clear()
    tab.open(running.page.url, *size, phone=size != WIDE)
    tab.until(f"{SHOWN} != ''")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=str)
def test_the_page_shows_the_answer_and_asks_nobody_else(
    tab: Page, running: Running, size: tuple[int, int], tmp_path: Path
) -> None:
    go(tab, running, size)
    prediction = running.classifier(running.first)
    expected = prediction.label if prediction.known else "unknown"
    tab.until(f"{SHOWN} == '{expected}'")
    assert tab.value("document.getElementById('model-name').textContent") == "small"
    bars = "[...document.querySelectorAll('#bars li span:first-child')].map((e) => e.textContent)"
    assert tab.value(bars) == [label for label, _ in prediction.top(5)]
    tab.until("document.getElementById('picture').naturalWidth == 480")
    tab.until("parseFloat(document.getElementById('fps').textContent) > 1")
    tab.picture(tmp_path / "page.png")
    picture = decode_picture((tmp_path / "page.png").read_bytes())
    assert picture is not None
    assert picture.shape[:2] == size[::-1]
    assert picture.std() > 10
    ours = urlsplit(running.page.url).netloc
    assert {urlsplit(url).netloc for url in tab.requests} == {ours}
    assert tab.problems == []


@pytest.mark.parametrize("size", [NARROW, PHONE, WIDE], ids=str)
def test_nothing_is_wider_than_the_screen_and_targets_are_large(
    tab: Page, running: Running, size: tuple[int, int]
) -> None:
    go(tab, running, size)
    tab.until("document.querySelectorAll('#sources button').length == 2")
    assert tab.value("document.documentElement.scrollWidth") <= size[0]
    sizes = tab.value(
        "[...document.querySelectorAll('button, input')].filter((e) => e.offsetParent)"
        ".map((e) => Math.min(e.offsetWidth, e.offsetHeight))"
    )
    assert len(sizes) >= 4
    assert min(sizes) >= 44


def test_everything_can_be_done_with_the_keyboard(tab: Page, running: Running) -> None:
    go(tab, running)
    tab.until("document.querySelectorAll('#sources button').length == 2")
    tab.value("document.getElementById('threshold').focus()")
    tab.press("Home")
    tab.press("ArrowRight")
    tab.until("document.getElementById('threshold-value').textContent == '1.0 %'")
    tab.until("!document.getElementById('reset').hidden")
    assert running.classifier.spec.reject_threshold == pytest.approx(0.01)
    tab.value("document.getElementById('pause').focus()")
    tab.press("Enter")
    tab.until("document.getElementById('pause').getAttribute('aria-pressed') == 'true'")
    tab.until("document.getElementById('status').textContent == 'paused'")
    assert running.rest is not None
    assert running.rest.requested
    tab.press("Enter")
    tab.until("document.getElementById('status').textContent == 'live'")
    assert not running.rest.requested


def test_another_source_is_shown_large(tab: Page, running: Running) -> None:
    go(tab, running)
    tab.until("document.querySelectorAll('#sources button').length == 2")
    pressed = "document.querySelector('#sources [aria-pressed=true]').innerText.split('\\n')[0]"
    name = "document.querySelector('#sources [aria-pressed=false]').innerText.split('\\n')[0]"
    other = tab.value(name)
    assert tab.value(pressed) != other
    tab.value("document.querySelector('#sources [aria-pressed=false]').click()")
    tab.until(f"{pressed} == {other!r}")
    tab.until(f"document.getElementById('picture').alt == 'Live picture of ' + {other!r}")
    assert any("/picture/1" in url for url in tab.requests)


def test_what_is_no_text_of_ours_is_shown_as_text(tab: Page, running: Running) -> None:
    go(tab, running)
    tab.until(f"document.getElementById('cameras').innerText.includes({ODD!r}.split('/').pop())")
    assert tab.value("document.querySelectorAll('b b').length") == 0


def test_everything_has_a_name_for_who_cannot_see_it(tab: Page, running: Running) -> None:
    go(tab, running)
    tab.until("document.querySelectorAll('#sources button').length == 2")
    tree = tab.call("Accessibility.getFullAXTree")["nodes"]
    roles = ("button", "slider", "image", "list", "group", "heading", "log")
    nodes = [node for node in tree if not node.get("ignored")]
    named = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if "role" in n]
    asked = [(role, name) for role, name in named if role in roles and role not in ("list", "log")]
    assert {role for role, _ in asked} >= {"button", "slider", "image", "heading"}
    assert [role for role, name in asked if not name.strip()] == []


def test_an_answer_that_holds_is_said_and_one_that_flickers_is_not(
    tab: Page, running: Running
) -> None:
    go(tab, running)
    label = tab.value(SHOWN)
    tab.until(f"document.getElementById('said').textContent == '{label}'")
    assert tab.value("document.getElementById('said').getAttribute('aria-live')") == "polite"


def test_a_silent_camera_is_no_picture(tab: Page, classifier: Classifier) -> None:
    with live_page(classifier) as (page, _):
        running = Running(page, classifier, [noise(1)])
        page._hub.silent_s = 0.5
        page(replace(running.result(1), source="cam"))
        tab.open(page.url, *WIDE)
        tab.until("document.getElementById('blank').textContent.startsWith('No frame for ')")
        tab.until(f"{SHOWN} == '–'")
        tab.until("document.getElementById('status').textContent == 'no frame'")
        assert (
            tab.value("getComputedStyle(document.getElementById('picture')).visibility") == "hidden"
        )


def test_the_end_of_the_run_is_said_and_is_no_error(
    tab: Page, classifier: Classifier, frames: list[Frame]
) -> None:
    with live_page(classifier) as (page, _):
        running = Running(page, classifier, frames)
        with feeding(page, running.result):
            go(tab, running)
    tab.until("document.getElementById('status').textContent == 'run has ended'")
    assert tab.value("document.getElementById('pause').disabled")
    assert tab.problems == []
