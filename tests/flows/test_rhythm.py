"""The rhythm on the phone: the morning, the talk put on record in two taps, a pause, the month."""

from datetime import date, time

from bot.domain.months import Month
from bot.domain.people import ClientStatus, Role
from bot.storage import people
from bot.storage import periods as storage
from tests.cast import BRAM, CLIENTS, DAAN, JOKE, KHALED, LAILA, MARYAM, SELAM, Person
from tests.support.agenda import arranges, number_of
from tests.support.town import Shown, Town

WEDNESDAY, THURSDAY, FRIDAY = date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27)
HALF_PAST_EIGHT = time(8, 30)


async def state(town: Town, client: Person, month: str) -> str:
    client_id = await number_of(town, client)
    wanted = Month.parse(month)
    async with town.core.database.reading() as tx:
        kept = await storage.list_periods(tx, [client_id], [wanted])
    return kept[(client_id, wanted)].period.state.value


async def opens(town: Town, client: Person, coach: Person = JOKE) -> Shown:
    """Have a coach ask to put a talk on record; returns the question."""
    await town.forges(coach, f"ct:{await number_of(town, client)}")
    return town.last(coach)


async def test_the_morning_says_in_one_message_what_is_to_be_done(town: Town) -> None:
    town.mornings = True
    town.nothing_new()
    await town.until(FRIDAY, time(8, 29))
    assert town.texts(JOKE) == []
    await town.until(FRIDAY, HALF_PAST_EIGHT)

    (morning,) = town.news(JOKE)
    assert "Goedemorgen Joke de Boer." in morning.text
    assert "3 maandgesprekken te plannen, 0 te laat" in morning.text
    await town.taps(JOKE, "💬 Maandgesprekken", morning)
    page = town.message(JOKE, morning.id)
    assert [line.split(" ·")[0] for line in page.text.split("\n")[1:]] == [
        "🟢 K-0001 Selam",
        "🟢 K-0002 Khaled",
        "🟢 K-0003 Maryam",
    ]
    await town.taps(JOKE, "Selam", page)
    one = town.message(JOKE, morning.id)
    assert "K-0001 Selam: nog geen gesprek in december. Streefdatum 8 december" in one.text
    slots = [key for key in one.keys if key.data.startswith("cs:")]
    assert len(slots) == 3
    await town.taps(JOKE, town.words("st.btn_back", JOKE), one)
    assert town.message(JOKE, morning.id).text == page.text
    assert all(not town.texts(client) for client in (KHALED, MARYAM)), "clients hear nothing"


async def test_two_taps_put_a_talk_on_record(town: Town) -> None:
    await town.until(date(2026, 12, 1), time(9))
    town.nothing_new()
    await town.says(JOKE, "/klanten")
    await town.taps(JOKE, "Selam")
    await town.taps(JOKE, "💬")
    question = town.last(JOKE)
    assert question.labels[:5] == [
        "🏢 Gesprek",
        "📞 Telefoon",
        "💻 Video",
        "🏠 Huisbezoek",
        "🏭 Werkplek",
    ]
    await town.taps(JOKE, "📞 Telefoon", question)

    done = town.message(JOKE, question.id)
    assert "✅ Vastgelegd: K-0001 Selam, telefoon, dinsdag 1 december (01-12-2026)." in done.text
    assert await state(town, SELAM, "2026-12") == "met"
    await town.taps(JOKE, "Werk", done)
    assert "Thema: Werk" in town.message(JOKE, question.id).text
    await town.taps(JOKE, "↩ Herstel", question)
    assert "telt niet meer mee" in town.message(JOKE, question.id).text
    assert await state(town, SELAM, "2026-12") == "open"
    assert town.texts(SELAM) == [], "what is put on record is not told to the client"


async def test_a_talk_of_another_day_is_put_on_that_day(town: Town) -> None:
    await town.until(THURSDAY, time(9))
    question = await opens(town, KHALED)
    await town.taps(JOKE, "📅 Andere dag", question)
    days = town.message(JOKE, question.id)
    assert days.labels[:3] == ["donderdag 26-11", "woensdag 25-11", "dinsdag 24-11"]
    await town.taps(JOKE, "woensdag 25-11", days)
    await town.taps(JOKE, "🏢 Gesprek", question)
    assert "woensdag 25 november" in town.message(JOKE, question.id).text


async def test_a_talk_tomorrow_or_before_she_came_is_refused_in_one_sentence(town: Town) -> None:
    client_id = await number_of(town, SELAM)
    question = await opens(town, SELAM)
    for day, words in (
        ("20261125", "moet nog komen"),
        ("20261123", "was deze klant nog niet bij ons"),
        ("20261016", "was deze klant nog niet bij ons"),
    ):
        await town.forges(JOKE, f"ct:{client_id}:{day}:phone")
        assert words in "\n".join(town.shown(JOKE)), day
    await town.forges(JOKE, f"ct:{client_id}:20260231:phone")
    assert await state(town, SELAM, "2026-11") == "excluded"
    assert question.labels


