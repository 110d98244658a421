"""The page's addresses."""

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
from edgecnn.web.guard import Gate, Rules

STATIC = Path(str(files("edgecnn.web"))) / "static"
KINDS = {
    "index.html": "text/html",
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
Control = Callable[[object], None]
"""Takes what a viewer wants changed; raises EdgeError where it cannot be."""


def make_app(
    broadcast: Broadcast, facts: Callable[[], bytes], control: Control, rules: Rules
) -> ASGIApp:
    """Return the application: everything goes through the gate."""

    async def events(_: Request) -> Response:
        return _stream(broadcast.states(), "text/event-stream")

    async def picture(request: Request) -> Response:
        source = request.path_params["source"]
        if broadcast.channel(source) is None:
            return PlainTextResponse("there is no such source\n", 404)
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
            return Response(status_code=400)  # nobody hears it

    routes = [
        Route("/events", events),
        Route("/picture/{source:int}", picture),
        Route("/thumbnail/{source:int}", thumbnail),
        Route("/facts", about),
        Route("/control", change, methods=["POST"]),
        *(Route(f"/{'' if name == 'index.html' else name}", _file(name)) for name in KINDS),
    ]
    return Gate(Starlette(routes=routes), rules)


def _change(body: bytes, control: Control) -> Response:
    try:
        control(json.loads(body))
    except EdgeError as error:
        return JSONResponse({"error": error.what}, 400)
    except (ValueError, OverflowError, RecursionError):
        return JSONResponse({"error": "this is not JSON, or too large a number"}, 400)
    return JSONResponse({})


def _stream(parts: AsyncIterator[bytes], kind: str) -> Response:
    return StreamingResponse(parts, media_type=kind, headers={"X-Accel-Buffering": "no"})


def _file(name: str) -> Callable[[Request], Response]:
    content = (STATIC / name).read_bytes()
    return lambda _: Response(content, media_type=KINDS[name])
