"""`edgecnn run --web`, in its own process."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from web.pages import ask, opened, pictures, states

COMMAND = (sys.executable, "-W", "error", "-m", "edgecnn", "run")


@contextmanager
def running(*arguments: str | Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Start a run; yield it and the address of its page."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments), "--format", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("live page: "):
                break
        else:
            pytest.fail("no page was announced")
        yield process, line.partition(": ")[2].strip()
    finally:
        process.kill()
        process.communicate()


def wait_for_a_source(port: int) -> None:
    """Return when the page shows something."""
    with opened(port, "/events") as stream:
        next(state for state in states(stream) if state["sources"] and state["sources"][0]["size"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_though_viewers_are_connected(
    int8: Path, number: signal.Signals
) -> None:
    with running(int8, "--source", "pattern", "--fps", "30", "--web-port", "0") as (process, url):
        port = urlsplit(url).port
        assert port is not None
        assert urlsplit(url).hostname == "127.0.0.1"
        wait_for_a_source(port)
        with ExitStack() as viewers:
            streams = [viewers.enter_context(opened(port, "/events")) for _ in range(5)]
            shown = [viewers.enter_context(opened(port, "/picture/0", 4096)) for _ in range(5)]
            assert all(next(states(stream)) for stream in streams)
            assert all(next(pictures(stream)) for stream in shown[1:])  # the first never reads
            process.send_signal(number)
            out, errors = process.communicate(timeout=30)
            assert list(states(streams[0]))[-1]["ended"] is True
    assert process.returncode == (130 if number is signal.SIGINT else 0)
    assert "not everything could be finished" not in errors
    assert "Traceback" not in errors
    report = json.loads(out)
    assert report["interrupted"] is True
    assert (report["sinks"]["web"]["lost"], report["sinks"]["web"]["failure"]) == (0, "")
    socket.create_server(("127.0.0.1", port)).close()


def test_a_token_is_asked_for_where_others_can_connect(int8: Path) -> None:
    arguments = ("--source", "pattern", "--fps", "30", "--web-host", "0.0.0.0", "--web-port", "0")
    with running(int8, *arguments) as (_, url):
        port, query = urlsplit(url).port, urlsplit(url).query
        assert port is not None
        assert query.startswith("token=")
        assert ask(port, "/facts").status == 401
        kept = ask(port, f"/?{query}").headers["set-cookie"].partition(";")[0]
        assert ask(port, "/facts", cookie=kept).status == 200


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_port_in_use_is_exit_code_5_before_any_frame(int8: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run(int8, "--source", "pattern", "--web-port", str(port))
    assert done.returncode == 5
    assert f"port {port} is in use" in done.stderr
    assert done.stdout == ""


WITHOUT = """
import sys
sys.modules["uvicorn"] = sys.modules["starlette"] = None
import edgecnn.cli
edgecnn.cli.main()
"""


def run_without_the_extra(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, "run", *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_without_the_extra_the_error_says_which_line_installs_it(int8: Path) -> None:
    done = run_without_the_extra(int8, "--source", "pattern", "--web")
    assert done.returncode == 5
    assert 'pip install ".[cpu,web]"' in done.stderr


def test_a_run_without_a_page_needs_no_web_server(int8: Path) -> None:
    done = run_without_the_extra(int8, "--source", "pattern", "--max-frames", "2")
    assert done.returncode == 0, done.stderr
