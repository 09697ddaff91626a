"""The monthly question in the town: asked, answered by tapping, and heard by the coach."""

import json
from datetime import date, time, timedelta

import sqlalchemy as sa

from bot.domain.appointments import AppointmentKind
from bot.domain.checkins import CheckIn
from bot.domain.contacts import Channel
from bot.domain.months import Month
from bot.domain.people import ClientStatus, HoldReason, Role
from bot.services import checkins, contacts, periods, statuses
from bot.storage import checkins as storage
from bot.storage import people
from bot.storage.care_schema import contact_moments
from bot.storage.schema import tasks
from tests.cast import BRAM, JOKE, KHALED, LAILA, SELAM, Person
from tests.support.agenda import OFFICE, arranges, books, date_line, kept, number_of, taps_twice
from tests.support.town import Shown, Town

WEDNESDAY, FRIDAY, MONDAY = date(2026, 12, 2), date(2026, 12, 4), date(2026, 12, 7)
"""She is asked on Wednesday; these are the first days on which a talk is proposed."""

TARGET = date(2026, 12, 8)
DECEMBER = Month(2026, 12)
FIRST, SECOND, THIRD = "4-12 10:00", "7-12 14:00", "8-12 10:00"
ANSWERS = ("good", "okay", "not_good", "tell")
WAYS = ("office", "phone", "video", "work")
THREATS = ("te laat", "gemist", "verplicht", "laatste keer", "moet", "gevolg", "herinner")


async def asks(town: Town, person: Person = SELAM) -> Shown:
    """Have a client asked on Wednesday at eight, before the morning's other messages."""
    if town.local.date() < WEDNESDAY:
        town.leaps(WEDNESDAY, time(8))
    client_id = await number_of(town, person)
    async with town.core.database.transaction() as tx:
        await people.update_client(tx, client_id, check_in=True)
        client = await people.get_client(tx, client_id)
        found = await periods.refresh(town.core, tx, [client_id], now=town.now)
        assert await checkins.ask(town.core, tx, client, found[client_id][DECEMBER], now=town.now)
    await town.settled()
    question = town.last(person)
    town.nothing_new()
    return question


async def check_in_of(town: Town, person: Person = SELAM) -> CheckIn:
    client_id = await number_of(town, person)
    async with town.core.database.reading() as tx:
        found = await storage.find_check_in(tx, client_id, DECEMBER)
    assert found is not None
    return found


async def open_tasks(town: Town) -> list[str]:
    """Return the kinds of the open tasks that this noun gives."""
    mine = {"slot", "checkin_bad", "call"}
    return [kind for kind in await town.tasks() if kind in mine]


async def owners(town: Town, kind: str) -> list[tuple[str, str]]:
    """Return about whom and for whom the tasks of a kind are."""
    async with town.core.database.reading() as tx:
        rows = await tx.rows(sa.select(tasks).where(tasks.c.kind == kind))
        return [
            (
                (await people.get_client(tx, row["client_id"])).code,
                (await people.get_staff(tx, row["staff_id"])).code,
            )
            for row in rows
        ]


async def talks(town: Town, person: Person = SELAM) -> None:
    """Put a talk of today on record."""
    client_id = await number_of(town, person)
    async with town.core.database.transaction() as tx:
        client = await people.get_client(tx, client_id)
        await contacts.record(
            town.core,
            tx,
            client,
            await people.get_coach(tx, client_id),
            Role.COACH,
            day=town.local.date(),
            channel=Channel.PHONE,
            theme=None,
            counts=True,
            now=town.now,
        )


def times(message: Shown) -> list[str]:
    """Return the date and time on each button, without the name of the day."""
    return [label.split(" ", 1)[1] for label in message.labels[:-1]]


def plan_of(town: Town, person: Person, coach: Person = JOKE) -> str:
    return town.words("mc.plan", person, coach=coach.name)


# --- how she is ------------------------------------------------------------------------------


async def test_she_is_asked_in_her_own_language_with_four_buttons(town: Town) -> None:
    for person in (SELAM, KHALED, LAILA):
        question = await asks(town, person)
        assert question.text == town.words("mc.ask", person, voornaam=person.name)
        assert question.labels == [town.label(f"btn.{answer}", person) for answer in ANSWERS]


