"""The command line: what each command says, and with which exit code."""

import asyncio
import json
import logging
import os
import re
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from bot.__main__ import main
from bot.simulator import Clock, Simulator
from tests.cast import CSV, HEADING, JOKE, SELAM, Person

ROOT = Path(__file__).parent.parent
TOKEN = "100000009:token-of-the-tests"
WRONG_TOKEN = "100000009:somebody-else"
BOT = "tests_bot"
OK, FAILED, USAGE = 0, 1, 2

COMMANDS = (
    (),
    ("demo",),
    ("run",),
    ("check",),
    ("migrate",),
    ("people",),
    ("people", "import"),
    ("employers",),
    ("employers", "import"),
    ("films",),
    ("films", "import"),
    ("invite",),
    ("inbox",),
    ("inbox", "list"),
    ("inbox", "show"),
    ("inbox", "retry"),
    ("simulator",),
)


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand in an empty folder, with nothing set and the log as it was."""
    for name in list(os.environ):
        if name.startswith("TAALBRUG_") and not name.startswith("TAALBRUG_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    levels = {name: logging.getLogger(name).level for name in ("", "apscheduler")}
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Give the place where the default configuration keeps everything."""
    return tmp_path / "data" / "taalbrug.db"


@pytest.fixture
async def telegram() -> AsyncIterator[str]:
    """Give the address of a Telegram that knows the token."""
    running = Simulator(token=TOKEN, bot_username=BOT, bot_name="Taalbrug", clock=Clock())
    yield await running.start()
    await running.stop()


@pytest.fixture
def people_csv(tmp_path: Path) -> str:
    """Give the name of a file with the cast."""
    (tmp_path / "people.csv").write_text(CSV, encoding="utf-8")
    return "people.csv"


