"""A plain text to many: translated outside any transaction, approved by somebody who saw it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot import steps
from bot.adapters import loops
from bot.application import PHRASEBOOK
from bot.domain.broadcasts import Broadcast, BroadcastState
from bot.domain.errors import NotFoundError, TransitionError
from bot.domain.ids import BroadcastId, TelegramMessageId
from bot.domain.languages import ARABIC, DARI, DUTCH, ENGLISH, FARSI, TIGRINYA, Language
from bot.domain.messages import TEXT_LIMIT, Direction
from bot.services import broadcast_text_screens as screens
from bot.services import broadcast_texts as service
from bot.services import outbox as sending
from bot.services.broadcast_words import load_content
from bot.services.core import Turn
from bot.services.frames import visible_length
from bot.steps import Step
from bot.storage import broadcast_texts as storage
from bot.storage import broadcasts, messages
from bot.storage.broadcast_texts import BroadcastText, TextState
from bot.storage.database import Topic
from bot.telemetry import Telemetry
from bot.translation.chain import Translator
from bot.translation.guard import FaultKind
from bot.translation.model import Engine, Reason, Result, Translated
from bot.translation.phrasebook import Phrasebook
from tests.cast import BRAM, DAAN, JOKE, SELAM, Person
from tests.services.office import NOOR
from tests.support.care import Care, open_care
from tests.support.engines import BreakingEngine, FailingEngine, ReadyEngine, SlowEngine

WORDS = "Kom om 10.00 uur."
OTHER = "Kom om 11.00 uur."
GOOD: Mapping[Language, str] = {
    ARABIC: "تعال الساعة 10:00.",
    FARSI: "ساعت 10:00 بیایید.",
    DARI: "به ساعت 10:00 بیایید.",
    TIGRINYA: "ሰዓት 10:00 ንዑ።",
    ENGLISH: "Come at 10:00.",
}
MESSAGE = TelegramMessageId(7)


class KilledError(Exception):
    """The process is no more."""


class Interpreter:
    """An engine that knows one sentence in five languages, whatever it is asked."""

    name = "interpreter"

    async def translate(self, text: str, source: Language, target: Language) -> Result:
        assert text
        assert source == DUTCH
        return Translated(GOOD[target], self.name)


@pytest.fixture
async def care(tmp_path: Path) -> AsyncIterator[Care]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    async with open_care(url, date(2026, 11, 24), JOKE, BRAM, NOOR, DAAN) as opened:
        for person in (JOKE, BRAM, NOOR, DAAN):
            await opened.links(person)
        yield opened


async def begins(care: Care, words: str = WORDS, by: Person = BRAM) -> BroadcastId:
    person = await care.staff(by)
    async with care.core.database.transaction() as tx:
        return await service.begin(tx, words, person, now=care.now)


async def texts(care: Care, broadcast_id: BroadcastId) -> dict[Language, BroadcastText]:
    async with care.core.database.reading() as tx:
        return await storage.list_texts(tx, broadcast_id)


async def states(care: Care, broadcast_id: BroadcastId) -> Counter[str]:
    return Counter(text.state.value for text in (await texts(care, broadcast_id)).values())


async def the_broadcast(care: Care, broadcast_id: BroadcastId) -> Broadcast:
    async with care.core.database.reading() as tx:
        return await broadcasts.get_broadcast(tx, broadcast_id)


async def changes(care: Care, broadcast_id: BroadcastId, words: str, by: Person = BRAM) -> None:
    person = await care.staff(by)
    async with care.core.database.transaction() as tx:
        broadcast = await broadcasts.get_broadcast(tx, broadcast_id)
        await service.change_words(tx, broadcast, words, person, now=care.now)


async def writes(
    care: Care, broadcast_id: BroadcastId, language: Language, words: str, by: Person = JOKE
) -> None:
    person = await care.staff(by)
    async with care.core.database.transaction() as tx:
        broadcast = await broadcasts.get_broadcast(tx, broadcast_id)
        await service.write_own(care.core, tx, broadcast, language, words, person, now=care.now)


async def approves(
    care: Care, broadcast_id: BroadcastId, language: Language, by: Person = JOKE
) -> bool:
    person = await care.staff(by)
    async with care.core.database.transaction() as tx:
        broadcast = await broadcasts.get_broadcast(tx, broadcast_id)
        text = (await storage.list_texts(tx, broadcast_id))[language]
        return await service.approve(care.core, tx, broadcast, text, person, now=care.now)


@asynccontextmanager
async def translating(care: Care, *engines: Engine, book: bool = False) -> AsyncIterator[None]:
    """Translate until the end of the block."""
    stopping = asyncio.Event()
    translator = Translator(engines, Phrasebook.load(PHRASEBOOK) if book else None)
    async with asyncio.TaskGroup() as group:
        group.create_task(
            loops.translate(care.core, translator, lambda: care.now, stopping, Telemetry())
        )
        try:
            yield
        finally:
            stopping.set()
            care.core.database.pulses[Topic.TRANSLATIONS].beat()


async def until(care: Care, condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    commits = care.core.database.commits
    async with asyncio.timeout(20):
        while not condition():
            await commits.after(commits.count, 0.02)


async def until_idle(care: Care) -> None:
    """Wait until nothing is left that could be translated now."""
    commits = care.core.database.commits
    async with asyncio.timeout(20):
        while True:
            count = commits.count
            async with care.core.database.reading() as tx:
                if not await storage.count_due(tx, care.now):
                    return
            await commits.after(count, 0.5)


async def translated(care: Care, *engines: Engine, words: str = WORDS) -> BroadcastId:
    """Begin a broadcast and have it translated."""
    broadcast_id = await begins(care, words)
    async with translating(care, *engines):
        await until_idle(care)
    return broadcast_id


# --- the engines -----------------------------------------------------------------------------


async def test_each_language_but_dutch_is_translated_once_with_its_engine(care: Care) -> None:
    there = await texts(care, await translated(care, Interpreter()))
    assert {language: text.text for language, text in there.items()} == GOOD
    assert {text.engine for text in there.values()} == {"interpreter"}
    assert {(text.faults, text.approved_by, text.written_by) for text in there.values()} == {
        ((), None, None)
    }


async def test_the_phrasebook_translates_what_it_knows_without_any_engine(care: Care) -> None:
    broadcast_id = await begins(care, "Ik kom elke dag op tijd.")
    async with translating(care, book=True):
        await until_idle(care)
    there = await texts(care, broadcast_id)
    assert {text.engine for text in there.values()} == {"phrasebook"}
    assert {text.faults for text in there.values()} == {()}


async def test_without_an_engine_a_text_is_at_once_not_translated(care: Care) -> None:
    there = await texts(care, await translated(care))
    assert {(text.state, text.reason, text.text) for text in there.values()} == {
        (TextState.FAILED, "no_engine", None)
    }


async def test_what_needs_no_translation_is_the_same_for_everybody(care: Care) -> None:
    link = "https://gemeente.nl/taal 10.00"
    there = await texts(care, await translated(care, FailingEngine(Reason.ECHO), words=link))
    assert {(text.text, text.engine, text.faults) for text in there.values()} == {(link, None, ())}


async def test_an_engine_that_cannot_be_reached_is_tried_again_and_then_given_up(
    care: Care,
) -> None:
    lost = FailingEngine(Reason.TIMEOUT, retry=True)
    broadcast_id = await translated(care, lost)
    first = await texts(care, broadcast_id)
    assert {(text.state, text.reason, text.attempts) for text in first.values()} == {
        (TextState.PENDING, "timeout", 1)
    }
    async with translating(care, lost):
        while (await states(care, broadcast_id))["pending"]:
            care.now += timedelta(minutes=10)
            care.core.database.pulses[Topic.TRANSLATIONS].beat()
            await until_idle(care)
    there = (await texts(care, broadcast_id)).values()
    assert {(text.state, text.reason, text.attempts) for text in there} == {
        (TextState.FAILED, "timeout", 5)
    }


async def test_an_engine_that_comes_back_is_asked_again(care: Care) -> None:
    broadcast_id = await begins(care)
    async with translating(care, FailingEngine(Reason.TIMEOUT, retry=True, times=5)):
        await until_idle(care)
        assert await states(care, broadcast_id) == {"pending": 5}
        care.now += timedelta(minutes=10)
        care.core.database.pulses[Topic.TRANSLATIONS].beat()
        await until_idle(care)
    assert await states(care, broadcast_id) == {"ready": 5}


async def test_an_engine_that_breaks_stops_nobody(care: Care) -> None:
    there = await texts(care, await translated(care, BreakingEngine()))
    assert {text.state for text in there.values()} == {TextState.FAILED}


async def test_a_text_to_many_leaves_room_for_what_is_said_in_conversations(care: Care) -> None:
    client, coach = await care.comes(SELAM), await care.staff(JOKE)
    slow = SlowEngine()
    for _ in range(3):
        await begins(care)
    async with translating(care, slow):
        await until(care, lambda: slow.asked == 4)
        async with care.core.database.transaction() as tx:
            message = await messages.insert_message(
                tx,
                client_id=client.id,
                staff_id=coach.id,
                direction=Direction.OUT,
                text="Tot morgen",
                language=DUTCH,
                media=None,
                chat_id=JOKE.chat_id,
                telegram_message_id=MESSAGE,
                edits_message_id=None,
                now=care.now,
            )
            await messages.insert_translation(
                tx, message_id=message.id, target=TIGRINYA, now=care.now, deadline=care.now
            )
        await until(care, lambda: slow.asked == 5)
        slow.let_go()
        await until_idle(care)
    assert slow.asked == 16


async def test_an_answer_to_words_that_were_changed_meanwhile_is_dropped(care: Care) -> None:
    slow = SlowEngine()
    broadcast_id = await begins(care, WORDS)
    async with translating(care, slow):
        await until(care, lambda: slow.asked == 4)
        await changes(care, broadcast_id, OTHER)
        slow.let_go()
        await until_idle(care)
    there = await texts(care, broadcast_id)
    assert {text.text for text in there.values()} == {
        f"[nl>{language}] {OTHER}" for language in there
    }


async def test_an_answer_after_a_person_wrote_the_words_is_dropped(care: Care) -> None:
    slow = SlowEngine()
    broadcast_id = await begins(care, WORDS)
    async with translating(care, slow):
        await until(care, lambda: slow.asked == 4)
        await writes(care, broadcast_id, ARABIC, GOOD[ARABIC])
        slow.let_go()
        await until_idle(care)
    own = (await texts(care, broadcast_id))[ARABIC]
    assert (own.text, own.engine) == (GOOD[ARABIC], None)


async def test_a_kill_between_the_answer_and_the_record_has_it_asked_anew(
    care: Care, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(step: Step) -> None:
        if step is Step.TRANSLATED:
            raise KilledError

    broadcast_id = await begins(care)
    engine = ReadyEngine()
    monkeypatch.setattr(steps, "_listeners", [killed])
    with pytest.raises(ExceptionGroup):  # noqa: PT012 - the loop dies inside the block
        async with translating(care, engine):
            await until(care, lambda: engine.asked)
            await asyncio.Event().wait()
    monkeypatch.setattr(steps, "_listeners", [])
    assert await states(care, broadcast_id) == {"pending": 5}
    asked = engine.asked

    async with translating(care, engine):
        await until_idle(care)
    assert await states(care, broadcast_id) == {"ready": 5}
    assert engine.asked == asked + 5


async def test_the_house_is_not_idle_while_a_text_to_many_is_translated(care: Care) -> None:
    assert await sending.is_idle(care.core, care.now)
    await begins(care)
    assert not await sending.is_idle(care.core, care.now)
    async with translating(care, Interpreter()):
        await until_idle(care)
    assert await sending.is_idle(care.core, care.now)


# --- the guard -------------------------------------------------------------------------------


async def test_words_with_a_fault_can_never_be_approved(care: Care) -> None:
    broadcast_id = await translated(care, Interpreter(), words=OTHER)
    for language, text in (await texts(care, broadcast_id)).items():
        assert text.faults == ("time:11.00",)
        assert not await approves(care, broadcast_id, language)
    await writes(care, broadcast_id, ENGLISH, "Come.")
    assert not await approves(care, broadcast_id, ENGLISH)
    await writes(care, broadcast_id, ENGLISH, "Come at 11:00.")
    assert await approves(care, broadcast_id, ENGLISH)


async def test_a_text_may_be_as_long_as_the_longest_frame_leaves_room_for(care: Care) -> None:
    assert [each.kind for each in service.find_refusals(care.core, "x" * 4097)] == [
        FaultKind.TOO_LONG
    ]
    room = TEXT_LIMIT
    while service.find_refusals(care.core, "é" * room):
        room -= 1
    assert room > TEXT_LIMIT - 200
    content = await _content_of(care, "é" * room)
    longest = max(
        visible_length(content(language, frame))
        for language in (DUTCH, *GOOD)
        for frame in ("bc.text", "bc.text_machine")
    )
    assert longest == TEXT_LIMIT
    assert service.find_refusals(care.core, "🙂" * (room // 2)) == ()
    assert service.find_refusals(care.core, "🙂" * (room // 2 + 1)) != ()
    assert service.find_refusals(care.core, "<b>&" * (room // 4)) == ()


async def _content_of(care: Care, text: str) -> Callable[[Language, str], str]:
    organisation = care.core.config.organisation.name

    def say(language: Language, frame: str) -> str:
        return care.core.texts.say(frame, language, organisatie=organisation, tekst=text)

    return say


async def test_a_translation_that_fits_in_no_message_has_a_fault(care: Care) -> None:
    source = "Kom langs. " * 150
    words = "Come by if you like. " * 200
    assert FaultKind.TOO_LONG in {
        fault.kind for fault in service.find_faults(care.core, source, words, ENGLISH)
    }


def test_what_is_typed_loses_only_what_no_message_can_hold() -> None:
    assert (
        service.clean("  een\r\ntwee\x00\x07 \u200f\u2068ج\u2069 \n")
        == "een\ntwee \u200f\u2068ج\u2069"
    )


# --- approval --------------------------------------------------------------------------------


async def test_only_what_was_approved_goes_out_and_a_person_s_words_have_no_mark(
    care: Care,
) -> None:
    broadcast_id = await translated(care, Interpreter())
    await writes(care, broadcast_id, FARSI, GOOD[FARSI])
    for language in (ARABIC, FARSI):
        assert await approves(care, broadcast_id, language)
    async with care.core.database.reading() as tx:
        content = await load_content(
            care.core, tx, await broadcasts.get_broadcast(tx, broadcast_id)
        )
    assert content.offer.languages == {DUTCH, ARABIC, FARSI}
    arabic = content.words(ARABIC, ARABIC, discreet=False, ref="bc:1").text
    farsi = content.words(FARSI, FARSI, discreet=False, ref="bc:1").text
    assert GOOD[ARABIC] in arabic
    assert GOOD[FARSI] in farsi
    assert ("⚙" in arabic, "⚙" in farsi) == (True, False)


async def test_other_dutch_words_begin_all_anew_and_no_approval_stands(care: Care) -> None:
    broadcast_id = await translated(care, Interpreter())
    await approves(care, broadcast_id, ARABIC)
    before = (await the_broadcast(care, broadcast_id)).revision
    await changes(care, broadcast_id, OTHER)
    after = await the_broadcast(care, broadcast_id)
    assert (after.text, after.revision) == (OTHER, before + 1)
    assert {
        (text.state, text.text, text.approved_by)
        for text in (await texts(care, broadcast_id)).values()
    } == {(TextState.PENDING, None, None)}


async def test_only_a_change_of_what_was_approved_makes_another_revision(care: Care) -> None:
    broadcast_id = await translated(care, Interpreter())

    async def revision() -> int:
        return (await the_broadcast(care, broadcast_id)).revision

    assert await revision() == 1
    await approves(care, broadcast_id, ARABIC)
    await writes(care, broadcast_id, FARSI, GOOD[FARSI])
    assert await revision() == 1, "nobody had approved what was changed"
    await writes(care, broadcast_id, ARABIC, GOOD[ARABIC])
    assert await revision() == 2
    assert (await texts(care, broadcast_id))[ARABIC].approved_by is None
    await approves(care, broadcast_id, FARSI)
    person = await care.staff(BRAM)
    async with care.core.database.transaction() as tx:
        broadcast = await broadcasts.get_broadcast(tx, broadcast_id)
        await service.translate_again(tx, broadcast, FARSI, person, now=care.now)
    assert await revision() == 3


async def test_nothing_is_changed_any_more_once_the_draft_was_handed_in(care: Care) -> None:
    broadcast_id = await translated(care, Interpreter())
    person = await care.staff(BRAM)
    async with care.core.database.transaction() as tx:
        broadcast = await broadcasts.get_broadcast(tx, broadcast_id)
        assert await broadcasts.set_state(tx, broadcast, BroadcastState.REVIEW)
    before = await texts(care, broadcast_id)
    with pytest.raises(TransitionError):
        await changes(care, broadcast_id, OTHER)
    with pytest.raises(TransitionError):
        await writes(care, broadcast_id, ARABIC, GOOD[ARABIC])
    with pytest.raises(TransitionError):
        await approves(care, broadcast_id, ARABIC)
    async with care.core.database.transaction() as tx:
        broadcast = await broadcasts.get_broadcast(tx, broadcast_id)
        with pytest.raises(TransitionError):
            await service.translate_again(tx, broadcast, ARABIC, person, now=care.now)
    assert await texts(care, broadcast_id) == before
    turn = Turn(now=care.now, chat_id=BRAM.chat_id)
    await screens.approve(care.core, turn, broadcast_id, ARABIC, "00000000", MESSAGE)
    assert turn.toast == care.core.texts.staff("st.bx_closed")


async def test_a_tap_below_words_that_are_gone_approves_nothing(care: Care) -> None:
    broadcast_id = await translated(care, Interpreter())
    broadcast = await the_broadcast(care, broadcast_id)
    stamp = service.stamp_of(broadcast, (await texts(care, broadcast_id))[ARABIC])
    await writes(care, broadcast_id, ARABIC, "الساعة 10:00 عندنا.")
    turn = Turn(now=care.now, chat_id=BRAM.chat_id)
    await screens.approve(care.core, turn, broadcast_id, ARABIC, stamp, MESSAGE)
    assert turn.toast == care.core.texts.staff("st.bx_changed")
    assert (await texts(care, broadcast_id))[ARABIC].approved_by is None
    await screens.translate_again(care.core, turn, broadcast_id, ARABIC, stamp, MESSAGE)
    assert (await texts(care, broadcast_id))[ARABIC].text == "الساعة 10:00 عندنا."


async def test_of_two_who_approve_the_same_words_the_first_stands(care: Care) -> None:
    broadcast_id = await translated(care, Interpreter())
    broadcast = await the_broadcast(care, broadcast_id)
    stamp = service.stamp_of(broadcast, (await texts(care, broadcast_id))[ARABIC])
    for person in (JOKE, NOOR):
        turn = Turn(now=care.now, chat_id=person.chat_id)
        await screens.approve(care.core, turn, broadcast_id, ARABIC, stamp, MESSAGE)
        assert turn.toast is None
    first = await care.staff(JOKE)
    assert (await texts(care, broadcast_id))[ARABIC].approved_by == first.id


async def test_nobody_sees_the_texts_who_may_not_see_the_broadcast(care: Care) -> None:
    broadcast_id = await begins(care, by=JOKE)
    for person in (BRAM, DAAN):
        with pytest.raises(NotFoundError):
            await screens.show_texts(
                care.core, Turn(now=care.now, chat_id=person.chat_id), broadcast_id, MESSAGE
            )