async def test_who_is_well_chooses_a_time_and_a_way_and_her_coach_makes_the_appointment(
    town: Town,
) -> None:
    question = await asks(town)

    await town.taps(SELAM, town.label("btn.good", SELAM), question)

    assert town.message(SELAM, question.id).keys == ()
    (offer,) = town.news(SELAM)
    assert offer.text == town.words("mc.good", SELAM) + "\n" + plan_of(town, SELAM)
    assert offer.labels == [
        f"ዓርቢ {FIRST}",
        f"ሰኑይ {SECOND}",
        f"ሰሉስ {THIRD}",
        town.label("btn.other_time", SELAM),
    ]
    markup = offer.body["reply_markup"]
    assert isinstance(markup, dict)
    assert [len(row) for row in markup["inline_keyboard"]] == [1, 1, 1, 1], "each its own row"

    await town.taps(SELAM, f"ሰኑይ {SECOND}", offer)
    asked = town.message(SELAM, offer.id)
    assert asked.text == town.words("mc.how", SELAM)
    assert asked.labels == [town.label(f"btn.how_{way}", SELAM) for way in WAYS]
    assert await open_tasks(town) == ["slot"], "nobody forgets her when she says no more"
    assert town.texts(JOKE) == []

    await town.taps(SELAM, town.label("btn.how_phone", SELAM), offer)
    said = town.message(SELAM, offer.id)
    assert (said.text, said.keys) == (town.words("mc.plan_ack", SELAM, coach=JOKE.name), ())
    assert town.news(SELAM) == []
    (word,) = town.news(JOKE)
    assert word.text == "🗓 K-0001 Selam wil praten: ma 7-12 14:00, telefoon."
    assert word.labels == ["🗓 Plan", "🔁 Andere tijd"]
    assert await owners(town, "slot") == [("K-0001", "s-joke")]

    await town.taps(JOKE, "🗓 Plan", word)
    wizard = town.last(JOKE)
    now = {"code": "K-0001", "voornaam": "Selam"}
    now |= {"soort": town.label("kind.maandgesprek", JOKE), "dag": "maandag"}
    now |= {"datum": "7 december (07-12-2026)", "tijd": "14:00", "klok": "🕑"}
    assert wizard.text == town.words("st.ap_place", JOKE, dagdeel="middag", **now)
    await town.taps(JOKE, OFFICE, wizard)
    await town.taps(JOKE, town.words("st.btn_ok", JOKE), wizard)

    (appointment,) = await kept(town, SELAM)
    assert (appointment.local_date, appointment.local_time) == (MONDAY, time(14))
    assert appointment.kind is AppointmentKind.MONTHLY
    assert date_line(MONDAY, SELAM) in town.last(SELAM).text
    assert town.label("kind.maandgesprek", SELAM) in town.last(SELAM).text
    assert await open_tasks(town) == []
    assert (await check_in_of(town)).closed_at == town.now


async def test_who_is_so_so_is_thanked_and_offered_the_same_from_right_to_left(
    town: Town,
) -> None:
    question = await asks(town, KHALED)
    await town.taps(KHALED, town.label("btn.okay", KHALED), question)

    (offer,) = town.news(KHALED)
    assert offer.text == town.words("mc.okay", KHALED) + "\n" + plan_of(town, KHALED)
    assert offer.labels[0] == f"الجمعة {FIRST}"
    assert "الجمعة \u20684-12\u2069 \u206810:00\u2069" in json.dumps(
        offer.body["reply_markup"], ensure_ascii=False
    )
    assert town.texts(JOKE) == [], "nobody hears of it before she has chosen"


async def test_who_is_not_well_is_called_by_her_coach_who_hears_of_it_at_once(
    town: Town,
) -> None:
    question = await asks(town)

    await taps_twice(town, SELAM, town.label("btn.not_good", SELAM), question)

    phone = town.config.organisation.phone
    (answer,) = town.news(SELAM)
    assert answer.text == town.words("mc.bad", SELAM, coach=JOKE.name, telefoon=phone)
    assert answer.labels == [
        town.label(f"btn.{each}", SELAM) for each in ("call_me", "help_numbers")
    ]
    (word,) = town.news(JOKE)
    assert word.text == town.words("st.checkin_bad", JOKE, code="K-0001", voornaam="Selam")
    assert await owners(town, "checkin_bad") == [("K-0001", "s-joke")]

    await town.taps(SELAM, "mn:help", answer)
    assert "112" in town.last(SELAM).text
    await town.taps(SELAM, "mn:call", answer)
    call = town.words("st.call_me", JOKE, code="K-0001", voornaam="Selam")
    assert town.texts(JOKE) == [call]
    await town.taps(JOKE, f"wr:{await number_of(town, SELAM)}", word)
    assert "Selam" in town.last(JOKE).text


