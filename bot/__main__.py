"""The command line."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from pathlib import Path

from bot import commands
from bot.config import Config, load
from bot.demo import PORT
from bot.domain.errors import TaalbrugError

_CONFIG = Path(__file__).parent.parent / "config.toml"


def parser() -> argparse.ArgumentParser:
    """Return the parser; each command shows an example in its help."""
    top = argparse.ArgumentParser(
        prog="taalbrug",
        description="Clients and coaches talk, each in their own language.",
        epilog="Example: taalbrug demo",
    )
    top.add_argument("--verbose", action="store_true", help="log more (ids only, never words)")
    verbs = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, about: str, example: str) -> argparse.ArgumentParser:
        return verbs.add_parser(
            name, help=about, description=about, epilog=f"Example: taalbrug {example}"
        )

    demo = add(
        "demo",
        "Simulator, bot and an invented organisation on this machine; no token, no network.",
        "demo --fresh",
    )
    demo.add_argument("--fresh", action="store_true", help="forget the earlier conversation")
    demo.add_argument("--port", type=_port, default=PORT, help=f"default {PORT}")
    run = add("run", "Run the bot.", "run")
    run.add_argument(
        "--remove-webhook",
        action="store_true",
        help="first remove the webhook that somebody set on this token; what waits is kept",
    )
    add("check", "Check configuration, database, token, engines and catalogues.", "check")
    add("migrate", "Bring the database's tables up to date.", "migrate")
    people = add("people", "Staff and clients.", "people import people.csv")
    below = people.add_subparsers(dest="people_command", required=True, metavar="COMMAND")
    imports = below.add_parser(
        "import",
        help="import staff and clients from a CSV file",
        description="Columns: role (client, coach, coordinator, coach+coordinator), code, name, "
        "language (of a client), coach (the code of a client's coach).",
        epilog="Example: taalbrug people import people.csv",
    )
    imports.add_argument("file", type=Path)
    _add_employers(add("employers", "Companies and placements.", "employers import companies.csv"))
    _add_films(add("films", "The library of info films.", "films import films.csv"))
    invite = add("invite", "Make a personal link and QR code.", "invite K-0001 --svg k1.svg")
    invite.add_argument("code", help="the code of a client or a member of staff")
    invite.add_argument("--svg", type=Path, help="write the QR code to this file")
    _add_inbox(add("inbox", "Updates that could not be handled, or wait.", "inbox list"))
    simulator = add(
        "simulator", "A Bot API server with phones in the browser.", "simulator --port 8081"
    )
    simulator.add_argument("--port", type=_port, default=8081)
    simulator.add_argument("--token", default="100000002:simulated")
    simulator.add_argument("--store", type=Path, help="keep the conversation in this file")
    return top


def _add_employers(employers: argparse.ArgumentParser) -> None:
    below = employers.add_subparsers(dest="employers_command", required=True, metavar="COMMAND")
    imports = below.add_parser(
        "import",
        help="import companies and placements from a CSV file",
        description="Columns: company (its code), name, sector, account_manager (a code), client "
        "(a code), kind (taalstage, werkstage, werkervaringsplek, vrijwilligersplek, leerwerk, "
        "betaald), first_day, last_day (empty: it goes on), hours. One row a placement; a row "
        "without a client is just a company.",
        epilog="Example: taalbrug employers import companies.csv",
    )
    imports.add_argument("file", type=Path)


def _add_films(films: argparse.ArgumentParser) -> None:
    below = films.add_subparsers(dest="films_command", required=True, metavar="COMMAND")
    imports = below.add_parser(
        "import",
        help="import films and their versions from a CSV file",
        description="Columns: film (its short name), theme (integration, work, participation, "
        "language, education, daily_life, or the Dutch word), minutes, valid_until (empty: for as "
        "long as it stands there), language (nl, en, ar, fa, fa_AF, ti), title, link. One row a "
        "version; on further rows of a film theme, minutes and valid_until may stay empty.",
        epilog="Example: taalbrug films import films.csv",
    )
    imports.add_argument("file", type=Path)


def _add_inbox(inbox: argparse.ArgumentParser) -> None:
    below = inbox.add_subparsers(dest="inbox_command", required=True, metavar="COMMAND")

    def add(name: str, about: str, example: str) -> argparse.ArgumentParser:
        return below.add_parser(
            name, help=about, description=about, epilog=f"Example: taalbrug inbox {example}"
        )

    add("list", "List the updates that were put apart or wait.", "list")
    show = add("show", "Show one, with the length of each text in its place.", "show 17")
    show.add_argument("id", type=int, help="the number in `taalbrug inbox list`")
    show.add_argument(
        "--words", action="store_true", help="show what people wrote as well; this is recorded"
    )
    retry = add("retry", "Have one, or all that were put apart, handled anew.", "retry 17")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("id", type=int, nargs="?", help="the number in `taalbrug inbox list`")
    which.add_argument("--all", action="store_true", help="all that were put apart")


def _port(value: str) -> int:
    port = int(value) if value.isdigit() else -1
    if not 0 <= port <= 65535:  # noqa: PLR2004 - the highest port there is
        msg = f"{value} is no port; write a number from 0 to 65535"
        raise argparse.ArgumentTypeError(msg)
    return port


def main(arguments: list[str] | None = None) -> int:
    """Run one command; exit code 0 is done, 1 failed, 2 wrong usage."""
    given = parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if given.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    try:
        return asyncio.run(_chosen(given))
    except TaalbrugError as error:
        return _failed(error)
    except BaseExceptionGroup as group:
        expected = group.subgroup(TaalbrugError)
        if expected is None:
            raise
        return _failed(_first(expected))


def _chosen(given: argparse.Namespace) -> Coroutine[object, object, int]:
    if given.command == "demo":
        return commands.demo(port=given.port, fresh=given.fresh)
    if given.command == "simulator":
        return commands.simulator(port=given.port, token=given.token, store=given.store)
    config = _config()
    if given.command == "run":
        return commands.run(config, remove_webhook=given.remove_webhook)
    if given.command == "check":
        return commands.check(config)
    if given.command == "migrate":
        return commands.migrate(config)
    if given.command == "inbox":
        return _inbox(config, given)
    if given.command == "employers":
        return commands.import_employers(config, given.file)
    if given.command == "films":
        return commands.import_films(config, given.file)
    if given.command == "invite":
        return commands.invite(config, given.code, given.svg)
    return commands.import_people(config, given.file)


def _inbox(config: Config, given: argparse.Namespace) -> Coroutine[object, object, int]:
    if given.inbox_command == "list":
        return commands.inbox_list(config)
    if given.inbox_command == "show":
        return commands.inbox_show(config, given.id, words=given.words)
    return commands.inbox_retry(config, given.id)


def _config() -> Config:
    return load(Path(os.environ.get("TAALBRUG_CONFIG") or _CONFIG))


def _first(error: BaseException) -> BaseException:
    """Return the first real error inside a group of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _failed(error: BaseException) -> int:
    sys.stderr.write(f"taalbrug: {error}\n")
    return commands.FAILED


if __name__ == "__main__":
    sys.exit(main())
