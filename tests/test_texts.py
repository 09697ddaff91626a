"""What is said: every text that the code asks for exists, and values cannot turn or break it."""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.appointments import AppointmentKind, AppointmentState
from bot.domain.errors import ConfigError
from bot.domain.languages import (
    ARABIC,
    DARI,
    DUTCH,
    ENGLISH,
    FARSI,
    LEVANTINE_ARABIC,
    TIGRINYA,
    Language,
)
from bot.domain.localtime import DayPart
from bot.domain.messages import MessageKind
from bot.domain.people import LinkState, Role
from bot.texts import FOLDER, LOCALES, Html, Texts, calendar_day, language_name, weekday

ROOT = Path(__file__).parent.parent
FSI, PDI, RLM = "\u2068", "\u2069", "\u200f"
RTL = (ARABIC, LEVANTINE_ARABIC, FARSI, DARI)
LTR = (DUTCH, ENGLISH, TIGRINYA)

PREFIXES = (
    "ap",
    "bc",
    "btn",
    "ch",
    "cmd",
    "event",
    "go",
    "kind",
    "mc",
    "menu",
    "on",
    "pr",
    "route",
    "st",
    "theme",
    "time",
)
TEXT_ID = re.compile(rf"(?:{'|'.join(PREFIXES)})\.[a-z0-9_]+")
FAMILY = re.compile(rf"(?:{'|'.join(PREFIXES)})\.[a-z0-9_]*")


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


# --- code and catalogues agree -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """What the code asks of the catalogues."""

    ids: frozenset[str]
    families: frozenset[str]
    """Beginnings of ids that the code completes, such as `btn.`."""
    words: frozenset[str]
    """Every literal of the code, among which are the endings."""

    def names(self, text_id: str) -> bool:
        return text_id in self.ids or any(
            text_id.startswith(family) and text_id.removeprefix(family) in self.words
            for family in self.families
        )


