"""`employers import`: each good row in, each bad one named with its line and remedy."""

import os
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.__main__ import main
from bot.domain.employers import PlacementKind
from bot.domain.errors import ImportRowError
from bot.domain.people import Role
from bot.services.core import Core
from bot.services.employer_import import EmployerReport, import_employers
from bot.storage import employers, people
from bot.storage.care_schema import employer_periods, placements
from bot.storage.care_schema import employers as companies
from bot.storage.schema import audit_events, staff
from tests.cast import BRAM, CSV, DAAN, JOKE, KHALED, SANNE, SELAM
from tests.storage.rows import NOW
from tests.support.care import open_care

HEADING = "company,name,sector,account_manager,client,kind,first_day,last_day,hours"
ZON = "zon,Bakkerij Zon,voeding,s-sanne"
FILE = f"""{HEADING}
{ZON},K-0001,taalstage,2026-11-02,,16
{ZON},K-0002,werkervaringsplek,2026-10-01,2027-03-31,24
maan,Maan & Zn,bouw,s-sanne,,,,,
"""


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    """Give an organisation with Selam and Khaled."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    async with open_care(url, date(2026, 11, 24), JOKE, BRAM, SANNE, DAAN) as care:
        await care.comes(SELAM)
        await care.comes(KHALED)
        yield care.core


async def take(core: Core, *rows: str, heading: str = HEADING) -> EmployerReport:
    return await import_employers(core, "\n".join((heading, *rows)), NOW)


def counts(report: EmployerReport) -> tuple[int, int, int, int]:
    return report.companies, report.placements, report.changed, report.known


async def rows_of(core: Core, table: sa.Table) -> list[dict[str, object]]:
    async with core.database.reading() as tx:
        return [dict(row) for row in await tx.rows(sa.select(table).order_by(table.c.id))]


async def test_companies_and_placements_come_in(core: Core) -> None:
    report = await import_employers(core, FILE, NOW)
    assert (counts(report), report.problems) == ((2, 2, 0, 0), [])
    async with core.database.reading() as tx:
        zon = await employers.find_employer(tx, "zon")
        maan = await employers.find_employer(tx, "maan")
        sanne = await people.find_staff(tx, SANNE.code)
        khaled = await people.find_client(tx, KHALED.code)
        assert zon is not None
        assert maan is not None
        assert sanne is not None
        assert khaled is not None
        assert (zon.name, zon.sector, zon.manager_id) == ("Bakkerij Zon", "voeding", sanne.id)
        assert maan.name == "Maan & Zn"
        [place] = await employers.list_placements(tx, zon.id, khaled.id)
    assert (place.kind, place.first_day, place.last_day, place.hours) == (
        PlacementKind.WORK_EXPERIENCE,
        date(2026, 10, 1),
        date(2027, 3, 31),
        24,
    )


async def test_the_months_of_what_came_in_are_known_at_once(core: Core) -> None:
    await import_employers(core, FILE, NOW)
    async with core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(employer_periods.c.month, employer_periods.c.state).order_by(
                employer_periods.c.employer_id
            )
        )
    assert [(row["month"], row["state"].value) for row in rows] == [
        ("2026-11", "almost_late"),
        ("2026-11", "excluded"),
    ]


async def test_the_same_file_twice_changes_nothing(core: Core) -> None:
    await import_employers(core, FILE, NOW)
    before = [await rows_of(core, table) for table in (companies, placements)]
    report = await import_employers(core, FILE, NOW)
    assert (counts(report), report.problems) == ((0, 0, 0, 3), [])
    assert [await rows_of(core, table) for table in (companies, placements)] == before


async def test_a_later_file_changes_what_it_says_otherwise(core: Core) -> None:
    await import_employers(core, FILE, NOW)
    async with core.database.transaction() as tx:
        await people.insert_staff(
            tx, code="s-ria", name="Ria", roles=(Role.ACCOUNT_MANAGER,), now=NOW
        )
    report = await take(
        core,
        "zon,,,,K-0001,taalstage,2026-11-02,2026-12-18,",
        "maan,Maan BV,,s-ria,,,,,",
    )
    assert (counts(report), report.problems) == ((0, 0, 2, 0), [])
    first, second = await rows_of(core, placements)
    assert (first["last_day"], first["hours"]) == (date(2026, 12, 18), None)
    assert second["last_day"] == date(2027, 3, 31), "of whom the file does not speak stays"
    zon, maan = await rows_of(core, companies)
    assert (zon["name"], zon["sector"]) == ("Bakkerij Zon", "voeding"), "empty leaves it"
    assert (maan["name"], maan["sector"]) == ("Maan BV", "bouw")
    assert maan["manager_id"] != zon["manager_id"]


async def test_further_rows_of_a_company_need_only_its_code(core: Core) -> None:
    report = await take(
        core,
        f"{ZON},K-0001,taalstage,2026-11-02,,",
        "zon,,,,K-0002,leerwerk,2026-11-02,,",
        "zon,,,,K-0002,leerwerk,2026-11-02,,",
    )
    assert (counts(report), report.problems) == ((1, 2, 0, 1), [])


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + FILE,
        FILE.replace(",", ";").replace("\n", "\r\n"),
        FILE.replace("2026-11-02", "02-11-2026"),
        FILE.replace("Bakkerij Zon", '"Bakkerij Zon"'),
        FILE.replace("Bakkerij Zon", " Bakkerij\u200b Zon "),
        FILE.replace(HEADING, HEADING.title()),
        FILE.replace("taalstage", "Taalstage"),
        FILE.replace("\n", "\n,,,,,,,,\n"),
    ],
    ids=[
        "byte order mark",
        "as a Dutch spreadsheet saves it",
        "Dutch dates",
        "quotes",
        "spaces and hidden marks",
        "capitals in the heading",
        "capitals in a kind",
        "empty rows",
    ],
)
async def test_a_file_is_read_however_the_spreadsheet_wrote_it(core: Core, content: str) -> None:
    report = await import_employers(core, content, NOW)
    assert (counts(report), report.problems) == ((2, 2, 0, 0), [])
    zon, _ = await rows_of(core, companies)
    assert zon["name"] == "Bakkerij Zon"


BAD = [
    ("aarde,,bouw,s-sanne,,,,,", ["aarde is new", "a name and an account manager"]),
    ("aarde,Aarde,bouw,,,,,,", ["aarde is new", "a name and an account manager"]),
    ("aarde,Aarde,bouw,s-bram,,,,,", ["no account manager 's-bram' for aarde", "people import"]),
    ("aarde,Aarde,bouw,s-gone,,,,,", ["no account manager 's-gone' for aarde"]),
    ("aarde,Aarde,bouw,s-oud,,,,,", ["no account manager 's-oud' for aarde"]),
    (",Aarde,bouw,s-sanne,,,,,", ["the company must have 1 to 40 characters"]),
    (f"{'a' * 41},Aarde,bouw,s-sanne,,,,,", ["the company must have 1 to 40 characters"]),
    (f"aarde,{'a' * 121},bouw,s-sanne,,,,,", ["the name must have 0 to 120 characters"]),
    (f"aarde,Aarde,{'a' * 41},s-sanne,,,,,", ["the sector must have 0 to 40 characters"]),
    ("zon,,,,K-0099,taalstage,2026-11-02,,", ["no client 'K-0099'", "people import"]),
    ("zon,,,,s-joke,taalstage,2026-11-02,,", ["no client 's-joke'"]),
    ("zon,,,,K-0002,stage,2026-11-02,,", ["kind 'stage' is not known", "taalstage, werkstage"]),
    ("zon,,,,K-0002,,2026-11-02,,", ["kind '' is not known"]),
    ("zon,,,,K-0002,betaald,,,", ["the first_day '' is no day", "2026-11-24"]),
    ("zon,,,,K-0002,betaald,2026-02-30,,", ["the first_day '2026-02-30' is no day"]),
    ("zon,,,,K-0002,betaald,2-11-26,,", ["the first_day '2-11-26' is no day"]),
    ("zon,,,,K-0002,betaald,2026-11-02,later,", ["the last_day 'later' is no day"]),
    ("zon,,,,K-0002,betaald,2026-11-02,2026-11-01,", ["is before the first, 2026-11-02"]),
    ("zon,,,,K-0002,betaald,2026-11-02,,0", ["hours '0' must be", "1 to 60"]),
    ("zon,,,,K-0002,betaald,2026-11-02,,61", ["hours '61' must be"]),
    ("zon,,,,K-0002,betaald,2026-11-02,,acht", ["hours 'acht' must be"]),
    ("zon,,,,K-0002,betaald,2026-11-02,,7.5", ["hours '7.5' must be"]),
    ("zon,,,,K-0002,betaald,2026-11-02,,٨", ["hours '٨' must be"]),
    ("zon,,,,,taalstage,,,", ["kind has a value, but there is no client", "for a company alone"]),
    ("zon,,,,,,,,16", ["hours has a value, but there is no client"]),
    ("zon,,,,K-0001,taalstage,2026-11-10,,", ["K-0001 has a taalstage at zon from 2026-11-02 on"]),
    ("zon,,,,K-0001,taalstage,2026-10-10,,", ["already, which overlaps", "Write that first day"]),
    (
        "zon,Ander,,,,,,,",
        ["the name of company zon stands on line 2", "'Ander'"],
    ),
    ("zon,,,s-daan,,,,,", ["the account manager of company zon stands on line 2"]),
    ("zon,,,,K-0001,taalstage,2026-11-02,2026-12-01,", ["the last day of company zon K-0001"]),
    ("zon,,,,K-0002,betaald,2026-11-02,,8,extra", ["more values than columns"]),
]


@pytest.mark.parametrize(("row", "words"), BAD, ids=[row for row, _ in BAD])
async def test_a_bad_row_is_named_and_the_good_ones_go_in(
    core: Core, row: str, words: list[str]
) -> None:
    async with core.database.transaction() as tx:
        await people.insert_staff(
            tx, code="s-oud", name="Oud", roles=(Role.ACCOUNT_MANAGER,), now=NOW
        )
        await tx.run(sa.update(staff).where(staff.c.code == "s-oud").values(active=False))
    report = await take(
        core, f"{ZON},K-0001,taalstage,2026-11-02,,", row, "maan,Maan,bouw,s-sanne,,,,,"
    )
    assert counts(report) == (2, 1, 0, 0)
    [problem] = report.problems
    assert problem.startswith("Line 3: ")
    for word in words:
        assert word in problem
    assert [each["code"] for each in await rows_of(core, companies)] == ["zon", "maan"]


async def test_a_bad_placement_leaves_nothing_of_its_row(core: Core) -> None:
    report = await take(core, "aarde,Aarde,bouw,s-sanne,K-0099,taalstage,2026-11-02,,")
    assert counts(report) == (0, 0, 0, 0)
    assert await rows_of(core, companies) == []
    report = await take(core, "aarde,,,,K-0001,taalstage,2026-11-02,,", f"{ZON},,,,,")
    assert report.problems[0].startswith("Line 2: company aarde is new")


async def test_one_placement_may_follow_another(core: Core) -> None:
    report = await take(
        core,
        f"{ZON},K-0001,taalstage,2026-09-01,2026-11-01,",
        "zon,,,,K-0001,taalstage,2026-11-02,,",
        "zon,,,,K-0001,betaald,2026-10-15,,",
    )
    assert (counts(report), report.problems) == ((1, 3, 0, 0), [])


async def test_problems_stand_in_the_order_of_the_file(core: Core) -> None:
    report = await take(
        core, "a,,,s-sanne,,,,,", f"{ZON},,,,,", "b,B,,s-x,,,,,", 'c,"C,,s-sanne,,,,,'
    )
    assert counts(report) == (1, 0, 0, 0)
    assert [problem.split(":")[0] for problem in report.problems] == ["Line 2", "Line 4", "Line 5"]
    assert "mend the quotes" in report.problems[-1]


@pytest.mark.parametrize("heading", ["", "bedrijf,naam", HEADING.replace(",hours", "")])
async def test_a_wrong_heading_refuses_the_whole_file(core: Core, heading: str) -> None:
    with pytest.raises(ImportRowError, match="Line 1: the heading must name the columns company"):
        await take(core, f"{ZON},,,,,", heading=heading)
    assert await rows_of(core, companies) == []


async def test_a_quote_in_the_heading_that_is_wrong_is_named(core: Core) -> None:
    with pytest.raises(ImportRowError, match="Mend the quotes in the heading"):
        await take(core, heading='company,"name"x')


async def test_an_import_leaves_a_trail_without_names(core: Core) -> None:
    await import_employers(core, FILE, NOW)
    async with core.database.reading() as tx:
        [row] = await tx.rows(
            sa.select(audit_events).where(audit_events.c.action == "employers_import")
        )
    assert row["object"] == "companies:2 placements:2"


def test_the_command_says_what_it_took_and_what_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [each for each in os.environ if each.startswith("TAALBRUG_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text(f"{CSV}{SANNE.row}\n", encoding="utf-8")
    Path("bad.csv").write_text(f"{FILE}zon,,,,K-0099,taalstage,2026-11-02,,\n", encoding="utf-8")
    Path("good.csv").write_text(FILE, encoding="utf-8")
    assert main(["people", "import", "people.csv"]) == 0
    capsys.readouterr()

    assert main(["employers", "import", "bad.csv"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "New: 2 companies, 2 placements. Changed: 0. Known already: 0.",
        "bad.csv: Line 5: there is no client 'K-0099'. "
        "Add her by `taalbrug people import`, or mend the code.",
    ]
    assert main(["employers", "import", "good.csv"]) == 0
    assert "Known already: 3." in capsys.readouterr().out
    assert main(["employers", "import", "people.csv"]) == 1
    assert "people.csv: Line 1: the heading must name" in capsys.readouterr().err
