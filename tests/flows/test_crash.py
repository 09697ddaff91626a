"""The bot as an operator runs it, killed, stopped and starved; nothing is lost or silently double.

The phones live in this process; the bot is a real process of its own with real time.
"""

import asyncio
import html
import os
import re
import resource
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.config import DatabaseSettings
from bot.domain.delivery import InboxState, OutboxKind, OutboxState
from bot.services import people
from bot.storage.database import Database
from bot.storage.schema import inbox, outbox
from tests.cast import BRAM, CLIENTS, CSV, JOKE, SELAM, STAFF, Person
from tests.support.town import TOKEN, Shown, Town, open_town, plain

_ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 30.0
_TWICE = re.compile(r"\n?\(Misschien krijgt u dit bericht twee keer\.\)")
_TAG = re.compile(r"<[^>]+>")
_KILLED = -signal.SIGKILL


@dataclass(slots=True)
class Program:
    """`python -m bot run` against the phones of a town."""

    town: Town
    database_url: str
    process: asyncio.subprocess.Process | None = None
    asked: int = 0
    """How many calls had been made when the program was started."""

    async def starts(self, *flags: str, before: str = "") -> None:
        """Start it; `before` is shell that is to come first, such as a limit."""
        environment = {
            **os.environ,
            "TAALBRUG_TELEGRAM_API_URL": self.town.config.telegram.api_url,
            "TAALBRUG_TELEGRAM_TOKEN": TOKEN,
            "TAALBRUG_TELEGRAM_POLL_SECONDS": "1",
            "TAALBRUG_SENDING_PER_SECOND": "1000",
            "TAALBRUG_SENDING_CHAT_PER_SECOND": "1000",
            "TAALBRUG_WEB_PORT": "0",
            "TAALBRUG_DATABASE_URL": self.database_url,
        }
        self.asked = len(self.town.phones.requests())
        self.process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            f'{before} exec "$0" -m bot "$@"',
            sys.executable,
            *flags,
            "run",
            cwd=_ROOT,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def ends(self, how: signal.Signals | None = None) -> tuple[int, str]:
        """Wait for its end, after sending a signal if one is given: exit code and output."""
        process = self.process
        assert process is not None
        if how is not None and process.returncode is None:
            process.send_signal(how)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            written, _ = await process.communicate()
        self.process = None
        assert process.returncode is not None
        return process.returncode, written.decode()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something holds that shows on the phones or in the calls made."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not condition():
                assert self.process is not None
                assert self.process.returncode is None, await self.ends()
                await self.town.phones._x.hub.changed.wait(0.1)

    async def until_called(self, method: str, times: int = 1) -> None:
        """Wait for calls of a method since the start."""
        await self.until(lambda: self.calls(method) >= times)

    def calls(self, method: str) -> int:
        entries = self.town.phones.requests(after=self.asked)
        return sum(entry["method"] == method for entry in entries)

    async def until_at_rest(self) -> None:
        """Wait until the program has nothing left to fetch, to handle or to send."""
        database = await Database.open(self.database_url)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while self.town.phones.pending_updates or await _unfinished(database):
                    await self.town.phones._x.hub.changed.wait(0.1)
        finally:
            await database.close()


async def _unfinished(database: Database) -> int:
    async with database.reading() as tx:
        open_states = (OutboxState.WAITING, OutboxState.QUEUED, OutboxState.SENDING)
        calls = sa.select(sa.func.count()).where(outbox.c.state.in_(open_states))
        updates = sa.select(sa.func.count()).where(inbox.c.state == InboxState.NEW)
        return await tx.number(calls) + await tx.number(updates)


async def _states(url: str) -> tuple[Counter[OutboxState], Counter[InboxState]]:
    database = await Database.open(url)
    try:
        async with database.reading() as tx:
            calls = await tx.rows(sa.select(outbox.c.state, outbox.c.kind))
            updates = await tx.rows(sa.select(inbox.c.state))
    finally:
        await database.close()
    doubtful = [row for row in calls if row["state"] is OutboxState.UNCERTAIN]
    # What two kills in a row put in doubt is not sent a third time, and is told to staff.
    assert all(row["kind"] in {OutboxKind.ANSWER, OutboxKind.STAFF} for row in doubtful), doubtful
    return Counter(row["state"] for row in calls), Counter(row["state"] for row in updates)


