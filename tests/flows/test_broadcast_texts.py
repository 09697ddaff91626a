"""A plain text to many in the chat: written, translated by an engine or a person, approved."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.broadcasts import BroadcastState
from bot.domain.ids import BroadcastId
from bot.domain.languages import ARABIC, DARI, ENGLISH, FARSI, TIGRINYA, Language
from bot.storage import broadcast_texts as storage
from bot.storage import broadcasts
from bot.storage.schema import audit_events, messages
from bot.translation.model import Result, Translated
from tests.cast import BRAM, CLIENTS, JOKE, Person
from tests.support.engines import SlowEngine
from tests.support.town import Shown, Town, open_town

WORDS = "Kom om 10.00 uur naar ons."
IN: Mapping[Language, str] = {
    ARABIC: "تعال إلينا الساعة 10:00.",
    FARSI: "ساعت 10:00 نزد ما بیایید.",
    DARI: "به ساعت 10:00 نزد ما بیایید.",
    TIGRINYA: "ሰዓት 10:00 ናባና ንዑ።",
    ENGLISH: "Come to us at 10:00.",
}
FIRST = BroadcastId(1)


class Interpreter(SlowEngine):
    """Knows one sentence, in Tigrinya only without the time; says it once it is let go."""

    name = "interpreter"

    async def translate(self, text: str, source: Language, target: Language) -> Result:
        await super().translate(text, source, target)
        words = IN[target] if target != TIGRINYA else "ናባና ንዑ በጃኹም።"
        return Translated(words, self.name)


@pytest.fixture
async def engine() -> Interpreter:
    return Interpreter()


@pytest.fixture
async def translated(
    tmp_path: Path, everybody_linked: Path, engine: Interpreter
) -> AsyncIterator[Town]:
    """Give a town with an engine."""
    async with open_town(tmp_path, snapshot=everybody_linked, engines=[engine]) as town:
        yield town


async def asks(town: Town, who: Person = BRAM) -> Shown:
    """Ask to write to many; returns the prompt."""
    await town.says(who, "/uitzenden")
    await town.taps(who, "bx:new")
    return town.last(who)


async def begins(town: Town, words: str = WORDS, who: Person = BRAM) -> Shown:
    """Write to many; returns the message with the languages."""
    await town.says(who, words, await asks(town, who))
    await town.taps(who, "bx:1")
    return town.last(who)


async def writes_own(town: Town, who: Person, language: Language, words: str) -> Shown:
    await town.forges(who, f"bx:1:write:{language}")
    await town.says(who, words, town.last(who))
    return town.last(who)


async def approves(town: Town, who: Person, language: Language, on: Shown) -> str | None:
    """Open a language in a message, and approve it there."""
    await town.taps(who, f"bx:1:lang:{language}", on)
    return await town.taps(who, "✅ Goedkeuren", on)


def marks(shown: Shown) -> list[str]:
    return [label[0] for label in shown.labels[:5]]


async def deeds(town: Town) -> list[tuple[str, str]]:
    async with town.core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(audit_events.c.actor, audit_events.c.action)
            .where(audit_events.c.object == "broadcast:1")
            .order_by(audit_events.c.id)
        )
    return [(row["actor"], row["action"]) for row in rows]


async def nothing_for_clients(town: Town) -> bool:
    """Tell whether no client was sent anything, and no word was taken for a message to one."""
    async with town.core.database.reading() as tx:
        kept = await tx.number(sa.select(sa.func.count()).select_from(messages))
    return not kept and not any(town.texts(person) for person in CLIENTS)


# --- with an engine --------------------------------------------------------------------------


async def test_a_text_is_written_translated_looked_at_and_approved_by_language(
    translated: Town, engine: Interpreter
) -> None:
    town = translated
    prompt = await asks(town)
    number = town.writes(BRAM, WORDS, prompt)
    await town.until_true(lambda: "📝" in town.last(BRAM).text)
    draft = town.last(BRAM)
    assert WORDS in draft.text
    assert town.message(BRAM, number).own
    engine.let_go()
    await town.settled()

    await town.taps(BRAM, "🌐", draft)
    shown = town.message(BRAM, draft.id)
    assert marks(shown) == ["❓", "❓", "❓", "⚠", "❓"], "in Tigrinya the time is missing"

    await town.taps(BRAM, "❓ Arabisch", shown)
    arabic = town.message(BRAM, draft.id)
    assert IN[ARABIC] in arabic.text
    assert "interpreter" in arabic.text
    assert arabic.labels == ["✅ Goedkeuren", "✏ Zelf schrijven", "↻ Opnieuw vertalen", "← Terug"]
    await town.taps(BRAM, "✅", arabic)
    assert "Arabisch: goedgekeurd door Bram Visser" in town.message(BRAM, draft.id).text

    await town.taps(BRAM, "⚠ Tigrinya", shown)
    tigrinya = town.message(BRAM, draft.id)
    assert town.words("st.bx_fault_time", BRAM, wat="10.00") in tigrinya.text
    assert "✅ Goedkeuren" not in tigrinya.labels
    own = await writes_own(town, BRAM, TIGRINYA, IN[TIGRINYA])
    assert town.words("st.bx_written_by", BRAM, naam="Bram Visser") in own.text
    await town.taps(BRAM, "✅", own)

    await town.taps(BRAM, "bd:1", own)
    assert await deeds(town) == [
        ("s-bram", "broadcast_draft"),
        ("s-bram", "broadcast_approve_ar"),
        ("s-bram", "broadcast_text_ti"),
        ("s-bram", "broadcast_approve_ti"),
    ]
    assert await nothing_for_clients(town)


async def test_what_is_not_yet_translated_says_so_until_it_is(
    translated: Town, engine: Interpreter
) -> None:
    town = translated
    prompt = await asks(town)
    town.writes(BRAM, WORDS, prompt)
    await town.until_true(lambda: "📝" in town.last(BRAM).text)
    draft = town.last(BRAM)
    town.phones.tap(BRAM.chat_id, message_id=draft.id, data="bx:1")
    await town.until_true(lambda: town.message(BRAM, draft.id).labels[0] == "⏳ Arabisch")
    assert "🔄 Bijwerken" in town.message(BRAM, draft.id).labels
    engine.let_go()
    await town.settled()
    await town.taps(BRAM, "🔄", draft)
    assert marks(town.message(BRAM, draft.id)) == ["❓", "❓", "❓", "⚠", "❓"]


# --- with the phrasebook only ----------------------------------------------------------------


async def test_without_an_engine_it_is_said_that_a_person_must_write(town: Town) -> None:
    shown = await begins(town)
    assert marks(shown) == ["✖"] * 5
    assert town.words("st.bx_no_engine", BRAM) in shown.text
    await town.taps(BRAM, "✖ Farsi", shown)
    assert town.words("st.bx_write_it", BRAM) in town.message(BRAM, shown.id).text

    own = await writes_own(town, BRAM, FARSI, "ساعت 11:00 نزد ما بیایید.")
    assert town.words("st.bx_fault_time", BRAM, wat="10.00") in own.text
    assert "✅ Goedkeuren" not in own.labels
    own = await writes_own(town, BRAM, FARSI, IN[FARSI])
    await town.taps(BRAM, "✅", own)
    async with town.core.database.reading() as tx:
        farsi = (await storage.list_texts(tx, FIRST))[FARSI]
    assert (farsi.text, farsi.engine) == (IN[FARSI], None)
    assert farsi.approved_by == farsi.written_by is not None


async def test_a_refused_text_is_asked_for_again_with_what_was_wrong(town: Town) -> None:
    prompt = await asks(town)
    for words, wrong in (
        ("U bent Verplicht te komen.", town.words("st.bx_fault_word", BRAM, wat="Verplicht")),
        (
            "Zie http://10.0.0.1/x",
            town.words("st.bx_fault_bad_link", BRAM, wat="http://10.0.0.1/x"),
        ),
        ("BSN 111222333", town.words("st.bx_fault_bsn", BRAM, wat="111222333")),
        ("x" * 4096, "tekens te lang"),
    ):
        await town.says(BRAM, words, prompt)
        prompt = town.last(BRAM)
        assert wrong in prompt.text
        assert town.words("st.bx_ask_new", BRAM) in prompt.text
    await town.sends(BRAM, "photo", WORDS, to=prompt)
    prompt = town.last(BRAM)
    assert town.words("st.bx_fault_empty", BRAM) in prompt.text
    await town.says(BRAM, WORDS, prompt)
    assert "📝" in town.last(BRAM).text
    assert await nothing_for_clients(town)


async def test_an_answer_that_comes_late_or_twice_reaches_no_client(town: Town) -> None:
    prompt = await asks(town)
    said = await town.says(BRAM, WORDS, prompt)
    unused = town.words("st.bx_answered", BRAM)

    await town.says(BRAM, "En neem een vriend mee.", prompt)
    assert town.last(BRAM).text == unused
    await town.edits(BRAM, said, "Kom om 11.00 uur naar ons.")
    assert town.last(BRAM).text == unused
    await town.sends(BRAM, "photo", "Kijk", to=prompt)
    assert town.last(BRAM).text == unused

    await town.forges(BRAM, "bx:1:edit")
    late = town.last(BRAM)
    async with town.core.database.transaction() as tx:
        broadcast = await broadcasts.get_broadcast(tx, FIRST)
        assert await broadcasts.set_state(tx, broadcast, BroadcastState.CANCELLED)
    await town.says(BRAM, "Toch maar wel.", late)
    assert town.last(BRAM).text == unused
    async with town.core.database.reading() as tx:
        assert (await broadcasts.get_broadcast(tx, FIRST)).text == WORDS
    assert await nothing_for_clients(town)


async def test_other_dutch_words_take_the_place_of_the_old(town: Town) -> None:
    shown = await begins(town)
    own = await writes_own(town, BRAM, ARABIC, IN[ARABIC])
    await town.taps(BRAM, "✅", own)
    await town.taps(BRAM, "bx:1:edit", town.message(BRAM, own.id))
    prompt = town.last(BRAM)
    assert WORDS in prompt.text, "to copy and change"
    await town.says(BRAM, "Kom om 12.00 uur.", prompt)
    again = town.last(BRAM)
    assert "Kom om 12.00 uur." in again.text
    assert marks(again) == ["⏳"] * 5
    assert shown.id != again.id


# --- two at the same screen ------------------------------------------------------------------


async def test_who_answers_after_somebody_else_wrote_is_shown_that_first(town: Town) -> None:
    await begins(town)
    for person in (BRAM, JOKE):
        await town.forges(person, f"bx:1:write:{ENGLISH}")
    prompts = {person: town.last(person) for person in (BRAM, JOKE)}
    await town.says(JOKE, IN[ENGLISH], prompts[JOKE])
    await town.says(BRAM, "Please be here at 10:00.", prompts[BRAM])
    asked = town.last(BRAM)
    assert town.words("st.bx_moved_on", BRAM) in asked.text
    assert IN[ENGLISH] in asked.text
    async with town.core.database.reading() as tx:
        assert (await storage.list_texts(tx, FIRST))[ENGLISH].text == IN[ENGLISH]
    await town.says(BRAM, "Please be here at 10:00.", asked)
    async with town.core.database.reading() as tx:
        assert (await storage.list_texts(tx, FIRST))[ENGLISH].text == "Please be here at 10:00."


async def test_a_coordinator_helps_with_translations_but_not_with_the_dutch(town: Town) -> None:
    await begins(town)
    bubble = await town.forges(JOKE, "bx:1:edit")
    assert bubble == town.words("st.bx_not_yours", JOKE, naam="Bram Visser")
    own = await writes_own(town, JOKE, ENGLISH, IN[ENGLISH])
    await town.taps(JOKE, "✅", own)
    assert "Engels: goedgekeurd door Joke de Boer" in town.message(JOKE, own.id).text


async def test_a_person_s_words_are_thrown_away_only_when_asked_twice(town: Town) -> None:
    await begins(town)
    own = await writes_own(town, BRAM, ENGLISH, IN[ENGLISH])
    await town.taps(BRAM, "↻", own)
    assert town.message(BRAM, own.id).labels == ["↻ Ja, opnieuw", "← Terug"]
    await town.taps(BRAM, "← Terug", own)
    assert IN[ENGLISH] in town.message(BRAM, own.id).text
    await town.taps(BRAM, "↻", own)
    await town.taps(BRAM, "↻ Ja", own)
    await town.settled()
    async with town.core.database.reading() as tx:
        text = (await storage.list_texts(tx, FIRST))[ENGLISH]
    assert (text.text, text.reason, text.written_by) == (None, "no_engine", None)


async def test_words_too_long_to_stand_under_their_heading_come_whole(town: Town) -> None:
    sentence = "Kom naar ons toe en drink koffie. "
    words = "".join(f"{sentence[:-2]} {number}. " for number in range(102)).strip()
    await begins(town, words)
    english = " ".join(f"Come to us and have a cup of coffee {n}." for n in range(101))
    await writes_own(town, BRAM, ENGLISH, english)
    *_, whole, panel = town.news(BRAM)
    assert whole.text == english
    assert town.words("st.bx_fault_number", BRAM, wat="101") in panel.text
    assert "✏ Zelf schrijven" in panel.labels
