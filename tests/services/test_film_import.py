"""`films import`: each good row in, each bad one named with its line and remedy."""

import os
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.__main__ import main
from bot.domain.errors import ImportRowError
from bot.domain.films import Film, LinkHealth, Theme
from bot.domain.languages import ARABIC, DARI, DUTCH, TIGRINYA
from bot.services.core import Core
from bot.services.film_import import COLUMNS, FilmReport, import_films
from bot.storage import films
from bot.storage.broadcast_schema import film_versions
from bot.storage.broadcast_schema import films as films_table
from bot.storage.schema import audit_events
from tests.storage.rows import NOW
from tests.support.care import open_care

HEADING = "film,theme,minutes,valid_until,language,title,link"
BUS = "https://films.example.org/bus"
FILE = f"""{HEADING}
bus,daily_life,4,2027-06-30,nl,Met de bus,{BUS}/nl
bus,,,,ar,بالحافلة,{BUS}/ar
bus,,,,ti,ብኣውቶቡስ,{BUS}/ti
cv,werk,6,,nl,Een cv maken,https://films.example.org/cv
"""


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    async with open_care(url, NOW.date()) as care:
        yield care.core


async def take(core: Core, *rows: str, heading: str = HEADING) -> FilmReport:
    return await import_films(core, "\n".join((heading, *rows)), NOW)


def counts(report: FilmReport) -> tuple[int, int, int, int]:
    return report.films, report.versions, report.changed, report.known


async def film(core: Core, code: str = "bus") -> Film:
    async with core.database.reading() as tx:
        found = await films.find_film(tx, code)
    assert found is not None
    return found


async def everything(core: Core) -> list[dict[str, object]]:
    async with core.database.reading() as tx:
        return [
            dict(row)
            for table in (films_table, film_versions)
            for row in await tx.rows(sa.select(table).order_by(table.c.id))
        ]


# --- good rows -------------------------------------------------------------------------------


async def test_films_and_their_versions_come_in(core: Core) -> None:
    report = await import_films(core, FILE, NOW)
    assert (counts(report), report.problems) == ((2, 4, 0, 0), [])
    bus, cv = await film(core), await film(core, "cv")
    assert (bus.theme, bus.minutes, bus.valid_until) == (
        Theme.DAILY_LIFE,
        4,
        date(2027, 6, 30),
    )
    assert bus.languages == {DUTCH, ARABIC, TIGRINYA}
    version = bus.version(ARABIC)
    assert version is not None
    assert (version.title, version.link) == ("بالحافلة", f"{BUS}/ar")
    assert (cv.theme, cv.minutes, cv.valid_until) == (Theme.WORK, 6, None)


async def test_the_same_file_twice_changes_nothing(core: Core) -> None:
    await import_films(core, FILE, NOW)
    before = await everything(core)
    report = await import_films(core, FILE, NOW + timedelta(days=1))
    assert (counts(report), report.problems) == ((0, 0, 0, 4), [])
    assert await everything(core) == before


async def test_what_the_file_says_otherwise_is_changed(core: Core) -> None:
    await import_films(core, FILE, NOW)
    async with core.database.transaction() as tx:
        await tx.run(sa.update(film_versions).values(health=LinkHealth.WORKS, checked_at=NOW))
    report = await take(
        core,
        f"bus,language,5,2028-01-01,nl,Met de bus,{BUS}/nl",
        f"bus,,,,ar,الحافلة,{BUS}/ar",
        f"bus,,,,ti,ብኣውቶቡስ,{BUS}/anders",
    )
    assert (counts(report), report.problems) == ((0, 0, 3, 0), [])
    bus = await film(core)
    assert (bus.theme, bus.minutes, bus.valid_until) == (
        Theme.LANGUAGE,
        5,
        date(2028, 1, 1),
    )
    assert {each.language: (each.title, each.health) for each in bus.versions} == {
        DUTCH: ("Met de bus", LinkHealth.WORKS),
        ARABIC: ("الحافلة", LinkHealth.WORKS),
        TIGRINYA: ("ብኣውቶቡስ", LinkHealth.UNCHECKED),
    }


async def test_an_empty_value_leaves_what_is_known_of_a_film(core: Core) -> None:
    await import_films(core, FILE, NOW)
    report = await take(core, f"bus,,,,nl,Met de bus,{BUS}/nl")
    assert counts(report) == (0, 0, 0, 1)
    assert (await film(core)).valid_until == date(2027, 6, 30)