@asynccontextmanager
async def started(*arguments: str, **environment: str) -> AsyncIterator[Process]:
    """Start the program by itself; it is killed when the test leaves."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        stdout=PIPE,
        stderr=PIPE,
        env=os.environ | environment,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ran(*arguments: str, **environment: str) -> tuple[int | None, str, str]:
    """Run the program to its end; return its exit code and what it printed."""
    async with started(*arguments, **environment) as process:
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()


def at(telegram: str, token: str = TOKEN) -> dict[str, str]:
    return {"TAALBRUG_TELEGRAM_TOKEN": token, "TAALBRUG_TELEGRAM_API_URL": telegram}


async def line_with(stream: asyncio.StreamReader | None, words: str) -> str:
    """Return the first line that holds the words; fails when the program ends without."""
    assert stream is not None
    while line := (await stream.readline()).decode():
        if words in line:
            return line
    pytest.fail(f"the program ended without saying {words!r}")


def make_newer(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def one_line(err: str) -> str:
    """Return the single line with which a command failed."""
    assert "Traceback" not in err
    lines = err.splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("taalbrug: ")
    return lines[0]


# --- usage -------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_shows_an_example_that_works(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--help"])
    assert stopped.value.code == OK
    shown = capsys.readouterr().out
    [example] = re.findall(r"^Example: taalbrug (.+)$", shown, re.MULTILINE)
    assert example.split()[: len(command)] == list(command)
    with pytest.raises(SystemExit) as stopped:
        main([*example.split(), "--help"])
    assert stopped.value.code == OK


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "COMMAND"),
        (("frobnicate",), "frobnicate"),
        (("people",), "COMMAND"),
        (("people", "import"), "file"),
        (("invite",), "code"),
        (("run", "--fast"), "--fast"),
        (("demo", "--port", "x"), "x is no port; write a number from 0 to 65535"),
        (("simulator", "--port", "65536"), "65536 is no port"),
        (("demo", "--port", "-1"), "--port"),
        (("inbox",), "COMMAND"),
        (("inbox", "show", "first"), "first"),
        (("inbox", "retry"), "--all"),
        (("inbox", "retry", "1", "--all"), "not allowed with"),
    ],
)
def test_wrong_usage_is_told_and_ends_with_2(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    assert stopped.value.code == USAGE
    assert words in capsys.readouterr().err


# --- configuration -----------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "migrate", "run"])
def test_a_typo_in_the_configuration_stops_every_command_with_one_line(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[hours]\nofice_start = '08:30'\n", encoding="utf-8")
    monkeypatch.setenv("TAALBRUG_CONFIG", str(path))
    assert main([command]) == FAILED
    line = one_line(capsys.readouterr().err)
    assert f"{path}: [hours] has no key ofice_start" in line
    assert list(tmp_path.iterdir()) == [path]


async def test_a_typo_is_one_line_for_the_program_by_itself_too(tmp_path: Path) -> None:
    code, out, err = await ran("migrate", TAALBRUG_CONFIG=str(tmp_path / "nowhere.toml"))
    assert (code, out) == (FAILED, "")
    assert "does not exist" in one_line(err)


# --- migrate -----------------------------------------------------------------------------


def test_migrate_makes_the_folder_and_the_tables_and_may_be_repeated(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert main(["migrate"]) == OK
        assert capsys.readouterr().out == "The database is up to date.\n"
        assert database.stat().st_size > 0


@pytest.mark.parametrize("command", [["migrate"], ["people", "import", "people.csv"], ["run"]])
def test_a_database_of_a_newer_program_is_refused_by_every_command(
    database: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrate"]) == OK
    make_newer(database)
    Path("people.csv").write_text(CSV, encoding="utf-8")
    capsys.readouterr()
    assert main(command) == FAILED
    assert "version 9999, which is newer than this program. Start the" in one_line(
        capsys.readouterr().err
    )


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").write_text("a file where the folder should come", encoding="utf-8")
    assert main(["migrate"]) == FAILED
    assert "data" in one_line(capsys.readouterr().err)


# --- people import -----------------------------------------------------------------------


def test_people_are_imported_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    Path("people.csv").write_text(CSV, encoding="utf-8")
    assert main(["people", "import", "people.csv"]) == OK
    assert capsys.readouterr().out == "New: 2 staff, 4 clients. Changed: 0. Known already: 0.\n"
    assert main(["people", "import", "people.csv"]) == OK
    assert capsys.readouterr().out == "New: 0 staff, 0 clients. Changed: 0. Known already: 6.\n"


def test_each_bad_row_is_a_line_and_the_exit_code_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [HEADING, JOKE.row, SELAM.row, "client,K-7,Sara,xx,s-joke", "client,K-8,Lia,ti,s-x"]
    Path("people.csv").write_text("\n".join(rows), encoding="utf-8")
    assert main(["people", "import", "people.csv"]) == FAILED
    shown = capsys.readouterr()
    counted, *problems = shown.out.splitlines() + shown.err.splitlines()
    assert counted == "New: 1 staff, 1 clients. Changed: 0. Known already: 0."
    assert [problem.split(": ")[:2] for problem in problems] == [
        ["people.csv", "Line 4"],
        ["people.csv", "Line 5"],
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (HEADING.encode() + b"\nclient,K-1,Ren\xe9,ti,s-joke\n", "Save it as CSV in UTF-8"),
        (b"name\nSelam\n", "Line 1: the heading must name the columns"),
        (b"", "Line 1: the heading must name the columns"),
    ],
)
def test_a_file_that_cannot_be_taken_at_all_is_one_line(
    content: bytes | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        Path("people.csv").write_bytes(content)
    assert main(["people", "import", "people.csv"]) == FAILED
    line = one_line(capsys.readouterr().err)
    assert line.startswith("taalbrug: people.csv: ")
    assert words in line


# --- check -------------------------------------------------------------------------------


def findings(out: str) -> dict[str, tuple[bool, str]]:
    """Return what `check` found: whether it is good, and the words, by subject."""
    found = {}
    for line in out.splitlines():
        mark, about, words = re.fullmatch(r"(ok|PROBLEM) +([^:]+): (.+)", line).groups()  # type: ignore[union-attr]
        found[about] = (mark == "ok", words)
    return found


def test_check_without_a_token_names_the_variable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"]) == OK
    capsys.readouterr()
    assert main(["check"]) == FAILED
    found = findings(capsys.readouterr().out)
    assert [about for about, (good, _) in found.items() if not good] == ["token"]
    assert "Set TAALBRUG_TELEGRAM_TOKEN" in found["token"][1]
    assert "sentences" in found["phrasebook"][1]
    assert " ti " in found["catalogues"][1]


def test_check_names_a_telegram_that_cannot_be_reached(
    free_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAALBRUG_TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("TAALBRUG_TELEGRAM_API_URL", f"http://127.0.0.1:{free_port}")
    assert main(["check"]) == FAILED
    shown = capsys.readouterr()
    good, words = findings(shown.out)["token"]
    assert not good
    assert f"127.0.0.1:{free_port} cannot be reached. Check the network" in words
    assert TOKEN not in shown.out + shown.err


def test_check_names_a_database_that_is_newer_and_looks_at_the_rest(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrate"]) == OK
    make_newer(database)
    capsys.readouterr()
    assert main(["check"]) == FAILED
    found = findings(capsys.readouterr().out)
    assert found["database"][0] is False
    assert "newer than this program" in found["database"][1]
    assert found["catalogues"][0] is True


async def test_check_is_content_when_everything_is_there(telegram: str) -> None:
    assert (await ran("migrate"))[0] == OK
    code, out, err = await ran(
        "--verbose", "check", TAALBRUG_TRANSLATION_ENGINES="phrasebook,google", **at(telegram)
    )
    found = findings(out)
    assert (code, all(good for good, _ in found.values())) == (OK, True)
    assert found["token"][1] == f"belongs to @{BOT}"
    assert found["updates"][1] == "are asked for, no webhook is set; 0 wait at Telegram"
    assert "without a contract" in found["engine google"][1]
    assert TOKEN not in out + err


async def test_check_names_a_token_that_telegram_does_not_know(telegram: str) -> None:
    code, out, err = await ran("check", **at(telegram, WRONG_TOKEN))
    assert code == FAILED
    assert "Telegram does not know this token" in findings(out)["token"][1]
    assert WRONG_TOKEN not in out + err


def test_check_makes_nothing_and_says_how_to_make_it(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check"]) == FAILED
    good, words = findings(capsys.readouterr().out)["database"]
    assert not good
    assert words == "data/taalbrug.db does not exist yet. Make it with `taalbrug migrate`."
    assert not database.parent.exists()


def test_check_names_a_database_that_is_older_and_leaves_it_so(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrate"]) == OK
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.execute("DROP TABLE leases")
    capsys.readouterr()
    assert main(["check"]) == FAILED
    good, words = findings(capsys.readouterr().out)["database"]
    assert not good
    assert "is of version 0001, older than this program's" in words
    assert "`taalbrug migrate`" in words
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            ("0001",)
        ]


# --- webhook -----------------------------------------------------------------------------


@asynccontextmanager
async def webhook_set(telegram: str) -> AsyncIterator[ClientSession]:
    """Set a webhook on the token, as another program did once."""
    async with ClientSession(f"{telegram}/bot{TOKEN}/") as session:
        address = {"url": "http://127.0.0.1:9/secret-path"}
        async with session.post("setWebhook", json=address) as answer:
            assert answer.ok
        yield session


async def has_webhook(session: ClientSession) -> bool:
    async with session.get("getWebhookInfo") as answer:
        return bool((await answer.json())["result"]["url"])


async def test_run_and_check_refuse_to_fight_a_webhook_and_leave_it(telegram: str) -> None:
    assert (await ran("migrate"))[0] == OK
    async with webhook_set(telegram) as session:
        code, out, err = await ran("run", **at(telegram))
        assert (code, out) == (FAILED, "")
        line = one_line(err)
        assert "a webhook at 127.0.0.1:" in line
        assert "`taalbrug run --remove-webhook`" in line
        assert "secret-path" not in line
        code, out, err = await ran("check", **at(telegram))
        assert code == FAILED
        good, words = findings(out)["updates"]
        assert (good, f"taalbrug: {words}") == (False, line)
        assert await has_webhook(session)


async def test_run_removes_a_webhook_when_told_to(telegram: str) -> None:
    async with webhook_set(telegram) as session:
        async with started("run", "--remove-webhook", **at(telegram)) as process:
            await line_with(process.stdout, "is running")
            assert not await has_webhook(session)
            process.send_signal(signal.SIGTERM)
            _, err = await process.communicate()
            assert process.returncode == OK
        assert b"start.webhook_removed host=127.0.0.1" in err
        assert b"secret-path" not in err


# --- inbox -------------------------------------------------------------------------------


def put_apart(database: Path, **parts: object) -> None:
    """Keep one update that was put apart."""
    assert main(["migrate"]) == OK
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO inbox (bot_id, update_id, lane, raw, state, attempts, error,"
            " received_at, not_before) VALUES (1, 10, 5002, ?, 'quarantined', 2,"
            " 'ValueError in parse:7', '2026-11-24 09:30:00.000000',"
            " '2026-11-24 09:30:00.000000')",
            (json.dumps({"update_id": 10, **parts}),),
        )


def test_an_update_is_listed_shown_and_retried(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_apart(database, message={"text": "Hallo daar"})
    capsys.readouterr()
    assert main(["inbox", "list"]) == OK
    [line] = capsys.readouterr().out.splitlines()
    assert re.sub(" +", " ", line) == (
        " 1 unknown message 2026-11-24 10:30 tries 3 was put apart: ValueError in parse:7"
    )
    assert main(["inbox", "show", "1"]) == OK
    shown = capsys.readouterr().out
    assert "(10 characters)" in shown
    assert "Hallo" not in shown
    assert main(["inbox", "show", "1", "--words"]) == OK
    assert "Hallo daar" in capsys.readouterr().out
    assert main(["inbox", "retry", "1"]) == OK
    assert capsys.readouterr().out.endswith("at its next start: 1.\n")
    assert main(["inbox", "retry", "--all"]) == OK
    assert capsys.readouterr().out == "Nothing was put apart.\n"
    assert main(["inbox", "list"]) == OK
    assert "tries 0  waits\n" in capsys.readouterr().out
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT action, object FROM audit_events").fetchall() == [
            ("inbox_words", "inbox:1"),
            ("inbox_retry", "inbox:1"),
        ]


def test_an_inbox_in_which_nothing_waits_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inbox", "list"]) == OK
    assert capsys.readouterr().out == "Nothing was put apart and nothing waits.\n"


@pytest.mark.parametrize("command", [["show", "7"], ["retry", "7"]])
def test_an_unknown_update_is_one_line(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inbox", *command]) == FAILED
    assert "There is no update 7. See" in one_line(capsys.readouterr().err)


def test_an_update_that_was_handled_is_not_retried(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_apart(database, message={})
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE inbox SET state = 'done'")
    capsys.readouterr()
    assert main(["inbox", "retry", "1"]) == FAILED
    assert "Update 1 was handled already" in one_line(capsys.readouterr().err)


async def test_a_running_bot_takes_up_a_retried_update(telegram: str, database: Path) -> None:
    async with started("run", **at(telegram)) as process:
        await line_with(process.stdout, "is running")
        await asyncio.to_thread(put_apart_beside, database)
        assert (await ran("inbox", "retry", "1", **at(telegram)))[0] == OK
        while (await ran("inbox", "list"))[1] != "Nothing was put apart and nothing waits.\n":
            assert process.returncode is None, (await process.communicate())[1].decode()


def put_apart_beside(database: Path) -> None:
    """Keep an update that nobody is interested in, while the bot runs."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO inbox (bot_id, update_id, lane, raw, state, attempts, error,"
            " received_at, not_before) VALUES (100000009, 10, 0, '{\"update_id\": 10}',"
            " 'quarantined', 2, 'OSError', '2026-11-24 09:30:00.000000',"
            " '2026-11-24 09:30:00.000000')"
        )


