"""`people import`: each good row in, each bad one named with its line and remedy."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.config import Config
from bot.domain.broadcasts import ClientGroup
from bot.domain.errors import ImportRowError
from bot.domain.languages import DARI, DUTCH, ENGLISH, LEVANTINE_ARABIC, TIGRINYA, Language
from bot.domain.people import Role
from bot.services.core import Core
from bot.services.people import ImportReport, find_person, import_csv
from bot.storage import people
from bot.storage.database import Database
from bot.storage.people import ClientFacts
from bot.storage.schema import assignments, audit_events, clients, staff
from bot.texts import Texts
from tests.cast import BRAM, CLIENTS, CSV, HEADING, JOKE, LAILA, SELAM, STAFF
from tests.storage.rows import NOW

COACH = "coach,s-joke,Joke de Boer,,\n"
WITH_FACTS = f"{HEADING},municipality,step,group,programme,other_languages"


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}")
    yield Core(database, Texts({}), Config(), "")
    await database.close()


async def take(core: Core, rows: str, heading: str = HEADING) -> ImportReport:
    return await import_csv(core, f"{heading}\n{rows}", NOW)


async def facts_of(core: Core, code: str) -> ClientFacts:
    async with core.database.reading() as tx:
        client = await people.find_client(tx, code)
        assert client is not None
        return await people.get_facts(tx, client.id)


async def count(core: Core, table: sa.Table) -> int:
    async with core.database.reading() as tx:
        return await tx.number(sa.select(sa.func.count()).select_from(table))


async def test_everybody_of_the_cast_comes_in_with_her_coach(core: Core) -> None:
    report = await import_csv(core, CSV, NOW)
    assert (report.staff, report.clients, report.known, report.problems) == (2, 4, 0, [])
    async with core.database.reading() as tx:
        for person in CLIENTS:
            client = await people.find_client(tx, person.code)
            assert client is not None
            assert (client.name, client.language) == (person.name, person.language)
            assert (await people.get_coach(tx, client.id)).code == person.coach
        joke = await people.find_staff(tx, JOKE.code)
    assert joke is not None
    assert joke.roles == (Role.COACH, Role.COORDINATOR)


async def test_the_same_file_twice_changes_nothing(core: Core) -> None:
    await import_csv(core, CSV, NOW)
    report = await import_csv(core, CSV, NOW)
    assert (report.staff, report.clients, report.known, report.problems) == (0, 0, 6, [])
    assert await count(core, assignments) == len(CLIENTS)


async def test_a_later_file_adds_and_leaves_who_is_known_alone(core: Core) -> None:
    await import_csv(core, CSV, NOW)
    report = await take(
        core, "client,K-0001,Andere Naam,ar,s-bram\nclient,K-0005,Samuel,ti,s-joke\n"
    )
    assert (report.clients, report.known, report.problems) == (1, 1, [])
    async with core.database.reading() as tx:
        selam = await people.find_client(tx, SELAM.code)
        assert selam is not None
        assert (selam.name, selam.language) == ("Selam", TIGRINYA)
        assert (await people.get_coach(tx, selam.id)).code == JOKE.code


async def test_a_client_may_stand_above_her_coach(core: Core) -> None:
    report = await take(core, f"{SELAM.row}\n{JOKE.row}\n")
    assert (report.staff, report.clients, report.problems) == (1, 1, [])


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + CSV,
        "\ufeff" + CSV.replace("role", '"role"'),
        CSV.replace("\n", "\r\n"),
        CSV.replace(",", ";"),
        "\ufeff" + CSV.replace(",", ";").replace("\n", "\r\n"),
        CSV.replace("Joke de Boer", '"Joke de Boer"'),
        CSV.replace("Selam", "  Selam  "),
        CSV.replace("client,", "Client,"),
        CSV.replace(HEADING, "Role, Code ,NAME,language,coach"),
        CSV.replace("\n", "\n,,,,\n"),
        CSV.replace("\n", "\n\n"),
        CSV.rstrip("\n"),
        CSV.replace("Selam", "\u202aSel\u200bam\u202c"),
        CSV.replace("Selam", '"Selam\n"'),
    ],
    ids=[
        "byte order mark",
        "byte order mark before a quote",
        "windows lines",
        "semicolons",
        "as a Dutch spreadsheet saves it",
        "quotes",
        "spaces",
        "capitals in a role",
        "capitals and spaces in the heading",
        "empty rows",
        "empty lines",
        "no last line break",
        "hidden marks in a name",
        "a line break in a name",
    ],
)
async def test_a_file_is_read_however_the_spreadsheet_wrote_it(core: Core, content: str) -> None:
    report = await import_csv(core, content, NOW)
    assert (report.staff, report.clients, report.problems) == (2, 4, [])
    async with core.database.reading() as tx:
        selam = await people.find_client(tx, SELAM.code)
    assert selam is not None
    assert selam.name == "Selam"


async def test_columns_may_stand_in_any_order_and_there_may_be_more(core: Core) -> None:
    report = await take(
        core,
        's-joke,Joke,,x,coach,\nK-0001,"Selam, dochter van Hagos",s-joke,x,client,fa_AF\n',
        heading="code,name,coach,remark,role,language",
    )
    assert report.problems == []
    async with core.database.reading() as tx:
        selam = await people.find_client(tx, SELAM.code)
    assert selam is not None
    assert (selam.name, selam.language) == ("Selam, dochter van Hagos", DARI)


async def test_a_persian_name_keeps_the_joiner_that_belongs_to_its_spelling(core: Core) -> None:
    await take(core, f"{COACH}client,K-0003,نیک\u200cپی,fa,s-joke\n")
    assert (await find_person(core, "K-0003"))[2] == "نیک\u200cپی"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("client,K-0009,Sara,ti,s-nobody", ["no coach 's-nobody' for K-0009", "Add a row"]),
        ("client,K-0009,Sara,ti,", ["no coach '' for K-0009"]),
        ("client,K-0009,Sara,ti,K-0001", ["no coach 'K-0001' for K-0009"]),
        ("client,K-0009,Sara,ti,s-coord", ["no coach 's-coord' for K-0009"]),
        ("client,K-0009,Sara,xx,s-joke", ["language 'xx' of K-0009", "ar_SY", "ti"]),
        ("client,K-0009,Sara,,s-joke", ["language '' of K-0009"]),
        ("client,K-0009,Sara,Tigrinya,s-joke", ["language 'Tigrinya' of K-0009"]),
        ("client,K-0009,,ti,s-joke", ["the name must have 1 to 120 characters"]),
        (f"client,K-0009,{'x' * 121},ti,s-joke", ["the name must have 1 to 120 characters"]),
        ("client,,Sara,ti,s-joke", ["the code must have 1 to 40 characters"]),
        (f"client,{'9' * 41},Sara,ti,s-joke", ["the code must have 1 to 40 characters"]),
        ("klant,K-0009,Sara,ti,s-joke", ["role 'klant' of K-0009", "Write client, or"]),
        (",K-0009,Sara,ti,s-joke", ["role '' of K-0009"]),
        ("coach+client,s-x,Piet,,", ["role 'coach+client' of s-x"]),
        ("client,K-0009,Sara,ti,s-joke,extra", ["more values than columns", "Put quotes"]),
        ("client,K-0009", ["the name must have"]),
        ("client,K-0001,Iemand Anders,ti,s-joke", ["K-0001 stands on line 4 as well"]),
        ("client,s-joke,Joke,ti,s-joke", ["s-joke stands on line 2 as well"]),
    ],
)
async def test_a_bad_row_is_named_and_the_good_ones_go_in(
    core: Core, row: str, words: list[str]
) -> None:
    report = await take(
        core,
        f"{COACH}coordinator,s-coord,Ria,,\n{SELAM.row}\n{row}\nclient,K-0008,Lia,ti,s-joke\n",
    )
    assert (report.staff, report.clients) == (2, 2)
    [problem] = report.problems
    assert problem.startswith("Line 5: ")
    for word in words:
        assert word in problem


async def test_a_code_of_a_colleague_is_not_given_to_a_client_later(core: Core) -> None:
    await import_csv(core, CSV, NOW)
    report = await take(core, "client,s-bram,Bram,ti,s-joke\ncoach,K-0001,Selam,,\n")
    assert report.known == 0
    assert report.problems == [
        "Line 2: the code s-bram is that of a member of staff. "
        "Give each person a code of their own.",
        "Line 3: the code K-0001 is that of a client. Give each person a code of their own.",
    ]
    assert (await count(core, clients), await count(core, staff)) == (len(CLIENTS), len(STAFF))


async def test_problems_stand_in_the_order_of_the_file(core: Core) -> None:
    rows = "client,K-1,,ti,s-joke\nkok,s-1,Kok,,\nclient,K-2,Sara,xx,s-joke\nkok,s-2,Kok,,\n"
    report = await take(core, rows)
    assert [problem.split(":")[0] for problem in report.problems] == [
        "Line 2",
        "Line 3",
        "Line 4",
        "Line 5",
    ]


async def test_a_quote_that_is_never_closed_is_named_and_what_stands_above_goes_in(
    core: Core,
) -> None:
    report = await take(core, f'{COACH}{SELAM.row}\nclient,K-0009,"Sara,ti,s-joke\n')
    assert (report.staff, report.clients) == (1, 1)
    [problem] = report.problems
    assert "mend the quotes" in problem


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "it names none"),
        ("\n", "it names none"),
        ("Selam;ti\n", "it names selam, ti"),
        ("role,code,name,language\n", "it names role, code, name, language"),
        ("rol,code,naam,taal,coach\n", "must name the columns role, code, name"),
        ('role,"code"x,name,language,coach\n', "Mend the quotes in the heading"),
        (SELAM.row + "\n", "must name the columns"),
    ],
)
async def test_a_wrong_heading_refuses_the_whole_file(
    core: Core, content: str, words: str
) -> None:
    with pytest.raises(ImportRowError, match="Line 1: ") as caught:
        await import_csv(core, content and content + COACH, NOW)
    assert words in str(caught.value)
    for table in (staff, clients, audit_events):
        assert await count(core, table) == 0


async def test_an_import_leaves_a_trail_without_names(core: Core) -> None:
    await import_csv(core, CSV, NOW)
    async with core.database.reading() as tx:
        [row] = await tx.rows(sa.select(audit_events))
    assert (row["action"], row["object"], row["at"]) == (
        "people_import",
        "staff:2 clients:4 changed:0",
        NOW,
    )


async def test_a_person_is_found_by_code(core: Core) -> None:
    await import_csv(core, CSV, NOW)
    client_id, staff_id, name = await find_person(core, LAILA.code)
    assert (client_id is None, staff_id, name) == (False, None, "Laila")
    client_id, staff_id, name = await find_person(core, BRAM.code)
    assert (client_id, staff_id is None, name) == (None, False, "Bram Visser")
    with pytest.raises(ImportRowError, match=r"Nobody has the code 'K-9999'\. See the codes"):
        await find_person(core, "K-9999")


# --- what else a file may say of clients ---------------------------------------------------


async def test_a_file_may_say_by_what_broadcasts_find_a_client(core: Core) -> None:
    report = await take(
        core,
        f'{COACH}{SELAM.row},Delft,2,re-integratie,Werkse!,"en, nl"\n'
        "client,K-0002,Khaled,ar_SY,s-joke,,,,,\n",
        WITH_FACTS,
    )
    assert (report.clients, report.changed, report.problems) == (2, 0, [])
    assert await facts_of(core, "K-0001") == ClientFacts(
        "Delft", 2, ClientGroup.REINTEGRATION, "Werkse!", (ENGLISH, DUTCH)
    )
    assert await facts_of(core, "K-0002") == ClientFacts()


async def test_a_file_without_those_columns_leaves_what_is_known(core: Core) -> None:
    await take(core, f"{COACH}{SELAM.row},Delft,2,scholing,,en\n", WITH_FACTS)
    before = await facts_of(core, "K-0001")
    report = await import_csv(core, CSV, NOW)
    assert (report.changed, report.known, report.problems) == (0, 2, [])
    assert await facts_of(core, "K-0001") == before != ClientFacts()


async def test_a_later_file_changes_what_it_has_a_value_for_and_nothing_else(core: Core) -> None:
    await take(core, f"{COACH}{SELAM.row},Delft,2,scholing,Start,en\n", WITH_FACTS)
    again = f"{COACH}client,K-0001,Andere Naam,ar,s-bram,,3,,,nl en\n"
    report = await take(core, again, WITH_FACTS)
    assert (report.clients, report.changed, report.known) == (0, 1, 1)
    assert await facts_of(core, "K-0001") == ClientFacts(
        "Delft", 3, ClientGroup.SCHOOLING, "Start", (DUTCH, ENGLISH)
    )
    report = await take(core, again, WITH_FACTS)
    assert (report.changed, report.known) == (0, 2), "the same once more is no change"
    assert (await find_person(core, "K-0001"))[2] == "Selam", "her name is not one of these facts"


@pytest.mark.parametrize(
    ("word", "group"),
    [
        ("participation", ClientGroup.PARTICIPATION),
        ("Participatie", ClientGroup.PARTICIPATION),
        ("schooling", ClientGroup.SCHOOLING),
        ("scholing", ClientGroup.SCHOOLING),
        ("reintegration", ClientGroup.REINTEGRATION),
        ("Re-integratie", ClientGroup.REINTEGRATION),
    ],
)
async def test_a_group_is_understood_in_english_and_dutch(
    core: Core, word: str, group: ClientGroup
) -> None:
    await take(core, f"{COACH}{SELAM.row},{word}\n", f"{HEADING},group")
    assert (await facts_of(core, "K-0001")).group is group


@pytest.mark.parametrize(
    ("own", "words", "kept"),
    [
        ("ti", "en nl", (ENGLISH, DUTCH)),
        ("ti", "NL  En", (DUTCH, ENGLISH)),
        ("ti", "en ti nl en", (ENGLISH, DUTCH)),
        ("ar_SY", "ar en", (ENGLISH,)),
        ("fa", "fa_AF", (DARI,)),
        ("nl", "ar_sy", (LEVANTINE_ARABIC,)),
        ("ti", "ti", ()),
    ],
)
async def test_her_own_language_is_none_of_her_other_ones(
    core: Core, own: str, words: str, kept: tuple[Language, ...]
) -> None:
    row = f"{COACH}client,K-0001,Selam,{own},s-joke,{words}\n"
    report = await take(core, row, f"{HEADING},other_languages")
    assert report.problems == []
    assert (await facts_of(core, "K-0001")).other_languages == kept


async def test_what_counts_as_her_own_language_is_what_she_chose_herself(core: Core) -> None:
    await take(core, f"{COACH}{SELAM.row}\n")
    async with core.database.transaction() as tx:
        selam = await people.find_client(tx, "K-0001")
        assert selam is not None
        await people.update_client(tx, selam.id, language=ENGLISH)
    await take(core, f"{COACH}{SELAM.row},ti en nl\n", f"{HEADING},other_languages")
    assert (await facts_of(core, "K-0001")).other_languages == (TIGRINYA, DUTCH)


@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ("Delft,4,,,", ["step '4' of K-0009", "Write one of 1, 2, 3"]),
        ("Delft,two,,,", ["step 'two' of K-0009"]),
        ("Delft,,sport,,", ["group 'sport' of K-0009", "participation", "re-integratie"]),
        ("Delft,,,,en xx", ["other language 'xx' of K-0009", "ar_SY", "the best first"]),
        (f"{'x' * 81},,,,", ["the municipality of K-0009 must have at most 80 characters"]),
        (f"Delft,,,{'x' * 81},", ["the programme of K-0009 must have at most 80 characters"]),
    ],
)
async def test_a_row_with_a_value_that_is_none_is_refused_whole(
    core: Core, facts: str, words: list[str], known: bool
) -> None:
    sara = "client,K-0009,Sara,ti,s-joke"
    await take(core, f"{COACH}{sara}\n" if known else COACH)
    report = await take(
        core, f"{sara},{facts}\nclient,K-0008,Lia,ti,s-joke,Delft,,,,\n", WITH_FACTS
    )
    assert (report.clients, report.changed, report.known) == (1, 0, 0)
    [problem] = report.problems
    assert problem.startswith("Line 2: ")
    for word in words:
        assert word in problem
    assert (await facts_of(core, "K-0008")).municipality == "Delft"
    if known:
        assert await facts_of(core, "K-0009") == ClientFacts()
    else:
        with pytest.raises(ImportRowError):
            await find_person(core, "K-0009")


async def test_a_changed_client_is_counted_in_the_trail(core: Core) -> None:
    await take(core, f"{COACH}{SELAM.row}\n")
    await take(core, f"{SELAM.row},Delft\n", f"{HEADING},municipality")
    async with core.database.reading() as tx:
        trail = await tx.rows(sa.select(audit_events).order_by(audit_events.c.id))
    assert trail[-1]["object"] == "staff:0 clients:0 changed:1"
