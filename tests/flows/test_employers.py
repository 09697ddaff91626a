"""Companies in the chat: an account manager's list, recording a contact, how placements go."""

from datetime import date, time

import pytest
import sqlalchemy as sa

from bot.domain.ids import ChatId
from bot.domain.languages import DUTCH, DUTCH_NAMES
from bot.domain.people import Role
from bot.domain.plans import GoalCategory, GoalState, PlanKind
from bot.services import employers as service
from bot.services.employer_import import COLUMNS, import_employers
from bot.simulator import Phone
from bot.simulator.values import as_text
from bot.storage import people, statuses
from bot.storage.care_schema import employer_contacts, goals, placement_notes, plans
from bot.storage.schema import messages, tasks
from tests.cast import BRAM, CLIENTS, DAAN, JOKE, KHALED, LAILA, SANNE, SELAM, Person
from tests.support.town import Shown, Town

JIP = Person("s-jip", "Jip Mulder", "job_coach", DUTCH, ChatId(5009))
TODAY = "dinsdag 24 november (24-11-2026)"
ZON = "zon,Bakkerij Zon,voeding,s-sanne"
FILE = (
    f"{ZON},K-0001,taalstage,2026-11-02,,16",
    f"{ZON},K-0004,werkstage,2026-10-05,2026-12-31,24",
    "maan,Maan & Zn,bouw,s-sanne,K-0002,betaald,2026-09-01,,32",
    "leeg,Leeg,groen,s-sanne,,,,,",
)


async def joins(town: Town, person: Person) -> None:
    """Bring in a colleague with a phone."""
    async with town.core.database.transaction() as tx:
        roles = tuple(Role(role) for role in person.role.split("+"))
        await people.insert_staff(
            tx, code=person.code, name=person.name, roles=roles, now=town.now
        )
    town.phones.put_phone(
        Phone(user_id=person.chat_id, first_name=person.name, subtitle="nl", language_code="nl")
    )
    await town.links(person)


async def imports(town: Town, *rows: str) -> None:
    report = await import_employers(town.core, "\n".join((",".join(COLUMNS), *rows)), town.now)
    assert report.problems == []


async def works_with(town: Town, colleague: Person, client: Person) -> None:
    async with town.core.database.transaction() as tx:
        staff, who = (
            await people.find_staff(tx, colleague.code),
            await people.find_client(tx, client.code),
        )
        assert staff is not None
        assert who is not None
        await people.insert_involvement(tx, who.id, staff.id, now=town.now)


async def opens(town: Town, who: Person, company: str = "Bakkerij Zon") -> Shown:
    """Open a company from the list; returns the one message in which all of it happens."""
    await town.says(who, "/bedrijven")
    listed = town.last(who)
    key = next(key for key in listed.keys if company in key.label)
    await town.taps(who, key.data, listed)
    return town.message(who, listed.id)


async def forges(town: Town, who: Person, on: Shown, data: str) -> str | None:
    """Tap a button that the message does not have (any more); returns what the bubble said."""
    tapped = town.phones.tap(who.chat_id, message_id=on.id, raw_data=data)
    await town.settled()
    answer = town.phones.callback(as_text(tapped["callback_query_id"]))
    return as_text(answer.get("text")) or None


async def contacts(town: Town) -> list[tuple[date, str]]:
    async with town.core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(employer_contacts.c.day, employer_contacts.c.channel).order_by(
                employer_contacts.c.day
            )
        )
    return [(row["day"], row["channel"].value) for row in rows]


async def attention(town: Town) -> list[str]:
    """Return whose the open tasks about a placement are, by the client's code."""
    async with town.core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(tasks.c.client_id, tasks.c.staff_id).where(
                tasks.c.kind == "placement_attention", tasks.c.done_at.is_(None)
            )
        )
        return [
            f"{(await people.get_client(tx, row['client_id'])).code} "
            f"{(await people.get_staff(tx, row['staff_id'])).code}"
            for row in rows
        ]


@pytest.fixture
async def place(town: Town) -> Town:
    """Give a town with Sanne, an account manager, and three companies."""
    await joins(town, SANNE)
    await imports(town, *FILE)
    town.nothing_new()
    return town


# --- the list --------------------------------------------------------------------------------


