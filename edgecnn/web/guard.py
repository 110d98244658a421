"""Which requests are served: rules as pure functions, and the middleware that applies them.

Every website that the user opens can send requests to a page on loopback. Checking `Host` keeps
them from reading the page by DNS rebinding, and checking `Origin` from changing anything (CSRF).
"""

import hmac
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT = 1024
"""Bytes; a change is a few numbers."""
TOKEN = "token"  # noqa: S105  (a query parameter)
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True)
class Rules:
    """Which requests a server accepts."""

    names: frozenset[str] = LOOPBACK_NAMES
    """Accepted host names."""
    any_address: bool = False
    """Whether any IP address is accepted as the host; DNS rebinding needs a name."""
    token: str = ""
    """Required of every viewer; empty: none is required."""
    cookie: str = "edgecnn"
    """The name of the cookie that stores the token."""


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused."""

    status: int
    reason: str


def host_name(host: str) -> str:
    """Return the name in a Host header in lower case; empty if it is malformed."""
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[0-9A-Za-z._-]+)(:\d{1,5})?", host)
    return found[1].strip("[]").lower() if found else ""


def is_address(name: str) -> bool:
    """Return whether a host is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def judge(method: str, headers: Mapping[str, str], rules: Rules) -> Refusal | None:
    """Return why a request is refused regardless of its token, or None.

    Args:
        method: GET, POST or another.
        headers: Names are in lower case.
        rules: What the server accepts.
    """
    if method not in ("GET", "POST"):
        return Refusal(405, "only GET and POST are served")
    name = host_name(headers.get("host", ""))
    if not (name in rules.names or (rules.any_address and is_address(name))):
        return Refusal(403, "this server does not have that name")
    return _judge_origin(method, headers) or _judge_body(method, headers)


def _judge_origin(method: str, headers: Mapping[str, str]) -> Refusal | None:
    """Refuse cross-site requests, except following a link to the page."""
    origin, host = headers.get("origin"), headers.get("host", "").lower()
    is_own = origin is not None and origin.lower() in (f"http://{host}", f"https://{host}")
    if (origin is not None or method == "POST") and not is_own:
        return Refusal(403, "requests from other sites are refused")
    site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "")
    if site not in ("none", "same-origin") and (method, mode) != ("GET", "navigate"):
        return Refusal(403, "requests from other sites are refused")
    return None


def _judge_body(method: str, headers: Mapping[str, str]) -> Refusal | None:
    length = headers.get("content-length", "0" if method == "GET" else "")
    if "transfer-encoding" in headers or not length.isdecimal():
        return Refusal(411, "the request needs a Content-Length")
    if int(length) > (BODY_LIMIT if method == "POST" else 0):
        return Refusal(413, "the body is too long")
    if method == "POST" and headers.get("content-type", "") != "application/json":
        return Refusal(415, "the body must be application/json")
    return None


def is_token(given: str, rules: Rules) -> bool:
    """Return whether a text is the token, in constant time against timing attacks."""
    return hmac.compare_digest(given.encode(), rules.token.encode())


def cookie_value(header: str, name: str) -> str:
    """Return the value of a cookie; empty if there is none."""
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


class RequestGuard:
    """ASGI middleware that applies the rules, and adds security headers to every response."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app, self._rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one HTTP request.

        Args:
            scope: The request, as ASGI describes it.
            receive: Returns the next part of its body.
            send: Sends a part of the response.
        """
        if scope["type"] != "http":
            return
        await self._app_for(scope)(scope, receive, _with_headers(send))

    def _app_for(self, scope: Scope) -> ASGIApp:
        headers = Headers(scope=scope)
        refusal = judge(scope["method"], dict(headers), self._rules)
        if refusal:
            return PlainTextResponse(f"{refusal.reason}\n", refusal.status)
        return self._check_token(scope, headers) or self._app

    def _check_token(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        """Return None if the cookie is valid, else a redirect that sets it, or a refusal."""
        rules = self._rules
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = query.pop(TOKEN, [""])[0]
        if not rules.token or (
            not given and is_token(cookie_value(headers.get("cookie", ""), rules.cookie), rules)
        ):
            return None
        if scope["method"] == "GET" and is_token(given, rules):
            return self._set_cookie(scope["path"], query)
        return PlainTextResponse(
            "open the address that `edgecnn run` printed, with its token\n", 401
        )

    def _set_cookie(self, path: str, query: Mapping[str, list[str]]) -> Response:
        """Store the token in a cookie, and redirect to the address without it."""
        rest = urlencode(query, doseq=True)
        response = RedirectResponse("/" + path.lstrip("/") + (f"?{rest}" if rest else ""), 303)
        response.set_cookie(self._rules.cookie, self._rules.token, httponly=True, samesite="strict")
        return response


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return sending
