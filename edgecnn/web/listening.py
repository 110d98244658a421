"""Where the page listens, and how it is reached from there."""

import ipaddress
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from edgecnn.errors import DeviceError, OptionError

HOST, PORT = "127.0.0.1", 8080
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
    return next(iter(own_addresses()), socket.gethostname())


def own_addresses() -> list[str]:
    """Return this machine's IPv4 addresses but loopback, as its interfaces have them."""
    import fcntl  # not on Windows

    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(
                    probe, 0x8915, struct.pack("256s", name.encode())
                )  # SIOCGIFADDR
            except OSError:
                continue  # it has none
            found.append(socket.inet_ntoa(answer[20:24]))
    return [address for address in found if not ipaddress.ip_address(address).is_loopback]


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
            f"port {address.port} is in use{_by_whom(address.port)}",
            remedy="give another --web-port, or 0 for a free one",
        )
    if error.errno == errno.EACCES:
        return DeviceError(
            f"port {address.port} needs more rights than you have",
            remedy="give a --web-port above 1023",
        )
    return _no_host(address)


def _by_whom(port: int, proc: Path = Path("/proc")) -> str:
    """Return ` by pid N (name)` of who listens on a port, if the system tells us."""
    inodes = {
        inode for table in ("tcp", "tcp6") for inode in _listening(proc / "net" / table, port)
    }
    for link in proc.glob("[0-9]*/fd/*"):
        try:
            if link.readlink().name in inodes:
                process = link.parent.parent
                return f" by pid {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:
            continue  # not ours to see, or gone
    return ""


def _listening(table: Path, port: int) -> list[str]:
    """Return the sockets that listen on a port, as links in /proc name them."""
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
    ours = f":{port:04X}"
    return [f"socket:[{row[9]}]" for row in rows if row[1].endswith(ours) and row[3] == "0A"]