def sources() -> Iterator[Path]:
    for folder in ("bot", "handlers", "scheduler"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "simulator" not in path.parts:
                yield path


@pytest.fixture(scope="module")
def asked() -> Asked:
    ids, families, words = set(), set(), set()
    for path in sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        begins = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                begins.add(node.values[0])
                begin = str(node.values[0].value)
                if FAMILY.fullmatch(begin):
                    families.add(begin)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
                if node not in begins and TEXT_ID.fullmatch(node.value):
                    ids.add(node.value)
    # The steps of a route are data, and so are their names.
    routes = tomllib.loads((FOLDER / "routes.toml").read_text(encoding="utf-8"))
    words |= {step["key"] for route in routes["route"] for step in route["steps"]}
    return Asked(frozenset(ids), frozenset(families), frozenset(words))


def dutch_ids() -> frozenset[str]:
    found = set()
    for name in ("taalbrug", "staff"):
        content = (FOLDER / "nl" / "LC_MESSAGES" / f"{name}.po").read_text(encoding="utf-8")
        found |= set(re.findall(r'^msgctxt "(.+)"$', content, re.MULTILINE))
    return frozenset(found)


def test_the_scan_finds_what_the_code_says(asked: Asked) -> None:
    assert {"ap.invite", "on.language", "st.welcome", "st.not_delivered"} <= {
        *asked.ids,
        *(text_id for text_id in dutch_ids() if asked.names(text_id)),
    }
    assert {"btn.", "kind.", "st.state_"} <= asked.families


def test_every_text_that_the_code_names_exists(asked: Asked) -> None:
    assert asked.ids - dutch_ids() == set()


def test_every_family_of_texts_that_the_code_completes_exists(asked: Asked) -> None:
    known = dutch_ids()
    assert {
        family
        for family in asked.families
        if not any(text_id.startswith(family) for text_id in known)
    } == set()


@pytest.mark.parametrize(
    ("family", "endings"),
    [
        ("kind.", list(AppointmentKind)),
        ("st.state_", list(AppointmentState)),
        ("st.link_", [*LinkState, "none"]),
        ("st.role_", list(Role)),
        ("st.kind_", [kind for kind in MessageKind if kind is not MessageKind.TEXT]),
        ("time.", list(get_args(DayPart))),
        ("on.", ["welcome", "robot", "privacy1", "privacy2", "choice"]),
        ("cmd.", ["menu", "afspraken", "taal", "stop"]),
        ("btn.", ["come", "cannot", "other_time", "question", "where", "late", "yes", "no"]),
        ("st.choice_", ["phone", "letter"]),
        ("st.reason_", ["sick", "work", "childcare", "transport", "other"]),
    ],
)
def test_every_member_of_a_family_has_its_text(
    asked: Asked, family: str, endings: list[StrEnum | str]
) -> None:
    assert family in asked.families
    for ending in endings:
        assert f"{family}{ending}" in dutch_ids()


def test_no_text_is_left_that_nobody_says(asked: Asked) -> None:
    unsaid = {text_id for text_id in dutch_ids() if not asked.names(text_id)}
    assert unsaid == set()


def test_a_text_that_does_not_exist_is_an_error_with_its_remedy(texts: Texts) -> None:
    with pytest.raises(KeyError, match=r"no text ap\.nothing; add it there"):
        texts.say("ap.nothing", DUTCH)


# --- where a text comes from -------------------------------------------------------------


def test_a_variant_falls_back_to_its_language_and_that_to_dutch() -> None:
    texts = Texts(
        {
            DUTCH: {"a": "nl", "b": "nl", "c": "nl"},
            ARABIC: {"a": "ar", "b": "ar"},
            LEVANTINE_ARABIC: {"a": "ar_SY", "b": ""},
            FARSI: {"a": "fa"},
        }
    )
    said = {
        locale: [texts.label(text_id, locale).strip(RLM) for text_id in "abc"]
        for locale in (LEVANTINE_ARABIC, ARABIC, DARI, TIGRINYA, DUTCH)
    }
    assert said == {
        LEVANTINE_ARABIC: ["ar_SY", "ar", "nl"],
        ARABIC: ["ar", "ar", "nl"],
        DARI: ["fa", "nl", "nl"],
        TIGRINYA: ["nl", "nl", "nl"],
        DUTCH: ["nl", "nl", "nl"],
    }


def test_every_locale_is_loaded_and_counts_what_nobody_checked(texts: Texts) -> None:
    assert set(texts.unchecked) == set(LOCALES)
    assert texts.unchecked[DUTCH] == 0
    assert texts.unchecked[TIGRINYA] > 0


@pytest.mark.parametrize("damage", [None, b"\xff\xfe", b'msgid "a"\nnonsense\nmsgstr "b"\n'])
def test_a_catalogue_that_cannot_be_read_is_named(tmp_path: Path, damage: bytes | None) -> None:
    for source in FOLDER.rglob("*.po"):
        copy = tmp_path / source.relative_to(FOLDER)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
    assert Texts.load(tmp_path).label("time.morning", DUTCH) == "ochtend"
    path = tmp_path / "ti" / "LC_MESSAGES" / "taalbrug.po"
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    with pytest.raises(ConfigError, match=r"ti.LC_MESSAGES.taalbrug\.po: .*Restore it"):
        Texts.load(tmp_path)


# --- values in a text --------------------------------------------------------------------


def one_text(text: str) -> Texts:
    return Texts({locale: {"x": text} for locale in LOCALES})


@pytest.mark.parametrize("locale", LOCALES)
def test_a_value_cannot_bring_markup(locale: Language) -> None:
    said = one_text("{a}").say("x", locale, a="<b>Jan</b> & 'co' {b}")
    assert "&lt;b&gt;Jan&lt;/b&gt; &amp; 'co' {b}" in said
    assert "<" not in said


def test_what_is_html_already_is_not_escaped_again() -> None:
    assert one_text("{a}").say("x", DUTCH, a=Html("<b>Jan</b> &amp;")) == "<b>Jan</b> &amp;"


def test_a_text_for_clients_is_escaped_and_one_for_staff_may_hold_markup() -> None:
    texts = one_text("<b>A & B</b> {a}")
    assert texts.say("x", DUTCH, a="<") == "&lt;b&gt;A &amp; B&lt;/b&gt; &lt;"
    assert texts.staff("x", a="<") == "<b>A & B</b> &lt;"
    assert texts.label("x", DUTCH, a="<") == "<b>A & B</b> <"


@pytest.mark.parametrize("locale", RTL)
def test_from_right_to_left_every_value_is_isolated(locale: Language) -> None:
    said = one_text("مع {coach} الساعة {tijd}").say("x", locale, coach="Joke", tijd="14:00")
    assert said == f"مع {FSI}Joke{PDI} الساعة {FSI}14:00{PDI}"


@pytest.mark.parametrize("locale", LTR)
def test_from_left_to_right_nothing_is_added(locale: Language) -> None:
    assert one_text("📅 {a}\nB").say("x", locale, a=5) == "📅 5\nB"


@pytest.mark.parametrize("locale", RTL)
@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("📅 موعد", RLM),
        ("{a} موعد", RLM),
        ("Taalbrug", RLM),
        ("10:00", RLM),
        ("(موعد)", RLM),
        ("موعد", "م"),
        ("قرار", "ق"),
        (f"{RLM}📅", RLM),
    ],
)
def test_every_line_of_a_right_to_left_text_begins_on_the_right(
    locale: Language, line: str, first: str
) -> None:
    texts = one_text(f"{line}\n\n{line}")
    for text in (texts.say("x", locale, a="Joke"), texts.label("x", locale, a="Joke")):
        above, empty, below = text.split("\n")
        assert above == below
        assert (above[0], empty) == (first, "")
        assert above.count(RLM) == (first == RLM)


