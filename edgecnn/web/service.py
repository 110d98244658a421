"""Assembling the live page: access rules, address, application and server."""

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from edgecnn.inference.classifier import Classifier
from edgecnn.web.app import Control, make_app
from edgecnn.web.broadcast import Broadcast
from edgecnn.web.guard import LOOPBACK_NAMES, TOKEN, Rules
from edgecnn.web.hub import Hub
from edgecnn.web.listening import is_private, reachable_host
from edgecnn.web.server import Server
from edgecnn.web.state import facts_json, state_json


@dataclass(frozen=True)
class Service:
    """A running server."""

    server: Server
    url: str
    """The address of the page, with the token if one is required."""


def start(
    hub: Hub, classifier: Classifier, control: Control, listener: socket.socket, host: str
) -> Service:
    """Serve the page.

    Args:
        hub: The state of the run.
        classifier: The model of the run.
        control: Applies changes that viewers send.
        listener: The listening socket.
        host: The host name that was requested for it.
    """
    rules = make_rules(listener, host)
    broadcast = Broadcast(hub, partial(state_json, hub, classifier))
    app = make_app(broadcast, partial(facts_json, hub, classifier), control, rules)
    token = f"?{TOKEN}={rules.token}" if rules.token else ""
    address = f"{reachable_host(listener, host)}:{listener.getsockname()[1]}"
    return Service(Server(app, broadcast, listener), f"http://{address}/{token}")


def make_rules(
    listener: socket.socket, host: str, token: Callable[[], str] = secrets.token_urlsafe
) -> Rules:
    """Return the access rules: on loopback all local users, elsewhere those with the token.

    Args:
        listener: The listening socket.
        host: The host name that was requested for it.
        token: Returns a new token.
    """
    if is_private(listener):
        return Rules(LOOPBACK_NAMES | {host.lower()})
    own = socket.gethostname().lower()
    names = LOOPBACK_NAMES | {host.lower(), own, f"{own}.local"}
    return Rules(names, True, token(), f"edgecnn-{listener.getsockname()[1]}")