async def test_who_is_not_well_at_night_is_answered_and_heard_at_once(town: Town) -> None:
    question = await asks(town)
    town.leaps(WEDNESDAY, time(23))
    await town.settled()
    town.nothing_new()
    await town.taps(SELAM, town.label("btn.not_good", SELAM), question)
    assert len(town.texts(SELAM)) == 1
    assert town.texts(JOKE) == [
        town.words("st.checkin_bad", JOKE, code="K-0001", voornaam="Selam")
    ]


async def test_who_wants_to_write_is_invited_to_and_her_words_reach_her_coach(
    town: Town,
) -> None:
    question = await asks(town)
    await taps_twice(town, SELAM, town.label("btn.tell", SELAM), question)
    assert town.texts(SELAM) == [town.words("menu.write", SELAM, coach=JOKE.name)]
    await town.says(SELAM, "ሰላም")
    assert "ሰላም" in town.last(JOKE).text
    assert await open_tasks(town) == []


async def test_whoever_taps_a_cheerful_answer_by_mistake_is_still_heard(town: Town) -> None:
    question = await asks(town)
    town.expects("message is not modified")
    data = [key.data for key in question.keys]
    for each in (data[0], data[2], data[1]):  # good, not good, so-so, before anything is shown
        town.phones.tap(SELAM.chat_id, message_id=question.id, data=each)
    await town.settled()
    phone = town.config.organisation.phone
    assert town.texts(SELAM) == [
        town.words("mc.good", SELAM) + "\n" + plan_of(town, SELAM),
        town.words("mc.bad", SELAM, coach=JOKE.name, telefoon=phone),
    ]
    assert await open_tasks(town) == ["checkin_bad"]


# --- when and how ----------------------------------------------------------------------------


async def test_every_button_tapped_twice_does_nothing_twice(town: Town) -> None:
    question = await asks(town)
    await taps_twice(town, SELAM, town.label("btn.good", SELAM), question)
    (offer,) = town.news(SELAM)
    await taps_twice(town, SELAM, f"ዓርቢ {FIRST}", offer)
    await taps_twice(town, SELAM, town.label("btn.how_video", SELAM), offer)

    assert town.message(SELAM, offer.id).text == town.words("mc.plan_ack", SELAM, coach=JOKE.name)
    assert town.texts(JOKE) == ["🗓 K-0001 Selam wil praten: vr 4-12 10:00, video."]
    assert await open_tasks(town) == ["slot"]


async def test_two_times_tapped_at_once_are_one_choice(town: Town) -> None:
    question = await asks(town)
    await town.taps(SELAM, town.label("btn.good", SELAM), question)
    (offer,) = town.news(SELAM)
    for key in (offer.keys[2], offer.keys[0], offer.keys[3]):
        town.phones.tap(SELAM.chat_id, message_id=offer.id, data=key.data)
    await town.settled()

    assert town.message(SELAM, offer.id).text == town.words("mc.how", SELAM)
    assert (await check_in_of(town)).slot == 2
    assert town.texts(JOKE) == []


async def test_another_time_is_sought_by_her_coach(town: Town) -> None:
    question = await asks(town)
    await town.taps(SELAM, town.label("btn.good", SELAM), question)
    (offer,) = town.news(SELAM)
    await taps_twice(town, SELAM, town.label("btn.other_time", SELAM), offer)

    said = town.message(SELAM, offer.id)
    assert (said.text, said.keys) == (town.words("mc.other_ack", SELAM, coach=JOKE.name), ())
    assert await owners(town, "slot") == [("K-0001", "s-joke")]
    (word,) = town.news(JOKE)
    assert word.text == town.words("st.slot_other", JOKE, code="K-0001", voornaam="Selam")
    await town.taps(JOKE, "🗓 Plan", word)
    asked = town.last(JOKE)
    assert town.label("kind.maandgesprek", JOKE) in asked.text
    assert "woensdag 2-12" in asked.labels, "the day is still to be chosen"


