"""Words that are typed where a button could have been tapped."""

import pytest

from bot.domain.words import Word, typed_word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ja", Word.YES),
        ("Ja!", Word.YES),
        ("JA", Word.YES),
        (" ja. ", Word.YES),
        ("yes", Word.YES),
        ("نعم", Word.YES),
        ("نعم،", Word.YES),
        ("\u200fنعم", Word.YES),
        ("بله", Word.YES),
        ("بلی", Word.YES),
        ("እወ", Word.YES),
        ("እወ።", Word.YES),
        ("nee", Word.NO),
        ("لا", Word.NO),
        ("ﻻ", Word.NO),
        ("نه", Word.NO),
        ("نخیر", Word.NO),
        ("ኣይፋልን", Word.NO),
        ("STOP", Word.STOP),
        ("/stop", Word.STOP),
        ("توقف", Word.STOP),
        ("إيقاف", Word.STOP),
        ("ایست", Word.STOP),
        ("توقف کنید", Word.STOP),
        ("ጠጠው", Word.STOP),
        ("ጠጠው ኣብል", Word.STOP),
        ("start", Word.START),
        ("ابدأ", Word.START),
        ("شروع", Word.START),
        ("ጀምር", Word.START),
        ("menu", Word.MENU),
        ("/menu", Word.MENU),
    ],
)
def test_a_single_word_is_understood_in_every_language(text: str, word: Word) -> None:
    assert typed_word(text) is word


@pytest.mark.parametrize(
    "text",
    ["", "🙏", "ja graag", "ik stop morgen met de cursus", "nee dank u", "janee", ".", "ja\nja"],
)
def test_a_sentence_that_holds_such_a_word_is_a_message(text: str) -> None:
    assert typed_word(text) is None
