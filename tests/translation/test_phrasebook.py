from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.languages import Language
from bot.translation.model import Translated
from bot.translation.normalise import key
from bot.translation.phrasebook import Phrasebook

BOOK = Phrasebook.load(Path(__file__).with_name("book.toml"))
LANGUAGES = [Language(code) for code in ("nl", "en", "ar", "fa", "fa_AF", "ti")]
NL, AR, FA, DARI, TI = (Language(code) for code in ("nl", "ar", "fa", "fa_AF", "ti"))
VALUES = {"number": "10", "time": "09:30", "date": "12-06-2025", "name": "Sara"}


def translated(text: str, source: Language | None, target: Language) -> str | None:
    """Translate and take off the direction marks, which have a test of their own."""
    found = BOOK.translate(text, source, target)
    return None if found is None else found.text.replace("\u2068", "").replace("\u2069", "")


def said(phrase_id: str, language: Language, **values: str) -> str:
    phrase = next(phrase for phrase in BOOK.phrases(language) if phrase.id == phrase_id)
    text = phrase.text(language)
    assert text is not None
    return text.format(**values)


@pytest.mark.parametrize(("source", "target"), list(permutations(LANGUAGES, 2)))
@pytest.mark.parametrize("phrase_id", ["hello", "ill", "late.minutes", "come", "my_name"])
def test_every_phrase_goes_from_every_language_to_every_other(
    phrase_id: str, source: Language, target: Language
) -> None:
    text = said(phrase_id, source, **VALUES)
    assert translated(text, source, target) == said(phrase_id, target, **VALUES)


def test_a_hit_names_the_phrasebook() -> None:
    assert BOOK.translate("Hallo.", NL, TI) == Translated("ሰላም።", "phrasebook")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("ik ben 10 minuten te laat", NL),
        ("Ik kom ١٠ minuten later!", NL),
        ("سأتأخر ١٠ دقائق", AR),
        ("من ۱۰ دقیقه دیر می رسم", FA),
        ("١٠ ደቒቕ ክድንጉ እየ", TI),
    ],
)
def test_a_number_may_be_typed_in_any_digits_and_comes_out_in_latin_ones(
    text: str, source: Language
) -> None:
    assert translated(text, source, Language("en")) == "I am 10 minutes late."


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("9:05", "09:05"),
        ("09:05", "09:05"),
        ("14.30", "14:30"),
        ("٩:٠٥", "09:05"),
        ("9٫05", "09:05"),
        ("9፡05", "09:05"),
        ("23:59", "23:59"),
    ],
)
def test_a_time_comes_out_as_hours_and_minutes(typed: str, shown: str) -> None:
    text = f"Kunt u op 12-06 om {typed} komen?"
    assert translated(text, NL, Language("en")) == f"Can you come on 12-06 at {shown}?"


@pytest.mark.parametrize("typed", ["24:00", "9:5", "9", "10:60", "1030"])
def test_what_is_no_time_is_no_hit(typed: str) -> None:
    assert translated(f"Kunt u op 12-06 om {typed} komen?", NL, TI) is None


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("12-06-2025", "12-06-2025"),
        ("1-6", "1-6"),
        ("31/12", "31/12"),
        ("31/12/2025", "31/12/2025"),
        ("١٢-٠٦-٢٠٢٥", "12-06-2025"),
    ],
)
def test_a_date_comes_out_as_typed_in_latin_digits(typed: str, shown: str) -> None:
    text = f"Kunt u op {typed} om 10:00 komen?"
    assert translated(text, NL, Language("en")) == f"Can you come on {shown} at 10:00?"


@pytest.mark.parametrize("typed", ["32-06", "12-13", "12-06/2025", "12", "2025-06-12"])
def test_what_is_no_date_is_no_hit(typed: str) -> None:
    assert translated(f"Kunt u op {typed} om 10:00 komen?", NL, TI) is None


@pytest.mark.parametrize(
    "name", ["Sara", "Éléonore O’Neil", "Abu Bakr El-Amin", "أحمد آل يحيى", "ሠናይት", "مـحمّد"]
)
@pytest.mark.parametrize(("source", "target"), [(NL, TI), (TI, NL), (AR, NL), (FA, DARI)])
def test_a_name_passes_through_letter_for_letter(
    name: str, source: Language, target: Language
) -> None:
    assert translated(said("my_name", source, name=name), source, target) == said(
        "my_name", target, name=name
    )


@pytest.mark.parametrize("name", ["Sara 2", "een twee drie vier", "Sara.", "a@voorbeeld.nl", ""])
def test_what_is_no_name_is_no_hit(name: str) -> None:
    assert translated(f"Mijn naam is {name}, dank u", NL, TI) is None


def test_a_question_is_not_the_statement() -> None:
    assert translated("U komt", NL, TI) is not None
    assert translated("U komt?", NL, TI) is None


def test_a_text_that_only_looks_like_a_phrase_is_no_hit() -> None:
    assert translated("Ik ben niet ziek.", NL, AR) is None
    assert translated("Ik ben ziek. Kom morgen.", NL, AR) is None


def test_a_wording_of_two_phrases_that_differ_in_the_target_is_no_hit() -> None:
    assert translated("I am going to the bank.", Language("en"), NL) is None
    assert translated("I am going to the bank.", None, TI) is None


def test_each_sentence_is_translated_and_what_is_between_them_stays() -> None:
    assert translated("Hallo. Ik ben ziek.", NL, AR) == "مرحبا. أنا مريض."
    assert translated("Hallo!\n\nIk ben ziek 😢", NL, TI) == "ሰላም።\n\nሓሚመ ኣለኹ። 😢"
    assert translated("Goedendag 👋 ik ben 5 minuten te laat", NL, FA) == (
        "سلام. 👋 من 5 دقیقه دیر می‌رسم."
    )