# --- invite ------------------------------------------------------------------------------


@pytest.mark.parametrize("person", [SELAM, JOKE])
async def test_an_invitation_is_a_link_to_the_bot_that_is_kept_only_as_a_hash(
    telegram: str, database: Path, people_csv: str, person: Person
) -> None:
    assert (await ran("people", "import", people_csv))[0] == OK
    code, out, err = await ran("invite", person.code, "--svg", "qr.svg", **at(telegram))
    assert (code, err) == (OK, "")
    assert f"Link for {person.name} ({person.code}); works once, for 7 days:" in out
    [token] = re.findall(rf"^https://t\.me/{BOT}\?start=([\w-]{{32}})$", out, re.MULTILINE)
    assert (database.parent.parent / "qr.svg").read_bytes().startswith(b"<?xml")
    with closing(sqlite3.connect(database)) as connection:
        [(token_hash,)] = connection.execute("SELECT token_hash FROM invites")
        dump = "\n".join(connection.iterdump())
    assert re.fullmatch("[0-9a-f]{64}", token_hash)
    assert token not in dump


async def test_an_invitation_for_nobody_is_refused(telegram: str) -> None:
    code, out, err = await ran("invite", "K-9999", **at(telegram))
    assert (code, out) == (FAILED, "")
    assert "Nobody has the code 'K-9999'. See the codes" in one_line(err)


