"""Which script a text is in, and which language it is taken to be."""

import pytest

from bot.domain.languages import (
    ARABIC,
    DARI,
    DUTCH,
    DUTCH_NAMES,
    ENGLISH,
    ENGLISH_NAMES,
    FARSI,
    KNOWN,
    LEVANTINE_ARABIC,
    OFFERED,
    TIGRINYA,
    Language,
    Script,
    base,
    guess_source,
    is_rtl,
    script_of,
    script_of_language,
)


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("مرحبا", "arab"),
        ("سلام، چطورید؟", "arab"),
        ("ከመይ ኣለኹም?", "ethi"),
        ("Goedemorgen", "latn"),
        ("Ik woon in هولندا", "latn"),
        ("مرحبا Joke", "arab"),
        ("ሰላም Joke", "latn"),
        ("🙏", "none"),
        ("10:30", "none"),
        ("", "none"),
        ("۱۲۳ ٤٥٦", "none"),
        ("፩፪፫", "none"),
    ],
)
def test_a_text_is_in_the_script_of_most_of_its_letters(text: str, script: Script) -> None:
    assert script_of(text) == script


@pytest.mark.parametrize(
    ("text", "prior", "guess"),
    [
        ("مرحبا", LEVANTINE_ARABIC, LEVANTINE_ARABIC),
        ("سلام", FARSI, FARSI),
        ("سلام", DARI, DARI),
        ("ሰላም", TIGRINYA, TIGRINYA),
        ("Goedemorgen", DUTCH, DUTCH),
        ("Good morning", ENGLISH, ENGLISH),
        # Another script than her own.
        ("مرحبا", TIGRINYA, ARABIC),
        ("مرحبا", DUTCH, ARABIC),
        ("ሰላም", FARSI, TIGRINYA),
        # Latin letters of somebody who writes another script: nobody can tell.
        ("Salam, ana Khaled", LEVANTINE_ARABIC, None),
        ("Dank u wel", FARSI, None),
        ("Selam kemey", TIGRINYA, None),
        # Without letters there is nothing to doubt.
        ("🙏", LEVANTINE_ARABIC, LEVANTINE_ARABIC),
        ("10:30", TIGRINYA, TIGRINYA),
    ],
)
def test_her_own_language_is_believed_as_long_as_the_script_agrees(
    text: str, prior: Language, guess: Language | None
) -> None:
    assert guess_source(text, prior) == guess


@pytest.mark.parametrize(
    ("language", "without_region", "rtl", "script"),
    [
        (ARABIC, "ar", True, "arab"),
        (LEVANTINE_ARABIC, "ar", True, "arab"),
        (FARSI, "fa", True, "arab"),
        (DARI, "fa", True, "arab"),
        (TIGRINYA, "ti", False, "ethi"),
        (DUTCH, "nl", False, "latn"),
        (ENGLISH, "en", False, "latn"),
    ],
)
def test_a_variant_is_written_as_its_language_is(
    language: Language, without_region: str, rtl: bool, script: Script
) -> None:
    assert base(language) == without_region
    assert is_rtl(language) is rtl
    assert script_of_language(language) == script


def test_every_language_has_its_dutch_and_english_name() -> None:
    assert set(ENGLISH_NAMES) == KNOWN
    assert set(DUTCH_NAMES) == KNOWN
    assert {language for language, _ in OFFERED} <= KNOWN


def test_every_language_offers_itself_in_its_own_script() -> None:
    for language, name in OFFERED:
        assert script_of(name) == script_of_language(language)
    names = [name for _, name in OFFERED]
    assert len(set(names)) == len(names)
