"""Where the page listens."""

import os
import socket
import subprocess
import sys

import pytest

from edgecnn.errors import DeviceError, OptionError
from edgecnn.web.listening import Address, is_private, listen, own_address, reachable_host

HOLD = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
input()
"""


def test_a_port_in_use_is_an_error_that_names_another_way() -> None:
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        with pytest.raises(DeviceError, match=f"port {port} is in use"):
            listen(Address(port=port))
        other.communicate("\n", timeout=20)


def test_a_port_is_free_again_at_once() -> None:
    with listen(Address(port=0)) as first:
        port = first.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), 5):
            accepted, _ = first.accept()
            accepted.close()  # this side closes first, and its port would rest for a minute
    with listen(Address(port=port)) as second:
        assert second.getsockname()[1] == port


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7", "a b", "x" * 300, ".."])
def test_a_host_that_is_not_this_machine_is_an_error_that_names_it(host: str) -> None:
    with pytest.raises(OptionError, match=host[:20]):
        listen(Address(host, 0))


@pytest.mark.parametrize(
    ("host", "private"), [("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False)]
)
def test_only_loopback_is_private(host: str, private: bool) -> None:
    with listen(Address(host, 0)) as listener:
        assert is_private(listener) is private


def test_an_address_for_people_can_be_opened() -> None:
    with listen(Address("127.0.0.1", 0)) as listener:
        assert reachable_host(listener, "127.0.0.1") == "127.0.0.1"
    with listen(Address("0.0.0.0", 0)) as listener:
        host = reachable_host(listener, "0.0.0.0")
        assert host == (own_address() or socket.gethostname())
        if own_address():
            socket.create_connection((host, listener.getsockname()[1]), 5).close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use every port")
def test_a_port_that_needs_rights_is_an_error() -> None:
    with pytest.raises(DeviceError, match="you may not listen on port 80"):
        listen(Address(port=80))