@given(name=st.text(st.sampled_from(f"ab س\u202e\u202c\u2066\u2067{FSI}{PDI}"), max_size=12))
@example(name=f"Joke{PDI}")
@example(name="\u202eJoke")
@example(name=f"{FSI}25-11{PDI}")
def test_whatever_a_name_holds_the_isolation_around_it_is_closed(name: str) -> None:
    said = one_text("م {naam} ن").say("x", ARABIC, naam=name)
    depth = 0
    for sign in said.partition("م")[2]:
        depth += (sign in "\u2066\u2067\u2068") - (sign == PDI)
        assert depth >= 0
    assert depth == 0
    assert said.endswith("ن")
    assert not set(said) & set(map(chr, range(0x202A, 0x202F)))
    assert [s for s in said if s in "abس"] == [s for s in name if s in "abس"]


# --- dates and times ---------------------------------------------------------------------

WEDNESDAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("locale", "day", "calendar"),
    [
        ("nl", "woensdag", "25 november (25-11-2026)"),
        ("en", "Wednesday", "25 November (25-11-2026)"),
        ("ar", "الأربعاء", f"25 نوفمبر ({FSI}25-11-2026{PDI})"),
        ("ar_SY", "الأربعاء", f"25 تشرين الثاني ({FSI}25-11-2026{PDI})"),
        ("fa", "چهارشنبه", f"25 نوامبر ({FSI}25-11-2026{PDI})"),
        ("fa_AF", "چهارشنبه", f"25 نومبر ({FSI}25-11-2026{PDI})"),
        ("ti", "ረቡዕ", "25 ሕዳር (25-11-2026, ኣቆጻጽራ ኤውሮጳ)"),
    ],
)
def test_a_day_is_said_in_words_and_in_figures(locale: str, day: str, calendar: str) -> None:
    assert weekday(WEDNESDAY, Language(locale)) == day
    assert calendar_day(WEDNESDAY, Language(locale)) == calendar


