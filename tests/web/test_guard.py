"""Who may see the page and change something."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from edgecnn.inference.classifier import Classifier
from edgecnn.web.guard import Rules, cookie_value, host_name, is_token, judge
from web.pages import ask, change, live_page

LAN = Rules(frozenset({"pi", "pi.local", "localhost"}), any_address=True)
HOST = {"host": "localhost:8080"}
OURS = {**HOST, "origin": "http://localhost:8080"}
CHANGE = {**OURS, "content-length": "20", "content-type": "application/json"}
CASES = {
    "a browser opens the page": ("GET", HOST, Rules(), 0),
    "by number": ("GET", {"host": "127.0.0.1:8080"}, Rules(), 0),
    "by IPv6": ("GET", {"host": "[::1]:8080"}, Rules(), 0),
    "through ssh -L, on another port": ("GET", {"host": "localhost:9000"}, Rules(), 0),
    "in capitals": ("GET", {"host": "LocalHost:8080"}, Rules(), 0),
    "by a name that was rebound": ("GET", {"host": "evil.example:8080"}, Rules(), 403),
    "by a name that begins like ours": ("GET", {"host": "localhost.evil.example"}, Rules(), 403),
    "with a user in the name": ("GET", {"host": "localhost@evil.example"}, Rules(), 403),
    "without a host": ("GET", {}, Rules(), 403),
    "by another address than loopback": ("GET", {"host": "192.168.1.5:8080"}, Rules(), 403),
    "in the LAN by number": ("GET", {"host": "192.168.1.5:8080"}, LAN, 0),
    "in the LAN by name": ("GET", {"host": "pi.local:8080"}, LAN, 0),
    "in the LAN by a foreign name": ("GET", {"host": "evil.example"}, LAN, 403),
    "a change from our page": ("POST", CHANGE, Rules(), 0),
    "a change through TLS": ("POST", {**CHANGE, "origin": "https://localhost:8080"}, Rules(), 0),
    "a change without an origin": (
        "POST", {k: v for k, v in CHANGE.items() if k != "origin"}, Rules(), 403),
    "a change from nowhere": ("POST", {**CHANGE, "origin": "null"}, Rules(), 403),
    "a change from another site": (
        "POST", {**CHANGE, "origin": "http://evil.example"}, Rules(), 403),
    "a change from another port": (
        "POST", {**CHANGE, "origin": "http://localhost:1"}, Rules(), 403),
    "a change from a longer name": (
        "POST", {**CHANGE, "origin": "http://localhost:8080.evil.example"}, Rules(), 403),
    "a stream for another site": ("GET", {**HOST, "origin": "http://evil.example"}, Rules(), 403),
    "a picture in another site": (
        "GET", {**HOST, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, Rules(), 403),
    "a link in another site": (
        "GET", {**HOST, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, Rules(), 0),
    "a form of another site": (
        "POST", {**CHANGE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        Rules(), 403),
    "a form's body": (
        "POST", {**CHANGE, "content-type": "application/x-www-form-urlencoded"}, Rules(), 415),
    "a long body": ("POST", {**CHANGE, "content-length": "1025"}, Rules(), 413),
    "a body of unknown length": (
        "POST", {k: v for k, v in CHANGE.items() if k != "content-length"}, Rules(), 411),
    "a body in chunks": ("POST", {**CHANGE, "transfer-encoding": "chunked"}, Rules(), 411),
    "a negative length": ("POST", {**CHANGE, "content-length": "-1"}, Rules(), 411),
    "a question with a body": ("GET", {**HOST, "content-length": "5"}, Rules(), 413),
    **{f"the method {method}": (method, CHANGE, Rules(), 405)
       for method in ("HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get")},
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_request_is_let_in_or_refused_with_its_status(
    case: tuple[str, dict[str, str], Rules, int],
) -> None:
    method, headers, rules, status = case
    refusal = judge(method, headers, rules)
    assert (refusal.status if refusal else 0) == status


@pytest.mark.parametrize("host", ["", "a b", "a:b", "[::1", "a/b", "a:123456", "a\tb", "ä"])
def test_a_malformed_host_is_no_name(host: str) -> None:
    assert host_name(host) == ""


def test_a_token_is_equal_or_not() -> None:
    rules = Rules(token="geheim")
    assert is_token("geheim", rules)
    assert not any(is_token(text, rules) for text in ("", "geheim ", "gehei", "Ä" * 9))


@pytest.mark.parametrize("header", ["", "other=1", "edgecnn", ";;;", "a=b; =; c", "edgecnn=\x00"])
def test_a_cookie_that_is_not_there_is_empty(header: str) -> None:
    assert cookie_value(header, "edgecnn").strip("\x00") == ""


@pytest.fixture(scope="module")
def private(int8: Path) -> Iterator[int]:
    """The port of a page on loopback."""
    with Classifier(int8) as classifier, live_page(classifier) as (_, port):
        yield port


@pytest.fixture(scope="module")
def public(int8: Path) -> Iterator[tuple[int, str]]:
    """The port and the token of a page on every address."""
    with Classifier(int8) as classifier, live_page(classifier, "0.0.0.0") as (page, port):
        yield port, parse_qs(urlsplit(page.url).query)["token"][0]


def test_every_answer_is_marked_private(private: int) -> None:
    for path in ("/", "/page.js", "/facts", "/nowhere"):
        headers = ask(private, path).headers
        assert headers["content-security-policy"].startswith("default-src 'none';")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert not {"server", "access-control-allow-origin"} & set(headers)


def test_a_rebound_name_sees_nothing(private: int) -> None:
    for path in ("/", "/facts", "/picture/0", "/nowhere"):
        assert ask(private, path, host=f"evil.example:{private}").status == 403


def test_another_sites_page_changes_nothing(private: int) -> None:
    body = b'{"paused": true}'
    kind = {"content_type": "application/json"}
    refused = ask(private, "/control", "POST", body, origin="http://evil.example", **kind)
    assert refused.status == 403
    assert ask(private, "/control", "POST", body, **kind).status == 403
    assert change(private, {"paused": False}).status == 200


@pytest.mark.parametrize("method", ["HEAD", "PUT", "OPTIONS", "DELETE"])
def test_other_methods_are_not_served(private: int, method: str) -> None:
    assert ask(private, "/", method).status == 405


def test_what_is_no_request_is_answered_or_cut_off(private: int) -> None:
    for junk in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\n\r\n", b"A" * 40_000):
        with socket.create_connection(("127.0.0.1", private), 10) as connection:
            connection.sendall(junk)
            assert b" 400 " in connection.recv(100)
    assert ask(private, "/").status == 200


def test_no_token_is_asked_for_on_loopback(private: int) -> None:
    assert ask(private, "/").status == 200


def test_without_the_token_nothing_is_shown_elsewhere(public: tuple[int, str]) -> None:
    port, token = public
    for path in ("/", "/facts", "/events", "/picture/0", "/page.js", "/?token=", "/?token=wrong"):
        assert ask(port, path).status == 401
        assert ask(port, path, cookie=f"edgecnn-{port}=wrong").status == 401
    wrong = ask(port, "/?token=wrong", cookie=f"edgecnn-{port}={token}")
    assert wrong.status == 401
    assert token not in wrong.body.decode()


def test_the_token_becomes_a_cookie_and_leaves_the_address(public: tuple[int, str]) -> None:
    port, token = public
    answer = ask(port, f"/?token={token}&a=b%20c")
    assert (answer.status, answer.headers["location"]) == (303, "/?a=b+c")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    kept = answer.headers["set-cookie"].partition(";")[0]
    assert ask(port, "/", cookie=kept).status == 200
    assert ask(port, "/facts", cookie=f"other=1; {kept}").status == 200


def test_the_redirect_stays_here_whatever_the_path(public: tuple[int, str]) -> None:
    port, token = public
    for path in ("//evil.example/", "/%2f/evil.example", "/\\evil.example"):
        where = ask(port, f"{path}?token={token}").headers["location"]
        assert urlsplit(where).netloc == ""
        assert not where.startswith(("//", "/\\"))


def test_a_change_needs_the_token_too(public: tuple[int, str]) -> None:
    port, token = public
    assert change(port, {"paused": False}).status == 401
    origin = {"origin": f"http://127.0.0.1:{port}", "content_type": "application/json"}
    cookie = f"edgecnn-{port}={token}"
    done = ask(port, "/control", "POST", b'{"paused": false}', cookie=cookie, **origin)
    assert done.status == 200