async def _said(url: str) -> dict[int, Counter[str]]:
    """Return what was to be said in each chat: a text for each call, without a repeat's mark."""
    database = await Database.open(url)
    try:
        async with database.reading() as tx:
            calls = await tx.rows(
                sa.select(outbox.c.chat_id, outbox.c.payload).where(
                    outbox.c.method == "sendMessage"
                )
            )
    finally:
        await database.close()
    said: dict[int, Counter[str]] = {}
    for call in calls:
        text = html.unescape(_TAG.sub("", str(call["payload"]["text"])))
        said.setdefault(call["chat_id"], Counter())[plain(text).partition("\n(")[0]] += 1
    return said


async def _errors(url: str) -> list[str]:
    database = await Database.open(url)
    try:
        async with database.reading() as tx:
            found = [
                row["error"]
                for table in (inbox, outbox)
                for row in await tx.rows(sa.select(table.c.error))
            ]
    finally:
        await database.close()
    return [error for error in found if error is not None]


@asynccontextmanager
async def _running_from(town: Town) -> AsyncIterator[Program]:
    """Stop the bot of the town and give the program that takes its place."""
    town.expects("terminated by other getUpdates")  # a killed program leaves its question behind
    town.expects("getUpdates method while")
    await town.stops()
    program = Program(town, town.config.database.url)
    try:
        yield program
    finally:
        if program.process is not None:
            await program.ends(signal.SIGKILL)


@pytest.fixture
async def program(tmp_path: Path, everybody_linked: Path) -> AsyncIterator[Program]:
    """Give the program of a town in which everybody is linked; it does not run yet."""
    async with (
        open_town(tmp_path, snapshot=everybody_linked) as town,
        _running_from(town) as ready,
    ):
        yield ready


@pytest.fixture
async def program_on_postgres(
    tmp_path: Path, postgres_database_url: str
) -> AsyncIterator[Program]:
    """Give the same with its database in PostgreSQL."""
    town = Town(tmp_path)
    town.config = replace(town.config, database=DatabaseSettings(url=postgres_database_url))
    try:
        await town.opens()
        await people.import_csv(town.core, CSV, town.now)
        for person in (*STAFF, *CLIENTS):
            await town.links(person)
        town.nothing_new()
        async with _running_from(town) as ready:
            yield ready
    finally:
        await town.closes()


def _coach_of(client: Person) -> Person:
    return next(person for person in STAFF if person.code == client.coach)


@dataclass(slots=True)
class Mail:
    """What clients wrote, and how it stands on their coaches' phones."""

    town: Town
    written: dict[str, list[str]]
    known: int = 0

    @classmethod
    def of(cls, town: Town) -> "Mail":
        return cls(town, {client.code: [] for client in CLIENTS})

    def write(self, count: int) -> None:
        """Let each client write so many messages, all in turn; every second needs no words."""
        for _ in range(count):
            for number, client in enumerate(CLIENTS, start=1):
                mine = self.written[client.code]
                name = f"{number}{len(mine) + 1:03d}"
                mine.append(f"{name} ..." if len(mine) % 2 else f"{client.name} {name}")
                self.town.writes(client, mine[-1])

    def copies(self, client: Person, words: str) -> list[Shown]:
        chat = self.town.chat(_coach_of(client))
        return [each for each in chat if words in each.text and not each.own]

    def arrived(self) -> int:
        """Return how many different messages stand in a coach's chat."""
        return sum(
            bool(self.copies(client, words))
            for client in CLIENTS
            for words in self.written[client.code]
        )

    def repeats(self) -> int:
        """Check that all stand there, in order, and none twice without a mark; count repeats."""
        repeats = 0
        for client in CLIENTS:
            first: list[int] = []
            for words in self.written[client.code]:
                copies = self.copies(client, words)
                assert copies, f"{words!r} never arrived"
                unmarked = [copy.text for copy in copies if not _TWICE.search(copy.text)]
                assert len(unmarked) <= 1, f"{words!r} stands there twice without a mark"
                first.append(copies[0].id)
                repeats += len(copies) - 1
            assert first == sorted(first), f"{client.code} is out of order"
        return repeats

    def check_answers(self, said: Mapping[int, Counter[str]]) -> None:
        """Check that no client reads without a mark more than the bot meant to say."""
        for client in CLIENTS:
            seen = Counter(self.town.texts(client))
            unmarked = Counter({text: n for text, n in seen.items() if "\n(" not in text})
            assert unmarked, f"{client.code} was never told that her messages arrived"
            assert unmarked <= said[client.chat_id], f"{client.code} reads the same twice"


