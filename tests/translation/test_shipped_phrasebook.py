"""The phrasebook as it is shipped: its size, and that all it says can be said both ways."""

from itertools import permutations
from pathlib import Path

import pytest

from bot.domain.languages import Language
from bot.translation.normalise import key
from bot.translation.phrasebook import Phrasebook

SHIPPED = Path(__file__).parents[2] / "locales" / "phrasebook.toml"
LANGUAGES = [Language(code) for code in ("nl", "en", "ar", "fa", "fa_AF", "ti")]
VALUES = {"number": "10", "time": "09:30", "date": "12-06-2025", "name": "Sara"}


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    return Phrasebook.load(SHIPPED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_holds_at_least_sixty_phrases_a_language(book: Phrasebook, language: Language) -> None:
    assert len(book.phrases(language)) >= 60


@pytest.mark.parametrize(("source", "target"), list(permutations(LANGUAGES, 2)))
def test_every_phrase_is_a_hit_from_every_language_to_every_other(
    book: Phrasebook, source: Language, target: Language
) -> None:
    missed = []
    for phrase in book.phrases(source):
        text, wanted = phrase.text(source), phrase.text(target)
        assert text is not None
        assert wanted is not None
        found = book.translate(text.format(**VALUES), source, target)
        shown = found.text.replace("\u2068", "").replace("\u2069", "") if found else ""
        if key(shown) != key(wanted.format(**VALUES)):
            missed.append(f"{phrase.id}: {text} -> {shown or 'no hit'}")
    assert missed == []


@pytest.mark.parametrize("language", [Language(code) for code in ("nl", "ar", "fa", "ti")])
def test_its_demo_sentences_are_hits(book: Phrasebook, language: Language) -> None:
    sentences = book.demo(language)
    assert sentences
    for text, meaning in sentences:
        for target in {"nl", "ar", "fa", "ti"} - {language}:
            assert book.translate(text, language, Language(target)), (text, target)
        if language != "nl":
            found = book.translate(text, language, Language("nl"))
            assert found is not None
            assert found.text == meaning
