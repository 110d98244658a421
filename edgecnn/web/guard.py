"""Who may see the page and change something: pure rules, and the gate that asks them.

A page on loopback is reachable by every web page that its user opens: they cannot be let read it
(`Host`, against names that are rebound to 127.0.0.1) nor change anything (`Origin`).
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
"""Bytes; a request that changes something is a few numbers."""
TOKEN = "token"  # noqa: S105  (the name of a parameter)
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
    """What a server lets in."""

    names: frozenset[str] = LOOPBACK_NAMES
    """Host names that lead to it."""
    any_address: bool = False
    """Whether every numeric address may be one of its own; those cannot be rebound."""
    token: str = ""
    """Needed to see anything; empty: none is."""
    cookie: str = "edgecnn"
    """The name under which browsers keep the token."""


@dataclass(frozen=True)
class Refusal:
    """Why a request is not served."""

    status: int
    reason: str


def host_name(host: str) -> str:
    """Return the name in a Host header, in lower case; empty if it is malformed."""
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[0-9A-Za-z._-]+)(:\d{1,5})?", host)
    return found[1].strip("[]").lower() if found else ""


def is_address(name: str) -> bool:
    """Tell whether a host is a numeric address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def judge(method: str, headers: Mapping[str, str], rules: Rules) -> Refusal | None:
    """Return why a request is refused whoever sends it, or None.

    Args:
        method: GET, POST or another.
        headers: With names in lower case.
        rules: What is let in.
    """
    if method not in ("GET", "POST"):
        return Refusal(405, "only GET and POST are served")
    name = host_name(headers.get("host", ""))
    if not (name in rules.names or (rules.any_address and is_address(name))):
        return Refusal(403, "this server is not known by that name")
    return _judge_origin(method, headers) or _judge_body(method, headers)


def _judge_origin(method: str, headers: Mapping[str, str]) -> Refusal | None:
    """Refuse what another site's page asks for; a link to the page itself may be followed."""
    origin, host = headers.get("origin"), headers.get("host", "").lower()
    ours = origin is not None and origin.lower() in (f"http://{host}", f"https://{host}")
    if (origin is not None or method == "POST") and not ours:
        return Refusal(403, "another site must not ask for this")
    site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "")
    if site not in ("none", "same-origin") and (method, mode) != ("GET", "navigate"):
        return Refusal(403, "another site must not ask for this")
    return None


def _judge_body(method: str, headers: Mapping[str, str]) -> Refusal | None:
    length = headers.get("content-length", "0" if method == "GET" else "")
    if "transfer-encoding" in headers or not length.isdecimal():
        return Refusal(411, "say how long the body is")
    if int(length) > (BODY_LIMIT if method == "POST" else 0):
        return Refusal(413, "the body is too long")
    if method == "POST" and headers.get("content-type", "") != "application/json":
        return Refusal(415, "send JSON")
    return None


def is_token(given: str, rules: Rules) -> bool:
    """Tell whether a text is the token, in a time that does not depend on it."""
    return hmac.compare_digest(given.encode(), rules.token.encode())


def cookie_value(header: str, name: str) -> str:
    """Return a cookie's value; empty if there is none."""
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


class Gate:
    """Asks the rules before anything else, and marks every answer as private."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app, self._rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        await self._answer(scope)(scope, receive, _with_headers(send))

    def _answer(self, scope: Scope) -> ASGIApp:
        headers = Headers(scope=scope)
        refusal = judge(scope["method"], dict(headers), self._rules)
        if refusal:
            return PlainTextResponse(f"{refusal.reason}\n", refusal.status)
        return self._ask_token(scope, headers) or self._app

    def _ask_token(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        """Return the answer to whoever shows the token for the first time, or does not."""
        rules = self._rules
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = query.pop(TOKEN, [""])[0]
        if not rules.token or (
            not given and is_token(cookie_value(headers.get("cookie", ""), rules.cookie), rules)
        ):
            return None
        if scope["method"] == "GET" and is_token(given, rules):
            return self._keep(scope["path"], query)
        return PlainTextResponse("open the address with the token that the run printed\n", 401)

    def _keep(self, path: str, query: Mapping[str, list[str]]) -> Response:
        """Make a browser keep the token, and take it out of its address bar."""
        rest = urlencode(query, doseq=True)
        answer = RedirectResponse("/" + path.lstrip("/") + (f"?{rest}" if rest else ""), 303)
        answer.set_cookie(self._rules.cookie, self._rules.token, httponly=True, samesite="strict")
        return answer


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return sending