async def test_what_one_row_says_of_a_film_its_others_need_not_repeat(core: Core) -> None:
    report = await take(
        core,
        f"bus,,,,nl,Met de bus,{BUS}/nl",
        f"bus,,7,,ar,بالحافلة,{BUS}/ar",
        f"bus,taal,,30-06-2027,ti,ብኣውቶቡስ,{BUS}/ti",
    )
    assert (counts(report), report.problems) == ((1, 3, 0, 0), [])
    bus = await film(core)
    assert (bus.theme, bus.minutes, bus.valid_until) == (
        Theme.LANGUAGE,
        7,
        date(2027, 6, 30),
    )


@pytest.mark.parametrize(
    ("word", "theme"),
    [
        *((theme.value, theme) for theme in Theme),
        ("inburgering", Theme.INTEGRATION),
        ("werk", Theme.WORK),
        ("Werk", Theme.WORK),
        ("participatie", Theme.PARTICIPATION),
        ("taal", Theme.LANGUAGE),
        ("opleiding", Theme.EDUCATION),
        ("leven in Nederland", Theme.DAILY_LIFE),
        ("LEVEN IN NEDERLAND", Theme.DAILY_LIFE),
        ("daily life", Theme.DAILY_LIFE),
    ],
)
async def test_a_theme_is_known_by_its_key_and_its_dutch_word(
    core: Core, word: str, theme: Theme
) -> None:
    report = await take(core, f"bus,{word},4,,nl,Met de bus,{BUS}")
    assert report.problems == []
    assert (await film(core)).theme is theme


@pytest.mark.parametrize(
    ("code", "language"),
    [("AR", ARABIC), ("ar_SY", ARABIC), ("fa-AF", DARI), (" ti ", TIGRINYA)],
)
async def test_a_language_is_known_by_its_code(core: Core, code: str, language: str) -> None:
    report = await take(core, f"bus,werk,4,,{code},Titel,{BUS}")
    assert report.problems == []
    assert (await film(core)).languages == {language}


async def test_a_file_as_a_spreadsheet_writes_it_is_read(core: Core) -> None:
    content = (
        "\ufeffLink;Title;Language;Valid_until;Minutes;Theme;Film;opmerking\r\n"
        f'{BUS};"Bus; trein";nl;;4;werk;bus;mooi\r\n\r\n;;;;;;;\r\n'
    )
    report = await import_films(core, content, NOW)
    assert (counts(report), report.problems) == ((1, 1, 0, 0), [])
    version = (await film(core)).version(DUTCH)
    assert version is not None
    assert version.title == "Bus; trein"


async def test_the_trail_says_that_films_came_in(core: Core) -> None:
    await import_films(core, FILE, NOW)
    async with core.database.reading() as tx:
        row = await tx.row(sa.select(audit_events).where(audit_events.c.action == "films_import"))
    assert row is not None
    assert (row["actor"], row["object"]) == ("operator", "films:2 versions:4")


async def test_a_long_file_is_taken_in_pieces_with_every_film_whole(core: Core) -> None:
    languages = ("nl", "en", "ar", "fa", "ti")
    # All films of a language stand together, so that no film's rows do.
    rows = [
        f"f{number},werk,4,,{each},Titel,{BUS}/{number}/{each}"
        for each in languages
        for number in range(100)
    ]
    seen: list[int] = []

    async def sleep(_seconds: float) -> None:
        async with core.database.reading() as tx:
            kept = await films.list_films(tx)
        assert all(len(each.versions) == len(languages) for each in kept)
        seen.append(len(kept))
        async with core.database.transaction():
            pass  # whoever else must write can do so

    content = "\n".join((HEADING, *rows, f"f3,,,,nl,Anders,{BUS}"))
    report = await import_films(core, content, NOW, sleep=sleep)
    assert seen == [40, 80]
    assert counts(report) == (100, 500, 0, 0)
    assert [problem[:9] for problem in report.problems] == ["Line 502:"]
    async with core.database.reading() as tx:
        trail = await tx.rows(sa.select(audit_events.c.object))
    assert [row["object"] for row in trail] == ["films:100 versions:500"]
    again = await import_films(core, content, NOW, sleep=sleep)
    assert counts(again) == (0, 0, 0, 500)


