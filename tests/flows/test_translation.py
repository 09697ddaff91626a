"""Translations that are late, missing, needless or impossible: the words arrive all the same."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.translation.model import Reason
from tests.cast import JOKE, KHALED, SELAM
from tests.support.engines import BreakingEngine, FailingEngine, ReadyEngine, SlowEngine
from tests.support.town import Town, open_town

LONG_DUTCH = "Dit is een zin die in geen enkel zinnenboek staat. "


async def _time_limit(town: Town) -> None:
    """Let the time limit of a translation pass while the engine is still at work."""
    town.clock.advance(timedelta(seconds=21))
    await town.ticks()


async def test_a_late_translation_follows_as_an_edit_of_the_marked_original(
    tmp_path: Path, everybody_linked: Path
) -> None:
    engine = SlowEngine()
    async with open_town(tmp_path, snapshot=everybody_linked, engines=[engine]) as town:
        town.writes(SELAM, "ዘይፍለጥ ምሉእ ሓሳብ")
        await town.until_true(lambda: engine.asked)
        assert town.texts(JOKE) == [], "it waits at first"

        await _time_limit(town)
        await town.until_true(lambda: "K-0001" in town.last(JOKE).text)
        pending = town.last(JOKE)
        assert pending.text.split("\n")[1:] == [
            town.words("st.msg_pending", JOKE),
            "ዘይፍለጥ ምሉእ ሓሳብ",
        ]

        engine.let_go()
        await town.settled()
        done = town.message(JOKE, pending.id)
        assert done.text.split("\n")[1:] == [
            "[ti>nl] ዘይፍለጥ ምሉእ ሓሳብ",
            "⚙ automatisch vertaald",
            "ዘይፍለጥ ምሉእ ሓሳብ",
        ]
        assert done.edited
        assert done.keys == pending.keys


async def test_a_late_translation_of_a_coachs_message_is_edited_into_her_chat(
    tmp_path: Path, everybody_linked: Path
) -> None:
    engine = SlowEngine()
    async with open_town(tmp_path, snapshot=everybody_linked, engines=[engine]) as town:
        await town.says(SELAM, "ሰላም።")
        town.writes(JOKE, "Een onbekende zin.", town.last(JOKE))
        await town.until_true(lambda: engine.asked)
        await _time_limit(town)
        await town.until_true(lambda: "Een onbekende zin." in town.last(SELAM).text)
        pending = town.last(SELAM)
        assert pending.text == town.words(
            "ch.from_coach_pending", SELAM, coach="Joke de Boer", tekst="Een onbekende zin."
        )

        engine.let_go()
        await town.settled()

        assert town.message(SELAM, pending.id).text == town.words(
            "ch.from_coach", SELAM, coach="Joke de Boer", tekst="[nl>ti] Een onbekende zin."
        )


async def test_a_slow_translation_holds_up_its_own_lane_and_no_other(
    tmp_path: Path, everybody_linked: Path
) -> None:
    engine = SlowEngine()
    async with open_town(tmp_path, snapshot=everybody_linked, engines=[engine]) as town:
        town.writes(SELAM, "ዘይፍለጥ ምሉእ ሓሳብ")
        await town.until_true(lambda: engine.asked)
        town.writes(SELAM, "ሰላም።")
        town.writes(KHALED, "مرحبًا.")
        await town.until_true(lambda: "K-0002" in town.last(JOKE).text)
        assert not [text for text in town.texts(JOKE) if "K-0001" in text]

        engine.let_go()
        await town.settled()

        hers = [text.split("\n")[1] for text in town.texts(JOKE)]
        assert hers == ["[ti>nl] ዘይፍለጥ ምሉእ ሓሳብ", "Hallo."]


async def test_many_slow_translations_do_not_keep_a_known_sentence_waiting_for_ever(
    tmp_path: Path, everybody_linked: Path
) -> None:
    engine = SlowEngine()
    async with open_town(tmp_path, snapshot=everybody_linked, engines=[engine]) as town:
        for number in range(3):
            town.writes(SELAM, f"ዘይፍለጥ ምሉእ ሓሳብ {number}")
        await town.until_true(lambda: engine.asked == 3)
        town.writes(KHALED, "مرحبًا.")
        await town.until_true(lambda: "Hallo." in town.last(JOKE).text)
        engine.let_go()
        await town.settled()


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.ECHO, "st.reason_unsure"),
        (Reason.TOO_LONG, "st.reason_too_long"),
        (Reason.NOT_SUPPORTED, "st.reason_no_engine"),
    ],
)
async def test_what_cannot_be_translated_arrives_in_the_original_and_its_writer_is_told(
    tmp_path: Path, everybody_linked: Path, reason: Reason, words: str
) -> None:
    engines = [FailingEngine(reason)]
    async with open_town(tmp_path, snapshot=everybody_linked, engines=engines) as town:
        await town.says(SELAM, "ዘይፍለጥ ምሉእ ሓሳብ")

        why = town.words(words, JOKE)
        message = town.last(JOKE)
        assert message.text.split("\n")[1:] == [
            town.words("st.msg_failed", JOKE, reden=why),
            "ዘይፍለጥ ምሉእ ሓሳብ",
        ]
        assert town.last(SELAM).text == town.words("ch.mt_failed", SELAM, coach="Joke de Boer")

        await town.says(JOKE, "Een onbekende zin.", message)
        assert town.last(SELAM).text == town.words(
            "ch.from_coach_failed", SELAM, coach="Joke de Boer", tekst="Een onbekende zin."
        )
        assert town.last(JOKE).text == town.words(
            "st.sent_untranslated", JOKE, code="K-0001", voornaam="Selam", reden=why
        )


async def test_without_any_engine_an_unknown_sentence_says_so(town: Town) -> None:
    await town.says(SELAM, "ዘይፍለጥ ምሉእ ሓሳብ")

    assert town.words("st.reason_no_engine", JOKE) in town.last(JOKE).text


async def test_an_engine_that_breaks_is_an_engine_that_did_not_translate(
    tmp_path: Path, everybody_linked: Path
) -> None:
    async with open_town(tmp_path, snapshot=everybody_linked, engines=[BreakingEngine()]) as town:
        await town.says(SELAM, "ዘይፍለጥ ምሉእ ሓሳብ")

        assert town.words("st.reason_unsure", JOKE) in town.last(JOKE).text


async def test_an_engine_that_comes_back_translates_what_was_waiting(
    tmp_path: Path, everybody_linked: Path
) -> None:
    engines = [FailingEngine(Reason.UNREACHABLE, retry=True, times=2)]
    async with open_town(tmp_path, snapshot=everybody_linked, engines=engines) as town:
        await town.says(SELAM, "ዘይፍለጥ ምሉእ ሓሳብ")
        await town.passes(seconds=20)
        await town.passes(minutes=1)

        assert [text.split("\n")[1] for text in town.texts(JOKE)] == ["[ti>nl] ዘይፍለጥ ምሉእ ሓሳብ"]


async def test_an_engine_that_stays_away_lets_the_original_go_and_says_so_in_the_end(
    tmp_path: Path, everybody_linked: Path
) -> None:
    engines = [FailingEngine(Reason.UNREACHABLE, retry=True)]
    async with open_town(tmp_path, snapshot=everybody_linked, engines=engines) as town:
        await town.says(SELAM, "ዘይፍለጥ ምሉእ ሓሳብ")
        await town.passes(seconds=21)
        assert town.words("st.msg_pending", JOKE) in town.last(JOKE).text

        for _ in range(8):
            await town.passes(minutes=6)

        assert town.words("st.reason_busy", JOKE) in town.last(JOKE).text
        assert town.words("st.msg_pending", JOKE) not in town.last(JOKE).text
        assert town.last(SELAM).text == town.words("ch.mt_failed", SELAM, coach="Joke de Boer")


async def test_a_late_translation_of_a_long_message_takes_the_place_of_its_parts(
    tmp_path: Path, everybody_linked: Path
) -> None:
    engine = SlowEngine()
    words = "ዘይፍለጥ " * 500
    async with open_town(tmp_path, snapshot=everybody_linked, engines=[engine]) as town:
        town.nothing_new()
        town.writes(SELAM, words)
        await town.until_true(lambda: engine.asked)
        await _time_limit(town)
        await town.until_true(lambda: town.last(JOKE).keys)
        first = town.news(JOKE)

        engine.let_go()
        await town.settled()

        more = town.news(JOKE)
        whole = [*(town.message(JOKE, each.id) for each in first), *more]
        text = "\n".join(each.text for each in whole)
        assert text.count("ዘይፍለጥ") == 1000, "once translated, once in the original"
        assert town.words("st.msg_pending", JOKE) not in text
        assert [bool(each.keys) for each in whole] == [False] * (len(whole) - 1) + [True]


# --- nothing to translate ------------------------------------------------------------------------


async def test_emoji_and_figures_pass_as_they_are_without_a_warning(town: Town) -> None:
    for words in ("🙏🙏", "0612345678", "12:30", "👍", "?!"):
        await town.says(SELAM, words)
        message = town.last(JOKE)
        assert message.text == f"K-0001 Selam · Tigrinya\n{words}"

        await town.says(JOKE, words, message)
        assert town.last(SELAM).text == town.words(
            "ch.from_coach_plain", SELAM, coach="Joke de Boer", tekst=words
        )


async def test_a_client_who_writes_dutch_is_read_as_she_wrote(town: Town) -> None:
    await town.says(SELAM, "Ik kom morgen.")

    assert town.last(JOKE).text.split("\n")[1:] == ["Ik kom morgen."]


STRANGE = (
    "<b>vet</b> & <script>",
    "</blockquote><a href='x'>",
    "&lt;ok&gt; &amp;",
    "\u2068los\u2069 \u200f",
    "None",
    "{coach} {tekst}",
    "%s %(code)s",
    "*_`[x](y)",
    "'; DROP TABLE messages; --",
)


async def test_strange_characters_arrive_on_the_other_side_as_they_were_written(
    tmp_path: Path, everybody_linked: Path
) -> None:
    async with open_town(tmp_path, snapshot=everybody_linked, engines=[ReadyEngine()]) as town:
        for words in STRANGE:
            await town.says(SELAM, words)
            message = next(each for each in town.chat(JOKE)[::-1] if "K-0001" in each.text)
            assert words.strip() in str(message.body["text"])

            await town.says(JOKE, words, message)
            assert words.strip() in str(town.last(SELAM).body["text"])


async def test_a_message_without_any_word_is_answered_and_not_passed_on(town: Town) -> None:
    chat = {"id": SELAM.chat_id, "type": "private", "first_name": "Selam"}
    for words in ("", "   ", "\n"):
        await town.update(message={"message_id": 999, "date": 0, "chat": chat, "text": words})

        assert town.texts(SELAM) == [town.words("ch.cannot_take", SELAM)]
    assert town.texts(JOKE) == []


# --- long messages -------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [4096, 5000])
async def test_a_long_message_of_a_client_arrives_whole_and_each_part_can_be_answered(
    tmp_path: Path, everybody_linked: Path, length: int
) -> None:
    async with open_town(tmp_path, snapshot=everybody_linked, engines=[ReadyEngine()]) as town:
        numbers = [f"ቁጽሪ{number}" for number in range(2000)]
        words = " ".join(numbers)[:length]
        town.nothing_new()

        await town.says(SELAM, words)

        parts = town.news(JOKE)
        assert len(parts) > 1
        assert all(each.text.startswith("K-0001 Selam · Tigrinya") for each in parts)
        joined = " ".join(" ".join(each.text for each in parts).split())
        for number in words.split()[:-1]:
            assert joined.count(f"{number} ") + joined.endswith(number) >= 2, number
        for part in parts:
            await town.says(JOKE, "Dank u wel.", part)
            assert "የቐንየለይ።" in town.last(SELAM).text


async def test_a_long_message_of_a_coach_arrives_whole_and_each_part_can_be_answered(
    tmp_path: Path, everybody_linked: Path
) -> None:
    async with open_town(tmp_path, snapshot=everybody_linked, engines=[ReadyEngine()]) as town:
        await town.says(KHALED, "مرحبًا.")
        words = (LONG_DUTCH * 100)[:4096].strip()
        town.nothing_new()

        said = await town.says(JOKE, words, town.last(JOKE))

        parts = town.news(KHALED)
        assert len(parts) == 2
        joined = "".join(each.text for each in parts)
        assert joined.count("zinnenboek") == words.count("zinnenboek")
        assert town.message(JOKE, said.id).reactions == ("🕊",)
        for part in parts:
            await town.says(KHALED, "شكرًا لكم.", part)
            assert town.last(JOKE).reply_to == said.id
