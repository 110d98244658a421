"""The routes of the live page."""

import json
from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from edgecnn.errors import EdgeError
from edgecnn.web.broadcast import Broadcast
from edgecnn.web.guard import RequestGuard, Rules

STATIC = Path(str(files("edgecnn.web"))) / "static"
MEDIA_TYPES = {
    "index.html": "text/html",
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
Control = Callable[[object], None]
"""Applies a change that a viewer sent as JSON; raises EdgeError if it is invalid."""


def make_app(
    broadcast: Broadcast, facts: Callable[[], bytes], control: Control, rules: Rules
) -> ASGIApp:
    """Return the web application; every request is checked by `RequestGuard`.

    Args:
        broadcast: Makes states and pictures for all viewers.
        facts: Returns the JSON that is constant during the run, and the recent history.
        control: Applies changes.
        rules: Who may connect.
    """

    async def events(_: Request) -> Response:
        return _stream(broadcast.states(), "text/event-stream")

    async def picture(request: Request) -> Response:
        source = request.path_params["source"]
        if broadcast.channel(source) is None:
            return PlainTextResponse("this run has no such source\n", 404)
        return _stream(broadcast.pictures(source), "multipart/x-mixed-replace; boundary=frame")

    async def thumbnail(request: Request) -> Response:
        jpeg = await broadcast.thumbnail(request.path_params["source"])
        return Response(jpeg, media_type="image/jpeg") if jpeg else Response(status_code=204)

    async def about(_: Request) -> Response:
        return Response(facts(), media_type="application/json")

    async def change(request: Request) -> Response:
        try:
            return _change(await request.body(), control)
        except ClientDisconnect:
            return Response(status_code=400)  # the viewer has gone

    routes = [
        Route("/events", events),
        Route("/picture/{source:int}", picture),
        Route("/thumbnail/{source:int}", thumbnail),
        Route("/facts", about),
        Route("/control", change, methods=["POST"]),
        *(Route(f"/{'' if name == 'index.html' else name}", _file(name)) for name in MEDIA_TYPES),
    ]
    return RequestGuard(Starlette(routes=routes), rules)


def _change(body: bytes, control: Control) -> Response:
    try:
        control(json.loads(body))
    except EdgeError as error:
        return JSONResponse({"error": error.what}, 400)
    except (ValueError, OverflowError, RecursionError):
        return JSONResponse({"error": "the request is not JSON, or has too large a number"}, 400)
    return JSONResponse({})


def _stream(parts: AsyncIterator[bytes], media_type: str) -> Response:
    return StreamingResponse(parts, media_type=media_type, headers={"X-Accel-Buffering": "no"})


def _file(name: str) -> Callable[[Request], Response]:
    content = (STATIC / name).read_bytes()
    return lambda _: Response(content, media_type=MEDIA_TYPES[name])
