"""The mechanical rules for every text a client reads: domain.md 3.0, kept by machine."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from bot.domain.languages import Language, base, script_of_language
from bot.texts import FOLDER, LOCALES, Texts
from bot.translation.normalise import key
from bot.translation.phrasebook import Phrasebook

WHOLE = tuple(Language(code) for code in ("nl", "en", "ar", "fa", "ti"))
VARIANTS = tuple(Language(code) for code in ("ar_SY", "fa_AF"))
TRANSLATED = (*WHOLE[1:], *VARIANTS)
DUTCH = Language("nl")

MOST_WORDS = 12
LONG_SENTENCES: Mapping[tuple[str, str], str] = {
    ("nl", "on.privacy2"): "a list of what not to send: it reads as a list, not as one thought",
}

MOST_CHARACTERS = 350
LONG_TEXTS: Mapping[str, str] = {
    "ch.ooh": "every emergency number must stand in the one message that is read at night",
}

FORBIDDEN_DUTCH = (
    # Threats: if an appointment is mandatory, the official letter says so, never the bot.
    "verplicht",
    "maatregel",
    "boete",
    "korting",
    "sanctie",
    "controle",
    # Why somebody is a client: a phone is shared, and a lock screen is read by others.
    "uitkering",
    "zorg",
    "trauma",
    "schuld",
)
# The words that recall the asylum hearing, in the languages that have one (domain.md 6).
HEARING: Mapping[str, tuple[str, ...]] = {
    "en": ("interview", "hearing"),
    "ar": ("مقابلة", "استجواب", "تحقيق"),
    "fa": ("مصاحبه", "بازجویی"),
    "ti": ("ቃለ-መጠይቕ", "ቃለ መጠይቕ", "ቃለመጠይቕ", "ቃለ-መሕትት", "ቃለ መሕትት"),
}
# Names, and what is shown to somebody who does not read the client's script.
LATIN = re.compile(r"BSN|DigiD|Telegram|START|I need an interpreter|I speak")
HIDDEN = re.compile(r"[\u061c\u200b\u200d-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")

SLOT = re.compile(r"\{([^{}]*)\}")
END = re.compile(r"[.!?؟።፧](?=[\s\"'”»)]|$)|\n")
VALUES = {"number": "10", "time": "09:30", "date": "12-06-2027", "name": "Sara"}


def path_of(locale: Language) -> Path:
    return FOLDER / locale / "LC_MESSAGES" / "taalbrug.po"


def read(locale: Language) -> Catalog:
    with path_of(locale).open("rb") as file:
        return read_po(file, abort_invalid=True)


@cache
def messages(locale: Language) -> dict[str, Message]:
    return {str(message.context): message for message in read(locale) if message.id}


def texts(locale: Language) -> dict[str, str]:
    return {text_id: str(message.string) for text_id, message in messages(locale).items()}


def sentences(text: str) -> list[str]:
    return [sentence for sentence in END.split(text) if sentence.strip()]


def words(sentence: str) -> list[str]:
    return [word for word in sentence.split() if any(map(str.isalnum, word))]


def opening_emoji(text: str) -> str:
    first = text.split(maxsplit=1)[0]
    return "" if any(map(str.isalnum, first)) or first[0] == "(" else first


@cache
def book() -> Phrasebook:
    return Phrasebook.load(FOLDER / "phrasebook.toml")


def test_the_program_loads_all_catalogues() -> None:
    loaded = Texts.load()
    for locale in LOCALES:
        assert loaded.label("btn.yes", locale)


def test_the_template_holds_the_dutch_texts_in_the_same_order() -> None:
    with (FOLDER / "taalbrug.pot").open("rb") as file:
        template = [(message.context, message.id) for message in read_po(file) if message.id]
    assert template == [(text_id, message.id) for text_id, message in messages(DUTCH).items()]


@pytest.mark.parametrize("locale", WHOLE)
def test_every_language_has_every_text(locale: Language) -> None:
    assert [text_id for text_id, text in texts(locale).items() if not text.strip()] == []
    assert texts(locale).keys() == texts(DUTCH).keys()


@pytest.mark.parametrize("locale", VARIANTS)
def test_a_variant_holds_only_what_differs_from_its_language(locale: Language) -> None:
    whole = texts(base(locale))
    assert texts(locale).keys() <= whole.keys()
    assert [i for i, text in texts(locale).items() if not text or text == whole[i]] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_no_text_is_there_twice(locale: Language) -> None:
    written = re.findall(r'^msgctxt "(.+)"$', path_of(locale).read_text("utf-8"), re.MULTILINE)
    assert sorted(written) == sorted(set(written))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_entry_stands_under_the_present_dutch_text(locale: Language) -> None:
    dutch = texts(DUTCH)
    for text_id, message in messages(locale).items():
        assert message.id == dutch[text_id], text_id
        assert not message.fuzzy, text_id


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_entry_says_who_checked_it(locale: Language) -> None:
    for text_id, message in messages(locale).items():
        said = [note for note in message.user_comments if re.fullmatch(r"checked: \S.*", note)]
        assert len(said) == 1, f"{locale} {text_id}: write '# checked: NAME' or 'nobody'"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_entry_explains_its_situation_and_placeholders(locale: Language) -> None:
    for text_id, message in messages(locale).items():
        notes = "\n".join(message.auto_comments)
        assert notes, f"{locale} {text_id}: write a '#.' line that says where it is used"
        for slot in SLOT.findall(str(message.id)):
            assert f"{{{slot}}}: " in notes, f"{locale} {text_id}: explain {{{slot}}}"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_text_has_the_placeholders_of_the_dutch(locale: Language) -> None:
    dutch = texts(DUTCH)
    for text_id, text in texts(locale).items():
        assert sorted(SLOT.findall(text)) == sorted(SLOT.findall(dutch[text_id])), text_id
        assert not re.search(r"[{}]", SLOT.sub("", text)), f"{locale} {text_id}: loose brace"


@pytest.mark.parametrize("locale", LOCALES)
def test_the_moment_and_the_place_of_an_appointment_stand_on_lines_of_their_own(
    locale: Language,
) -> None:
    alone = {"dag", "datum", "klok", "tijd", "dagdeel", "plaats", "adres", "route_uitleg"}
    for text_id, text in texts(locale).items():
        if not text_id.startswith(("ap.", "menu.")):
            continue
        for line in text.split("\n"):
            if alone & set(SLOT.findall(line)):
                assert not any(map(str.isalnum, SLOT.sub("", line))), f"{locale} {text_id}: {line}"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_text_opens_with_the_emoji_of_the_dutch(locale: Language) -> None:
    dutch = texts(DUTCH)
    for text_id, text in texts(locale).items():
        assert opening_emoji(text) == opening_emoji(dutch[text_id]), f"{locale} {text_id}"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_button_has_at_most_20_characters(locale: Language) -> None:
    labels = {i: text for i, text in texts(locale).items() if i.startswith("btn.")}
    long = {i: text for i, text in labels.items() if len(text.format(minuten=30)) > 20}
    assert long == {}


@pytest.mark.parametrize("locale", WHOLE)
def test_no_two_buttons_read_the_same(locale: Language) -> None:
    labels = [text for text_id, text in texts(locale).items() if text_id.startswith("btn.")]
    assert sorted(labels) == sorted(set(labels))


@pytest.mark.parametrize("locale", LOCALES)
def test_a_command_has_at_most_60_characters(locale: Language) -> None:
    commands = {i: text for i, text in texts(locale).items() if i.startswith("cmd.")}
    assert {i: text for i, text in commands.items() if len(text) > 60} == {}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_sentence_has_at_most_12_words(locale: Language) -> None:
    long = {
        text_id: sentence
        for text_id, text in texts(locale).items()
        for sentence in sentences(text)
        if len(words(sentence)) > MOST_WORDS and (locale, text_id) not in LONG_SENTENCES
    }
    assert long == {}


def test_the_list_of_long_sentences_names_only_long_ones() -> None:
    for locale, text_id in LONG_SENTENCES:
        longest = max(sentences(texts(Language(locale))[text_id]), key=lambda s: len(words(s)))
        assert len(words(longest)) > MOST_WORDS, f"{locale} {text_id} became short: take it off"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_text_has_at_most_350_characters(locale: Language) -> None:
    long = {i: len(text) for i, text in texts(locale).items() if len(text) > MOST_CHARACTERS}
    assert long.keys() <= LONG_TEXTS.keys(), long


@pytest.mark.parametrize("word", FORBIDDEN_DUTCH)
def test_no_dutch_text_threatens_or_tells_why_somebody_is_a_client(word: str) -> None:
    phrases = {phrase.id: phrase.text(DUTCH) or "" for phrase in book().phrases(DUTCH)}
    said = {**texts(DUTCH), **phrases}
    assert {i: text for i, text in said.items() if re.search(rf"\b{word}", text.lower())} == {}


@pytest.mark.parametrize("locale", TRANSLATED)
def test_no_text_recalls_the_asylum_hearing(locale: Language) -> None:
    phrases = {phrase.id: phrase.text(locale) or "" for phrase in book().phrases(locale)}
    said = {**texts(locale), **phrases}
    for word in HEARING[base(locale)]:
        assert {i: text for i, text in said.items() if word in text.lower()} == {}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_discreet_reminder_holds_nothing_but_the_moment(locale: Language) -> None:
    text = texts(locale).get("ap.discreet")
    if text is None:  # the variant falls back to its language
        assert locale in VARIANTS
        return
    assert set(SLOT.findall(text)) == {"dag", "datum", "klok", "tijd", "dagdeel"}


@pytest.mark.parametrize("locale", LOCALES)
def test_the_emergency_numbers_are_the_same_everywhere(locale: Language) -> None:
    for text_id, text in texts(locale).items():
        digits = re.findall(r"\d+", text)
        assert sorted(digits) == sorted(re.findall(r"\d+", texts(DUTCH)[text_id])), text_id
        assert all(map(str.isascii, digits)), f"{locale} {text_id}: write Latin digits"


@pytest.mark.parametrize("locale", LOCALES)
def test_no_text_hides_direction_marks(locale: Language) -> None:
    # Values are isolated when they are put in; a mark in the text itself nobody sees or keeps.
    assert {i: ascii(text) for i, text in texts(locale).items() if HIDDEN.search(text)} == {}


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_text_is_written_in_its_own_script(locale: Language) -> None:
    script = {"arab": "ARABIC", "ethi": "ETHIOPIC", "latn": "LATIN"}[script_of_language(locale)]
    phrases = {phrase.id: phrase.text(locale) or "" for phrase in book().phrases(locale)}
    for text_id, text in {**texts(locale), **phrases}.items():
        own = LATIN.sub("", SLOT.sub("", text))
        strange = {c for c in own if c.isalpha() and not unicodedata.name(c).startswith(script)}
        assert strange == set(), f"{locale} {text_id}"


@pytest.mark.parametrize("locale", WHOLE)
def test_the_phrasebook_has_at_least_60_sentences(locale: Language) -> None:
    assert len(book().phrases(locale)) >= 60
    assert len(book().phrases(locale, "client")) >= 30
    assert len(book().phrases(locale, "coach")) >= 30


@pytest.mark.parametrize("language", WHOLE)
def test_no_sentence_of_the_phrasebook_stands_for_two_things(language: Language) -> None:
    meanings: dict[str, set[str]] = defaultdict(set)
    for phrase in book().phrases(language):
        for locale, wording in phrase.wordings():
            if base(locale) == language:
                meanings[key(wording)].add(phrase.id)
    assert {said: ids for said, ids in meanings.items() if len(ids) > 1} == {}


def test_every_wording_of_the_phrasebook_has_the_slots_of_the_dutch() -> None:
    for phrase in book().phrases(DUTCH):
        for locale, wording in phrase.wordings():
            assert tuple(sorted(SLOT.findall(wording))) == phrase.slots, f"{phrase.id} {locale}"


@pytest.mark.parametrize("language", [*WHOLE, Language("fa_AF")])
def test_every_wording_of_the_phrasebook_is_understood(language: Language) -> None:
    target = Language("en") if language == DUTCH else DUTCH
    for phrase in book().phrases(language):
        meant = phrase.text(target)
        assert meant is not None, phrase.id
        for locale, wording in phrase.wordings():
            if locale != language:
                continue
            found = book().translate(wording.format(**VALUES), language, target)
            assert found is not None, f"{phrase.id}: {wording}"
            assert found.text == meant.format(**VALUES), f"{phrase.id}: {wording}"


@pytest.mark.parametrize("locale", WHOLE)
def test_a_sentence_of_the_phrasebook_has_at_most_12_words(locale: Language) -> None:
    long = [
        text
        for phrase in book().phrases(locale)
        if (text := phrase.text(locale)) and len(words(text)) > MOST_WORDS
    ]
    assert long == []


@pytest.mark.parametrize("locale", [Language(code) for code in ("nl", "ar", "fa", "ti")])
def test_the_demo_offers_six_different_sentences(locale: Language) -> None:
    offered = book().demo(locale)
    assert len({text for text, _ in offered}) == 6
    assert all("{" not in text and meaning for text, meaning in offered)
