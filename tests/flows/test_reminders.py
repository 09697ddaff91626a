"""Reminders: once each, at the wall clock's time, true on the day, and never of what changed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path

import pytest

from bot.config import DatabaseSettings
from bot.services import people
from bot.simulator.values import as_int
from tests.cast import CSV, JOKE, KHALED, MARYAM, SELAM, Person
from tests.support.agenda import OFFICE, Meeting, arranges, books, cancels, date_line, moves
from tests.support.town import Town

TUESDAY, WEDNESDAY, THURSDAY = date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 26)
FRIDAY, SUNDAY, MONDAY = date(2026, 11, 27), date(2026, 11, 29), date(2026, 11, 30)
FIVE, TWO = time(17), time(14)


async def reads(town: Town, who: Person, until: datetime) -> list[tuple[str, str]]:
    """Let time pass; return what somebody reads and at which wall-clock minute it came."""
    zone = town.config.organisation.zone
    await town.until(until.date(), until.time())
    return [
        (f"{datetime.fromtimestamp(as_int(each.body['date']), zone):%a %d-%m %H:%M}", each.text)
        for each in town.news(who)
    ]


async def stands_still(town: Town, day: date, clock: time) -> None:
    """Stop the bot, let time pass without it, and start it again."""
    # The question for news that was open when it stopped is cut off by that of the new start.
    town.expects("terminated by other getUpdates")
    await town.stops()
    town.leaps(day, clock)
    await town.starts()
    await town.settled()


async def test_the_evening_before_and_two_hours_before_each_is_reminded_once(town: Town) -> None:
    meetings = [
        await arranges(town, JOKE, client, WEDNESDAY, TWO) for client in (SELAM, KHALED, MARYAM)
    ]
    town.nothing_new()

    for day, clock, text_id, buttons in (
        (TUESDAY, FIVE, "ap.rem_1d", ("come", "cannot", "where")),
        (WEDNESDAY, time(12), "ap.rem_2h", ("late", "cannot", "where")),
    ):
        await town.until(day, time(clock.hour - 1, 59))
        assert [town.texts(meeting.client) for meeting in meetings] == [[], [], []]
        await town.until(day, clock)
        for meeting in meetings:
            client = meeting.client
            (reminder,) = town.news(client)
            assert reminder.text == meeting.words(town, text_id)
            assert reminder.labels == [town.label(f"btn.{button}", client) for button in buttons]
            assert (date_line(WEDNESDAY, client) in reminder.text) == (day is TUESDAY)
            raw = str(reminder.body["text"])
            assert (f"\u2068{OFFICE}\u2069" in raw) == (client is not SELAM)
    await town.passes(days=3)
    assert [town.texts(meeting.client) for meeting in meetings] == [[], [], []]
    assert await town.tasks() == []


@pytest.mark.parametrize(
    ("booked", "monday", "other"),
    [
        (
            "2026-11-24",
            ("2026-11-30", "10:00", "Fri 27-11 17:00", "Mon 30-11 08:00"),
            ("2026-11-26", "09:00", "Wed 25-11 17:00", "Thu 26-11 07:30"),
        ),
        (  # the clock goes forward in the night of 28 March 2027 …
            "2027-03-25",
            ("2027-03-29", "09:00", "Fri 26-03 17:00", "Mon 29-03 07:30"),
            ("2027-03-30", "14:00", "Mon 29-03 17:00", "Tue 30-03 12:00"),
        ),
        (  # … and back in that of 31 October
            "2027-10-28",
            ("2027-11-01", "11:00", "Fri 29-10 17:00", "Mon 01-11 09:00"),
            ("2027-11-02", "14:00", "Mon 01-11 17:00", "Tue 02-11 12:00"),
        ),
    ],
)
async def test_reminders_follow_the_wall_clock_over_weekends_and_clock_changes(
    town: Town, booked: str, monday: tuple[str, ...], other: tuple[str, ...]
) -> None:
    town.leaps(date.fromisoformat(booked), time(9, 30))
    await town.settled()
    meetings = [
        await arranges(
            town, JOKE, client, date.fromisoformat(case[0]), time.fromisoformat(case[1])
        )
        for client, case in ((SELAM, monday), (KHALED, other))
    ]
    town.nothing_new()

    for meeting, case in sorted(zip(meetings, (monday, other), strict=True), key=_first):
        read = await reads(town, meeting.client, datetime.combine(meeting.day, meeting.clock))
        first = "ap.rem_weekend" if case is monday else "ap.rem_1d"
        texts = [meeting.words(town, first), meeting.words(town, "ap.rem_2h")]
        assert read == list(zip(case[2:], texts, strict=True))


def _first(pair: tuple[Meeting, tuple[str, ...]]) -> date:
    return pair[0].day


async def test_there_is_no_reminder_whose_time_had_passed_when_the_appointment_was_made(
    town: Town,
) -> None:
    await town.until(TUESDAY, time(12, 30))
    await arranges(town, JOKE, KHALED, TUESDAY, TWO)
    await town.until(TUESDAY, time(17, 30))
    tomorrow = await arranges(town, JOKE, SELAM, WEDNESDAY, TWO)
    await town.until(TUESDAY, time(21))
    morning = await arranges(town, JOKE, MARYAM, WEDNESDAY, time(9))

    read = await reads(town, SELAM, datetime.combine(THURSDAY, TWO))

    assert read == [
        ("Tue 24-11 17:30", tomorrow.invitation(town)),
        ("Wed 25-11 12:00", tomorrow.words(town, "ap.rem_2h")),
    ]
    assert len(town.texts(KHALED)) == 1, "only the invitation"
    assert town.texts(MARYAM) == [morning.invitation(town)], "it comes at half past seven itself"
    assert await town.tasks() == []


async def test_who_cannot_come_is_not_reminded_until_she_comes_after_all(town: Town) -> None:
    thursday = await arranges(town, JOKE, SELAM, THURSDAY, TWO)
    other = await arranges(town, JOKE, KHALED, THURSDAY, TWO)
    await town.taps(KHALED, other.button("cannot"))
    await town.until(WEDNESDAY, FIVE)
    reminder = town.last(SELAM)
    assert reminder.text == thursday.words(town, "ap.rem_1d")
    await town.taps(SELAM, thursday.button("cannot"), reminder)
    town.nothing_new()
    await town.until(THURSDAY, time(10))
    assert town.texts(SELAM) == []

    await town.taps(SELAM, thursday.button("come"))

    assert town.texts(SELAM) == [thursday.words(town, "ap.confirmed")]
    assert town.texts(JOKE)[-1] == thursday.dutch(town, "st.ap_confirmed")
    read = await reads(town, SELAM, datetime.combine(FRIDAY, TWO))
    assert read == [("Thu 26-11 12:00", thursday.words(town, "ap.rem_2h"))]
    assert town.texts(KHALED) == []


async def test_who_asked_for_another_time_is_still_reminded_of_the_old_one(town: Town) -> None:
    meeting = await arranges(town, JOKE, SELAM, THURSDAY, TWO)
    for button in ("other_time", "day=1", "part=1m"):
        await town.taps(SELAM, meeting.button(button))
    town.nothing_new()

    read = await reads(town, SELAM, datetime.combine(FRIDAY, TWO))

    assert read == [
        ("Wed 25-11 17:00", meeting.words(town, "ap.rem_1d")),
        ("Thu 26-11 12:00", meeting.words(town, "ap.rem_2h")),
    ]


async def test_moving_retires_the_old_reminders_and_plans_new_ones(town: Town) -> None:
    old = await arranges(town, JOKE, SELAM, WEDNESDAY, TWO)
    new = await moves(town, old, THURSDAY, time(10))
    town.nothing_new()

    read = await reads(town, SELAM, datetime.combine(MONDAY, TWO))

    assert read == [
        ("Wed 25-11 17:00", new.words(town, "ap.rem_1d")),
        ("Thu 26-11 08:00", new.words(town, "ap.rem_2h")),
    ]
    assert await town.tasks() == []


async def test_an_appointment_moved_after_its_reminder_is_reminded_of_anew(town: Town) -> None:
    old = await arranges(town, JOKE, SELAM, WEDNESDAY, TWO)
    await town.until(TUESDAY, time(18))
    new = await moves(town, old, WEDNESDAY, time(16))
    town.nothing_new()

    read = await reads(town, SELAM, datetime.combine(MONDAY, TWO))

    assert read == [("Wed 25-11 14:00", new.words(town, "ap.rem_2h"))]


async def test_a_cancelled_appointment_is_not_reminded_of(town: Town) -> None:
    meeting = await arranges(town, JOKE, SELAM, THURSDAY, TWO)
    await town.until(WEDNESDAY, FIVE)
    await cancels(town, meeting)
    town.nothing_new()

    await town.passes(days=3)

    assert town.texts(SELAM) == []
    assert await town.tasks() == []


async def test_on_a_shared_phone_a_reminder_names_no_coach_and_no_place(new_town: Town) -> None:
    town = new_town
    await town.links(JOKE)
    await town.links(MARYAM, shared_phone="shared")
    meeting = await arranges(town, JOKE, MARYAM, WEDNESDAY, TWO)
    town.nothing_new()

    await town.until(WEDNESDAY, TWO)

    evening, hours = town.news(MARYAM)
    assert [evening.text, hours.text] == [meeting.words(town, "ap.discreet")] * 2
    assert date_line(WEDNESDAY, MARYAM) in evening.text
    assert evening.labels == [town.label(f"btn.{b}", MARYAM) for b in ("come", "cannot")]
    assert hours.labels == [town.label(f"btn.{b}", MARYAM) for b in ("late", "cannot")]
    assert not [text for text in (evening.text, hours.text) if "Joke" in text or OFFICE in text]


# --- when nothing was running ----------------------------------------------------------------


async def test_a_reminder_that_fell_in_a_standstill_is_sent_once_when_there_is_still_time(
    town: Town,
) -> None:
    meeting = await arranges(town, JOKE, SELAM, WEDNESDAY, TWO)
    town.nothing_new()

    await stands_still(town, TUESDAY, time(19))
    assert town.texts(SELAM) == [meeting.words(town, "ap.rem_1d")]
    await stands_still(town, TUESDAY, time(19, 30))
    assert town.texts(SELAM) == []
    await stands_still(town, WEDNESDAY, time(13, 29))
    assert town.texts(SELAM) == [meeting.words(town, "ap.rem_2h")]
    await town.passes(days=1)

    assert town.texts(SELAM) == []
    assert await town.tasks() == []
    assert town.texts(JOKE) == []


async def test_a_reminder_that_came_too_late_is_a_task_and_the_coach_is_told(town: Town) -> None:
    meeting = await arranges(town, JOKE, SELAM, WEDNESDAY, TWO)
    past = await arranges(town, JOKE, KHALED, WEDNESDAY, time(11))
    await town.until(TUESDAY, time(18))
    town.nothing_new()

    await stands_still(town, WEDNESDAY, time(13, 31))

    assert [town.texts(client) for client in (SELAM, KHALED)] == [[], []]
    missed = [each.dutch(town, "st.missed_reminder") for each in (past, meeting)]
    assert town.texts(JOKE) == missed
    assert await town.tasks() == ["missed_reminder", "missed_reminder"]
    await stands_still(town, WEDNESDAY, time(13, 40))
    await town.passes(days=1)
    assert [town.texts(person) for person in (SELAM, KHALED, JOKE)] == [[], [], []]


async def test_of_two_reminders_that_fell_in_one_standstill_only_the_true_one_is_sent(
    town: Town,
) -> None:
    meeting = await arranges(town, JOKE, SELAM, WEDNESDAY, TWO)
    other = await arranges(town, JOKE, KHALED, WEDNESDAY, TWO)
    town.nothing_new()

    await stands_still(town, WEDNESDAY, time(12, 30))

    assert town.texts(SELAM) == [meeting.words(town, "ap.rem_2h")]
    assert town.texts(KHALED) == [other.words(town, "ap.rem_2h")]
    await town.passes(days=1)
    assert town.texts(SELAM) == []
    assert await town.tasks() == []


async def test_the_evenings_reminder_never_says_tomorrow_on_the_day_itself(town: Town) -> None:
    afternoon = await arranges(town, JOKE, SELAM, WEDNESDAY, time(16))
    early = await arranges(town, JOKE, KHALED, WEDNESDAY, time(9))
    town.nothing_new()
    await stands_still(town, TUESDAY, time(21))
    assert [town.texts(client) for client in (SELAM, KHALED)] == [[], []], "it is quiet now"

    read = await reads(town, SELAM, datetime.combine(WEDNESDAY, time(8)))

    assert read == [("Wed 25-11 07:30", afternoon.words(town, "ap.rem_2h"))]
    assert town.texts(KHALED) == [early.words(town, "ap.rem_2h")], "not two at half past seven"
    read = await reads(town, SELAM, datetime.combine(THURSDAY, TWO))
    assert read == [("Wed 25-11 14:00", afternoon.words(town, "ap.rem_2h"))]
    assert await town.tasks() == []


@pytest.mark.parametrize(
    ("day", "text_id"),
    [(date(2026, 11, 28), "ap.rem_weekend"), (SUNDAY, "ap.rem_1d")],
)
async def test_a_fridays_reminder_sent_later_says_what_is_true_then(
    town: Town, day: date, text_id: str
) -> None:
    meeting = await arranges(town, JOKE, SELAM, MONDAY, TWO)
    town.nothing_new()

    await stands_still(town, day, time(10))

    assert town.texts(SELAM) == [meeting.words(town, text_id)]


async def test_a_reminder_that_telegram_kept_back_past_midnight_is_not_sent_but_phoned(
    town: Town,
) -> None:
    meeting = await arranges(town, JOKE, SELAM, WEDNESDAY, TWO)
    await town.until(TUESDAY, time(16, 59))
    town.nothing_new()
    town.phones.fault("429", method="sendMessage", chat_id=SELAM.chat_id, retry_after=15 * 60 * 60)

    read = await reads(town, SELAM, datetime.combine(WEDNESDAY, TWO))

    assert read == [("Wed 25-11 12:00", meeting.words(town, "ap.rem_2h"))], (
        "never 'tomorrow' today"
    )
    assert town.texts(JOKE) == [meeting.dutch(town, "st.missed_reminder")]
    assert await town.tasks() == ["missed_reminder"]


# --- who cannot be reached -------------------------------------------------------------------


async def test_for_a_client_without_a_chat_the_reminder_becomes_a_task_once(
    new_town: Town,
) -> None:
    town = new_town
    await town.links(JOKE)
    meeting = await arranges(town, JOKE, SELAM, WEDNESDAY, TWO)
    town.nothing_new()

    await town.until(TUESDAY, FIVE)
    assert town.texts(JOKE) == [meeting.dutch(town, "st.missed_reminder")]
    await town.passes(days=2)

    assert town.texts(JOKE) == [], "one call is enough"
    assert await town.tasks() == ["missed_reminder"]
    assert town.chat(SELAM) == []


async def test_who_stopped_gets_no_reminder_and_the_coach_phones(town: Town) -> None:
    meeting = await arranges(town, JOKE, SELAM, WEDNESDAY, TWO)
    other = await arranges(town, JOKE, KHALED, WEDNESDAY, TWO)
    await town.says(SELAM, "/stop")
    await town.taps(SELAM, town.label("btn.yes_stop", SELAM))
    await town.blocks(KHALED)
    town.nothing_new()

    await town.passes(days=2)

    assert [town.texts(client) for client in (SELAM, KHALED)] == [[], []]
    missed = [each.dutch(town, "st.missed_reminder") for each in (meeting, other)]
    assert town.texts(JOKE) == missed
    assert (await town.tasks()).count("missed_reminder") == 2


# --- on the other database -------------------------------------------------------------------


@pytest.fixture
async def postgres_town(tmp_path: Path, postgres_database_url: str) -> AsyncIterator[Town]:
    """Give a town whose bot keeps everything in PostgreSQL."""
    town = Town(tmp_path)
    town.config = replace(town.config, database=DatabaseSettings(url=postgres_database_url))
    try:
        await town.opens()
        await people.import_csv(town.core, CSV, town.now)
        yield town
    finally:
        await town.closes()
    town.check_requests()


@pytest.mark.postgres
async def test_on_postgresql_it_goes_the_same_way_from_invitation_to_reminder(
    postgres_town: Town,
) -> None:
    town = postgres_town
    await town.links(JOKE)
    await town.links(SELAM)
    town.nothing_new()

    meeting = await books(town, JOKE, SELAM, THURSDAY, TWO)
    assert town.texts(SELAM) == [meeting.invitation(town)]
    meeting = await moves(town, meeting, WEDNESDAY, time(15))
    await town.taps(SELAM, meeting.button("come"))
    assert town.texts(SELAM) == [
        meeting.invitation(town, "ap.moved"),
        meeting.words(town, "ap.confirmed"),
    ]
    assert town.texts(JOKE)[-1] == meeting.dutch(town, "st.ap_confirmed")
    read = await reads(town, SELAM, datetime.combine(WEDNESDAY, TWO))
    assert read == [
        ("Tue 24-11 17:00", meeting.words(town, "ap.rem_1d")),
        ("Wed 25-11 13:00", meeting.words(town, "ap.rem_2h")),
    ]
    await town.taps(SELAM, meeting.button("late"))
    await town.taps(SELAM, meeting.button("minutes=20"))
    assert town.texts(JOKE) == [meeting.dutch(town, "st.late", minuten=20)]
    await stands_still(town, WEDNESDAY, time(16))
    assert await town.tasks() == []
