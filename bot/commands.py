"""What each command of the command line does; the exit code is its answer."""

import asyncio
import logging
import secrets
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

import segno
from sqlalchemy import make_url

from bot.adapters.webhook_state import WebhookState, look_at_webhook
from bot.application import PHRASEBOOK, House, connect, open_core
from bot.config import Config
from bot.demo import run_demo
from bot.domain.delivery import InboxState
from bot.domain.errors import ImportRowError, TaalbrugError
from bot.domain.ids import ChatId, InboxId
from bot.domain.languages import DUTCH
from bot.services import employer_import, film_import, inbox, onboarding, people
from bot.services.core import Core, Turn
from bot.simulator import Clock, Phone, Simulator
from bot.storage.database import Database
from bot.storage.look import look_at_tables
from bot.texts import Texts
from bot.translation.phrasebook import Phrasebook

OK, FAILED, USAGE = 0, 1, 2
_LISTED = 200


def now() -> datetime:
    """Read the machine's clock, once, at the edge."""
    return datetime.now(UTC)


def out(text: str) -> None:
    """Print a line for the person at the terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _stop_on_signal() -> asyncio.Event:
    """Return an event that Ctrl-C and a polite kill set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows has no signal handlers in loops
            loop.add_signal_handler(name, stop.set)
    return stop


def _make_folder(config: Config) -> None:
    """Make the folder of an SQLite database that is not there yet."""
    url = make_url(config.database.url)
    if url.get_backend_name() == "sqlite" and url.database:
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"The folder {folder} for the database cannot be made: {error.strerror}."
            raise TaalbrugError(msg) from error