async def test_a_second_tap_or_a_second_person_is_told_that_it_stands_already(town: Town) -> None:
    async with town.core.database.transaction() as tx:
        staff_id = await people.insert_staff(
            tx, code=DAAN.code, name=DAAN.name, roles=(Role.WORKPLACE_TRAINER,), now=town.now
        )
        await people.insert_involvement(tx, await number_of(town, SELAM), staff_id, now=town.now)
    question = await opens(town, SELAM)
    await town.taps(JOKE, "📞 Telefoon", question)
    again = await opens(town, SELAM)
    await town.taps(JOKE, "🏢 Gesprek", again)
    assert "Dit gesprek staat er al" in town.message(JOKE, again.id).text
    assert "Vastgelegd door Joke de Boer" in town.message(JOKE, again.id).text


async def test_nobody_records_a_talk_with_somebody_elses_client(town: Town) -> None:
    before = town.shown(BRAM)
    assert await town.forges(BRAM, f"ct:{await number_of(town, SELAM)}") is not None
    assert await town.forges(SELAM, f"ct:{await number_of(town, SELAM)}") is not None
    assert town.shown(BRAM) == before
    assert await state(town, LAILA, "2026-11") == "excluded"


async def test_after_an_appointment_the_coach_is_asked_whether_it_was_the_talk(
    town: Town,
) -> None:
    town.mornings = True
    await arranges(town, JOKE, SELAM, WEDNESDAY, time(14))
    await town.until(WEDNESDAY, time(14, 44))
    town.nothing_new()
    await town.until(WEDNESDAY, time(14, 45))
    (question,) = town.news(JOKE)
    assert "De afspraak met K-0001 Selam" in question.text
    await town.passes(hours=3)
    assert town.texts(JOKE) == [], "asked once"
    await town.taps(JOKE, "🏢 Gesprek", question)
    assert "✅ Vastgelegd" in town.message(JOKE, question.id).text


async def test_a_client_who_did_not_come_hears_nothing_of_it(town: Town) -> None:
    town.mornings = True
    await arranges(town, JOKE, SELAM, WEDNESDAY, time(14))
    await town.until(WEDNESDAY, time(14, 45))
    town.nothing_new()
    await town.taps(JOKE, "🚪 Niet gekomen")
    assert "Dit telt niet als gesprek" in town.last(JOKE).text
    await town.passes(hours=2)
    assert town.texts(SELAM) == []


async def test_a_pause_and_its_end_by_tapping(town: Town) -> None:
    client_id = await number_of(town, SELAM)
    town.nothing_new()
    await town.forges(JOKE, f"hd:{client_id}")
    question = town.last(JOKE)
    await town.taps(JOKE, "Vrijwilligerswerk", question)
    await town.taps(JOKE, "2 mnd", question)
    assert "U beslist opnieuw vóór 24 januari" in town.message(JOKE, question.id).text
    async with town.core.database.reading() as tx:
        assert (await people.get_client(tx, client_id)).status is ClientStatus.ON_HOLD
    await town.forges(JOKE, f"hd:{client_id}")
    await town.taps(JOKE, "▶ Weer actief")
    assert "is weer actief" in town.last(JOKE).text
    assert town.texts(SELAM) == []


async def test_a_missed_month_asks_for_its_reason_once(town: Town) -> None:
    town.leaps(date(2027, 1, 4), HALF_PAST_EIGHT)
    await town.settled()
    client_id = await number_of(town, SELAM)
    assert await state(town, SELAM, "2026-12") == "missed"
    await town.forges(JOKE, f"mr:{client_id}:2026-12")
    question = town.last(JOKE)
    await town.taps(JOKE, "te weinig tijd", question)
    assert "Reden: te weinig tijd." in town.message(JOKE, question.id).text
    town.expects("message is not modified")
    await town.forges(JOKE, f"mr:{client_id}:2026-12:forgotten")
    assert "Reden: te weinig tijd." in town.last(JOKE).text
    assert (await town.duties()).count("reason") == len(CLIENTS) - 1


async def test_the_month_as_a_picture_turns_its_pages_in_place(town: Town) -> None:
    await town.until(date(2026, 12, 1), time(9))
    question = await opens(town, SELAM)
    await town.taps(JOKE, "📞 Telefoon", question)
    await town.says(JOKE, "/maand")
    picture = town.last(JOKE)
    assert picture.shows("photo")
    assert "December 2026 · Joke de Boer" in picture.text
    assert "Gesproken: 1." in picture.text
    await town.taps(JOKE, "◀ november", picture)
    assert "November 2026" in town.message(JOKE, picture.id).text
    assert town.last(JOKE).id == picture.id


async def test_only_a_coordinator_sees_everybodys_month(town: Town) -> None:
    await town.forges(JOKE, "ov:all:2026-11:0")
    assert "Gemeente Voorbeeldstad" in town.last(JOKE).text
    before = len(town.chat(BRAM))
    for scope in ("all", f"c{await number_of(town, SELAM)}"):
        await town.forges(BRAM, f"ov:{scope}:2026-11:0")
    assert len(town.chat(BRAM)) == before
