"""End to end: RTSP from a real server, GStreamer's; in Debian gir1.2-gst-rtsp-server-1.0."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from live_sources import EventLog

from edgecnn.errors import SourceError
from edgecnn.sources.capture import Source, open_source
from edgecnn.sources.events import Event, SourceEvent
from edgecnn.sources.live.connection import Patience

SYSTEM_PYTHON = "/usr/bin/python3"  # Debian's GStreamer is not in an environment of ours
SERVER = """
import sys
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer
Gst.init(None)
if not Gst.ElementFactory.find("x264enc"):
    raise SystemExit("no x264enc")
server = GstRtspServer.RTSPServer(address="127.0.0.1", service=sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch("( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,"
    "framerate=20/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10"
    " ! rtph264pay name=pay0 )")
factory.set_shared(True)
factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)  # a client that asks for UDP gets nothing
server.get_mount_points().add_factory("/live", factory)
auth = GstRtspServer.RTSPAuth()
token = GstRtspServer.RTSPToken()
token.set_string("media.factory.role", "viewer")
auth.add_basic(GstRtspServer.RTSPAuth.make_basic("me", "secret"), token)
server.set_auth(auth)
permissions = GstRtspServer.RTSPPermissions()
permissions.add_permission_for_role("viewer", "media.factory.access", True)
permissions.add_permission_for_role("viewer", "media.factory.construct", True)
factory.set_permissions(permissions)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
"""
QUICK = Patience(stall_s=1.0, give_up_s=30.0)


@contextmanager
def rtsp_server(port: int = 0) -> Iterator[tuple[int, int]]:
    """Serve a camera with a password on loopback: its port and process."""
    try:
        server = subprocess.Popen(
            [SYSTEM_PYTHON, "-c", SERVER, str(port)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    except OSError as error:
        pytest.skip(f"{SYSTEM_PYTHON}: {error}")
    assert server.stdout is not None
    assert server.stderr is not None
    try:
        port_line = server.stdout.readline()
        if not port_line:
            pytest.skip(f"no GStreamer RTSP server: {server.stderr.read()[-200:]}")
        yield int(port_line), server.pid
    finally:
        server.kill()
        server.communicate()


def url(port: int, password: str = "secret") -> str:
    return f"rtsp://me:{password}@127.0.0.1:{port}/live"


def read_until_live(source: Source, events: EventLog, after: SourceEvent) -> None:
    for _ in source.captured_frames():
        if after in events.states and events.states[-1] is SourceEvent.LIVE:
            return


def test_a_stream_comes_over_tcp_with_a_password_that_is_not_shown() -> None:
    events = EventLog()
    with (
        rtsp_server() as (port, _),
        open_source(url(port), events.options(patience=QUICK)) as opened,
    ):
        assert next(opened.captured_frames()).frame_bgr.shape == (240, 320, 3)
        assert opened.facts == "320x240, 20 fps"
        assert opened.name == f"rtsp://127.0.0.1:{port}/live"
    assert "secret" not in repr(events)


def test_a_stream_that_stands_still_is_noticed_and_read_again() -> None:
    events = EventLog()
    with rtsp_server() as (port, pid):

        def on_event(event: Event) -> None:
            events.append(event)
            if event.what is SourceEvent.STALLED:
                os.kill(pid, signal.SIGCONT)

        with open_source(
            url(port), replace(events.options(patience=QUICK), on_event=on_event)
        ) as opened:
            next(opened.captured_frames())
            os.kill(pid, signal.SIGSTOP)
            read_until_live(opened, events, SourceEvent.STALLED)
    assert events.states[:3] == [SourceEvent.CONNECTING, SourceEvent.LIVE, SourceEvent.STALLED]


def test_a_server_that_dies_and_comes_back_is_found_again() -> None:
    events = EventLog()
    with (
        rtsp_server() as (port, pid),
        open_source(url(port), events.options(patience=QUICK)) as opened,
    ):
        next(opened.captured_frames())
        os.kill(pid, signal.SIGKILL)
        with rtsp_server(port):
            read_until_live(opened, events, SourceEvent.RECONNECTING)
    assert events.states == [
        SourceEvent.CONNECTING,
        SourceEvent.LIVE,
        SourceEvent.RECONNECTING,
        SourceEvent.LIVE,
    ]


def test_a_wrong_password_is_no_connection() -> None:
    events = EventLog()
    with ExitStack() as stack:
        port, _ = stack.enter_context(rtsp_server())
        with pytest.raises(SourceError, match="did not open") as refusal:
            stack.enter_context(open_source(url(port, "wrong"), events.options(patience=QUICK)))
    assert "wrong" not in repr(events) + str(refusal.value)