async def test_an_account_manager_lists_her_companies_the_late_ones_first(place: Town) -> None:
    await imports(place, "boom,Boom,groen,s-sanne,K-0003,leerwerk,2026-11-02,,")
    await place.taps(SANNE, "✉ Mail", await opens(place, SANNE, "Boom"))
    await place.says(SANNE, "/bedrijven")
    listed = place.last(SANNE)
    assert listed.text == place.words("st.emp_list", SANNE, aantal=4, te_laat=2, te_doen=0)
    assert listed.labels == [
        "🔴 Bakkerij Zon · 2",
        "🔴 Maan & Zn · 1",
        "🟢 Boom · 1",
        "⚪ Leeg · 0",
    ]


async def test_many_companies_are_shown_in_pages_of_eight_in_one_message(place: Town) -> None:
    many = (f"b{n},Bedrijf {n:02},groen,s-sanne" for n in range(15))
    await imports(place, *(f"{company},K-0003,leerwerk,2026-11-02,," for company in many))
    await place.says(SANNE, "/bedrijven")
    listed = place.last(SANNE)
    assert listed.labels[:2] == ["🔴 Bakkerij Zon · 2", "🔴 Bedrijf 00 · 1"]
    assert listed.labels[8:] == ["1/3", "▶"]
    await place.taps(SANNE, "▶", listed)
    second = place.message(SANNE, listed.id)
    assert second.labels[0] == "🔴 Bedrijf 07 · 1"
    assert second.labels[8:] == ["◀", "2/3", "▶"]
    await place.taps(SANNE, "2/3", second)
    await place.taps(SANNE, "▶", second)
    last = place.message(SANNE, listed.id)
    assert last.labels == ["🔴 Maan & Zn · 1", "⚪ Leeg · 0", "◀", "3/3"]
    await place.taps(SANNE, "⚪ Leeg", last)
    await place.taps(SANNE, "← Terug", last)
    assert place.message(SANNE, listed.id).labels == last.labels, "back to the page it was on"
    assert len(place.news(SANNE)) == 1
    place.expects("message is not modified")
    await forges(place, SANNE, last, "em:list:999")
    assert place.message(SANNE, listed.id).labels == last.labels, "there is no page beyond"


async def test_who_has_no_companies_is_told_how_they_come(place: Town) -> None:
    await place.says(BRAM, "/bedrijven")
    assert place.last(BRAM).text == place.words("st.emp_none", BRAM)


async def test_a_client_who_sends_the_command_learns_nothing(place: Town) -> None:
    await place.says(SELAM, "/bedrijven")
    assert not any("Zon" in text for text in place.texts(SELAM))
    await place.forges(SELAM, "em:1:open")
    assert not any("Zon" in text for text in place.texts(SELAM))


# --- a contact -------------------------------------------------------------------------------


async def test_a_contact_and_every_placement_are_recorded_in_one_message(place: Town) -> None:
    card = await opens(place, SANNE)
    due = place.words(
        "st.emp_due", SANNE, bedrijf="Bakkerij Zon", plaatsingen="2 plaatsingen", maand="november"
    )
    late = place.words(
        "st.emp_target_late", SANNE, dag="vrijdag", datum="13 november (13-11-2026)"
    )
    assert card.text.splitlines() == [
        due,
        late,
        "• Laila: werkstage sinds 05-10-2026 tot en met 31-12-2026",
        "• Selam: taalstage sinds 02-11-2026",
        f"Contact vastleggen voor {TODAY}:",
    ]
    assert card.labels == [
        "📞 Gebeld",
        "🏭 Bezocht",
        "✉ Mail",
        "Gisteren",
        "Andere dag",
        "← Terug",
    ]

    await place.taps(SANNE, "📞 Gebeld", card)

    asked = place.message(SANNE, card.id)
    assert asked.text.splitlines() == [
        f"✅ Bakkerij Zon: gebeld op {TODAY}. Dat staat vast.",
        "",
        "Hoe gaat de plaatsing van Laila?",
        "werkstage sinds 05-10-2026 (1 van 2)",
    ]
    assert asked.labels == ["Goed", "Aandacht", "Stopt", "Niet besproken", "Klaar"]
    await place.taps(SANNE, "Goed", card)
    assert "van Selam?" in place.message(SANNE, card.id).text
    await place.taps(SANNE, "Niet besproken", card)

    done = place.message(SANNE, card.id)
    assert done.text.splitlines() == [
        "🏢 Bedrijf Bakkerij Zon: 2 plaatsingen.",
        f"✅ Contact in november: gebeld op {TODAY} door Sanne Bakker.",
        "• Laila: werkstage sinds 05-10-2026 tot en met 31-12-2026 · gaat goed",
        "• Selam: taalstage sinds 02-11-2026",
        f"Contact vastleggen voor {TODAY}:",
    ]
    assert await contacts(place) == [(date(2026, 11, 24), "phone")]
    assert await attention(place) == []
    assert len(place.news(SANNE)) == 1
    await place.taps(SANNE, "← Terug", done)
    assert "🟢 Bakkerij Zon · 2" in place.message(SANNE, card.id).labels


