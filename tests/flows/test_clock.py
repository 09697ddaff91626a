"""The clock on people's phones: blocked, set ahead, stopped, and changed for summer and winter."""

import time as blocking
from datetime import date, datetime, time

import pytest

from tests.cast import JOKE, KHALED, SELAM
from tests.support.agenda import arranges, cancels
from tests.support.town import Town

TUESDAY, WEDNESDAY = date(2026, 11, 24), date(2026, 11, 25)
FIVE, TWO = time(17), time(14)


async def test_reminders_that_fall_due_while_the_program_is_blocked_come_once_afterwards(
    town: Town,
) -> None:
    meetings = [await arranges(town, JOKE, client, WEDNESDAY, TWO) for client in (SELAM, KHALED)]
    await town.until(TUESDAY, time(16, 59))
    town.nothing_new()

    town.leaps(TUESDAY, FIVE)
    blocking.sleep(2.5)  # noqa: ASYNC251 - more than two ticks in which nothing can run
    # Nobody asks what is due but the scheduler itself.
    words = {meeting.client: meeting.words(town, "ap.rem_1d") for meeting in meetings}
    await town.until_true(lambda: all(town.last(who).text == words[who] for who in words))
    await town.settled()

    for who, text in words.items():
        assert town.texts(who) == [text]
    assert await town.tasks() == []


@pytest.mark.parametrize(("clock", "sent"), [(time(13, 29), True), (time(13, 31), False)])
async def test_a_host_clock_that_leaps_ahead_is_like_a_standstill(
    town: Town, clock: time, sent: bool
) -> None:
    meeting = await arranges(town, JOKE, SELAM, WEDNESDAY, TWO)
    town.nothing_new()

    town.leaps(WEDNESDAY, clock)
    await town.settled()

    assert town.texts(SELAM) == ([meeting.words(town, "ap.rem_2h")] if sent else [])
    assert town.texts(JOKE) == ([] if sent else [meeting.dutch(town, "st.missed_reminder")])
    await town.passes(days=1)
    assert [town.texts(person) for person in (SELAM, JOKE)] == [[], []], "never both"
    assert await town.tasks() == ([] if sent else ["missed_reminder"])


async def test_what_was_cancelled_while_it_waited_to_be_sent_is_not_sent(town: Town) -> None:
    meeting = await arranges(town, JOKE, SELAM, WEDNESDAY, TWO)
    await town.until(TUESDAY, time(16, 59))
    town.phones.fault("429", method="sendMessage", chat_id=SELAM.chat_id, retry_after=600)
    await town.until(TUESDAY, FIVE)
    await cancels(town, meeting)
    town.nothing_new()

    await town.passes(days=2)

    words = [meeting.words(town, text_id) for text_id in ("ap.rem_1d", "ap.rem_2h")]
    assert not [text for text in town.texts(SELAM) if text in words]
    assert "missed_reminder" not in await town.tasks()


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        # In the night of 28 March half past two is skipped; on 31 October it comes twice.
        ("2027-03-28", "02:30", [("27-03 17:00", "ap.rem_1d")]),
        ("2027-10-31", "02:30", [("30-10 17:00", "ap.rem_1d")]),
        ("2027-03-28", "10:00", [("27-03 17:00", "ap.rem_1d"), ("28-03 08:00", "ap.rem_2h")]),
        ("2027-10-31", "10:00", [("30-10 17:00", "ap.rem_1d"), ("31-10 08:00", "ap.rem_2h")]),
        # A Monday after the change; people are up at half past seven by the new time.
        ("2027-03-29", "09:00", [("26-03 17:00", "ap.rem_weekend"), ("29-03 07:30", "ap.rem_2h")]),
    ],
)
async def test_on_the_day_the_clock_changes_reminders_come_by_the_wall_clock(
    town: Town, day: str, clock: str, expected: list[tuple[str, str]]
) -> None:
    at = datetime.fromisoformat(f"{day} {clock}")
    town.leaps(date.fromordinal(at.toordinal() - 5), time(9, 30))
    await town.settled()
    meeting = await arranges(town, JOKE, SELAM, at.date(), at.time())
    town.nothing_new()

    zone = town.config.organisation.zone
    await town.until(at.date(), time(20))

    read = [
        (datetime.fromtimestamp(int(str(each.body["date"])), zone).strftime("%d-%m %H:%M"), each)
        for each in town.news(SELAM)
    ]
    assert [(when, each.text) for when, each in read] == [
        (when, meeting.words(town, text_id)) for when, text_id in expected
    ]
    assert await town.tasks() == []