async def _killed_while(
    program: Program, mail: Mail, points: Iterable[tuple[str, int]], wave: int
) -> int:
    """Start, write and kill at each point; returns how often it was killed."""
    kills = 0
    phones = program.town.phones
    for what, times in points:
        await program.starts()
        mail.write(wave)
        mail.known = mail.arrived()
        if what == "in flight":
            # Telegram takes it and never says so: the worst moment there is.
            phones.fault(
                "accept_then_delay",
                method="sendMessage",
                chat_id=JOKE.chat_id,
                times=times,
                seconds=_PATIENCE_SECONDS,
            )
            await program.until(lambda: not phones.faults())
            await program.until(lambda: mail.arrived() > mail.known)
        elif what == "arrived":
            mail.known += times
            await program.until(lambda: mail.arrived() >= mail.known)
        else:
            await program.until_called(what, times)
        code, output = await program.ends(signal.SIGKILL)
        assert code == _KILLED, output
        kills += 1
    return kills


async def _nothing_left(program: Program, mail: Mail, count: int) -> None:
    """Check the books after the last start: all done, and no message in doubt."""
    calls, updates = await _states(program.database_url)
    assert set(calls) <= {OutboxState.SENT, OutboxState.RETIRED, OutboxState.UNCERTAIN}, calls
    assert set(updates) == {InboxState.DONE}, updates
    assert mail.arrived() == count


async def test_killed_five_times_it_loses_nothing_and_repeats_nothing_silently(
    program: Program,
) -> None:
    mail = Mail.of(program.town)
    points = [
        ("getMe", 1),  # while it starts
        ("sendMessage", 1),  # as the first call is made
        ("arrived", 7),
        ("in flight", 2),
        ("getUpdates", 2),  # as the second batch is fetched
    ]

    kills = await _killed_while(program, mail, points, wave=5)
    await program.starts()
    await program.until(lambda: mail.arrived() == 100)
    await program.until_at_rest()
    code, output = await program.ends(signal.SIGTERM)

    assert (kills, code) == (5, 0), output
    await _nothing_left(program, mail, 100)
    assert mail.repeats() >= 1, "what was in flight at a kill was not repeated"
    mail.check_answers(await _said(program.database_url))


@pytest.mark.postgres
async def test_on_postgresql_a_kill_loses_nothing_either(program_on_postgres: Program) -> None:
    program = program_on_postgres
    mail = Mail.of(program.town)

    kills = await _killed_while(program, mail, [("arrived", 5), ("in flight", 1)], wave=3)
    await program.starts()
    await program.until(lambda: mail.arrived() == 24)
    await program.until_at_rest()
    code, output = await program.ends(signal.SIGTERM)

    assert (kills, code) == (2, 0), output
    await _nothing_left(program, mail, 24)
    assert mail.repeats() >= 1
    mail.check_answers(await _said(program.database_url))


async def test_a_polite_stop_finishes_what_is_being_sent_and_the_next_start_goes_on(
    program: Program,
) -> None:
    mail = Mail.of(program.town)
    phones = program.town.phones
    phones.fault("accept_then_delay", method="sendMessage", times=3, seconds=0.3)
    await program.starts()
    mail.write(3)
    await program.until_called("sendMessage")

    code, output = await program.ends(signal.SIGTERM)

    assert code == 0, output
    calls, _ = await _states(program.database_url)
    assert calls[OutboxState.SENDING] == 0
    assert mail.arrived() < 12, "the stop came too late to prove anything"

    await program.starts()
    await program.until(lambda: mail.arrived() == 12)
    await program.until_at_rest()
    assert (await program.ends(signal.SIGINT))[0] == 0
    await _nothing_left(program, mail, 12)
    assert mail.repeats() == 0
    assert not [text for text in program.town.shown(JOKE) if _TWICE.search(text)]