@pytest.mark.parametrize(
    ("locale", "months"),
    [
        (
            "ar_SY",
            "كانون الثاني,شباط,آذار,نيسان,أيار,حزيران,تموز,آب,أيلول,تشرين الأول,تشرين الثاني,"
            "كانون الأول",
        ),
        (
            "ar",
            "يناير,فبراير,مارس,أبريل,مايو,يونيو,يوليو,أغسطس,سبتمبر,أكتوبر,نوفمبر,ديسمبر",
        ),
        (
            "ti",
            "ጥሪ,ለካቲት,መጋቢት,ሚያዝያ,ግንቦት,ሰነ,ሓምለ,ነሓሰ,መስከረም,ጥቅምቲ,ሕዳር,ታሕሳስ",
        ),
        (
            "fa",
            "ژانویه,فوریه,مارس,آوریل,مه,ژوئن,ژوئیه,اوت,سپتامبر,اکتبر,نوامبر,دسامبر",
        ),
        (
            "nl",
            "januari,februari,maart,april,mei,juni,juli,augustus,september,oktober,november,"
            "december",
        ),
    ],
)
def test_every_month_has_the_name_its_readers_know(locale: str, months: str) -> None:
    names = [
        calendar_day(date(2027, month, 1), Language(locale)).removeprefix("1 ").partition(" (")[0]
        for month in range(1, 13)
    ]
    assert names == months.split(",")


@pytest.mark.parametrize("locale", LOCALES)
def test_every_day_of_the_week_has_another_name(locale: Language) -> None:
    assert len({weekday(date(2026, 11, day), locale) for day in range(23, 30)}) == 7


@pytest.mark.parametrize("locale", LOCALES)
def test_figures_are_latin_everywhere(texts: Texts, locale: Language) -> None:
    moment = texts.moment(date(2027, 3, 5), time(9, 5), locale)
    figures = [sign for sign in f"{moment['datum']} {moment['tijd']}" if sign.isdigit()]
    assert "".join(figures) == "5050320270905"


@pytest.mark.parametrize(
    ("locale", "clock", "shown"),
    [
        ("nl", time(9), ("09:00", "🕘", "ochtend")),
        ("nl", time(14, 30), ("14:30", "🕝", "middag")),
        ("nl", time(19), ("19:00", "🕖", "avond")),
        ("nl", time(3), ("03:00", "🕒", "nacht")),
        ("en", time(9), ("09:00", "🕘", "morning")),
        ("ar_SY", time(9), ("09:00", "🕘", "صباحًا")),
        ("fa", time(9), ("09:00", "🕘", "صبح")),
        ("fa_AF", time(14), ("14:00", "🕑", "بعدازظهر")),
        ("ti", time(9), ("09:00", "🕘", "ንግሆ")),
    ],
)
def test_a_time_is_24_hours_with_the_part_of_the_day_and_a_clock(
    texts: Texts, locale: str, clock: time, shown: tuple[str, str, str]
) -> None:
    moment = texts.moment(WEDNESDAY, clock, Language(locale))
    assert (moment["tijd"], moment["klok"], moment["dagdeel"]) == shown
    assert moment["dag"] == weekday(WEDNESDAY, Language(locale))
    assert moment["datum"] == calendar_day(WEDNESDAY, Language(locale))


@pytest.mark.parametrize(
    ("language", "name"),
    [
        (ARABIC, "العربية"),
        (LEVANTINE_ARABIC, "العربية"),
        (FARSI, "فارسی"),
        (DARI, "دری"),
        (TIGRINYA, "ትግርኛ"),
        (DUTCH, "Nederlands"),
    ],
)
def test_a_language_is_called_what_its_speakers_call_it(language: Language, name: str) -> None:
    assert language_name(language) == name
