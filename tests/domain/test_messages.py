"""A long text is cut so that Telegram takes every piece and nothing is lost."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.messages import CAPTION_LIMIT, TEXT_LIMIT, split_text, utf16_length

FAMILY = "👨‍👩‍👧"
FLAG_OF_TWO_SIGNS = "🇳🇱"
WAVE = "👋🏾"
HEART = "❤️"

texts = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("abc \n\t.!?؟።፧🙏👋🏾\u200d\ufe0f\u0301\u064bسلاምሰ"),
    ),
    max_size=300,
)


def without_space(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    ("text", "units"),
    [("", 0), ("abc", 3), ("سلام", 4), ("ሰላም", 3), ("🙏", 2), (WAVE, 4), (FAMILY, 8)],
)
def test_length_is_counted_in_utf16_units(text: str, units: int) -> None:
    assert utf16_length(text) == units


@given(text=texts, limit=st.integers(16, 120))
@example(text=" " * 50, limit=16)
@example(text="\n" * 50 + "hello", limit=16)
@example(text="🙏" * 50, limit=17)
def test_nothing_but_white_space_is_lost_and_every_piece_fits(text: str, limit: int) -> None:
    pieces = split_text(text, limit)
    assert without_space("".join(pieces)) == without_space(text)
    assert all(utf16_length(piece) <= limit for piece in pieces)
    assert pieces == [text] or all(piece.strip() for piece in pieces if text.strip())


@given(text=texts, limit=st.integers(16, 120))
@example(text="a" + FAMILY * 20, limit=16)
@example(text="a" + FLAG_OF_TWO_SIGNS * 20, limit=18)
@example(text="a" * 15 + WAVE, limit=18)
@example(text="a" * 15 + HEART, limit=16)
@example(text="a" * 15 + "e\u0301", limit=16)
def test_a_piece_never_begins_with_the_tail_of_a_sign(text: str, limit: int) -> None:
    pieces = split_text(text, limit)
    for before, after in pairwise(pieces):
        if not before or not text_joins(text, before, after):
            continue
        starts_mid_sign = (
            unicodedata.category(after[0]) in {"Mn", "Mc", "Me"}
            or after[0] == "\u200d"
            or 0x1F3FB <= ord(after[0]) <= 0x1F3FF
            or before[-1] == "\u200d"
        )
        # A run of such marks that is itself longer than a piece has to be cut somewhere.
        assert not starts_mid_sign or marks_only(before)


def text_joins(text: str, before: str, after: str) -> bool:
    return before[-8:] + after[:8] in text


def marks_only(piece: str) -> bool:
    return all(unicodedata.category(sign) in {"Mn", "Mc", "Me", "Cf", "Sk"} for sign in piece[1:])


@pytest.mark.parametrize("sign", ["🙏", FAMILY, FLAG_OF_TWO_SIGNS, WAVE, HEART])
@pytest.mark.parametrize("offset", range(9))
def test_an_emoji_is_never_cut(sign: str, offset: int) -> None:
    text = "a" * offset + sign * 3000
    for piece in split_text(text, TEXT_LIMIT):
        assert piece.lstrip("a") == sign * (len(piece.lstrip("a")) // len(sign))


def test_a_text_that_fits_is_left_alone() -> None:
    text = "  Eerste regel\n\n  tweede  "
    assert split_text(text, TEXT_LIMIT) == [text]
    assert split_text("a" * TEXT_LIMIT, TEXT_LIMIT) == ["a" * TEXT_LIMIT]
    assert split_text("", TEXT_LIMIT) == [""]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("eerste regel\ntweede regel", ["eerste regel", "tweede regel"]),
        ("Een zin hier. Nog een zin.", ["Een zin hier.", "Nog een zin."]),
        ("هل تأتي غدا؟ نعم بالتأكيد", ["هل تأتي غدا؟", "نعم بالتأكيد"]),
        ("ጽቡቕ እዩ ኣሎ። ጽባሕ ክመጽእ እየ", ["ጽቡቕ እዩ ኣሎ።", "ጽባሕ ክመጽእ እየ"]),
        ("woorden zonder eind en zo", ["woorden zonder eind", "en zo"]),
        ("a" * 25, ["a" * 20, "a" * 5]),
        # A line near the beginning is passed over for a word, but no word is cut for it.
        ("a\n" + "b" * 12 + " " + "c" * 9, ["a\n" + "b" * 12, "c" * 9]),
        ("a\n" + "b" * 20, ["a", "b" * 20]),
    ],
)
def test_the_cut_falls_after_a_line_else_a_sentence_else_a_word(
    text: str, pieces: list[str]
) -> None:
    assert split_text(text, 20) == pieces


def test_5000_characters_of_arabic_go_in_two_pieces() -> None:
    text = "أنا بخير. " * 500
    pieces = split_text(text, TEXT_LIMIT)
    assert len(pieces) == 2
    assert all(piece.rstrip().endswith(".") for piece in pieces)


def test_a_caption_is_shorter_than_a_text() -> None:
    assert len(split_text("woord " * 400, CAPTION_LIMIT)) == 3
