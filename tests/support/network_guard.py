"""Keeps the suite off the internet: a connection that would leave this machine is refused.

Works for the test process (installed by conftest.py) and for every Python process a test starts
(installed by child_site/sitecustomize.py). Standard library only, so that any child can load it.
Loopback addresses, Unix sockets and the name ``localhost`` stay reachable.

Not covered: connections made by C libraries themselves (libpq), and the browser, which has its
own rules in browser.py.
"""

import ipaddress
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

LOG_VARIABLE: Final = "TAALBRUG_TEST_NETWORK_LOG"
"""Names the file that collects refused addresses: a test sees there what its children did."""

_LOCAL_NAMES: Final = frozenset({"", "localhost", "localhost."})


class InternetReachedError(AssertionError):
    """A test tried to leave the machine; names the address.

    Not an OSError, so that code which survives a broken network does not hide the attempt.
    """


def is_local(host: str) -> bool:
    """Tell whether a host name or numeric address stays on this machine."""
    if host.lower() in _LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    # A connection to the unspecified address ends at this machine's own loopback.
    return address.is_loopback or address.is_unspecified


def is_numeric(host: str) -> bool:
    """Tell whether the host is an address already, so that looking it up asks nobody."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def refuse(target: str) -> InternetReachedError:
    """Write the refused target to the log, if one is named, and make the error to raise."""
    log = os.environ.get(LOG_VARIABLE)
    if log:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(target + "\n")
    return InternetReachedError(
        f"A test tried to reach {target}; tests use loopback only. "
        "Point this code at a local server or a fake engine."
    )


def _check(family: int, address: object) -> None:
    if family not in {socket.AF_INET, socket.AF_INET6} or not isinstance(address, tuple):
        return
    host = str(address[0])
    if not is_local(host):
        raise refuse(f"{host} port {address[1]}")


def _guard_address_method(name: str, position: int) -> Callable[[], None]:
    original = getattr(socket.socket, name)

    def guarded(self: socket.socket, *args: object) -> object:
        # sendto takes its address last, and may be told flags before it.
        if args:
            _check(self.family, args[position])
        return original(self, *args)

    setattr(socket.socket, name, guarded)
    return lambda: setattr(socket.socket, name, original)


def _guard_lookup(name: str) -> Callable[[], None]:
    original = getattr(socket, name)

    def guarded(host: object, *args: object, **options: object) -> object:
        text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if isinstance(text, str) and not is_local(text) and not is_numeric(text):
            raise refuse(f"the name {text!r}")
        return original(host, *args, **options)

    setattr(socket, name, guarded)
    return lambda: setattr(socket, name, original)


def install() -> Callable[[], None]:
    """Guard this process's sockets and name look-ups; returns what takes the guard off again.

    asyncio, ssl, urllib3 and httpx all end at these methods, so that guarding them is enough.
    """
    undo = [
        _guard_address_method("connect", 0),
        _guard_address_method("connect_ex", 0),
        _guard_address_method("sendto", -1),
        _guard_lookup("getaddrinfo"),
        _guard_lookup("gethostbyname"),
        _guard_lookup("gethostbyname_ex"),
    ]

    def uninstall() -> None:
        for step in undo:
            step()

    return uninstall