async def test_how_the_placements_go_may_stay_unanswered_and_can_be_said_later(
    place: Town,
) -> None:
    card = await opens(place, SANNE)
    await place.taps(SANNE, "🏭 Bezocht", card)
    await place.taps(SANNE, "Klaar", card)
    assert "✅ Contact in november: bezocht" in place.message(SANNE, card.id).text
    async with place.core.database.reading() as tx:
        assert await tx.rows(sa.select(placement_notes)) == []
    await place.taps(SANNE, "Hoe gaat het daar?", card)
    assert "van Laila?" in place.message(SANNE, card.id).text


async def test_a_contact_of_yesterday_or_another_day_is_recorded_for_that_day(
    place: Town,
) -> None:
    card = await opens(place, SANNE)
    await place.taps(SANNE, "Gisteren", card)
    shown = place.message(SANNE, card.id)
    assert "Contact vastleggen voor maandag 23 november (23-11-2026):" in shown.text
    assert shown.labels[3:5] == ["Vandaag", "Andere dag"]
    await place.taps(SANNE, "✉ Mail", card)
    await place.taps(SANNE, "Klaar", card)
    await place.taps(SANNE, "Andere dag", card)
    days = place.message(SANNE, card.id)
    assert days.labels == [
        "maandag 23-11",
        "vrijdag 20-11",
        "donderdag 19-11",
        "woensdag 18-11",
        "dinsdag 17-11",
        "maandag 16-11",
        "vrijdag 13-11",
        "donderdag 12-11",
        "← Terug",
    ]
    await place.taps(SANNE, "vrijdag 20-11", card)
    await place.taps(SANNE, "📞 Gebeld", card)
    assert await contacts(place) == [(date(2026, 11, 20), "phone"), (date(2026, 11, 23), "mail")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("em:1:phone:20261125", "⚠ Die dag moet nog komen (woensdag 25 november (25-11-2026))."),
        ("em:1:phone:20261030", "⚠ De maand oktober is afgesloten."),
    ],
)
async def test_a_day_that_cannot_be_is_refused_in_one_sentence(
    place: Town, data: str, words: str
) -> None:
    card = await opens(place, SANNE)
    await forges(place, SANNE, card, data)
    refused, rest = place.message(SANNE, card.id).text.split("\n", 1)
    assert refused.startswith(words)
    assert rest == card.text
    assert await contacts(place) == []


async def test_a_day_that_does_not_exist_is_no_button_of_ours(place: Town) -> None:
    card = await opens(place, SANNE)
    for data in ("em:1:phone:20261131", "em:1:open:20269999", "em:1:fax:20261124"):
        refused = await forges(place, SANNE, card, data)
        assert refused == place.words("st.old_button", SANNE), data
    assert await contacts(place) == []


async def test_last_month_can_be_mended_until_it_is_closed(place: Town) -> None:
    place.leaps(date(2026, 12, 1), time(9, 30))
    async with place.core.database.transaction() as tx:
        await service.refresh_employers(place.core, tx, today=date(2026, 12, 1), now=place.now)
    card = await opens(place, SANNE)
    missed = place.words(
        "st.emp_missed", SANNE, maand="november", dag="maandag", datum="7 december (07-12-2026)"
    )
    assert missed in card.text
    await place.taps(SANNE, "Andere dag", card)
    await place.taps(SANNE, "vrijdag 27-11", card)
    await place.taps(SANNE, "📞 Gebeld", card)
    await place.taps(SANNE, "Klaar", card)
    shown = place.message(SANNE, card.id)
    assert missed not in shown.text
    assert "Nog geen contact in december." in shown.text


# --- two at once -----------------------------------------------------------------------------


