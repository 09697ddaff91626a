"""Trying links: what a site says outright counts, and no link leads into somebody's network."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from bot.adapters import link_check
from bot.adapters.link_check import check, check_links, look_up
from bot.config import Config
from bot.domain.films import Film, LinkHealth, Theme, is_private_address
from bot.domain.languages import ARABIC, DUTCH, ENGLISH, Language
from bot.services.core import Core
from bot.storage import films
from bot.storage.database import Database
from bot.telemetry import Telemetry
from bot.texts import Texts
from tests.storage.rows import NOW

WORKS, GONE, UNSURE = LinkHealth.WORKS, LinkHealth.GONE, LinkHealth.UNSURE
SITE = "http://films.example.org/bus"
HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def only_here(address: str) -> bool:
    """Allow the one address of the test's site, and otherwise what is always allowed."""
    return address != HERE and is_private_address(address)


@dataclass(slots=True)
class Names:
    """A name service that counts: each question has the answers in turn, the last for ever."""

    port: int
    known: dict[str, list[list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, _port: int) -> Sequence[tuple[str, int]]:
        answers = self.known.get(host, [[HERE]])
        found = answers[min(self.asked.count(host), len(answers) - 1)]
        self.asked.append(host)
        return [(address, self.port) for address in found]


@dataclass(slots=True)
class Site:
    """A site on this machine, with all that it was asked."""

    names: Names
    asked: list[str] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(f"{request.host}{request.path_qs}")
        given = self.answers.get(request.path)
        return await given(request) if given else web.Response(status=404)

    def says(self, path: str, status: int, location: str | None = None) -> None:
        """Have a page answer with a status, and perhaps point elsewhere."""
        headers = {"Location": location} if location is not None else {}

        async def say(_request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(status=status, headers=headers, text="film")

        self.answers[path] = say

    async def tried(
        self,
        link: str = SITE,
        *,
        is_private: Callable[[str], bool] = only_here,
        seconds: float = 20,
    ) -> LinkHealth:
        return await check(link, resolve=self.names, is_private=is_private, seconds=seconds)

    async def tried_as_always(self, link: str = SITE) -> LinkHealth:
        """Try a link by the rule about addresses that holds unless a test says otherwise."""
        return await check(link, resolve=self.names, seconds=20)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Give a site that listens on two addresses of this machine."""
    found = Site(Names(0))
    runner = web.ServerRunner(web.Server(found.answer), shutdown_timeout=0)
    await runner.setup()
    first = web.TCPSite(runner, HERE, 0)
    await first.start()
    found.names.port = runner.addresses[0][1]
    await web.TCPSite(runner, ELSEWHERE, found.names.port).start()
    yield found
    await runner.cleanup()


# --- what a site says ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "health"),
    [
        (200, WORKS),
        (204, WORKS),
        (206, WORKS),
        (404, GONE),
        (410, GONE),
        (304, UNSURE),
        (400, UNSURE),
        (401, UNSURE),
        (403, UNSURE),
        (405, UNSURE),
        (429, UNSURE),
        (451, UNSURE),
        (500, UNSURE),
        (503, UNSURE),
    ],
)
async def test_only_what_a_site_says_outright_counts(
    site: Site, status: int, health: LinkHealth
) -> None:
    site.says("/bus", status)
    assert await site.tried() is health
    assert site.asked == ["films.example.org/bus"]


async def test_the_whole_link_is_asked_for_and_the_part_after_the_hash_is_not(site: Site) -> None:
    site.says("/watch", 200)
    assert await site.tried("http://films.example.org/watch?v=1&t=2#deel") is WORKS
    assert site.asked == ["films.example.org/watch?v=1&t=2"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(("there", "health"), [(200, WORKS), (404, GONE), (500, UNSURE)])
async def test_what_counts_is_where_a_link_leads(
    site: Site, status: int, there: int, health: LinkHealth
) -> None:
    site.says("/bus", status, "/nieuw")
    site.says("/nieuw", there)
    assert await site.tried() is health
    assert site.asked == ["films.example.org/bus", "films.example.org/nieuw"]


async def test_a_link_may_lead_to_another_site(site: Site) -> None:
    site.says("/bus", 302, "http://elders.example.org/film")
    site.says("/film", 200)
    assert await site.tried() is WORKS
    assert site.names.asked == ["films.example.org", "elders.example.org"]


async def test_a_link_that_goes_round_is_not_followed_for_ever(site: Site) -> None:
    site.says("/bus", 302, "/bus")
    assert await site.tried() is UNSURE
    assert len(site.asked) == 6


async def test_five_steps_are_followed(site: Site) -> None:
    for number in range(5):
        site.says(f"/{number}", 302, f"/{number + 1}")
    site.says("/5", 200)
    assert await site.tried("http://films.example.org/0") is WORKS


@pytest.mark.parametrize("location", [None, "", "ftp://example.org/film", "https:///", "http://["])
async def test_a_site_that_leads_nowhere_says_nothing(site: Site, location: str | None) -> None:
    site.says("/bus", 302, location)
    assert await site.tried() is UNSURE
    assert len(site.asked) == 1


# --- where nothing may connect to ------------------------------------------------------------


async def test_by_default_a_name_that_leads_to_this_machine_is_not_connected_to(
    site: Site,
) -> None:
    site.says("/bus", 200)
    assert await site.tried_as_always() is UNSURE
    assert (site.names.asked, site.asked) == (["films.example.org"], [])


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "::1", "fd00::1", "no address"],
)
async def test_by_default_a_name_that_leads_inside_is_not_connected_to(
    site: Site, address: str
) -> None:
    site.names.known["films.example.org"] = [[address]]
    assert await site.tried_as_always() is UNSURE  # a connection would fail this test loudly
    assert site.names.asked == ["films.example.org"]


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1/bus",
        "http://127.1/bus",
        "http://0x7f.1/bus",
        "http://[::1]/bus",
        "http://10.0.0.1/bus",
        "http://localhost/bus",
        "http://nas.local/bus",
        "http://127。0。0。1/bus",
        "http://user@films.example.org/bus",
        "http://films.example.org:8080/bus",
        "file:///etc/passwd",
    ],
)
async def test_a_link_that_may_not_be_sent_is_not_asked_for_either(site: Site, link: str) -> None:
    assert await site.tried(link) is UNSURE
    assert (site.names.asked, site.asked) == ([], [])


@pytest.mark.parametrize(
    "inside",
    [
        f"http://{ELSEWHERE}/geheim",
        "http://127.1/geheim",
        "http://10.0.0.1/geheim",
        "http://[::ffff:127.0.0.2]/geheim",
        "http://localhost/geheim",
        "http://x@films.example.org/geheim",
        f"//{ELSEWHERE}/geheim",
    ],
)
async def test_a_site_cannot_send_us_inside(site: Site, inside: str) -> None:
    site.says("/bus", 302, inside)
    site.says("/geheim", 200)
    assert await site.tried() is UNSURE
    assert site.asked == ["films.example.org/bus"]


async def test_a_site_cannot_send_us_inside_by_a_name(site: Site) -> None:
    site.names.known["binnen.example.org"] = [[ELSEWHERE]]
    site.says("/bus", 302, "http://binnen.example.org/geheim")
    site.says("/geheim", 200)
    assert await site.tried() is UNSURE
    assert site.asked == ["films.example.org/bus"]
    assert site.names.asked == ["films.example.org", "binnen.example.org"]


async def test_a_name_that_leads_both_ways_is_not_connected_to(site: Site) -> None:
    site.names.known["films.example.org"] = [[HERE, ELSEWHERE]]
    site.says("/bus", 200)
    assert await site.tried() is UNSURE
    assert site.asked == []


async def test_the_address_that_was_looked_at_is_the_one_connected_to(site: Site) -> None:
    site.names.known["films.example.org"] = [[HERE], ["10.0.0.1"]]
    site.says("/bus", 200)
    assert await site.tried() is WORKS
    assert site.names.asked == ["films.example.org"]


async def test_each_step_is_looked_up_anew(site: Site) -> None:
    site.names.known["films.example.org"] = [[HERE], [ELSEWHERE]]
    site.says("/bus", 302, "/nieuw")
    site.says("/nieuw", 200)
    assert await site.tried() is UNSURE
    assert site.asked == ["films.example.org/bus"]


async def test_the_system_is_asked_for_addresses_with_the_port_kept() -> None:
    found = await look_up("localhost", 80)
    assert {port for _, port in found} == {80}
    assert {address for address, _ in found} <= {"127.0.0.1", "::1"}
    assert found


# --- what the network does -------------------------------------------------------------------


async def test_without_a_network_nothing_is_said() -> None:
    async def nobody(_host: str, _port: int) -> Sequence[tuple[str, int]]:
        raise OSError

    assert await check(SITE, resolve=nobody) is UNSURE


async def test_a_name_without_addresses_says_nothing() -> None:
    async def nothing(_host: str, _port: int) -> Sequence[tuple[str, int]]:
        return []

    assert await check(SITE, resolve=nothing) is UNSURE


async def test_a_site_that_refuses_connections_says_nothing(site: Site, free_port: int) -> None:
    site.names.port = free_port
    assert await site.tried() is UNSURE


async def test_a_site_without_a_certificate_says_nothing(site: Site) -> None:
    site.says("/bus", 200)
    assert await site.tried("https://films.example.org/bus") is UNSURE
    assert site.asked == []


async def test_a_site_that_never_answers_is_not_waited_for(site: Site) -> None:
    never = asyncio.Event()

    async def wait(_request: web.BaseRequest) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    site.answers["/bus"] = wait
    assert await site.tried(seconds=0.2) is UNSURE
    never.set()  # so that the site can be closed
    assert site.asked == ["films.example.org/bus"]


async def test_a_page_without_end_is_not_read(site: Site) -> None:
    gone = asyncio.Event()

    async def pour(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"film" * 100_000)  # more than it would write at one go
        finally:
            gone.set()

    site.answers["/bus"] = pour
    assert await site.tried() is WORKS
    async with asyncio.timeout(20):
        await gone.wait()


@asynccontextmanager
async def shouting(words: bytes) -> AsyncIterator[Site]:
    """Give a server that says the same to everybody, whatever was asked, and hangs up."""

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(words)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(shout, HERE, 0)
    async with server:
        yield Site(Names(server.sockets[0].getsockname()[1]))


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe/\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["nothing", "no http", "endless heading", "no status", "no letters"],
)
async def test_a_site_that_talks_nonsense_says_nothing(words: bytes) -> None:
    async with shouting(words) as site:
        assert await site.tried() is UNSURE


# --- the loop --------------------------------------------------------------------------------


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}")
    yield Core(database, Texts.load(), Config(), "")
    await database.close()


async def add(core: Core, *languages: Language) -> None:
    """Store a film with a link for each language."""
    async with core.database.transaction() as tx:
        film_id = await films.insert_film(tx, code="bus", theme=Theme.WORK, minutes=3, now=NOW)
        assert film_id is not None
        for each in languages:
            await films.put_version(
                tx, film_id, language=each, title="Bus", link=f"https://a.nl/{each}"
            )


async def health(core: Core) -> dict[Language, LinkHealth]:
    async with core.database.reading() as tx:
        film: Film | None = await films.find_film(tx, "bus")
    assert film is not None
    return {version.language: version.health for version in film.versions}


@asynccontextmanager
async def trying(
    core: Core, checker: Callable[[str], Awaitable[LinkHealth]], pause_seconds: float = 60
) -> AsyncIterator[asyncio.Event]:
    """Run the loop until the end of the block."""
    stopping = asyncio.Event()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(
            check_links(
                core, lambda: NOW, stopping, Telemetry(), checker, pause_seconds=pause_seconds
            )
        )
        yield stopping
        stopping.set()


async def until(core: Core, wanted: dict[Language, LinkHealth]) -> None:
    commits = core.database.commits
    while await health(core) != wanted:
        await commits.after(commits.count, 0.1)


async def test_every_link_is_tried_once_and_what_was_seen_is_kept(core: Core) -> None:
    seen = {"https://a.nl/nl": WORKS, "https://a.nl/ar": GONE, "https://a.nl/en": UNSURE}
    asked: list[str] = []

    async def checker(link: str) -> LinkHealth:
        asked.append(link)
        return seen[link]

    await add(core, DUTCH, ARABIC, ENGLISH)
    async with trying(core, checker, pause_seconds=0.01):
        await until(core, {DUTCH: WORKS, ARABIC: GONE, ENGLISH: UNSURE})
    assert sorted(asked) == sorted(seen)


async def test_a_link_that_comes_later_is_tried_too(core: Core) -> None:
    async def checker(_link: str) -> LinkHealth:
        return WORKS

    async with trying(core, checker, pause_seconds=0.01):
        await add(core, DUTCH)
        await until(core, {DUTCH: WORKS})


async def test_one_strange_site_does_not_keep_the_others_from_their_turn(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    async def checker(link: str) -> LinkHealth:
        if link.endswith("nl/nl"):
            raise RuntimeError(link)
        return WORKS

    await add(core, DUTCH, ARABIC)
    async with trying(core, checker):
        await until(core, {DUTCH: UNSURE, ARABIC: WORKS})
    assert "RuntimeError" in caplog.text
    assert "a.nl" not in caplog.text


async def test_a_slow_site_does_not_keep_the_program_from_ending(core: Core) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def checker(_link: str) -> LinkHealth:
        begun.set()
        await never.wait()
        return WORKS

    await add(core, DUTCH)
    async with trying(core, checker):
        await begun.wait()
    assert await health(core) == {DUTCH: LinkHealth.UNCHECKED}


def test_the_loop_tries_links_for_real_unless_told_otherwise() -> None:
    assert check_links.__defaults__ == (link_check.check,)
    assert check.__kwdefaults__ == {
        "resolve": look_up,
        "is_private": is_private_address,
        "seconds": 15.0,
    }