def _check_port(port: int, remedy: str) -> None:
    """Refuse a port on which somebody listens already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            msg = f"Port {port} on this machine is in use, {remedy}."
            raise TaalbrugError(msg) from error


async def demo(*, port: int, fresh: bool) -> int:
    """Run the demo until Ctrl-C."""
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    # A fresh demo forgets the earlier one: not before it is certain that it does not run.
    _check_port(
        port,
        "perhaps by another demo. Stop that one, "
        f"or choose another port: make demo ARGS='--port {port + 1}'",
    )
    await run_demo(_stop_on_signal(), port=port, fresh=fresh, say=out)
    out("  Gestopt. Het gesprek blijft bewaard; opnieuw beginnen: make demo FRESH=1")
    return OK


async def run(config: Config, *, remove_webhook: bool = False) -> int:
    """Run the bot with the configured Bot API until it is told to stop."""
    _make_folder(config)
    stop = _stop_on_signal()
    house = await _open_unless_stopped(config, stop)
    if house is None:
        return OK

    async def work() -> None:
        try:
            await house.run(
                lambda: out(f"@{house.core.bot_username} is running."),
                say=out,
                remove_webhook=remove_webhook,
            )
        finally:
            stop.set()

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            await stop.wait()
            house.stop()
    finally:
        await house.close()
    return OK


async def _open_unless_stopped(config: Config, stop: asyncio.Event) -> House | None:
    """Open the house; as long as it waits for Telegram it can be told to stop."""
    async with asyncio.TaskGroup() as group:
        opening = group.create_task(House.open(config, now))
        stopping = group.create_task(stop.wait())
        await asyncio.wait((opening, stopping), return_when=asyncio.FIRST_COMPLETED)
        opening.cancel()
        stopping.cancel()
    return None if opening.cancelled() else opening.result()


async def migrate(config: Config) -> int:
    """Bring the tables up to date."""
    _make_folder(config)
    database = await Database.open(config.database.url)
    await database.close()
    out("The database is up to date.")
    return OK


def _read_csv(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: this file cannot be read: {error}. Save it as CSV in UTF-8."
        raise TaalbrugError(msg) from error


class _Report(Protocol):
    """What an import tells: what changed, what was known, and what could not be taken."""

    changed: int
    known: int
    problems: list[str]


Report = TypeVar("Report", bound=_Report)


async def _import(
    config: Config,
    path: Path,
    take: Callable[[Core, str, datetime], Awaitable[Report]],
    new: Callable[[Report], str],
) -> int:
    """Import a file; prints what is new, as `new` says it, and each row that was not taken."""
    content = _read_csv(path)
    _make_folder(config)
    core = await open_core(config)
    try:
        report = await take(core, content, now())
    except ImportRowError as error:
        msg = f"{path}: {error}"
        raise TaalbrugError(msg) from error
    finally:
        await core.database.close()
    out(f"New: {new(report)}. Changed: {report.changed}. Known already: {report.known}.")
    for problem in report.problems:
        out(f"{path}: {problem}")
    return FAILED if report.problems else OK


async def import_people(config: Config, path: Path) -> int:
    """Import staff and clients; prints each row that could not be taken."""
    return await _import(
        config,
        path,
        people.import_csv,
        lambda report: f"{report.staff} staff, {report.clients} clients",
    )


async def import_employers(config: Config, path: Path) -> int:
    """Import companies and placements; prints each row that could not be taken."""
    return await _import(
        config,
        path,
        employer_import.import_employers,
        lambda report: f"{report.companies} companies, {report.placements} placements",
    )


async def import_films(config: Config, path: Path) -> int:
    """Import films and their versions; prints each row that could not be taken."""
    return await _import(
        config,
        path,
        film_import.import_films,
        lambda report: f"{report.films} films, {report.versions} versions",
    )


def _no_patience(config: Config) -> Callable[[float], Awaitable[None]]:
    """Return a sleep that gives up; errors: TaalbrugError."""

    async def give_up(_seconds: float) -> None:
        msg = (
            f"{config.telegram.api_url} cannot be reached. "
            "Check the network and TAALBRUG_TELEGRAM_API_URL."
        )
        raise TaalbrugError(msg)

    return give_up


async def _bot_username(config: Config) -> str:
    """Ask Telegram once who the bot is; errors: TaalbrugError when it cannot say."""
    bot = await connect(config, sleep=_no_patience(config))
    username = bot.username
    await bot.shutdown()
    return username


async def _ask_telegram(config: Config) -> tuple[str, WebhookState]:
    """Ask also how the updates come."""
    bot = await connect(config, sleep=_no_patience(config))
    try:
        return bot.username, await look_at_webhook(bot, sleep=_no_patience(config))
    finally:
        await bot.shutdown()


async def invite(config: Config, code: str, svg: Path | None) -> int:
    """Make a personal link for one client or member of staff, with its QR code."""
    _make_folder(config)
    core = await open_core(config)
    try:
        client_id, staff_id, name = await people.find_person(core, code)
        username = await _bot_username(config)
        link = await onboarding.invite(
            replace(core, bot_username=username),
            client_id=client_id,
            staff_id=staff_id,
            token=secrets.token_urlsafe(24),
            turn=Turn(now=now(), chat_id=ChatId(0)),
        )
    finally:
        await core.database.close()
    out(f"Link for {name} ({code}); works once, for {config.invites.valid_days} days:\n{link}")
    picture = segno.make(link, error="m")
    if svg is not None:
        try:
            picture.save(str(svg), kind="svg", scale=8, border=4)
        except OSError as error:
            msg = f"{svg}: the QR code cannot be written here: {error.strerror}. The link works."
            raise TaalbrugError(msg) from error
        out(f"QR code: {svg}")
    elif sys.stdout.isatty():
        picture.terminal(compact=True)
    return OK


@dataclass(frozen=True, slots=True)
class _Finding:
    good: bool
    about: str
    words: str


async def check(config: Config) -> int:
    """Look at configuration, database, token, engines and catalogues; name each remedy."""
    findings = [_Finding(good=True, about="configuration", words="can be read")]
    findings.append(await _check_database(config))
    findings.extend(await _check_telegram(config))
    findings.extend(_check_words(config))
    for finding in findings:
        out(f"{'ok     ' if finding.good else 'PROBLEM'}  {finding.about}: {finding.words}")
    return OK if all(finding.good for finding in findings) else FAILED


async def _check_database(config: Config) -> _Finding:
    try:
        await asyncio.to_thread(look_at_tables, config.database.url)
    except TaalbrugError as error:
        return _Finding(good=False, about="database", words=str(error))
    return _Finding(good=True, about="database", words="opens and is up to date")


async def _check_telegram(config: Config) -> list[_Finding]:
    try:
        username, state = await _ask_telegram(config)
    except TaalbrugError as error:
        return [_Finding(good=False, about="token", words=str(error))]
    good, words = state.judge(config.telegram.webhook_url)
    return [
        _Finding(good=True, about="token", words=f"belongs to @{username}"),
        _Finding(good=good, about="updates", words=words),
    ]


def _check_words(config: Config) -> list[_Finding]:
    findings: list[_Finding] = []
    try:
        texts = Texts.load()
        words = ", ".join(
            f"{locale} {count}" for locale, count in texts.unchecked.items() if count
        )
        findings.append(
            _Finding(
                good=True,
                about="catalogues",
                words=f"complete; not checked by a native speaker: {words or 'none'}",
            )
        )
        if "phrasebook" in config.translation.engines:
            book = Phrasebook.load(PHRASEBOOK)
            findings.append(
                _Finding(
                    good=True, about="phrasebook", words=f"{len(book.phrases(DUTCH))} sentences"
                )
            )
    except TaalbrugError as error:
        findings.append(_Finding(good=False, about="catalogues", words=str(error)))
    names = ", ".join(config.translation.engines)
    findings.append(_Finding(good=True, about="engines", words=names))
    if "google" in config.translation.engines:
        findings.append(
            _Finding(
                good=True,
                about="engine google",
                words="sends clients' words to a public service without a contract",
            )
        )
    return findings


async def simulator(*, port: int, token: str, store: Path | None) -> int:
    """Run a Bot API server with two phones on loopback, for trying any bot."""
    stop = _stop_on_signal()
    server = Simulator(
        token=token, bot_username="simulated_bot", bot_name="Bot", clock=Clock(), store=store
    )
    try:
        url = await server.start(port=port)
    except OSError as error:
        msg = f"Port {port} on this machine is in use. Choose another with --port."
        raise TaalbrugError(msg) from error
    if not server.phones:
        server.put_phone(Phone(user_id=1001, first_name="Ana", subtitle="English"))
        server.put_phone(Phone(user_id=1002, first_name="Ben", subtitle="English"))
    out(f"Bot API: TAALBRUG_TELEGRAM_API_URL={url}   Page: {url}   Stop: Ctrl-C")
    await stop.wait()
    await server.stop()
    return OK


async def inbox_list(config: Config) -> int:
    """List the updates that were put apart or wait."""
    _make_folder(config)
    core = await open_core(config)
    try:
        rows = await inbox.list_apart(core, limit=_LISTED + 1)
    finally:
        await core.database.close()
    for row in rows[:_LISTED]:
        out(_line(config, row))
    if not rows:
        out("Nothing was put apart and nothing waits.")
    elif len(rows) > _LISTED:
        out(f"… and more than these {_LISTED}.")
    return OK


def _line(config: Config, row: inbox.Apart) -> str:
    at = row.received_at.astimezone(config.organisation.zone)
    how = {
        InboxState.NEW: "waits",
        InboxState.DONE: "was handled",
        InboxState.QUARANTINED: "was put apart",
    }[row.state]
    reason = f": {row.reason}" if row.reason else ""
    return (
        f"{row.id:>6}  {row.owner:<12} {row.kind:<16} {at:%Y-%m-%d %H:%M}  "
        f"tries {row.tries}  {how}{reason}"
    )


async def inbox_show(config: Config, number: int, *, words: bool) -> int:
    """Show how one update is built; what people wrote only when asked for."""
    _make_folder(config)
    core = await open_core(config)
    try:
        row, shown = await inbox.show_one(core, InboxId(number), words=words, now=now())
    finally:
        await core.database.close()
    out(_line(config, row))
    out(shown)
    return OK


async def inbox_retry(config: Config, number: int | None) -> int:
    """Have one update handled anew, or all that were put apart."""
    _make_folder(config)
    core = await open_core(config)
    try:
        chosen = None if number is None else InboxId(number)
        retried = await inbox.retry(core, chosen, now())
    finally:
        await core.database.close()
    if not retried:
        out("Nothing was put apart.")
        return OK
    names = ", ".join(str(each) for each in retried)
    out(f"Will be handled anew by the running bot, or at its next start: {names}.")
    return OK