def test_an_invitation_needs_a_token_and_a_telegram_and_leaves_nothing_without(
    database: Path,
    free_port: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("people.csv").write_text(CSV, encoding="utf-8")
    assert main(["people", "import", "people.csv"]) == OK
    assert main(["invite", SELAM.code]) == FAILED
    assert "Set TAALBRUG_TELEGRAM_TOKEN" in one_line(capsys.readouterr().err)
    monkeypatch.setenv("TAALBRUG_TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("TAALBRUG_TELEGRAM_API_URL", f"http://127.0.0.1:{free_port}")
    assert main(["invite", SELAM.code]) == FAILED
    assert "cannot be reached. Check the network" in capsys.readouterr().err
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM invites").fetchone() == (0,)


async def test_a_qr_code_that_cannot_be_written_leaves_the_link(
    telegram: str, people_csv: str
) -> None:
    assert (await ran("people", "import", people_csv))[0] == OK
    code, out, err = await ran("invite", SELAM.code, "--svg", "nowhere/qr.svg", **at(telegram))
    assert code == FAILED
    assert f"https://t.me/{BOT}?start=" in out
    assert "nowhere/qr.svg: the QR code cannot be written here" in one_line(err)


# --- run ---------------------------------------------------------------------------------


async def test_run_with_a_wrong_token_fails_with_one_line(telegram: str) -> None:
    code, out, err = await ran("run", **at(telegram, WRONG_TOKEN))
    assert (code, out) == (FAILED, "")
    assert "Telegram does not know this token. Set TAALBRUG_TELEGRAM_TOKEN" in one_line(err)


async def test_run_without_a_token_fails_with_one_line() -> None:
    code, out, err = await ran("run")
    assert (code, out) == (FAILED, "")
    assert "There is no bot token" in one_line(err)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
async def test_run_says_who_it_is_and_stops_when_told_to(telegram: str, name: str) -> None:
    async with started("--verbose", "run", **at(telegram)) as process:
        assert await line_with(process.stdout, "is running") == f"@{BOT} is running.\n"
        process.send_signal(getattr(signal, name))
        _, err = await process.communicate()
        assert process.returncode == OK, err.decode()
        assert TOKEN not in err.decode()
        assert "Traceback" not in err.decode()


async def test_run_can_be_stopped_while_it_waits_for_telegram(free_port: int) -> None:
    environment = {
        "TAALBRUG_TELEGRAM_TOKEN": TOKEN,
        "TAALBRUG_TELEGRAM_API_URL": f"http://127.0.0.1:{free_port}",
    }
    async with started("run", **environment) as process:
        await line_with(process.stderr, "start.waiting for Telegram")
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
        assert process.returncode == OK
        assert "Traceback" not in err.decode()


async def test_a_second_run_says_who_is_there_waits_and_goes_on_when_that_one_is_killed(
    telegram: str,
) -> None:
    async with started("run", **at(telegram)) as first:
        await line_with(first.stdout, "is running")
        async with started("run", **at(telegram)) as second:
            line = await line_with(second.stdout, "already runs this bot on this database")
            assert f"Process {first.pid} on " in line
            first.kill()
            await line_with(second.stdout, "is running")
            second.send_signal(signal.SIGTERM)
            _, err = await second.communicate()
            assert second.returncode == OK, err.decode()
            assert b"receive.conflict" not in err


# --- demo and simulator ------------------------------------------------------------------


@asynccontextmanager
async def taken(port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("command", ["demo", "simulator"])
async def test_a_port_in_use_is_one_line_with_the_way_out(command: str, free_port: int) -> None:
    async with taken(free_port):
        code, out, err = await ran(command, "--port", str(free_port))
    assert (code, out) == (FAILED, "")
    line = one_line(err)
    assert f"Port {free_port} on this machine is in use" in line
    assert "--port" in line


async def test_the_simulator_says_where_it_is_and_stops_when_told_to(free_port: int) -> None:
    async with started("simulator", "--port", str(free_port)) as process:
        line = await line_with(process.stdout, "Page:")
        assert f"TAALBRUG_TELEGRAM_API_URL=http://127.0.0.1:{free_port}" in line
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
        assert (process.returncode, err) == (OK, b"")


async def test_a_fresh_demo_on_a_port_in_use_leaves_the_running_one_alone(
    free_port: int, tmp_path: Path
) -> None:
    kept = tmp_path / ".demo" / "taalbrug.db"
    kept.parent.mkdir()
    kept.write_bytes(b"of the demo that runs")
    async with taken(free_port):
        code, _, _ = await ran("demo", "--fresh", "--port", str(free_port))
    assert code == FAILED
    assert kept.read_bytes() == b"of the demo that runs"
