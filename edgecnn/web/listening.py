"""Where the page listens, and how it is reached from there."""

import ipaddress
import socket
from dataclasses import dataclass

from edgecnn.errors import DeviceError, OptionError

HOST, PORT = "127.0.0.1", 8080
ELSEWHERE = "192.0.2.1"
"""An address of nobody, on no network of ours; RFC 5737."""
SEND_BUFFER = 128 * 1024
"""Bytes that may be under way to one viewer: what waits in the system would be shown late."""
GIVE_UP_MS = 15_000
"""A viewer that takes nothing for so long is cut off, by the system."""


@dataclass(frozen=True)
class Address:
    """Where to listen."""

    host: str = HOST
    """A name or a number of this machine; 0.0.0.0 is all that it has."""
    port: int = PORT
    """0: a free one."""


def listen(address: Address) -> socket.socket:
    """Open the socket that viewers connect to.

    Raises:
        OptionError: The host is none of this machine.
        DeviceError: The port is in use, or needs more rights.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError, OverflowError) as error:
        raise _no_host(address) from error
    try:
        _prepare(listener)
        listener.bind(place)
        listener.listen(32)
    except OSError as error:
        listener.close()
        raise _not_bound(address, error) from error
    return listener


def is_private(listener: socket.socket) -> bool:
    """Tell whether only this machine's own users can connect."""
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def reachable_host(listener: socket.socket, asked: str) -> str:
    """Return the host to write in an address for people: never 0.0.0.0."""
    if not ipaddress.ip_address(listener.getsockname()[0]).is_unspecified:
        return f"[{asked}]" if ":" in asked else asked
    return own_address() or socket.gethostname()


def own_address() -> str:
    """Return this machine's IPv4 address towards its network; empty where it has none.

    A datagram socket that connects sends nothing: the system only looks up the way.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((ELSEWHERE, 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def _prepare(listener: socket.socket) -> None:
    """Set what connections inherit."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GIVE_UP_MS)


def _no_host(address: Address) -> OptionError:
    return OptionError(
        f"there is no host {address.host!r} to serve the page on",
        remedy="give an address of this machine, or 0.0.0.0 for all it has",
    )


def _not_bound(address: Address, error: OSError) -> DeviceError | OptionError:
    import errno

    if error.errno == errno.EADDRINUSE:
        return DeviceError(
            f"port {address.port} is in use",
            remedy="give another --web-port, or 0 for a free one",
        )
    if error.errno == errno.EACCES:
        return DeviceError(
            f"port {address.port} needs more rights than you have",
            remedy="give a --web-port above 1023",
        )
    return _no_host(address)