async def test_when_her_coach_has_no_time_at_all_another_time_is_sought_at_once(
    town: Town,
) -> None:
    question = await asks(town)
    client_id = await number_of(town, SELAM)
    async with town.core.database.transaction() as tx:
        coach = await people.get_coach(tx, client_id)
        await statuses.set_absence(
            tx,
            coach,
            first_day=FRIDAY,
            last_day=date(2027, 1, 8),
            backup=None,
            now=town.now,
        )
    await town.taps(SELAM, town.label("btn.good", SELAM), question)
    (said,) = town.news(SELAM)
    assert said.text.split("\n") == [
        town.words("mc.good", SELAM),
        *town.words("mc.other_ack", SELAM, coach=JOKE.name).split("\n"),
    ]
    assert said.keys == ()
    assert await open_tasks(town) == ["slot"]


async def test_a_time_that_another_client_chose_meanwhile_is_offered_anew_and_never_double(
    town: Town,
) -> None:
    questions = {person: await asks(town, person) for person in (SELAM, KHALED)}
    offers = {}
    for person, question in questions.items():
        await town.taps(person, town.label("btn.good", person), question)
        offers[person] = town.last(person)
        assert times(offers[person]) == [FIRST, SECOND, THIRD]
    await town.taps(SELAM, f"ዓርቢ {FIRST}", offers[SELAM])

    await town.taps(KHALED, f"الجمعة {FIRST}", offers[KHALED])

    again = town.message(KHALED, offers[KHALED].id)
    assert again.text == plan_of(town, KHALED)
    assert times(again) == ["4-12 09:00", SECOND, THIRD]
    assert (await check_in_of(town, KHALED)).slot is None
    # The old buttons name the times they named.
    await town.forges(KHALED, offers[KHALED].keys[1].data)
    chosen = (await check_in_of(town, KHALED)).chosen
    assert chosen is not None
    assert (chosen.day, chosen.clock) == (MONDAY, time(14))
    other = (await check_in_of(town)).chosen
    assert other is not None
    assert (other.day, other.clock) == (FRIDAY, time(10))


async def test_a_time_that_has_passed_is_offered_anew(town: Town) -> None:
    question = await asks(town)
    await town.taps(SELAM, town.label("btn.good", SELAM), question)
    (offer,) = town.news(SELAM)
    town.leaps(FRIDAY, time(10))

    await town.taps(SELAM, f"ዓርቢ {FIRST}", offer)

    assert times(town.message(SELAM, offer.id)) == [THIRD]
    assert (await check_in_of(town)).slot is None


async def test_a_time_that_the_coach_gave_away_before_she_said_how_is_offered_anew(
    town: Town,
) -> None:
    question = await asks(town)
    await town.taps(SELAM, town.label("btn.good", SELAM), question)
    (offer,) = town.news(SELAM)
    await town.taps(SELAM, f"ዓርቢ {FIRST}", offer)
    await arranges(town, JOKE, KHALED, FRIDAY, time(10, 30))
    town.nothing_new()

    await town.taps(SELAM, town.label("btn.how_office", SELAM), offer)

    again = town.message(SELAM, offer.id)
    assert again.text == plan_of(town, SELAM)
    assert times(again) == ["4-12 09:30", SECOND, THIRD]
    assert town.texts(JOKE) == []
    await town.taps(SELAM, "ዓርቢ", again)
    await town.taps(SELAM, town.label("btn.how_office", SELAM), again)
    assert town.texts(JOKE) == ["🗓 K-0001 Selam wil praten: vr 4-12 09:30, gesprek op kantoor."]


async def test_the_coach_plans_with_one_tap_and_a_time_that_is_gone_is_asked_again(
    town: Town,
) -> None:
    town.leaps(WEDNESDAY, time(8))
    client_id = await number_of(town, SELAM)
    await town.forges(JOKE, f"cs:{client_id}:plan:20261204:1000")
    assert "14" not in town.last(JOKE).labels
    assert OFFICE in town.last(JOKE).labels, "only the place is left to ask"
    await arranges(town, JOKE, KHALED, FRIDAY, time(10))

    taken = town.words("st.slot_taken", JOKE)
    assert await town.forges(JOKE, f"cs:{client_id}:plan:20261204:1030") == taken
    assert "09:00" in town.last(JOKE).labels, "the time is asked"
    assert await town.forges(JOKE, f"cs:{client_id}:plan:20261201:1000") == taken
    assert "woensdag 2-12" in town.last(JOKE).labels, "the day is asked"
    assert await town.forges(JOKE, f"cs:{client_id}:plan:20261399:1000") is None
    assert "woensdag 2-12" in town.last(JOKE).labels


