"""Live sources never hang and never lag: real processes, and cameras that misbehave."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from cameras import Wire, forever, http_camera, jpeg, level_of, scene, then_hang_up, then_silent
from commands import started
from processes import is_there

from edgecnn.errors import OptionError, SourceError
from edgecnn.model.frame import fit_frame
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import cv2
from edgecnn.sources.capture import CaptureOptions, Source, open_source, open_sources
from edgecnn.sources.captured_frame import CapturedFrame
from edgecnn.sources.events import Event, SourceEvent
from edgecnn.sources.frame_request import FrameRequest
from edgecnn.sources.live.connection import Patience
from edgecnn.sources.live.feed import LiveFeed
from edgecnn.sources.region import Region
from edgecnn.sources.sampling import Sampling
from edgecnn.sources.stop import Stop

SPEC = ModelSpec(("a", "b"), 28, 28, 1)
CALM = Patience(open_s=60.0, give_up_s=60.0, doubt_s=0.2)
QUICK = replace(CALM, stall_s=1.0)
PYTHON = f"exec:{sys.executable}"


class Told(list[Event]):
    """What was told of a source."""

    @property
    def what(self) -> list[SourceEvent]:
        return [event.what for event in self]

    def options(self, **given: object) -> CaptureOptions:
        return CaptureOptions(**{"patience": CALM, "tell": self.append, **given})  # type: ignore[arg-type]


@pytest.fixture
def told() -> Told:
    return Told()


def until(source: Source, done: Callable[[CapturedFrame], bool]) -> CapturedFrame:
    """Read until a shot is as it should be; the patience of the source ends a vain wait."""
    return next(shot for shot in source.captured_frames() if done(shot))


def pid_of(source: Source) -> int:
    feed = source._feeds[0]
    assert isinstance(feed, LiveFeed)
    assert feed._process is not None
    return feed._process.pid


def soon(holds: Callable[[], bool]) -> bool:
    """Wait until something holds, for a minute at most; tell whether it did."""
    for _ in range(3000):
        if holds():
            return True
        time.sleep(0.02)
    return False


STATES = [
    SourceEvent.CONNECTING,
    SourceEvent.LIVE,
    SourceEvent.STALLED,
    SourceEvent.RECONNECTING,
    SourceEvent.FAILED,
]


def states(told: Told) -> list[SourceEvent]:
    return [what for what in told.what if what in STATES]


def test_a_camera_tells_its_size_and_its_frames_carry_their_time(told: Told) -> None:
    with http_camera(forever) as camera, open_source(camera.url, told.options()) as opened:
        before = time.monotonic_ns()
        next(opened.captured_frames())
        shot = next(opened.captured_frames())
        assert (opened.name, opened.facts) == (camera.url, "64x48, motion JPEG")
        assert before < shot.stamp_ns < time.monotonic_ns()
        assert (shot.source, shot.frame_bgr.shape, shot.fitted) == (camera.url, (48, 64, 3), None)
    assert told.what == [SourceEvent.CONNECTING, SourceEvent.LIVE]


def test_a_slow_reader_gets_the_newest_frame_and_the_rest_is_counted(told: Told) -> None:
    sent: list[int] = []

    def count(wire: Wire) -> None:
        for level in range(10, 250, 10):
            sent.append(level)
            wire.stream([scene(level)])
        wire.pause(60)

    with http_camera(count) as camera, open_source(camera.url, told.options()) as opened:
        levels = []
        for shot in opened.captured_frames():
            levels.append(level_of(shot.frame_bgr))
            if levels[-1] == 240:
                break
            while sent[-1] < min(240, levels[-1] + 50):  # slower than five frames
                time.sleep(0.01)
        counts = opened.counts[camera.url]
    assert levels == sorted(set(levels))
    assert len(levels) <= 8
    assert (counts.frames, counts.dropped) == (24, 24 - len(levels))


def test_a_frame_that_a_newer_one_replaces_before_it_is_taken_was_dropped(told: Told) -> None:
    asked = threading.Event()

    def three(wire: Wire) -> None:
        wire.stream([scene(10)])
        asked.wait(60)
        wire.stream([scene(20), scene(30)])
        wire.pause(60)

    with http_camera(three) as camera, open_source(camera.url, told.options()) as opened:
        until(opened, lambda shot: level_of(shot.frame_bgr) == 10)
        (feed,) = opened._feeds
        assert isinstance(feed, LiveFeed)
        assert feed.take() is None  # it is asked for the next frame, which then comes by itself
        asked.set()

        def next_waits() -> bool:
            feed.step()
            return feed._waiting

        assert soon(next_waits)  # behind the one that came
        shot = feed.take()
        assert shot is not None
        assert level_of(shot.frame_bgr) == 30
        assert (feed.counts.frames, feed.counts.dropped) == (3, 1)


def test_a_camera_that_stalls_is_noticed_and_connected_again(told: Told) -> None:
    with (
        http_camera(then_silent, forever) as camera,
        open_source(camera.url, told.options(patience=QUICK)) as opened,
    ):
        first = pid_of(opened)
        stamps = []
        for shot in opened.captured_frames():
            stamps.append(shot.stamp_ns / 1e9)
            if level_of(shot.frame_bgr) == 240:
                break
        assert pid_of(opened) != first
        counts = opened.counts[camera.url]
    assert states(told) == [
        SourceEvent.CONNECTING,
        SourceEvent.LIVE,
        SourceEvent.STALLED,
        SourceEvent.RECONNECTING,
        SourceEvent.LIVE,
    ]
    stall = told[states(told).index(SourceEvent.STALLED)]
    assert stall.detail == "no frame for 1 s"
    assert stall.at_s - max(stamp for stamp in stamps if stamp < stall.at_s) >= QUICK.stall_s
    assert (counts.stalls, counts.reconnects) == (1, 1)
    assert not is_there(first)


def test_a_camera_that_hangs_up_is_connected_again_and_its_counts_go_on(told: Told) -> None:
    with (
        http_camera(then_hang_up, forever) as camera,
        open_source(camera.url, told.options()) as opened,
    ):
        until(opened, lambda shot: level_of(shot.frame_bgr) == 240)
        counts = opened.counts[camera.url]
    assert states(told) == [
        SourceEvent.CONNECTING,
        SourceEvent.LIVE,
        SourceEvent.RECONNECTING,
        SourceEvent.LIVE,
    ]
    assert "hung up" in next(e.detail for e in told if e.what is SourceEvent.RECONNECTING)
    assert counts.reconnects == 1
    assert counts.frames >= 25


def test_a_camera_that_does_not_come_back_is_given_up(told: Told) -> None:
    with http_camera(then_hang_up) as camera:
        url = camera.url
        options = told.options(patience=replace(CALM, give_up_s=0.5))
        with open_source(url, options) as opened:
            next(opened.captured_frames())
            camera.acts = (lambda wire: wire.pause(60),)
            with pytest.raises(SourceError, match="stopped giving frames: the camera hung up"):
                list(opened)
    assert states(told)[-1] is SourceEvent.FAILED


def test_corrupt_pictures_are_left_out_told_once_and_counted(told: Told) -> None:
    def spoil(wire: Wire) -> None:
        for number, level in enumerate(range(0, 240, 10)):
            wire.send(scene(level), cut=40 if number % 3 == 1 else 0)
            wire.pause(0.02)
        forever(wire)

    with http_camera(spoil) as camera, open_source(camera.url, told.options()) as opened:
        seen = [level_of(shot.frame_bgr) for shot in islice(opened.captured_frames(), 30)]
        assert opened.counts[camera.url].corrupt == 8
    assert told.what.count(SourceEvent.CORRUPT) == 1
    assert states(told) == [SourceEvent.CONNECTING, SourceEvent.LIVE]
    assert set(seen[:10]).isdisjoint(range(10, 200, 30))


def test_a_size_that_changes_is_told_and_the_frames_have_it(told: Told) -> None:
    def grow(wire: Wire) -> None:
        wire.stream([scene(level) for level in range(0, 100, 10)])
        while not wire.closing.is_set():
            wire.stream([scene(level, 96, 128) for level in range(0, 100, 10)])

    with http_camera(grow) as camera, open_source(camera.url, told.options()) as opened:
        shapes = {opened_shape(shot) for shot in islice(opened.captured_frames(), 20)}
    assert shapes == {(48, 64, 3), (96, 128, 3)}
    assert "64x48 became 128x96" in [event.detail for event in told]


def opened_shape(shot: CapturedFrame) -> tuple[int, ...]:
    return shot.frame_bgr.shape


@pytest.mark.parametrize("obstructed", [False, True])
def test_a_picture_that_stands_still_is_told(told: Told, blind: bool) -> None:
    picture = np.zeros((48, 64, 3), np.uint8) if blind else scene(50)

    def still(wire: Wire) -> None:
        while not wire.closing.is_set():
            wire.stream([picture])

    with http_camera(still) as camera, open_source(camera.url, told.options()) as opened:
        list(islice(opened.captured_frames(), 20))
    assert told.what == [
        SourceEvent.CONNECTING,
        SourceEvent.LIVE,
        SourceEvent.OBSTRUCTED if blind else SourceEvent.FROZEN,
    ]


def test_a_password_opens_the_camera_and_is_nowhere_to_be_seen(told: Told) -> None:
    with http_camera(forever, login="me:s/e cret") as camera:
        url = camera.url.replace("://", "://me:s%2Fe%20cret@")
        with open_source(url, told.options()) as opened:
            next(opened.captured_frames())
            command = Path(f"/proc/{pid_of(opened)}/cmdline").read_bytes()
    assert opened.name == camera.url
    assert b"cret" not in command + repr(told).encode() + opened.facts.encode()


def test_a_wrong_password_says_so_without_telling_it(told: Told) -> None:
    with http_camera(forever, login="me:secret") as camera:
        url = camera.url.replace("://", "://me:wrong@")
        with pytest.raises(SourceError, match="did not open: the camera answers 401") as refusal:
            next(iter_once(url, told.options()))
    assert "password" in refusal.value.remedy
    assert "wrong" not in str(refusal.value) + repr(told)
    assert told.what == [SourceEvent.CONNECTING, SourceEvent.FAILED]


def iter_once(source: str, options: CaptureOptions) -> Iterator[CapturedFrame]:
    with open_source(source, options) as opened:
        yield from opened.captured_frames()


def test_a_video_over_http_is_left_to_ffmpeg(told: Told, tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for level in range(0, 250, 10):
        writer.write(scene(level))
    writer.release()
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    server = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout is not None
        port = server.stdout.readline().split()[5]
        with open_source(f"http://127.0.0.1:{port}/film.avi", told.options()) as opened:
            assert next(opened.captured_frames()).frame_bgr.shape == (48, 64, 3)
            assert opened.facts == "64x48, 10 fps"
    finally:
        server.kill()
        server.communicate()


def test_a_stopped_process_is_replaced(told: Told) -> None:
    with (
        http_camera(forever) as camera,
        open_source(camera.url, told.options(patience=QUICK)) as opened,
    ):
        next(opened.captured_frames())
        first = pid_of(opened)
        os.kill(first, signal.SIGSTOP)
        until(
            opened, lambda _: SourceEvent.STALLED in told.what and told.what[-1] is SourceEvent.LIVE
        )
        assert pid_of(opened) != first
        assert not is_there(first)
    assert states(told)[2:] == [SourceEvent.STALLED, SourceEvent.RECONNECTING, SourceEvent.LIVE]


def test_a_killed_process_is_replaced(told: Told) -> None:
    with http_camera(forever) as camera, open_source(camera.url, told.options()) as opened:
        next(opened.captured_frames())
        os.kill(pid_of(opened), signal.SIGKILL)
        until(
            opened,
            lambda _: told.what[-1] is SourceEvent.LIVE and SourceEvent.RECONNECTING in told.what,
        )
    assert states(told)[2:] == [SourceEvent.RECONNECTING, SourceEvent.LIVE]
    assert "ended by SIGKILL" in told[2].detail


PARENT = """
import sys, time
from pathlib import Path
from edgecnn.sources.capture import open_source
with open_source(sys.argv[1]) as opened:
    next(opened.captured_frames())
    child = opened._feeds[0]._process.pid
    others = Path(f"/proc/{child}/task/{child}/children").read_text().split()
    print(child, *others, flush=True)
    time.sleep(60)