# --- bad rows --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (f",werk,4,,nl,Bus,{BUS}", "short name of 1 to 40 characters"),
        (f"{'b' * 41},werk,4,,nl,Bus,{BUS}", "short name of 1 to 40 characters"),
        (f"bus,,4,,nl,Bus,{BUS}", "film bus is new, so it needs a theme and minutes"),
        (f"bus,werk,,,nl,Bus,{BUS}", "film bus is new, so it needs a theme and minutes"),
        (f"bus,wrek,4,,nl,Bus,{BUS}", "theme 'wrek' is not known. Write one of integration (inb"),
        (f"bus,werk,0,,nl,Bus,{BUS}", "minutes '0' must be a whole number from 1 to 240"),
        (f"bus,werk,241,,nl,Bus,{BUS}", "minutes '241' must be"),
        (f"bus,werk,4.5,,nl,Bus,{BUS}", "minutes '4.5' must be"),
        (f"bus,werk,٤,,nl,Bus,{BUS}", "minutes '٤' must be"),
        (f"bus,werk,4,2027-02-30,nl,Bus,{BUS}", "valid until '2027-02-30' is no day. Write it as"),
        (f"bus,werk,4,eind juni,nl,Bus,{BUS}", "valid until 'eind juni' is no day"),
        (
            f"bus,werk,4,2026-11-23,nl,Bus,{BUS}",
            "film bus is new, and may be sent until",
        ),
        (f"bus,werk,4,,Arabisch,Bus,{BUS}", "language 'Arabisch' is not known. Write one of nl"),
        (f"bus,werk,4,,,Bus,{BUS}", "language '' is not known"),
        (f"bus,werk,4,,nl,,{BUS}", "the title has no words"),
        (f"bus,werk,4,,nl,{'t' * 121},{BUS}", "the title has more than 120 characters"),
        ("bus,werk,4,,nl,Bus,", "the link is no address of a web page. Write it whole"),
        ("bus,werk,4,,nl,Bus,www.example.org", "the link is no address of a web page"),
        ("bus,werk,4,,nl,Bus,http://10.0.0.1/bus", "the link leads into a private network"),
        ("bus,werk,4,,nl,Bus,https://nas.local/bus", "the link leads into a private network"),
        ("bus,werk,4,,nl,Bus,https://a.nl:8080/bus", "the link names a port"),
        (f"bus,werk,4,,nl,Bus,{BUS}{'x' * 500}", "the link has more than 500 characters"),
        ("bus,werk,4,,nl,Bus,https://u:p@a.nl/bus", "the link carries a user name or password"),
        (f"bus,werk,4,,nl,Bus,{BUS},meer", "more values than columns"),
    ],
)
async def test_a_bad_row_is_named_with_its_remedy_and_stops_no_other(
    core: Core, row: str, words: str
) -> None:
    report = await take(core, f"a,werk,1,,nl,A,{BUS}/a", row, f"z,taal,2,,nl,Z,{BUS}/z")
    [problem] = report.problems
    assert problem.startswith(f"Line 3: {words}") or words in problem
    assert problem.startswith("Line 3: ")
    assert counts(report) == (2, 2, 0, 0)
    async with core.database.reading() as tx:
        assert [each.code for each in await films.list_films(tx)] == ["a", "z"]


async def test_a_new_film_may_be_sent_today_and_a_known_one_no_more(core: Core) -> None:
    report = await take(core, f"bus,werk,4,{NOW:%Y-%m-%d},nl,Bus,{BUS}")
    assert report.problems == []
    report = await take(core, f"bus,werk,4,2026-11-01,nl,Bus,{BUS}")
    assert (counts(report), report.problems) == ((0, 0, 1, 0), [])
    assert (await film(core)).valid_until == date(2026, 11, 1)


