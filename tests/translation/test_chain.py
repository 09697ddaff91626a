from pathlib import Path

import pytest

from bot.domain.languages import Language
from bot.translation.chain import Translator
from bot.translation.model import Engine, Reason, Result, Translated, Untranslated
from bot.translation.none import NoEngine
from bot.translation.phrasebook import Phrasebook

BOOK = Phrasebook.load(Path(__file__).with_name("book.toml"))
NL, AR, FA, DARI, TI = (Language(code) for code in ("nl", "ar", "fa", "fa_AF", "ti"))


class Answering:
    """An engine at the port that gives one answer and remembers whether it was asked."""

    def __init__(self, name: str, answer: Result) -> None:
        self.name = name
        self.answer = answer
        self.asked: list[tuple[str, Language, Language]] = []

    async def translate(self, text: str, source: Language, target: Language) -> Result:
        self.asked.append((text, source, target))
        return self.answer


def translating(name: str = "one") -> Answering:
    return Answering(name, Translated(f"{name}'s words", name))


def failing(reason: Reason, *, retry: bool = False) -> Answering:
    return Answering("failing", Untranslated(reason, "failing", retry))


async def test_the_phrasebook_comes_before_every_engine() -> None:
    engine = translating()
    found = await Translator([engine], BOOK).translate("ik ben ziek", NL, AR)
    assert found == Translated("أنا مريض.", "phrasebook")
    assert engine.asked == []


async def test_an_engine_gets_the_text_as_it_was_typed() -> None:
    engine = translating()
    text = "  Ik kom  Later…\n👍 "
    assert await Translator([engine], BOOK).translate(text, NL, DARI) == engine.answer
    assert engine.asked == [(text, NL, DARI)]


async def test_the_next_engine_is_asked_when_one_fails() -> None:
    failed, asked, spared = failing(Reason.ECHO), translating("two"), translating("three")
    found = await Translator([failed, asked, spared]).translate("Tot ziens", NL, TI)
    assert found == asked.answer
    assert failed.asked
    assert not spared.asked


async def test_of_several_failures_the_one_that_may_pass_is_told() -> None:
    engines: list[Engine] = [failing(Reason.ECHO), failing(Reason.TIMEOUT, retry=True), NoEngine()]
    found = await Translator(engines).translate("Tot ziens", NL, TI)
    assert found == Untranslated(Reason.TIMEOUT, "failing", retry=True)


async def test_a_real_failure_says_more_than_no_engine() -> None:
    engines: list[Engine] = [NoEngine(), failing(Reason.ECHO)]
    found = await Translator(engines).translate("Tot ziens", NL, TI)
    assert found == Untranslated(Reason.ECHO, "failing")


@pytest.mark.parametrize("text", ["", " \n", "👍", "12:30", "?!", "https://voorbeeld.nl"])
async def test_what_holds_no_words_needs_no_translation(text: str) -> None:
    engine = translating()
    found = await Translator([engine], BOOK).translate(text, NL, TI)
    assert found == Untranslated(Reason.NOT_NEEDED)
    assert engine.asked == []


async def test_a_text_in_the_readers_language_comes_back_as_it_is() -> None:
    for source, target in [(NL, NL), (FA, DARI), (Language("ar_SY"), AR)]:
        found = await Translator([translating()], BOOK).translate("salam", source, target)
        assert found == Translated("salam", "none")


async def test_without_a_source_only_the_phrasebook_can_translate() -> None:
    engine = translating()
    translator = Translator([engine], BOOK)
    assert await translator.translate("hello", None, TI) == Translated("ሰላም።", "phrasebook")
    assert await translator.translate("hello you", None, TI) == Untranslated(
        Reason.UNKNOWN_LANGUAGE
    )
    assert engine.asked == []


async def test_without_an_engine_there_is_no_translation() -> None:
    for engines in ([], [NoEngine()]):
        found = await Translator(engines, BOOK).translate("Tot ziens", NL, TI)
        assert isinstance(found, Untranslated)
        assert found.reason is Reason.NO_ENGINE


def test_a_result_that_is_logged_shows_nobodys_words() -> None:
    assert "ziek" not in repr(Translated("ik ben ziek", "google"))