async def test_a_full_disk_ends_it_with_one_sentence_and_loses_nothing(program: Program) -> None:
    town = program.town
    await program.starts()
    await program.until_called("getUpdates")
    assert program.process is not None
    resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (0, 0))

    town.writes(SELAM, "1001")
    code, output = await program.ends()

    assert code == 1, output
    said = [line for line in output.splitlines() if line.startswith("taalbrug: ")]
    assert len(said) == 1, output
    assert "database could not be written" in said[0]
    assert "make room on the disk" in said[0]
    assert "Traceback" not in output
    assert town.phones.pending_updates == 1, "Telegram was told that the message is safe"

    await program.starts()
    await program.until(lambda: [text for text in town.shown(JOKE) if "1001" in text])
    await program.until_at_rest()
    assert (await program.ends(signal.SIGTERM))[0] == 0
    assert len([text for text in town.shown(JOKE) if "1001" in text]) == 1


async def test_a_disk_that_is_full_at_the_start_is_said_in_one_sentence(program: Program) -> None:
    await program.starts(before="ulimit -f 0;")

    code, output = await program.ends()

    assert code == 1, output
    assert output.count("taalbrug: ") == 1
    assert "database" in output
    assert "Traceback" not in output


async def test_a_token_that_is_revoked_stops_it_and_what_waits_goes_out_with_the_new_one(
    program: Program,
) -> None:
    town = program.town
    town.expects("Unauthorized")
    await program.starts()
    await program.until_called("getUpdates")
    town.phones._x.token = "100000009:another"
    town.writes(SELAM, "1001")

    code, output = await program.ends()

    assert code == 1, output
    assert "Set TAALBRUG_TELEGRAM_TOKEN anew" in output
    assert "Traceback" not in output
    town.phones._x.token = TOKEN
    await program.starts()
    await program.until(lambda: [text for text in town.shown(JOKE) if "1001" in text])
    await program.until_at_rest()
    assert (await program.ends(signal.SIGTERM))[0] == 0
    calls, _ = await _states(program.database_url)
    assert calls[OutboxState.FAILED] == 0


async def test_its_log_and_its_error_columns_hold_no_words_no_names_and_no_token(
    program: Program,
) -> None:
    town, phones = program.town, program.town.phones
    await program.starts("--verbose")
    await program.until_called("getUpdates")
    for fault in ("502_html", "429"):
        phones.fault(fault, method="sendMessage", chat_id=JOKE.chat_id, retry_after=1)
        phones.fault(fault, method="sendMessage", chat_id=SELAM.chat_id, retry_after=1)
    phones.fault("garbage", method="getUpdates")

    town.writes(SELAM, "Geheimwoord 1001")
    town.writes(BRAM, "Klaproos voor niemand")
    await program.until(lambda: [t for t in town.shown(JOKE) if "1001" in t])
    await program.until(lambda: town.texts(BRAM))
    await program.until_at_rest()
    question = town.find(JOKE, "1001")
    town.writes(JOKE, "Zonnebloem 2002", question)
    town.phones.put_update({"message": {"text": "Rododendron", "from": {"id": SELAM.chat_id}}})
    town.phones.put_update(
        {"message": {"message_id": 1, "date": 1, "chat": _chat(SELAM), "text": ["Rododendron"]}}
    )
    await program.until(lambda: [t for t in town.shown(SELAM) if "2002" in t])
    await program.until_at_rest()
    code, output = await program.ends(signal.SIGTERM)

    assert code == 0, output
    assert "send.failed" in output, "the log says what went wrong, so there is something to read"
    assert "handle." in output
    errors = await _errors(program.database_url)
    assert len(errors) >= 2
    parts = chain.from_iterable(person.name.split() for person in (*STAFF, *CLIENTS))
    names = [part for part in parts if part.istitle()]
    secret = TOKEN.partition(":")[2]
    for word in ("Geheimwoord", "Klaproos", "Zonnebloem", "Rododendron", secret, *names):
        assert word not in output
        assert not [error for error in errors if word in error]


def _chat(person: Person) -> dict[str, object]:
    return {"id": person.chat_id, "type": "private", "first_name": person.name}
