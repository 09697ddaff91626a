"""Trying the links of films: is there still something, without being led into our own network.

Only what a site says outright counts: that it has it, or that it is gone. Every address to which
a link leads is looked at before anything connects to it, at each redirect anew, and it is that
very address to which the connection goes.
"""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.domain.films import LinkHealth, fault_of_link, is_private_address, is_private_host
from bot.services import film_links
from bot.services.core import Core
from bot.stopping import or_stop
from bot.telemetry import Telemetry

log = logging.getLogger(__name__)

PART = "links"
"""What telemetry calls this loop."""

Resolve = Callable[[str, int], Awaitable[Sequence[tuple[str, int]]]]
"""Gives the addresses and ports that a host and port stand for."""

_SECONDS = 15.0
_HOPS = 5
_AT_ONCE = 20
_PAUSE_SECONDS = 60.0
_GRACE_SECONDS = 120.0
_HEADING_BYTES = 8190
_BUFFER_BYTES = 16_384
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_NAME = "Mozilla/5.0 (compatible; Taalbrug; checks links of films)"


async def look_up(host: str, port: int) -> list[tuple[str, int]]:
    """Ask the system for the addresses of a host; errors: OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(str(address[0]), port) for *_, address in found]


class _Guarded(AbstractResolver):
    """Gives aiohttp the addresses to connect to; none at all when one of them is private."""

    def __init__(self, resolve: Resolve, is_private: Callable[[str], bool]) -> None:
        self._resolve = resolve
        self._is_private = is_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return what is safe to connect to; errors: OSError."""
        found = await self._resolve(host, port)
        # A name that stands for both is how somebody would lead us inside at the second look.
        if any(self._is_private(address) for address, _ in found):
            msg = "the name leads into a private network"
            raise OSError(msg)
        usable = [
            ResolveResult(
                hostname=host,
                host=address,
                port=number,
                family=_family(address),
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address, number in found
            if family in {socket.AF_UNSPEC, _family(address)}
        ]
        if not usable:
            msg = "the name has no address"
            raise OSError(msg)
        return usable

    async def close(self) -> None:
        """Do nothing: there is nothing open."""


def _family(address: str) -> socket.AddressFamily:
    version = ipaddress.ip_address(address.partition("%")[0]).version
    return socket.AF_INET if version == 4 else socket.AF_INET6  # noqa: PLR2004 - IPv4


async def check(
    link: str,
    *,
    resolve: Resolve = look_up,
    is_private: Callable[[str], bool] = is_private_address,
    seconds: float = _SECONDS,
) -> LinkHealth:
    """Return what a link's site says of it, within so many seconds; UNSURE unless it is plain.

    Never raises for what a site or the network does. `resolve` and `is_private` stand for the
    system's name service and for the rule which addresses nothing may connect to.
    """
    connector = aiohttp.TCPConnector(
        resolver=_Guarded(resolve, is_private), use_dns_cache=False, force_close=True
    )
    try:
        async with (
            asyncio.timeout(seconds),
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": _NAME, "Accept": "*/*"},
                auto_decompress=False,
                trust_env=False,
                read_bufsize=_BUFFER_BYTES,
                max_line_size=_HEADING_BYTES,
                max_field_size=_HEADING_BYTES,
            ) as session,
        ):
            return await _follow(session, link)
    except (aiohttp.ClientError, OSError, ValueError):
        return LinkHealth.UNSURE


async def _follow(session: aiohttp.ClientSession, link: str) -> LinkHealth:
    """Ask for a link, and for where it leads, as long as each is one that may be sent."""
    for _ in range(_HOPS + 1):
        if fault_of_link(link) is not None:
            break
        url = URL(link)
        # An address in figures is connected to without being looked up, and aiohttp may read
        # another host in a link than we did.
        if is_private_host(url.raw_host or "localhost"):
            break
        response = await session.get(url, allow_redirects=False)
        status, there = response.status, response.headers.get("Location", "")
        response.close()  # what it holds is of no interest, however much it is
        if status in _GONE:
            return LinkHealth.GONE
        if 200 <= status < 300:  # noqa: PLR2004 - it is there
            return LinkHealth.WORKS
        if status not in _REDIRECTS or not there:
            break
        link = urljoin(link, there)
    return LinkHealth.UNSURE


async def check_links(
    core: Core,
    clock: Callable[[], datetime],
    stopping: asyncio.Event,
    telemetry: Telemetry,
    checker: Callable[[str], Awaitable[LinkHealth]] = check,
    *,
    pause_seconds: float = _PAUSE_SECONDS,
) -> None:
    """Try the links of films until told to stop, one after the other; nothing waits for this."""
    telemetry.expect(PART, pause_seconds + _GRACE_SECONDS)
    while not stopping.is_set():
        telemetry.beat(PART)
        due = await film_links.list_due(core, clock(), _AT_ONCE)
        for each in due:
            health = await or_stop(stopping, _tried(checker, each.link))
            if health is None:
                return
            telemetry.beat(PART)
            await film_links.record(core, each.version_id, each.link, health, clock())
        if not due:
            await or_stop(stopping, asyncio.sleep(pause_seconds))


async def _tried(checker: Callable[[str], Awaitable[LinkHealth]], link: str) -> LinkHealth:
    try:
        return await checker(link)
    except Exception as error:  # noqa: BLE001 - one strange site must not end the others' turn
        log.error("links.failed error=%s", type(error).__name__)
        return LinkHealth.UNSURE