async def test_of_two_who_record_the_same_day_one_remains_and_the_other_is_told_kindly(
    place: Town,
) -> None:
    await joins(place, JIP)
    await works_with(place, JIP, SELAM)
    hers, his = await opens(place, SANNE), await opens(place, JIP)
    for who, card in ((SANNE, hers), (JIP, his)):
        place.phones.tap(who.chat_id, message_id=card.id, data="em:1:phone:20261124")
    await place.settled()
    assert await contacts(place) == [(date(2026, 11, 24), "phone")]
    shown = [place.message(who, card.id).text for who, card in ((SANNE, hers), (JIP, his))]
    first, second = sorted(shown, key=lambda text: "Uw collega" in text)
    assert first.startswith("✅ Bakkerij Zon: gebeld")
    assert second.startswith("Uw collega ")
    assert "Eén keer per dag is genoeg." in second


async def test_a_double_tap_records_once_and_scolds_nobody(place: Town) -> None:
    place.expects("message is not modified")
    card = await opens(place, SANNE)
    for _ in range(2):
        place.phones.tap(SANNE.chat_id, message_id=card.id, data="em:1:visit:20261124")
    await place.settled()
    assert await contacts(place) == [(date(2026, 11, 24), "visit")]
    assert "Hoe gaat de plaatsing van Laila?" in place.message(SANNE, card.id).text
    for _ in range(2):
        place.phones.tap(SANNE.chat_id, message_id=card.id, raw_data="em:1:note:20261124:2:stops")
    await place.settled()
    assert await attention(place) == ["K-0004 s-bram"]
    assert len([text for text in place.texts(BRAM) if "stopt" in text]) == 1


# --- a worry ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("button", "how"), [("Aandacht", "vraagt aandacht"), ("Stopt", "stopt")])
async def test_a_worry_becomes_a_task_of_the_clients_coach(
    place: Town, button: str, how: str
) -> None:
    card = await opens(place, SANNE)
    await place.taps(SANNE, "📞 Gebeld", card)
    await place.taps(SANNE, button, card)
    await place.taps(SANNE, "Goed", card)
    assert await attention(place) == ["K-0004 s-bram"]
    assert place.texts(BRAM) == [
        place.words(
            "st.placement_attention",
            BRAM,
            code="K-0004",
            voornaam="Laila",
            bedrijf="Bakkerij Zon",
            hoe=how,
            naam="Sanne Bakker",
            dag="dinsdag",
            datum="24 november (24-11-2026)",
        )
    ]
    assert place.texts(JOKE) == [], "Selam's goes well"
    assert place.texts(LAILA) == []
    assert how in place.message(SANNE, card.id).text


async def test_a_slip_is_mended_and_the_coach_learns_that_too(place: Town) -> None:
    card = await opens(place, SANNE)
    await place.taps(SANNE, "📞 Gebeld", card)
    await place.taps(SANNE, "Aandacht", card)
    await place.taps(SANNE, "Klaar", card)
    place.nothing_new()
    await place.taps(SANNE, "Hoe gaat het daar?", card)
    await place.taps(SANNE, "Goed", card)
    assert await attention(place) == []
    [told] = place.texts(BRAM)
    assert "de plaatsing bij Bakkerij Zon gaat goed" in told


async def test_a_name_of_a_company_cannot_break_a_message(place: Town) -> None:
    await imports(place, "maan,<b>Maan & Zn,,,,,,,")
    card = await opens(place, SANNE, "<b>Maan & Zn")
    assert "Bedrijf <b>Maan & Zn: 1 plaatsing." in card.text
    await place.taps(SANNE, "📞 Gebeld", card)
    await place.taps(SANNE, "Stopt", card)
    assert "bij <b>Maan & Zn stopt" in place.last(JOKE).text


# --- who sees what ---------------------------------------------------------------------------


