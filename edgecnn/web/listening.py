"""The listening socket of the live page, and the address to reach it."""

import errno
import ipaddress
import socket
from dataclasses import dataclass

from edgecnn.errors import DeviceError, OptionError

HOST, PORT = "127.0.0.1", 8080
UNUSED_ADDRESS = "192.0.2.1"
"""An address that no host has. Source: RFC 5737."""
SEND_BUFFER = 128 * 1024
"""Bytes in the kernel's send buffer of one viewer: a large buffer would delay pictures."""
USER_TIMEOUT_MS = 15_000
"""The kernel disconnects a viewer that acknowledges nothing for this long."""


@dataclass(frozen=True)
class Address:
    """Where to listen."""

    host: str = HOST
    """A name or IP address of this machine; 0.0.0.0: all its addresses."""
    port: int = PORT
    """0: any free port."""


def listen(address: Address) -> socket.socket:
    """Open the socket to which viewers connect.

    Raises:
        OptionError: The host is not an address of this machine.
        DeviceError: The port is in use, or needs more permissions.
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
    """Return whether only users of this machine can connect."""
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def reachable_host(listener: socket.socket, requested: str) -> str:
    """Return the host for the page's URL: as requested, but never 0.0.0.0."""
    if not ipaddress.ip_address(listener.getsockname()[0]).is_unspecified:
        return f"[{requested}]" if ":" in requested else requested
    return own_address() or socket.gethostname()


def own_address() -> str:
    """Return this machine's IPv4 address in its network; empty if it has none.

    Connecting a datagram socket sends nothing: the system only looks up the route.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((UNUSED_ADDRESS, 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def _prepare(listener: socket.socket) -> None:
    """Set socket options, which accepted connections inherit."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)


def _no_host(address: Address) -> OptionError:
    return OptionError(
        f"this machine has no address {address.host!r} to serve the page on",
        remedy="give --web-host an address of this machine, or 0.0.0.0 for all of them",
    )


def _not_bound(address: Address, error: OSError) -> DeviceError | OptionError:
    if error.errno == errno.EADDRINUSE:
        return DeviceError(
            f"port {address.port} is in use",
            remedy="give another --web-port, or 0 for a free one",
        )
    if error.errno == errno.EACCES:
        return DeviceError(
            f"you may not listen on port {address.port}",
            remedy="give a --web-port above 1023",
        )
    return _no_host(address)
