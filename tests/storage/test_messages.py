"""What was said, and the queue of translations."""

import pytest
import sqlalchemy as sa

from bot.domain.delivery import OutboxState
from bot.domain.ids import MessageId, TelegramMessageId, TranslationId
from bot.domain.languages import DUTCH
from bot.domain.messages import Direction, Media, MessageKind, TranslationState
from bot.storage import messages, outbox
from bot.storage.database import Database, Topic
from tests.cast import JOKE, SELAM
from tests.storage.rows import MINUTE, NOW, insert_cast, insert_text, say


async def test_a_message_comes_back_in_the_original(database: Database) -> None:
    cast = await insert_cast(database)
    text = "ሰላም 🙏\n\u2068مرحبا\u2069 <b>&"
    async with database.transaction() as tx:
        said = await insert_text(tx, cast, text=text, number=2**40)
    async with database.reading() as tx:
        assert await messages.get_message(tx, said.id) == said
        with pytest.raises(LookupError, match="message 404"):
            await messages.get_message(tx, MessageId(404))
    assert (said.text, said.kind, said.media) == (text, MessageKind.TEXT, None)
    assert (said.client_id, said.staff_id, said.direction) == (cast.selam, cast.joke, Direction.IN)
    assert (said.language, said.created_at) == (SELAM.language, NOW)


@pytest.mark.parametrize(
    "media",
    [
        Media(MessageKind.PHOTO, file_id="AgAC-1", file_size=90_000),
        Media(MessageKind.VOICE, file_id="AwAC-2"),
        Media(MessageKind.LOCATION, latitude=52.0907, longitude=5.1214),
    ],
)
async def test_a_file_or_place_comes_back_as_it_was_sent(database: Database, media: Media) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        said = await messages.insert_message(
            tx,
            client_id=cast.selam,
            staff_id=cast.joke,
            direction=Direction.IN,
            text="",
            language=None,
            media=media,
            chat_id=SELAM.chat_id,
            telegram_message_id=TelegramMessageId(1),
            edits_message_id=None,
            now=NOW,
        )
    assert (said.media, said.kind, said.language) == (media, media.kind, None)


async def test_of_an_edited_message_the_last_version_is_found(database: Database) -> None:
    cast = await insert_cast(database)
    number = TelegramMessageId(7)
    async with database.transaction() as tx:
        assert await messages.find_message_in_chat(tx, SELAM.chat_id, number) is None
        first = await insert_text(tx, cast, text="eerst", number=7)
        await insert_text(tx, cast, text="iets anders", number=8)
        await insert_text(tx, cast, text="beter", number=7, edits=first.id)
        found = await messages.find_message_in_chat(tx, SELAM.chat_id, number)
        assert found is not None
        assert (found.text, found.edits_message_id) == ("beter", first.id)
        assert await messages.find_message_in_chat(tx, JOKE.chat_id, number) is None


async def test_what_never_reached_a_chat_is_listed_oldest_first(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        first = await insert_text(tx, cast, text="1", number=1)
        second = await insert_text(tx, cast, text="2", number=2)
        third = await insert_text(tx, cast, text="3", number=3)
        await insert_text(tx, cast, text="4", number=4, direction=Direction.OUT)
        await say(tx, "a", "2", message_id=second.id, frame="staff")
        failed = await say(tx, "b", "3", message_id=third.id, frame="staff")
        await outbox.update_call(tx, failed, state=OutboxState.FAILED, now=NOW)
        # A mark on her own message that it has arrived is not the message itself.
        await say(tx, "c", "1", message_id=first.id)
        left = await messages.list_unrelayed(tx, cast.joke)
        assert [message.id for message in left] == [first.id, third.id]
        assert await messages.list_unrelayed(tx, cast.staff["s-bram"]) == []


async def test_when_they_last_spoke_leaves_out_the_message_itself(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        first = await insert_text(tx, cast, number=1)
        last = await insert_text(tx, cast, number=2)
        for way in Direction:
            when = await messages.last_message_at(tx, cast.selam, way, before=last.id)
            assert when == (NOW if way is Direction.IN else None)
        assert (
            await messages.last_message_at(tx, cast.selam, Direction.IN, before=first.id) is None
        )


async def test_a_translation_waits_its_turn_and_is_tried_again_later(database: Database) -> None:
    cast = await insert_cast(database)
    before = database.pulses[Topic.TRANSLATIONS].count
    async with database.transaction() as tx:
        wanted = []
        for number in range(3):
            said = await insert_text(tx, cast, number=number)
            wanted.append(
                await messages.insert_translation(
                    tx, message_id=said.id, target=DUTCH, now=NOW, deadline=NOW + MINUTE
                )
            )
    assert database.pulses[Topic.TRANSLATIONS].count == before + 1

    async with database.transaction() as tx:
        due = await messages.list_due_translations(tx, NOW, limit=2)
        assert due == [(number, "ሰላም", SELAM.language, DUTCH) for number in wanted[:2]]
        first = await messages.get_translation(tx, wanted[0])
        assert (first.state, first.attempts, first.deadline_at) == (
            TranslationState.PENDING,
            0,
            NOW + MINUTE,
        )
        await messages.postpone_translation(
            tx, wanted[0], not_before=NOW + MINUTE, reason="timeout"
        )
        await messages.finish_translation(
            tx,
            wanted[1],
            state=TranslationState.DONE,
            now=NOW,
            text="Hallo",
            engine="phrasebook",
            flags=("short",),
        )
        await messages.finish_translation(
            tx, wanted[2], state=TranslationState.FAILED, now=NOW, reason="unsupported"
        )
    async with database.reading() as tx:
        assert await messages.count_due_translations(tx, NOW) == 0
        assert await messages.count_due_translations(tx, NOW + MINUTE) == 1
        [again] = await messages.list_due_translations(tx, NOW + MINUTE, limit=9)
        assert again[0] == wanted[0]
        first = await messages.get_translation(tx, wanted[0])
        assert (first.attempts, first.reason) == (1, "timeout")
        done = await messages.get_translation(tx, wanted[1])
        failed = await messages.get_translation(tx, wanted[2])
        with pytest.raises(LookupError, match="translation 404"):
            await messages.get_translation(tx, TranslationId(404))
    assert (done.state, done.text, done.engine) == (
        TranslationState.DONE,
        "Hallo",
        "phrasebook",
    )
    assert (failed.state, failed.text, failed.reason) == (
        TranslationState.FAILED,
        None,
        "unsupported",
    )


async def test_a_message_is_translated_once_into_each_language(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        said = await insert_text(tx, cast)
        await messages.insert_translation(
            tx, message_id=said.id, target=DUTCH, now=NOW, deadline=NOW
        )
        await messages.insert_translation(
            tx, message_id=said.id, target=SELAM.language, now=NOW, deadline=NOW
        )
    with pytest.raises(sa.exc.IntegrityError):
        async with database.transaction() as tx:
            await messages.insert_translation(
                tx, message_id=said.id, target=DUTCH, now=NOW, deadline=NOW
            )