# --- not needed any more ---------------------------------------------------------------------


async def test_once_they_spoke_every_button_says_that_the_question_is_not_needed(
    town: Town,
) -> None:
    question = await asks(town)
    check_in = await check_in_of(town)
    await talks(town)
    town.expects("message is not modified")

    await town.taps(SELAM, town.label("btn.good", SELAM), question)
    for action in ("good", "okay", "tell", "other", "slot=0", "how=phone"):
        await town.forges(SELAM, f"mc:{check_in.id}:{action}")

    shown = town.message(SELAM, question.id)
    assert (shown.text, shown.keys) == (town.words("mc.gone", SELAM), ())
    assert town.news(SELAM) == []
    assert town.texts(JOKE) == []
    assert await open_tasks(town) == []
    assert (await check_in_of(town)).answer is None


async def test_who_is_not_well_finds_her_way_also_after_they_spoke(town: Town) -> None:
    question = await asks(town)
    await talks(town)
    await town.taps(SELAM, town.label("btn.not_good", SELAM), question)
    shown = town.message(SELAM, question.id)
    assert shown.text == town.words("mc.gone", SELAM)
    assert [key.data for key in shown.keys] == ["mn:call", "mn:help"]


async def test_when_the_month_is_over_or_she_is_on_hold_nothing_is_needed(town: Town) -> None:
    question = await asks(town)
    client_id = await number_of(town, SELAM)
    other = await asks(town, KHALED)
    async with town.core.database.transaction() as tx:
        client = await people.get_client(tx, client_id)
        reason = HoldReason.OTHER_PROBLEMS
        await statuses.change(
            town.core,
            tx,
            client,
            ClientStatus.ON_HOLD,
            staff=None,
            reason=reason,
            now=town.now,
        )
    await town.taps(SELAM, town.label("btn.good", SELAM), question)
    assert town.message(SELAM, question.id).text == town.words("mc.gone", SELAM)

    town.leaps(date(2027, 1, 1), time(10))
    await town.taps(KHALED, town.label("btn.good", KHALED), other)
    assert town.message(KHALED, other.id).text == town.words("mc.gone", KHALED)


async def test_when_a_talk_is_planned_she_is_thanked_and_no_time_is_proposed(
    town: Town,
) -> None:
    question = await asks(town)
    await books(town, JOKE, SELAM, MONDAY, time(11))
    check_in = await check_in_of(town)
    town.nothing_new()
    await town.taps(SELAM, town.label("btn.good", SELAM), question)
    assert town.texts(SELAM) == [town.words("mc.good", SELAM)]
    await town.forges(SELAM, f"mc:{check_in.id}:other")
    assert await open_tasks(town) == []


async def test_nobody_answers_or_acts_for_another(town: Town) -> None:
    question = await asks(town)
    mine, client_id = question.keys[0].data, await number_of(town, SELAM)
    check_in = await check_in_of(town)
    old = town.words("ch.old_button", KHALED)
    assert await town.forges(KHALED, mine) == old
    refused = town.words("st.old_button", BRAM)
    for data in (
        f"cs:{check_in.id}:noanswer",
        f"cs:{client_id}:off",
        f"cs:{client_id}:plan",
        f"cs:{client_id}:plan:20261204:1000",
    ):
        assert await town.forges(BRAM, data) == refused, data
        assert await town.forges(SELAM, data) is not None, data
    for data in (f"mc:{check_in.id}:slot=9", "mc:404:good", f"mc:{check_in.id}:happy"):
        assert await town.forges(SELAM, data) == town.words("ch.old_button", SELAM), data
    assert (await check_in_of(town)).answer is None
    assert await open_tasks(town) == []


# --- wanted, and silence ---------------------------------------------------------------------


