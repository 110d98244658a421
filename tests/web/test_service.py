"""Where the page is served, and who may connect."""

import socket
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from edgecnn.inference.classifier import Classifier
from edgecnn.web.listening import Address, listen
from edgecnn.web.service import make_rules
from web.pages import live_page


def test_a_token_is_long_and_another_one_each_time(int8: Path) -> None:
    with Classifier(int8) as classifier:
        urls = []
        for _ in range(2):
            with live_page(classifier, "0.0.0.0") as (page, _):
                urls.append(page.url)
    tokens = {parse_qs(urlsplit(url).query)["token"][0] for url in urls}
    assert len(tokens) == 2
    assert all(len(token) >= 40 for token in tokens)
    assert all(urlsplit(url).hostname != "0.0.0.0" for url in urls)


def test_on_loopback_everyone_on_this_machine_may_connect_without_a_token() -> None:
    with listen(Address("127.0.0.1", 0)) as listener:
        rules = make_rules(listener, "127.0.0.1")
    assert (rules.token, rules.any_address) == ("", False)
    assert {"localhost", "127.0.0.1"} <= rules.names


def test_elsewhere_a_token_is_needed_and_the_cookie_names_the_port() -> None:
    with listen(Address("0.0.0.0", 0)) as listener:
        rules = make_rules(listener, "0.0.0.0", lambda: "secret")
        port = listener.getsockname()[1]
    assert (rules.token, rules.any_address, rules.cookie) == ("secret", True, f"edgecnn-{port}")
    assert f"{socket.gethostname().lower()}.local" in rules.names