async def test_an_account_manager_sees_first_names_and_placements_and_nothing_else(
    place: Town,
) -> None:
    await place.says(SELAM, "ሰላም ጆከ")
    await place.says(LAILA, "سلام")
    async with place.core.database.transaction() as tx:
        for client in CLIENTS:
            who = await people.find_client(tx, client.code)
            assert who is not None
            coach = await people.get_coach(tx, who.id)
            plan = await tx.insert(
                plans,
                client_id=who.id,
                kind=PlanKind.DEVELOPMENT,
                route="vrij",
                starts_on=date(2026, 11, 2),
                lengths=[],
                shifts=[],
                staff_id=coach.id,
                created_at=place.now,
            )
            message = await tx.row(sa.select(messages.c.id))
            assert message is not None
            await tx.insert(
                goals,
                plan_id=plan,
                block=1,
                message_id=message["id"],
                text="Doel van drie maanden",
                category=GoalCategory.LANGUAGE,
                state=GoalState.OPEN,
                carried_count=0,
                created_at=place.now,
                changed_at=place.now,
            )
    card = await opens(place, SANNE)
    seen = [card]
    for button in ("📞 Gebeld", "Aandacht", "Stopt", "Hoe gaat het daar?", "Klaar", "← Terug"):
        await place.taps(SANNE, button, card)
        seen.append(place.message(SANNE, card.id))
    shown = "\n".join(
        [*place.shown(SANNE), *(each.text for each in seen)]
        + [f"{key.label} {key.data}" for each in seen for key in each.keys]
    )
    assert "Selam" in shown
    assert "Laila" in shown
    secrets = [
        *(client.code for client in CLIENTS),
        *(DUTCH_NAMES[client.language] for client in CLIENTS),
        *(client.name for client in (KHALED,)),
        "Doel van drie maanden",
        "ሰላም",
        "سلام",
        "Joke",
        "Bram",
        "K-0",
    ]
    assert [secret for secret in secrets if secret in shown] == []


async def test_an_account_manager_reaches_no_client_by_any_other_button(place: Town) -> None:
    card = await opens(place, SANNE)
    for data in ("cl:1", "wr:1", "bn:1", "ct:1"):
        refused = await forges(place, SANNE, card, data)
        assert refused == place.words("st.old_button", SANNE), data


async def test_a_job_coach_sees_and_asks_after_only_whom_she_works_with(place: Town) -> None:
    await joins(place, JIP)
    await works_with(place, JIP, SELAM)
    card = await opens(place, JIP)
    assert card.text.splitlines()[2:4] == [
        "Accountmanager: Sanne Bakker",
        "• Selam: taalstage sinds 02-11-2026",
    ]
    await place.taps(JIP, "🏭 Bezocht", card)
    assert "Hoe gaat de plaatsing van Selam?" in place.message(JIP, card.id).text
    await forges(place, JIP, card, "em:1:note:20261124:2:stops")
    assert await attention(place) == [], "Laila is not hers to speak of"
    await place.taps(JIP, "Goed", card)
    assert "Laila" not in " ".join(place.shown(JIP))
    assert "door Jip Mulder" in place.message(JIP, card.id).text


async def test_a_coordinator_watches_without_names_and_records_nothing(place: Town) -> None:
    card = await opens(place, JOKE)
    assert "2 plaatsingen" in card.text
    assert "Accountmanager: Sanne Bakker" in card.text
    assert not any(client.name in card.text for client in CLIENTS)
    assert card.labels == ["← Terug"]
    for data in ("em:1:phone:20261124", "em:1:ask:20261124"):
        refused = await forges(place, JOKE, card, data)
        assert refused == place.words("st.old_button", JOKE), data
    assert await contacts(place) == []


async def test_a_coordinator_who_stands_in_records_like_the_manager(place: Town) -> None:
    async with place.core.database.transaction() as tx:
        sanne = await people.find_staff(tx, SANNE.code)
        assert sanne is not None
        await statuses.insert_absence(
            tx,
            sanne.id,
            first_day=date(2026, 11, 16),
            last_day=date(2026, 12, 4),
            backup_id=None,
            now=place.now,
        )
    card = await opens(place, JOKE)
    assert "• Selam: taalstage" in card.text
    await place.taps(JOKE, "📞 Gebeld", card)
    assert await contacts(place) == [(date(2026, 11, 24), "phone")]


@pytest.mark.parametrize("person", [BRAM, DAAN])
async def test_nobody_else_opens_a_company(place: Town, person: Person) -> None:
    if person is DAAN:
        await joins(place, DAAN)
    await works_with(place, person, SELAM)
    await place.says(person, "/bedrijven")
    listed = place.last(person)
    assert listed.text == place.words("st.emp_none", person)
    for data in ("em:1:open", "em:1:days", "em:1:phone:20261124"):
        refused = await forges(place, person, listed, data)
        assert refused == place.words("st.old_button", person), data
    assert await contacts(place) == []