def test_a_line_break_ends_a_name() -> None:
    assert translated("Mijn naam is Sara\nAhmed", NL, TI) is None
    assert translated("Mijn naam is Sara\nHallo", NL, TI) == "ስመይ Sara እዩ።\nሰላም።"


def test_more_sentences_than_anybody_says_by_phrasebook_are_no_hit() -> None:
    assert translated("Hallo. " * 20, NL, TI) is not None
    assert translated("Hallo. " * 21, NL, TI) is None


def test_dari_has_its_own_words_and_falls_back_to_farsi() -> None:
    assert translated("Ik ben ziek.", NL, DARI) == "من مریض استم."
    assert translated("Hallo.", NL, DARI) == "سلام."
    assert translated("من بیمار هستم", DARI, NL) == "Ik ben ziek."
    assert translated("من مریض استم", FA, NL) == "Ik ben ziek."


def test_a_region_falls_back_to_its_language() -> None:
    assert translated("أنا مريض", Language("ar_SY"), NL) == "Ik ben ziek."
    assert translated("Ik ben ziek.", NL, Language("ar_SY")) == "أنا مريض."


def test_without_a_source_the_text_is_looked_up_in_every_language() -> None:
    assert translated("سلام", None, NL) == "Hallo."
    assert translated("I am ill", None, TI) == "ሓሚመ ኣለኹ።"


def test_without_a_source_a_text_already_in_the_target_comes_back_as_it_is() -> None:
    assert BOOK.translate("ik BEN ziek", None, NL) == Translated("ik BEN ziek", "none")


def test_a_language_the_phrasebook_does_not_speak_is_no_hit() -> None:
    assert translated("Hallo.", NL, Language("so")) is None
    assert translated("Hallo.", Language("so"), NL) is None


def test_values_stand_apart_in_a_right_to_left_sentence() -> None:
    found = BOOK.translate("Kunt u op 12-06-2025 om 9.30 komen?", NL, AR)
    assert found is not None
    assert "\u206812-06-2025\u2069" in found.text
    assert "\u206809:30\u2069" in found.text
    latin = BOOK.translate("Mijn naam is Sara.", NL, TI)
    assert latin is not None
    assert "\u2068" not in latin.text
    assert BOOK.translate("اسمي سارة.", AR, NL) == Translated(
        "Mijn naam is \u2068سارة\u2069.", "phrasebook"
    )


def test_an_isolated_value_can_be_sent_back() -> None:
    there = BOOK.translate("Kunt u op 12-06-2025 om 9.30 komen?", NL, AR)
    assert there is not None
    assert translated(there.text, AR, NL) == "Kunt u op 12-06-2025 om 09:30 komen?"


@settings(deadline=None)
@given(
    number=st.integers(0, 999_999_999),
    source=st.sampled_from(LANGUAGES),
    target=st.sampled_from(LANGUAGES),
    zero=st.sampled_from("0٠۰०"),
)
def test_any_number_survives(number: int, source: Language, target: Language, zero: str) -> None:
    digits = "".join(chr(ord(zero) + int(digit)) for digit in str(number))
    found = translated(said("late.minutes", source, number=digits), source, target)
    assert found == said("late.minutes", target, number=str(number))


@settings(deadline=None)
@given(
    name=st.lists(
        st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=1, max_size=12),
        min_size=1,
        max_size=3,
    )
)
def test_any_name_survives_unchanged_or_the_text_is_no_hit(name: list[str]) -> None:
    found = translated(f"Mijn naam is {' '.join(name)}.", NL, TI)
    assert found in {None, f"ስመይ {' '.join(name)} እዩ።"}


@settings(deadline=None)
@given(st.text(max_size=300), st.sampled_from([None, *LANGUAGES]), st.sampled_from(LANGUAGES))
def test_no_text_makes_the_phrasebook_fail(
    text: str, source: Language | None, target: Language
) -> None:
    found = BOOK.translate(text, source, target)
    assert found is None or found.text


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Hallo",
                "Ik ben",
                "ziek",
                ".",
                "?",
                " ",
                "\n",
                "{number}",
                "10",
                "١٠",
                "minuten te laat",
                "Mijn naam is",
                "Sara",
                "\u200f",
                "👍",
                "أنا مريض",
                "ሰላም",
                "።",
            ]
        ),
        max_size=12,
    ).map(" ".join)
)
def test_no_mix_of_known_words_makes_the_phrasebook_fail(text: str) -> None:
    found = BOOK.translate(text, NL, AR)
    assert found is None or key(found.text)


def test_phrases_are_listed_by_speaker_in_the_order_of_the_file() -> None:
    client = [phrase.id for phrase in BOOK.phrases(TI, "client")]
    assert client == ["hello", "ill", "late.minutes", "my_name", "bank.money", "bank.sofa"]
    assert len(BOOK.phrases(TI)) == 8
    assert BOOK.phrases(Language("so")) == ()


def test_the_demo_shows_filled_sentences_with_their_dutch_meaning() -> None:
    assert BOOK.demo(TI) == [
        ("ሰላም።", "Hallo."),
        ("10 ደቒቕ ክድንጉ እየ።", "Ik ben 10 minuten te laat."),
    ]
    assert BOOK.demo(DARI)[0] == ("من مریض استم.", "Ik ben ziek.")
    assert BOOK.demo(NL) == [("Kunt u op 12-06-2025 om 09:30 komen?",) * 2]
    assert BOOK.demo(Language("so")) == []