"""
LIVELY = """
import sys, time, numpy as np
while True:
    sys.stdout.buffer.write(np.random.bytes(64 * 48 * 3))
    sys.stdout.flush()
    time.sleep(0.02)
"""
SILENT = LIVELY.replace("0.02", "60")


@pytest.fixture
def lively(tmp_path: Path) -> str:
    """A command that gives raw frames for ever."""
    (tmp_path / "lively.py").write_text(LIVELY)
    return f"exec:64x48:bgr24:{sys.executable} {tmp_path / 'lively.py'}"


@pytest.mark.parametrize("stopped", [False, True])
def test_when_the_parent_is_killed_nobody_is_left(tmp_path: Path, stopped: bool) -> None:
    (tmp_path / "silent.py").write_text(SILENT)
    source = f"exec:64x48:bgr24:{sys.executable} {tmp_path / 'silent.py'}"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, source], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 2
    assert all(is_there(pid) for pid in pids)
    if stopped:
        os.kill(pids[0], signal.SIGSTOP)
    parent.kill()
    parent.communicate()
    assert soon(lambda: not any(map(is_there, pids)))


def test_a_script_without_a_guard_is_not_run_again(tmp_path: Path, lively: str) -> None:
    (tmp_path / "script.py").write_text(
        "print('once')\n"
        "from edgecnn.sources.capture import open_source\n"
        f"with open_source({lively!r}) as opened:\n    next(opened.captured_frames())\n"
    )
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "once\n"), done.stderr


def test_the_working_folder_cannot_disturb_the_process(
    tmp_path: Path, lively: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    with open_source(lively) as opened:
        next(opened.captured_frames())


def test_a_command_gives_raw_frames_and_its_source_ends_with_it(told: Told, tmp_path: Path) -> None:
    frames = [scene(level) for level in (10, 120, 240)]
    (tmp_path / "raw").write_bytes(b"".join(frame.tobytes() for frame in frames))
    source = f"exec:64x48:bgr24:cat {tmp_path / 'raw'}"
    with open_source(source, told.options()) as opened:
        seen = [shot.frame_bgr for shot in opened.captured_frames()]
        assert opened.counts[source].frames == 3
    np.testing.assert_array_equal(seen[-1], frames[-1])
    assert told.what == [SourceEvent.CONNECTING, SourceEvent.LIVE]


RAW_CODES = {
    "gray": cv2.COLOR_BGR2GRAY,
    "rgb24": cv2.COLOR_BGR2RGB,
    "yuv420p": cv2.COLOR_BGR2YUV_I420,
}


@pytest.mark.parametrize("form", RAW_CODES)
def test_raw_frames_of_other_formats_become_bgr(told: Told, tmp_path: Path, form: str) -> None:
    smooth = cv2.resize(scene(120)[::16, ::16], (64, 48))
    (tmp_path / "raw").write_bytes(cv2.cvtColor(smooth, RAW_CODES[form]).tobytes())
    (frame,) = [
        shot.frame_bgr
        for shot in iter_once(f"exec:64x48:{form}:cat {tmp_path / 'raw'}", told.options())
    ]
    gray = cv2.cvtColor(cv2.cvtColor(smooth, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    expected = gray if form == "gray" else smooth
    assert frame.shape == (48, 64, 3)
    assert np.abs(frame.astype(int) - expected).mean() < 8


def test_a_command_gives_motion_jpeg(told: Told, tmp_path: Path) -> None:
    (tmp_path / "film.mjpeg").write_bytes(b"".join(jpeg(scene(level)) for level in (10, 120, 240)))
    shots = list(iter_once(f"exec:cat {tmp_path / 'film.mjpeg'}", told.options()))
    assert level_of(shots[-1].frame_bgr) == 240


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("exec:edgecnn-nowhere -o -", "edgecnn-nowhere cannot be started: No such file"),
        (f"{PYTHON} -c 'raise SystemExit(\"no http://me:secret@cam\")'", "ended with 1: no http://cam"),
        ("rtsp://me:secret@127.0.0.1:9/", "OpenCV cannot open it"),
        ("http://me:secret@127.0.0.1:9/", "no connection"),
        ("http://me:secret@127.0.0.1:99999/", "no readable port"),
    ],
)  # fmt: skip
def test_a_source_that_does_not_open_says_why(told: Told, source: str, words: str) -> None:
    with pytest.raises(SourceError, match="did not open") as refusal:
        next(iter_once(source, told.options()))
    assert words in refusal.value.what
    assert "secret" not in str(refusal.value) + repr(told)


def test_a_command_that_cannot_be_parsed_starts_nothing(told: Told) -> None:
    with pytest.raises(OptionError, match="no command"):
        next(iter_once("exec:", told.options()))
    assert told == []


def test_a_fifo_without_a_writer_does_not_hang(told: Told, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mp4")
    options = told.options(patience=Patience(open_s=1.0))
    with pytest.raises(SourceError, match="no frame came in time"):
        next(iter_once(str(tmp_path / "fifo.mp4"), options))
    assert told.what == [SourceEvent.CONNECTING, SourceEvent.FAILED]


def test_a_camera_that_is_not_there_yet_is_waited_for(told: Told) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = told.options(patience=replace(CALM, wait=True))
    seen: list[CapturedFrame] = []

    def look() -> None:  # in a thread: its capture process must not end with it
        with open_source(f"http://127.0.0.1:{port}/live", options) as opened:
            seen.append(next(opened.captured_frames()))

    looking = threading.Thread(target=look)
    looking.start()
    assert soon(lambda: bool(told))
    with http_camera(forever, port=port):
        looking.join(60)
    assert len(seen) == 1
    assert told.what == [SourceEvent.CONNECTING, SourceEvent.LIVE]


def test_several_sources_are_served_in_turn_and_bad_ones_disturb_nobody(
    told: Told, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "fifo")
    with (
        http_camera(forever) as good,
        http_camera(forever) as other,
        http_camera(then_silent) as bad,
    ):
        urls = [good.url, "http://127.0.0.1:9/", other.url, bad.url, str(tmp_path / "fifo")]
        with open_sources(urls, told.options(patience=QUICK)) as opened:
            for url in (good.url, other.url, bad.url):
                until(opened, lambda shot, url=url: shot.source == url)  # type: ignore[misc]
            seen = [shot.source for shot in islice(opened.captured_frames(), 150)]
    assert abs(seen.count(good.url) - seen.count(other.url)) <= 15
    failed = [event.source for event in told if event.what is SourceEvent.FAILED]
    stalled = {event.source for event in told if event.what is SourceEvent.STALLED}
    assert failed == ["http://127.0.0.1:9/"]
    assert stalled == {bad.url}


@pytest.mark.parametrize("give_up_s", [0.0, 1.2])
def test_a_reader_that_was_away_takes_no_source_for_lost(
    told: Told, lively: str, give_up_s: float
) -> None:
    with open_source(lively, told.options(patience=replace(QUICK, give_up_s=give_up_s))) as opened:
        for _ in range(2):
            assert sum(1 for _ in islice(opened.captured_frames(), 3)) == 3
            time.sleep(1.5)
        assert next(opened.captured_frames())
    assert set(told.what) == {SourceEvent.CONNECTING, SourceEvent.LIVE}


def test_however_wishes_and_frames_cross_each_other_no_source_stops(
    told: Told, tmp_path: Path
) -> None:
    """Two threads of each process answer while frames come as fast as they can."""
    (tmp_path / "lively.py").write_text(LIVELY.replace("time.sleep(0.02)", ""))
    command = f"{sys.executable} {tmp_path / 'lively.py'}"
    options = told.options(patience=replace(CALM, stall_s=5.0))
    sources = [f"exec:64x48:{form}:{command}" for form in ("bgr24", "rgb24")]
    with open_sources(sources, options) as opened:
        seen = []
        for shot in islice(opened.captured_frames(), 8000):
            seen.append(shot.source)
            assert SourceEvent.STALLED not in told.what
    assert all(seen[-1000:].count(source) >= 100 for source in {*seen})
    assert len({*seen}) == 2


def test_files_and_cameras_are_read_together_and_files_to_their_end(
    told: Told, tmp_path: Path
) -> None:
    for number in range(7):
        cv2.imwrite(str(tmp_path / f"{number}.png"), scene(number * 10))
    with (
        http_camera(forever) as camera,
        open_sources([str(tmp_path), camera.url], told.options()) as opened,
    ):
        seen = [shot.source for shot in islice(opened.captured_frames(), 30)]
    assert seen.count(str(tmp_path)) == 7


def test_a_broken_file_among_several_is_raised_when_the_others_have_ended(tmp_path: Path) -> None:
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        for number in range(5):
            cv2.imwrite(str(tmp_path / name / f"{number}.png"), scene(number))
    (tmp_path / "bad" / "1.png").write_bytes(b"no picture")
    seen: list[str] = []
    folders = [str(tmp_path / "good"), str(tmp_path / "bad")]
    with (
        open_sources(folders) as opened,
        pytest.raises(SourceError, match=r"1\.png is not a whole"),
    ):
        seen.extend(shot.source for shot in opened.captured_frames())
    assert [seen.count(folder) for folder in folders] == [5, 1]


@pytest.mark.parametrize("whole", [True, False])
def test_frames_are_fitted_where_they_are_read(told: Told, lively: str, whole: bool) -> None:
    with open_source(lively, told.options(), FrameRequest(SPEC, whole=whole)) as opened:
        shot = next(opened.captured_frames())
    assert shot.fitted is not None
    assert shot.fitted.shape == SPEC.shape
    if whole:
        np.testing.assert_array_equal(shot.fitted, fit_frame(shot.frame_bgr, SPEC))
    else:
        assert shot.frame_bgr is shot.fitted


def test_nothing_is_left_open_or_running(told: Told) -> None:
    def held() -> tuple[int, int]:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        return len(list(Path("/proc/self/fd").iterdir())), len(children)

    with http_camera(then_hang_up) as camera:
        before = held()
        with open_source(camera.url, told.options()) as opened:
            until(opened, lambda _: SourceEvent.RECONNECTING in told.what)
        assert soon(lambda: held() == before)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_waits_for_a_camera_ends_at_once_when_told_to(int8: Path, sign: int) -> None:
    command = [sys.executable, "-m", "edgecnn", "run", str(int8), "--wait",
               "--source", "http://127.0.0.1:9/"]  # fmt: skip
    with started(*command) as process:
        assert process.stderr is not None
        assert any("CONNECTING" in line for line in process.stderr)
        process.send_signal(sign)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == (130 if sign == signal.SIGINT else 0)
    assert "Traceback" not in rest


def test_only_the_region_is_fitted_and_the_whole_frame_stays_whole(told: Told, lively: str) -> None:
    region = Region(0.25, 0.5, 0.5, 0.5)
    with open_source(lively, told.options(), FrameRequest(SPEC, region=region)) as opened:
        shot = next(opened.captured_frames())
    assert shot.frame_bgr.shape == (48, 64, 3)
    assert shot.fitted is not None
    np.testing.assert_array_equal(shot.fitted, fit_frame(shot.frame_bgr[24:48, 16:48], SPEC))


def test_frames_that_are_left_out_are_no_stall_and_not_dropped(told: Told) -> None:
    rare = FrameRequest(
        sampling=Sampling(fps=0.8)
    )  # one in 1.25 s, and a stall would be told after 1
    with (
        http_camera(forever) as camera,
        open_source(camera.url, told.options(patience=QUICK), rare) as opened,
    ):
        first, second = islice(opened.captured_frames(), 2)
        counts = opened.counts[camera.url]
    assert second.stamp_ns - first.stamp_ns >= 1.2e9
    assert states(told) == [SourceEvent.CONNECTING, SourceEvent.LIVE]
    assert counts.frames > 10
    assert counts.dropped == 0


def test_a_camera_gives_every_nth_frame(told: Told) -> None:
    def slowly(wire: Wire) -> None:
        wire.stream([scene(level) for level in range(10, 130, 10)], fps=10)
        wire.pause(60)

    third = FrameRequest(sampling=Sampling(every=3))
    with http_camera(slowly) as camera, open_source(camera.url, told.options(), third) as opened:
        levels = [level_of(shot.frame_bgr) for shot in islice(opened.captured_frames(), 4)]
    assert levels == [10, 40, 70, 100]


@pytest.mark.parametrize("camera", [then_silent, forever], ids=["silent", "lively"])
def test_a_wish_to_stop_ends_the_frames(told: Told, camera: Callable[[Wire], None]) -> None:
    stop = Stop()
    with http_camera(camera) as there, open_source(there.url, told.options(stop=stop)) as opened:
        next(opened.captured_frames())
        threading.Timer(0.3, stop.ask).start()
        for _ in opened.captured_frames():
            assert not there.closing.is_set()
        assert stop.wanted
    stop.close()