async def test_a_bad_first_row_still_says_what_the_film_is(core: Core) -> None:
    report = await take(core, "bus,werk,4,,nl,Met de bus,nergens", f"bus,,,,ar,بالحافلة,{BUS}/ar")
    [problem] = report.problems
    assert problem.startswith("Line 2: the link is no address")
    bus = await film(core)
    assert (bus.theme, bus.minutes) == (Theme.WORK, 4)
    assert bus.languages == {ARABIC}


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (
            f"bus,werk,4,,nl,Bus,{BUS}",
            f"bus,taal,4,,ar,Bus,{BUS}",
            "the theme of film bus stands on line 2 as 'work', and here as 'language'",
        ),
        (
            f"bus,werk,4,,nl,Bus,{BUS}",
            f"bus,werk,5,,ar,Bus,{BUS}",
            "the minutes of film bus stands on line 2 as '4', and here as '5'",
        ),
        (
            f"bus,werk,4,2027-01-01,nl,Bus,{BUS}",
            f"bus,,,2027-01-02,ar,Bus,{BUS}",
            "the valid until of film bus stands on line 2 as '2027-01-01', and here as",
        ),
        (
            f"bus,werk,4,,nl,Bus,{BUS}",
            f"bus,,,,nl,De bus,{BUS}",
            "the title of film bus in nl stands on line 2 as 'Bus', and here as 'De bus'",
        ),
        (
            f"bus,werk,4,,ar,Bus,{BUS}",
            f"bus,,,,ar_SY,Bus,{BUS}/2",
            "the link of film bus in ar stands on line 2",
        ),
    ],
)
async def test_rows_that_contradict_each_other_are_named_and_the_first_counts(
    core: Core, first: str, second: str, words: str
) -> None:
    report = await take(core, first, second)
    [problem] = report.problems
    assert problem.startswith(f"Line 3: {words}")
    assert problem.endswith("Write the same on both, or remove one.")
    assert counts(report) == (1, 1, 0, 0)


async def test_the_same_said_in_other_ways_is_no_contradiction(core: Core) -> None:
    report = await take(
        core,
        f"bus,werk,4,2027-01-02,nl,Bus,{BUS}",
        f"bus,work,04,02-01-2027,ar,Bus,{BUS}",
        f"bus,,,,NL,Bus,{BUS}",
    )
    assert (counts(report), report.problems) == ((1, 2, 0, 1), [])


async def test_a_row_that_was_not_taken_contradicts_nobody(core: Core) -> None:
    report = await take(core, "bus,taal,9,,nl,Bus,nergens", f"bus,werk,4,,nl,Bus,{BUS}")
    assert [problem[:6] for problem in report.problems] == ["Line 2"]
    assert (await film(core)).theme is Theme.WORK


async def test_a_film_that_was_withdrawn_does_not_come_back_by_itself(core: Core) -> None:
    await import_films(core, FILE, NOW)
    async with core.database.transaction() as tx:
        cv = await films.find_film(tx, "cv")
        assert cv is not None
        await films.set_withdrawn(tx, cv.id, NOW)
    report = await import_films(core, FILE, NOW)
    [problem] = report.problems
    assert problem.startswith("Line 5: film cv was withdrawn. Give this one another short name")
    assert report.known == 3


@pytest.mark.parametrize("heading", ["film,theme,minutes,language,title,link", "", "een,twee"])
async def test_a_heading_that_lacks_a_column_is_told_with_all_of_them(
    core: Core, heading: str
) -> None:
    with pytest.raises(ImportRowError, match=f"Line 1: .*{', '.join(COLUMNS)}"):
        await take(core, "bus,werk,4,nl,Bus,https://a.nl", heading=heading)


# --- the command -----------------------------------------------------------------------------


def test_the_command_counts_what_came_in_and_fails_on_a_bad_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("TAALBRUG_")]:
        if not name.startswith("TAALBRUG_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    Path("good.csv").write_text(FILE, encoding="utf-8")
    Path("bad.csv").write_text(FILE.replace("https://films", "films"), encoding="utf-8")
    assert main(["films", "import", "bad.csv"]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "New: 0 films, 0 versions. Changed: 0. Known already: 0."
    assert [line[:16] for line in shown[1:]] == [f"bad.csv: Line {n}:" for n in (2, 3, 4, 5)]
    assert main(["films", "import", "good.csv"]) == 0
    assert capsys.readouterr().out == ("New: 2 films, 4 versions. Changed: 0. Known already: 0.\n")
    Path("other.csv").write_text("role,code\n", encoding="utf-8")
    assert main(["films", "import", "other.csv"]) == 1
    assert capsys.readouterr().err.startswith("taalbrug: other.csv: Line 1: the heading must name")