async def test_a_coach_switches_the_question_on_and_off(town: Town) -> None:
    client_id = await number_of(town, SELAM)

    async def button() -> str:
        async with town.core.database.reading() as tx:
            client = await people.get_client(tx, client_id)
        return checkins.toggle_button(town.core, client).data

    for word, text_id in (("on", "st.checkin_is_on"), ("off", "st.checkin_is_off")):
        assert await button() == f"cs:{client_id}:{word}"
        assert await town.forges(JOKE, f"cs:{client_id}:{word}") == town.words(text_id, JOKE)
    assert await button() == f"cs:{client_id}:on"


async def test_her_coach_may_ask_once_whether_she_wants_a_call(town: Town) -> None:
    await asks(town)
    check_in = await check_in_of(town)
    data = checkins.silence_button(town.core, check_in.id).data
    assert await town.forges(JOKE, data) == town.words("st.noanswer_sent", JOKE)
    assert await town.forges(JOKE, data) == town.words("st.noanswer_before", JOKE)
    (question,) = town.news(SELAM)
    assert question.text == town.words("mc.noanswer", SELAM, voornaam="Selam", coach=JOKE.name)
    assert question.labels == [
        town.label(f"btn.{each}", SELAM) for each in ("yes_call", "no_write")
    ]

    await taps_twice(town, SELAM, town.label("btn.yes_call", SELAM), question)
    assert town.texts(SELAM) == [town.words("ch.call_ack", SELAM, coach=JOKE.name)]
    call = town.words("st.call_me", JOKE, code="K-0001", voornaam="Selam")
    assert town.texts(JOKE) == [call]
    assert await town.forges(JOKE, data) == town.words("st.noanswer_heard", JOKE)


async def test_who_would_rather_write_than_be_phoned_is_invited_to(town: Town) -> None:
    await asks(town)
    data = checkins.silence_button(town.core, (await check_in_of(town)).id).data
    await town.forges(JOKE, data)
    await town.taps(SELAM, town.label("btn.no_write", SELAM))
    assert town.last(SELAM).text == town.words("menu.write", SELAM, coach=JOKE.name)


async def test_who_wrote_or_cannot_be_reached_is_not_asked_again(town: Town) -> None:
    await asks(town)
    data = checkins.silence_button(town.core, (await check_in_of(town)).id).data
    await town.blocks(SELAM)
    assert await town.forges(JOKE, data) == town.words("st.noanswer_no_chat", JOKE)
    await town.blocks(SELAM, blocked=False)
    await town.says(SELAM, "ሰላም")
    town.nothing_new()
    assert await town.forges(JOKE, data) == town.words("st.noanswer_heard", JOKE)
    assert town.texts(SELAM) == []


async def test_a_client_who_is_silent_for_a_month_reads_friendly_questions_and_nothing_else(
    town: Town,
) -> None:
    client_id = await number_of(town, SELAM)
    async with town.core.database.transaction() as tx:
        await people.update_client(tx, client_id, check_in=True)
    town.nothing_new()
    day, read, called = town.local.date(), [], []
    while day < date(2027, 1, 8):  # the fifth working day: December is frozen then
        day += timedelta(days=1)
        await town.until(day, time(17))
        called += [day] if "call" in await open_tasks(town) else []
        if called == [day]:
            data = checkins.silence_button(town.core, (await check_in_of(town)).id).data
            await town.forges(JOKE, data)
        read += [(day, text) for text in town.texts(SELAM)]

    ask = town.words("mc.ask", SELAM, voornaam="Selam")
    hand = town.words("mc.noanswer", SELAM, voornaam="Selam", coach=JOKE.name)
    assert read == [
        (date(2026, 12, 1), ask),
        (date(2026, 12, 3), hand),
        (date(2027, 1, 4), ask),  # that of January
    ]
    dutch = " ".join(
        town.core.texts.say(text_id, JOKE.language, voornaam="", coach="")
        for text_id in ("mc.ask", "mc.noanswer")
    )
    assert [word for word in THREATS if word in dutch.lower()] == []
    assert called[0] == date(2026, 12, 3), "two working days after the question"
    assert {"contact", "reason"} <= set(await town.duties()), "her coach heard all of it"
    assert "te laat" in " ".join(town.shown(JOKE))
    async with town.core.database.reading() as tx:
        assert not await tx.rows(sa.select(contact_moments))
