"""What whoever runs the bot may see of updates that were put apart, and have done anew."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.config import Config
from bot.domain.delivery import HANDLING_ATTEMPTS, InboxState, Incoming
from bot.domain.errors import NotFoundError, TransitionError
from bot.domain.ids import ChatId, InboxId
from bot.domain.people import LinkState, Step
from bot.services import inbox
from bot.services.core import Core
from bot.services.people import import_csv
from bot.storage import links, people, tasks
from bot.storage.database import Database, Topic
from bot.storage.schema import audit_events
from bot.storage.schema import inbox as table
from bot.storage.schema import outbox as calls
from bot.storage.schema import tasks as task_table
from bot.texts import Texts
from tests.cast import BRAM, CSV, JOKE, SELAM, STRANGER, Person
from tests.storage.rows import MINUTE, NOW

BOT = 100000001
LATER = NOW + timedelta(days=1)


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    """Give a house with the cast in it, of whom Selam, Joke and Bram have a chat."""
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}")
    made = Core(database, Texts.load(), Config(), "")
    await import_csv(made, CSV, NOW)
    async with database.transaction() as tx:
        for person in (SELAM, JOKE, BRAM):
            client, staff = (
                await people.find_client(tx, person.code),
                await people.find_staff(tx, person.code),
            )
            await links.insert_link(
                tx,
                chat_id=person.chat_id,
                client_id=client.id if client else None,
                staff_id=staff.id if staff else None,
                state=LinkState.ACTIVE,
                step=Step.DONE,
                now=NOW,
            )
    yield made
    await database.close()


async def came(core: Core, number: int, chat: int, **parts: object) -> Incoming:
    """Keep one update and return it."""
    raw = json.dumps({"update_id": number, **parts})
    await inbox.accept(core, BOT, [(number, chat, raw)], next_update_id=number + 1, now=NOW)
    return next(
        update
        for update in await inbox.list_ready(core, LATER, limit=100)
        if update.update_id == number
    )


async def put_apart(core: Core, person: Person = SELAM, number: int = 10) -> InboxId:
    update = await came(core, number, person.chat_id, message={"text": "Hallo daar"})
    await inbox.fail(core, update, "ValueError in parse:7", NOW, final=True)
    return update.id


async def told(core: Core) -> int:
    """Return how many messages to staff wait to be sent."""
    async with core.database.reading() as tx:
        return await tx.number(sa.select(sa.func.count()).select_from(calls))


async def open_tasks(core: Core) -> list[tuple[str, str]]:
    async with core.database.reading() as tx:
        return await tasks.list_open_tasks(tx)


async def trail(core: Core) -> list[tuple[str, str, str]]:
    async with core.database.reading() as tx:
        rows = await tx.rows(sa.select(audit_events).order_by(audit_events.c.id))
    return [
        (row["actor"], row["action"], row["object"])
        for row in rows
        if row["action"] != "people_import"
    ]


async def test_those_put_apart_come_first_and_those_done_do_not_come(core: Core) -> None:
    waits = await came(core, 9, STRANGER, callback_query={"data": "x"})
    await inbox.fail(core, waits, "OSError in read:1", NOW, final=False)
    apart = await put_apart(core)
    of_staff = await came(core, 11, JOKE.chat_id, edited_message={})
    done = await came(core, 12, BRAM.chat_id, message={})
    await inbox.ignore(core, done.id, NOW)
    rows = await inbox.list_apart(core, limit=10)
    assert [(row.id, row.owner, row.kind, row.state, row.tries, row.reason) for row in rows] == [
        (apart, SELAM.code, "message", InboxState.QUARANTINED, 1, "ValueError in parse:7"),
        (waits.id, "unknown", "callback_query", InboxState.NEW, 1, "OSError in read:1"),
        (of_staff.id, JOKE.code, "edited_message", InboxState.NEW, 0, ""),
    ]
    assert {row.received_at for row in rows} == {NOW}
    assert [row.id for row in await inbox.list_apart(core, limit=1)] == [apart]


async def test_the_tries_of_an_update_are_all_those_that_failed(core: Core) -> None:
    await came(core, 10, SELAM.chat_id, message={})
    for _ in range(HANDLING_ATTEMPTS):
        [update] = await inbox.list_ready(core, LATER, limit=100)
        await inbox.fail(core, update, "OSError in read:1", NOW, final=False)
    [row] = await inbox.list_apart(core, limit=10)
    assert (row.state, row.tries) == (InboxState.QUARANTINED, HANDLING_ATTEMPTS)


async def test_of_an_update_only_its_structure_is_shown(core: Core) -> None:
    update = await came(
        core,
        10,
        SELAM.chat_id,
        message={
            "text": "Hallo daar",
            "chat": {"id": SELAM.chat_id, "first_name": "Selam"},
            "entities": [{"type": "url", "offset": 0}],
            "location": {"latitude": 52.09},
            "silent": True,
        },
    )
    row, shown = await inbox.show_one(core, update.id, words=False, now=NOW)
    assert (row.id, row.kind) == (update.id, "message")
    assert json.loads(shown) == {
        "update_id": 10,
        "message": {
            "text": "(10 characters)",
            "chat": {"id": SELAM.chat_id, "first_name": "(5 characters)"},
            "entities": [{"type": "(3 characters)", "offset": 0}],
            "location": {"latitude": "(number)"},
            "silent": True,
        },
    }
    assert await trail(core) == []


async def test_the_words_are_shown_only_when_asked_for_and_that_is_recorded(core: Core) -> None:
    update = await came(core, 10, SELAM.chat_id, message={"text": "ሰላም \u202e\x9b31m\ud83d"})
    _, shown = await inbox.show_one(core, update.id, words=True, now=NOW)
    # What would turn or colour the terminal's line, or cannot be written, is shown as its number.
    assert r'"ሰላም \u202e\u009b31m\ud83d"' in shown
    assert await trail(core) == [("operator", "inbox_words", f"inbox:{update.id}")]


async def test_an_update_whose_words_were_wiped_and_one_that_is_no_json_can_be_shown(
    core: Core,
) -> None:
    update = await came(core, 10, SELAM.chat_id, message={})
    for raw, words in (("", "(wiped)"), ("{", "(1 char"), ("[" * 9999, "(9999 "), ('"x"', "(3 ")):
        async with core.database.transaction() as tx:
            await tx.run(sa.update(table).values(raw=raw))
        row, shown = await inbox.show_one(core, update.id, words=False, now=NOW)
        assert row.kind == "?"
        assert shown.startswith(words)
        _, shown = await inbox.show_one(core, update.id, words=True, now=NOW)
        assert shown == (raw or "(wiped)")


async def test_a_clock_that_was_set_back_does_not_keep_a_retried_update_waiting(
    core: Core,
) -> None:
    apart = await put_apart(core)
    await inbox.retry(core, apart, NOW - MINUTE)
    assert [update.id for update in await inbox.list_ready(core, NOW - MINUTE, limit=100)] == [
        apart
    ]


@pytest.mark.parametrize("person", [SELAM, JOKE])
async def test_a_retried_update_is_new_again_and_its_task_is_done(
    core: Core, person: Person
) -> None:
    apart = await put_apart(core, person)
    assert await open_tasks(core) != []
    beats = core.database.pulses[Topic.INBOX].count
    assert await inbox.retry(core, apart, LATER) == [apart]
    [again] = await inbox.list_ready(core, NOW, limit=100)  # also by a clock that stands earlier
    assert (again.id, again.attempts) == (apart, 0)
    assert await open_tasks(core) == []
    assert core.database.pulses[Topic.INBOX].count > beats
    assert await trail(core) == [("operator", "inbox_retry", f"inbox:{apart}")]
    [row] = await inbox.list_apart(core, limit=10)
    assert (row.state, row.tries, row.reason) == (InboxState.NEW, 0, "")


async def test_a_retried_update_goes_before_the_later_ones_of_its_chat(core: Core) -> None:
    apart = await put_apart(core)
    later = await came(core, 11, SELAM.chat_id, message={})
    await inbox.retry(core, apart, NOW)
    assert [update.id for update in await inbox.list_ready(core, NOW, limit=100)] == [apart]
    await inbox.ignore(core, apart, NOW)
    assert [update.id for update in await inbox.list_ready(core, NOW, limit=100)] == [later.id]


async def test_when_a_retried_update_fails_again_a_person_is_told_again(core: Core) -> None:
    apart = await put_apart(core)
    before, first = await open_tasks(core), await told(core)
    await inbox.retry(core, apart, NOW)
    [again] = await inbox.list_ready(core, NOW, limit=100)
    await inbox.fail(core, again, "ValueError in parse:7", NOW, final=True)
    assert await open_tasks(core) == before
    assert await told(core) == 2 * first
    await inbox.retry(core, apart, NOW + MINUTE)
    assert await open_tasks(core) == []


async def test_the_tasks_of_other_updates_stay_open(core: Core) -> None:
    one = await put_apart(core, number=10)
    async with core.database.transaction() as tx:
        for key in (f"{one}0:1", f"message {one}:1"):
            await tasks.insert_task(
                tx,
                kind="quarantined_client",
                key=f"quarantined_client:{key}",
                client_id=None,
                staff_id=None,
                now=NOW,
            )
    await inbox.retry(core, one, NOW)
    assert [key for _, key in await open_tasks(core)] == [
        f"quarantined_client:{one}0:1",
        f"quarantined_client:message {one}:1",
    ]
    async with core.database.reading() as tx:
        rows = await tx.rows(sa.select(task_table.c.done_at).order_by(task_table.c.id))
    assert [row["done_at"] for row in rows] == [NOW, None, None]


async def test_all_that_were_put_apart_are_retried_and_those_that_wait_are_not(
    core: Core,
) -> None:
    waits = await came(core, 9, STRANGER, message={})
    await inbox.fail(core, waits, "OSError in read:1", NOW, final=False)
    apart = [await put_apart(core, number=number) for number in (10, 11)]
    assert await inbox.retry(core, None, NOW) == apart
    assert await inbox.retry(core, None, NOW) == []
    async with core.database.reading() as tx:
        tries = await tx.number(sa.select(table.c.attempts).where(table.c.id == waits.id))
    assert tries == 1


async def test_an_update_that_waits_for_its_next_try_can_be_had_done_now(core: Core) -> None:
    waits = await came(core, 9, STRANGER, message={})
    await inbox.fail(core, waits, "OSError in read:1", NOW, final=False)
    assert await inbox.list_ready(core, NOW, limit=100) == []
    await inbox.retry(core, waits.id, NOW)
    assert [update.id for update in await inbox.list_ready(core, NOW, limit=100)] == [waits.id]


async def test_nothing_is_handled_twice_and_nothing_is_made_up(core: Core) -> None:
    done = await came(core, 10, SELAM.chat_id, message={})
    await inbox.ignore(core, done.id, NOW)
    with pytest.raises(TransitionError, match=f"Update {done.id} was handled already"):
        await inbox.retry(core, done.id, NOW)
    missing = InboxId(done.id + 1)
    for call in (
        inbox.retry(core, missing, NOW),
        inbox.show_one(core, missing, words=True, now=NOW),
    ):
        with pytest.raises(NotFoundError, match=f"There is no update {missing}"):
            await call
    assert await inbox.list_ready(core, LATER, limit=100) == []
    assert await trail(core) == []


async def test_a_chat_that_changed_hands_is_shown_with_whoever_has_it_now(core: Core) -> None:
    apart = await put_apart(core)
    async with core.database.transaction() as tx:
        link = await links.find_link(tx, chat_id=ChatId(SELAM.chat_id))
        assert link is not None
        await links.update_link(tx, link.id, state=LinkState.STOPPED, ended_at=NOW)
    [row] = await inbox.list_apart(core, limit=10)
    assert (row.id, row.owner) == (apart, "unknown")
