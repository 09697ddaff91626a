"""The words of a broadcast in each language: asked for, put in place, approved."""

from datetime import datetime

import pytest

from bot.domain.broadcasts import BroadcastKind, BroadcastState
from bot.domain.errors import NotFoundError
from bot.domain.ids import BroadcastId, BroadcastTextId
from bot.domain.languages import ARABIC, DARI, FARSI
from bot.storage import broadcast_texts as storage
from bot.storage import broadcasts
from bot.storage.broadcast_texts import BroadcastText, TextState
from bot.storage.database import Database, Topic, Transaction
from tests.storage.rows import MINUTE, NOW, Cast, insert_cast


async def begin(
    tx: Transaction, cast: Cast, text: str = "Kom langs.", at: datetime = NOW
) -> BroadcastId:
    broadcast_id = await broadcasts.insert_broadcast(
        tx, kind=BroadcastKind.TEXT, author_id=cast.joke, text=text, now=at
    )
    await storage.ask_for(tx, broadcast_id, [ARABIC, FARSI], now=at)
    return broadcast_id


async def text_in_arabic(tx: Transaction, broadcast_id: BroadcastId) -> BroadcastText:
    return (await storage.list_texts(tx, broadcast_id))[ARABIC]


async def test_what_is_asked_for_is_due_with_the_dutch_words_and_wakes_the_loop(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    pulse = database.pulses[Topic.TRANSLATIONS]
    before = pulse.count
    async with database.transaction() as tx:
        broadcast_id = await begin(tx, cast)
    assert pulse.count > before
    async with database.reading() as tx:
        there = await storage.list_texts(tx, broadcast_id)
        assert list(there) == [ARABIC, FARSI]
        assert {text.state for text in there.values()} == {TextState.PENDING}
        assert await storage.list_due(tx, NOW, limit=9) == [
            (there[ARABIC].id, "Kom langs.", ARABIC),
            (there[FARSI].id, "Kom langs.", FARSI),
        ]
        assert len(await storage.list_due(tx, NOW, limit=1)) == 1
        assert await storage.count_due(tx, NOW) == 2
        assert await storage.count_due(tx, NOW - MINUTE) == 0
        with pytest.raises(NotFoundError, match="text 404"):
            await storage.get_text(tx, BroadcastTextId(404))


async def test_words_are_put_in_place_unapproved_whoever_made_them(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        text = await text_in_arabic(tx, broadcast_id := await begin(tx, cast))
        await storage.put_text(
            tx, text.id, "تعال", engine="google", faults=["time:9", "digits:"],
            written_by=None, now=NOW,
        )  # fmt: skip
        made = await storage.get_text(tx, text.id)
        assert (made.state, made.text, made.engine) == (TextState.READY, "تعال", "google")
        assert made.faults == ("digits:", "time:9")

        await storage.set_approved(tx, text.id, cast.joke, now=NOW)
        assert (await text_in_arabic(tx, broadcast_id)).approved_by == cast.joke
        await storage.put_text(
            tx, text.id, "أهلا", engine=None, faults=[], written_by=cast.joke, now=NOW
        )
        own = await text_in_arabic(tx, broadcast_id)
    assert (own.text, own.engine, own.faults) == ("أهلا", None, ())
    assert (own.written_by, own.approved_by) == (cast.joke, None)


async def test_asking_anew_leaves_nothing_of_what_was_there(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        text = await text_in_arabic(tx, broadcast_id := await begin(tx, cast))
        await storage.postpone(tx, text.id, not_before=NOW + MINUTE, reason="timeout")
        await storage.put_text(
            tx, text.id, "أهلا", engine="x", faults=["short:"], written_by=cast.joke, now=NOW
        )
        await storage.set_approved(tx, text.id, cast.joke, now=NOW)
        await storage.ask_for(tx, broadcast_id, [ARABIC, DARI], now=NOW)
        there = await storage.list_texts(tx, broadcast_id)
        assert list(there) == [ARABIC, FARSI, DARI]
        assert there[ARABIC] == BroadcastText(
            id=text.id,
            broadcast_id=broadcast_id,
            language=ARABIC,
            state=TextState.PENDING,
            text=None,
            engine=None,
            reason=None,
            faults=(),
            attempts=0,
            written_by=None,
            approved_by=None,
        )
        assert await storage.count_due(tx, NOW) == 3


async def test_a_translation_waits_for_its_time_or_is_given_up_with_a_reason(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        broadcast_id = await begin(tx, cast)
        arabic, farsi = (await storage.list_texts(tx, broadcast_id)).values()
        await storage.postpone(tx, arabic.id, not_before=NOW + MINUTE, reason="timeout")
        await storage.put_failure(tx, farsi.id, engine=None, reason="no_engine", now=NOW)
        arabic, farsi = (await storage.list_texts(tx, broadcast_id)).values()
        assert (arabic.state, arabic.reason, arabic.attempts) == (TextState.PENDING, "timeout", 1)
        assert (farsi.state, farsi.reason) == (TextState.FAILED, "no_engine")
        assert await storage.list_due(tx, NOW, limit=9) == []
        due = await storage.list_due(tx, NOW + MINUTE, limit=9)
    assert due == [(arabic.id, "Kom langs.", ARABIC)]


async def test_nothing_is_translated_for_a_broadcast_that_is_over(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        broadcast_id = await begin(tx, cast)
        broadcast = await broadcasts.get_broadcast(tx, broadcast_id)
        assert await storage.count_due(tx, NOW) == 2
        assert await broadcasts.set_state(tx, broadcast, BroadcastState.CANCELLED)
        assert await storage.count_due(tx, NOW) == 0
        assert await storage.list_due(tx, NOW, limit=9) == []
