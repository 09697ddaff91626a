"""Ready, live, and the reasons why not."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import Config
from bot.domain.delivery import InboxState, OutboxKind, OutboxState
from bot.domain.ids import InboxId
from bot.services import health
from bot.services.core import Core
from bot.services.health import Health
from bot.storage import inbox, outbox
from bot.storage.database import Database
from bot.telemetry import Part, Telemetry
from bot.texts import Texts
from tests.cast import SELAM
from tests.storage.rows import MINUTE, NOW

SECOND = timedelta(seconds=1)


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}")
    yield Core(database, Texts({}), Config(), "a_bot")
    await database.close()


async def queue(
    core: Core, kind: OutboxKind, state: OutboxState = OutboxState.QUEUED, lane: str = "a"
) -> None:
    """Put a call in a lane that may go out now."""
    async with core.database.transaction() as tx:
        await outbox.insert_call(
            tx,
            lane=lane,
            chat_id=SELAM.chat_id,
            kind=kind,
            method="sendMessage",
            payload={},
            now=NOW,
            state=state,
        )


async def receive(core: Core) -> None:
    async with core.database.transaction() as tx:
        await inbox.insert_updates(tx, 7, [(1, 1, "{}")], next_update_id=2, now=NOW)


def empty(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def length(found: Health, *name: str) -> tuple[int, float]:
    """Return how long a queue is, and how many seconds its oldest has waited."""
    (queue,) = [one for one in found.queues if (one.name, one.kind, one.state) == name]
    return queue.length, queue.oldest_seconds


async def test_a_bot_with_nothing_to_do_is_ready(core: Core) -> None:
    found = await health.look(core, Telemetry(), NOW)
    assert (found.ready, found.live, found.reasons) == (True, True, ())
    assert len(found.queues) > 20
    assert not any(queue.length or queue.oldest_seconds for queue in found.queues)


@pytest.mark.parametrize("kind", [kind for kind in OutboxKind if kind is not OutboxKind.BROADCAST])
async def test_a_call_that_is_due_for_too_long_is_named_by_its_kind(
    core: Core, kind: OutboxKind
) -> None:
    await queue(core, kind)
    in_time = await health.look(core, Telemetry(), NOW + 5 * MINUTE)
    assert in_time.ready
    late = await health.look(core, Telemetry(), NOW + 5 * MINUTE + SECOND)
    assert (late.ready, late.live) == (False, True)
    assert late.reasons == (
        f"send: a call of kind {kind} is due for 5 min, normally at most 5 min. "
        "Look at the network and in the log for what fails.",
    )
    assert length(late, "outbox", kind, "due") == (1, 301)


async def test_a_long_broadcast_is_no_trouble(core: Core) -> None:
    await queue(core, OutboxKind.BROADCAST)
    found = await health.look(core, Telemetry(), NOW + timedelta(hours=3))
    assert found.ready
    assert length(found, "outbox", "broadcast", "due") == (1, 3 * 3600)


async def test_a_call_for_later_is_no_trouble_and_not_old(core: Core) -> None:
    await queue(core, OutboxKind.REMINDER)
    found = await health.look(core, Telemetry(), NOW - timedelta(hours=9))
    assert found.ready
    assert length(found, "outbox", "reminder", "later") == (1, 0)
    assert length(found, "outbox", "reminder", "due") == (0, 0)


@pytest.mark.parametrize(
    "state", [OutboxState.WAITING, OutboxState.HELD, OutboxState.UNCERTAIN, OutboxState.SENDING]
)
async def test_what_waits_for_something_else_is_counted_and_no_trouble(
    core: Core, state: OutboxState
) -> None:
    await queue(core, OutboxKind.CONVERSATION, state)
    found = await health.look(core, Telemetry(), NOW + 10 * MINUTE)
    assert found.ready
    assert length(found, "outbox", "conversation", state) == (1, 600)


async def test_an_update_that_waits_for_too_long_is_told(core: Core) -> None:
    await receive(core)
    assert (await health.look(core, Telemetry(), NOW + 60 * SECOND)).ready
    found = await health.look(core, Telemetry(), NOW + 61 * SECOND)
    assert not found.ready
    assert found.reasons[0].startswith("handle: an update waits for 61 s to be handled")
    assert length(found, "inbox", "update", "new") == (1, 61)


async def test_an_update_that_was_put_apart_is_counted_and_no_trouble(core: Core) -> None:
    await receive(core)
    async with core.database.transaction() as tx:
        await inbox.finish(tx, InboxId(1), state=InboxState.QUARANTINED, now=NOW)
    found = await health.look(core, Telemetry(), NOW + timedelta(days=9))
    assert found.ready
    assert length(found, "inbox", "update", "quarantined")[0] == 1


async def test_a_stall_and_a_trouble_are_reasons(core: Core) -> None:
    seconds = [0.0]
    telemetry = Telemetry(lambda: seconds[0])
    telemetry.expect(Part.RECEIVE, 45)
    telemetry.trouble(Part.SEND, "another program sends; stop one of the two")
    seconds[0] = 46
    found = await health.look(core, telemetry, NOW)
    assert (found.ready, found.live) == (False, True)
    assert [reason.split(":")[0] for reason in found.reasons] == ["receive", "send"]


async def test_without_a_database_the_bot_is_neither_ready_nor_live_and_says_so(
    core: Core, tmp_path: Path
) -> None:
    await core.database.close()
    empty(tmp_path)
    (tmp_path / "taalbrug.db").mkdir()
    telemetry = Telemetry()
    telemetry.trouble(Part.SEND, "something else")
    found = await health.look(core, telemetry, NOW)
    assert (found.ready, found.live, found.queues) == (False, False, ())
    assert found.reasons[0].startswith("The database could not be read")
    assert found.reasons[1] == "send: something else."


async def test_a_damaged_database_is_an_answer_as_well(core: Core, tmp_path: Path) -> None:
    await core.database.close()
    empty(tmp_path)
    (tmp_path / "taalbrug.db").write_bytes(b"not a database at all " * 100)
    found = await health.look(core, Telemetry(), NOW)
    assert (found.ready, found.live, found.queues) == (False, False, ())
    assert "cannot be read" in found.reasons[0]
    assert "restore a backup" in found.reasons[0]
