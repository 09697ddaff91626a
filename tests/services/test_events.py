"""A client's answers to an invitation: places, the line, times to choose, and old buttons."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.delivery import OutboxKind, OutboxState
from bot.domain.errors import NotFoundError
from bot.domain.events import EventKind, EventState, SignUpState, single, weekly
from bot.domain.ids import EventId
from bot.domain.people import ClientStatus, LinkState
from bot.services import event_words
from bot.services.outgoing import reachable_again
from bot.storage import events as storage
from bot.storage import links, people
from bot.storage.schema import outbox
from tests.cast import CLIENTS, KHALED, LAILA, MARYAM, SELAM, Person
from tests.support.care import Care, open_care
from tests.support.gatherings import (
    AMSTERDAM,
    MONDAY,
    TUESDAY,
    TWO,
    answers,
    joins,
    label,
    makes,
    makes_speed_date,
    said,
    stands,
    ticks,
    told,
    trail,
    words,
)

COMING, WAITING = SignUpState.COMING, SignUpState.WAITING
DECLINED, LATER = SignUpState.DECLINED, SignUpState.LATER


@pytest.fixture
async def care(tmp_path: Path) -> AsyncIterator[Care]:
    """Give an organisation with four clients who have chats, on Tuesday 24 November 2026."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    async with open_care(url, date(2026, 11, 24)) as opened:
        await joins(opened, *CLIENTS)
        yield opened


def told_of(care: Care, text_id: str, person: Person, clock: time = TWO) -> str:
    """Return a text about a time on that Tuesday, as somebody reads it."""
    return words(
        care,
        text_id,
        person,
        activiteit=care.core.texts.label("event.language_cafe", person.language),
        plaats="Stadskantoor",
        **care.core.texts.moment(TUESDAY, clock, person.language),
    )


async def state_of(care: Care, event_id: EventId, person: Person) -> SignUpState | None:
    mine = await stands(care, event_id, person)
    return mine.state if mine else None


async def cancels(care: Care, event_id: EventId) -> None:
    async with care.core.database.transaction() as tx:
        assert await storage.cancel_event(tx, event_id, now=care.now)


async def link_becomes(care: Care, person: Person, state: LinkState) -> None:
    client = await care.client(person)
    async with care.core.database.transaction() as tx:
        link = await links.find_link(tx, client_id=client.id)
        assert link is not None
        await links.update_link(tx, link.id, state=state)


# --- yes and no ------------------------------------------------------------------------------


async def test_who_says_yes_comes_and_reads_where_and_when(care: Care) -> None:
    event_id = await makes(care)
    shown = await answers(care, SELAM, event_id, "yes")
    assert shown.text == told_of(care, "bc.coming", SELAM)
    assert shown.labels == (label(care, "btn.cannot", SELAM),)
    assert shown.data == (f"ev:{event_id}:no",)
    assert await state_of(care, event_id, SELAM) is COMING


async def test_who_says_no_can_still_change_her_mind(care: Care) -> None:
    event_id = await makes(care)
    shown = await answers(care, KHALED, event_id, "no")
    assert shown.text == words(care, "bc.not_coming", KHALED)
    assert shown.data == (f"ev:{event_id}:yes",)
    assert await state_of(care, event_id, KHALED) is DECLINED
    shown = await answers(care, KHALED, event_id, "yes")
    assert shown.text == told_of(care, "bc.coming", KHALED)
    assert await state_of(care, event_id, KHALED) is COMING


async def test_of_lessons_she_reads_all_the_days_still_to_come(care: Care) -> None:
    lessons = weekly(date(2026, 11, 17), TWO, AMSTERDAM, 90, 4)
    event_id = await makes(care, lessons, kind=EventKind.LESSONS)
    shown = await answers(care, LAILA, event_id, "yes")
    days = [line for line in shown.text.split("\n") if "2026" in line]
    assert [line[line.index("(") + 1 :][:10] for line in days] == [
        "24-11-2026",
        "01-12-2026",
        "08-12-2026",
    ]
    assert all("14:00" in line for line in days[1:])


async def test_a_second_tap_changes_nothing(care: Care) -> None:
    event_id = await makes(care, capacity=1)
    for person, action in ((SELAM, "yes"), (KHALED, "yes"), (MARYAM, "no"), (LAILA, "remind")):
        first = await answers(care, person, event_id, action)
        before = await stands(care, event_id, person)
        care.now += timedelta(minutes=1)
        assert (
            replace(await answers(care, person, event_id, action), not_before=first.not_before)
            == first
        ), action
        assert await stands(care, event_id, person) == before, action
    assert [each[:2] for each in await trail(care)] == [
        ("K-0001", "event_coming"),
        ("K-0002", "event_waiting"),
        ("K-0003", "event_declined"),
        ("K-0004", "event_later"),
    ]


async def test_an_event_or_answer_that_is_not_there_is_refused(care: Care) -> None:
    event_id = await makes(care)
    speed_date = await makes_speed_date(care)
    with pytest.raises(NotFoundError, match="There is no event 99"):
        await answers(care, SELAM, EventId(99), "yes")
    with pytest.raises(NotFoundError, match="no answer at"):
        await answers(care, SELAM, event_id, "at", 1)
    with pytest.raises(NotFoundError, match="no time 4"):
        await answers(care, SELAM, speed_date, "at", 4)
    assert await said(care, SELAM) == []


async def test_who_is_not_in_care_any_more_is_not_expected(care: Care) -> None:
    event_id = await makes(care)
    await care.becomes(ClientStatus.CLOSED, SELAM)
    with pytest.raises(NotFoundError, match="not in care"):
        await answers(care, SELAM, event_id, "yes")
    assert await stands(care, event_id, SELAM) is None


# --- the line --------------------------------------------------------------------------------


async def test_when_all_places_are_taken_she_waits_and_hears_when_one_is_free(
    care: Care,
) -> None:
    event_id = await makes(care, capacity=1)
    await answers(care, SELAM, event_id, "yes")
    shown = await answers(care, KHALED, event_id, "yes")
    assert shown.text == words(care, "bc.waiting", KHALED)
    assert shown.data == (f"ev:{event_id}:no",)
    care.now += timedelta(minutes=1)
    await answers(care, MARYAM, event_id, "yes")

    await answers(care, SELAM, event_id, "no")

    (place,) = await told(care, KHALED)
    assert place.text == told_of(care, "bc.place", KHALED)
    assert place.labels == (label(care, "btn.cannot", KHALED),)
    assert place.data == (f"ev:{event_id}:no",)
    event_starts = single(TUESDAY, TWO, AMSTERDAM, 90)[0].starts_at
    assert (place.kind, place.valid_until) == (OutboxKind.CONVERSATION, event_starts)
    assert await told(care, MARYAM) == []
    states = [await state_of(care, event_id, each) for each in (SELAM, KHALED, MARYAM)]
    assert states == [DECLINED, COMING, WAITING]
    await answers(care, KHALED, event_id, "no")
    assert await state_of(care, event_id, MARYAM) is COMING
    assert ("K-0003", "event_place", f"event:{event_id}") in await trail(care)


async def test_who_steps_out_of_the_line_and_back_stands_at_its_end(care: Care) -> None:
    event_id = await makes(care, capacity=1)
    for action, person in (
        ("yes", SELAM),
        ("yes", KHALED),
        ("yes", MARYAM),
        ("no", KHALED),
        ("yes", KHALED),
        ("no", SELAM),
    ):
        care.now += timedelta(minutes=1)
        await answers(care, person, event_id, action)
    assert await state_of(care, event_id, MARYAM) is COMING
    assert await state_of(care, event_id, KHALED) is WAITING


@pytest.mark.parametrize("state", [LinkState.STOPPED, LinkState.UNREACHABLE])
async def test_a_place_goes_past_who_cannot_be_told_and_she_goes_on_waiting(
    care: Care, state: LinkState
) -> None:
    event_id = await makes(care, capacity=1)
    for person in (SELAM, KHALED, MARYAM):
        care.now += timedelta(minutes=1)
        await answers(care, person, event_id, "yes")
    await link_becomes(care, KHALED, state)
    await answers(care, SELAM, event_id, "no")
    assert await state_of(care, event_id, KHALED) is WAITING
    assert await told(care, KHALED) == []
    assert await state_of(care, event_id, MARYAM) is COMING


async def test_a_place_that_comes_free_at_night_is_told_in_the_morning(care: Care) -> None:
    event_id = await makes(care, capacity=1)
    await answers(care, SELAM, event_id, "yes")
    await answers(care, KHALED, event_id, "yes")
    care.at(MONDAY, time(23))
    await answers(care, SELAM, event_id, "no")
    (place,) = await told(care, KHALED)
    assert place.not_before.astimezone(AMSTERDAM).strftime("%a %H:%M") == "Tue 07:30"


async def test_nobody_is_given_a_place_of_which_she_would_hear_too_late(care: Care) -> None:
    event_id = await makes(care, single(TUESDAY, time(7, 45), AMSTERDAM, 60), capacity=1)
    await answers(care, SELAM, event_id, "yes")
    await answers(care, KHALED, event_id, "yes")
    care.at(MONDAY, time(23))
    await answers(care, SELAM, event_id, "no")
    assert await told(care, KHALED) == []
    assert await state_of(care, event_id, KHALED) is WAITING


async def test_a_place_that_was_not_told_yet_is_given_on_when_she_cannot_come(
    care: Care,
) -> None:
    event_id = await makes(care, capacity=1)
    for person in (SELAM, KHALED, MARYAM):
        care.now += timedelta(minutes=1)
        await answers(care, person, event_id, "yes")
    care.at(MONDAY, time(23))
    await answers(care, SELAM, event_id, "no")
    await answers(care, KHALED, event_id, "no")
    assert await told(care, KHALED) == [], "the news of her place was taken back"
    (place,) = await told(care, MARYAM)
    assert place.text == told_of(care, "bc.place", MARYAM)


async def comes_back(care: Care, person: Person) -> None:
    async with care.core.database.transaction() as tx:
        link = await links.find_link(tx, chat_id=person.chat_id)
        assert link is not None
        await reachable_again(tx, link, now=care.now)


async def leaves_a_place_to_who_is_away(care: Care, event_id: EventId) -> None:
    """Have Selam come, Khaled wait and lose his link, and Selam's place come free."""
    for person in (SELAM, KHALED):
        care.now += timedelta(minutes=1)
        await answers(care, person, event_id, "yes")
    await link_becomes(care, KHALED, LinkState.UNREACHABLE)
    await answers(care, SELAM, event_id, "no")
    assert await state_of(care, event_id, KHALED) is WAITING


async def test_who_stood_first_gets_the_place_as_soon_as_she_can_be_reached_again(
    care: Care,
) -> None:
    event_id = await makes(care, capacity=1)
    await leaves_a_place_to_who_is_away(care, event_id)
    assert await ticks(care) == 0
    await comes_back(care, KHALED)
    assert await ticks(care) == 1
    assert await state_of(care, event_id, KHALED) is COMING
    (place,) = await told(care, KHALED)
    assert place.text == told_of(care, "bc.place", KHALED)
    assert await ticks(care) == 0


@pytest.mark.parametrize("action", ["yes", "at"])
async def test_nobody_gets_a_place_past_who_waits_and_can_be_reached(
    care: Care, action: str
) -> None:
    event_id = await (makes(care, capacity=1) if action == "yes" else makes_speed_date(care, 1))
    number = 1 if action == "at" else None
    for person in (SELAM, KHALED):
        care.now += timedelta(minutes=1)
        await answers(care, person, event_id, action, number)
    await link_becomes(care, KHALED, LinkState.UNREACHABLE)
    await answers(care, SELAM, event_id, "no")
    await comes_back(care, KHALED)
    shown = await answers(care, MARYAM, event_id, action, number)
    assert shown.text == words(care, "bc.waiting", MARYAM)
    assert await state_of(care, event_id, KHALED) is COMING
    assert len(await told(care, KHALED)) == 1


async def test_who_waits_and_taps_again_takes_the_place_herself(care: Care) -> None:
    event_id = await makes(care, capacity=1)
    await leaves_a_place_to_who_is_away(care, event_id)
    await comes_back(care, KHALED)
    shown = await answers(care, KHALED, event_id, "yes")
    assert shown.text == told_of(care, "bc.coming", KHALED)
    assert await told(care, KHALED) == [], "the message itself says it"
    assert "event_place" not in [action for _, action, _ in await trail(care)]


async def test_who_is_not_in_care_any_more_leaves_her_place_to_the_next(care: Care) -> None:
    event_id = await makes(care, capacity=1)
    been = await makes(care, single(date(2026, 11, 24), time(12), AMSTERDAM, 60))
    for person in (SELAM, KHALED, MARYAM):
        care.now += timedelta(minutes=1)
        await answers(care, person, event_id, "yes")
        await answers(care, person, been, "yes")
    care.at(date(2026, 11, 25))
    await care.becomes(ClientStatus.CLOSED, KHALED)
    assert await state_of(care, event_id, KHALED) is DECLINED
    assert await state_of(care, event_id, SELAM) is COMING
    await care.becomes(ClientStatus.CLOSED, SELAM)
    assert await state_of(care, event_id, SELAM) is DECLINED
    assert await state_of(care, event_id, MARYAM) is COMING
    (place,) = await told(care, MARYAM)
    assert place.text == told_of(care, "bc.place", MARYAM)
    assert await state_of(care, been, SELAM) is COMING, "she was there"


@pytest.mark.parametrize(
    ("start", "day", "clock", "promised"),
    [
        (TWO, TUESDAY, time(13, 30), True),
        (TWO, TUESDAY, time(13, 31), False),
        (time(7, 45), MONDAY, time(23), False),  # she would hear of it in the morning
        (time(8), MONDAY, time(23), True),
    ],
)
async def test_no_place_in_line_is_promised_when_nobody_could_hear_of_one_in_time(
    care: Care, start: time, day: date, clock: time, *, promised: bool
) -> None:
    event_id = await makes(care, single(TUESDAY, start, AMSTERDAM, 90), capacity=1)
    await answers(care, SELAM, event_id, "yes")
    care.at(day, clock)
    shown = await answers(care, KHALED, event_id, "yes")
    if promised:
        assert shown.text == words(care, "bc.waiting", KHALED)
        assert await state_of(care, event_id, KHALED) is WAITING
        return
    assert shown.text == words(care, "bc.no_place", KHALED)
    assert shown.data == (f"ev:{event_id}:yes",)
    assert await stands(care, event_id, KHALED) is None
    await answers(care, SELAM, event_id, "no")
    shown = await answers(care, KHALED, event_id, "yes")
    assert shown.text == told_of(care, "bc.coming", KHALED, start), "she may still try"


async def test_who_waits_is_promised_nothing_more_when_it_is_too_late(care: Care) -> None:
    event_id = await makes_speed_date(care, 1)
    await answers(care, SELAM, event_id, "at", 1)
    await answers(care, KHALED, event_id, "yes")
    care.at(TUESDAY, time(13, 50))
    for action in ("show", "yes", "remind"):
        shown = await answers(care, KHALED, event_id, action)
        assert shown.text == words(care, "bc.no_place", KHALED), action
    assert await state_of(care, event_id, KHALED) is WAITING


# --- a time to choose ------------------------------------------------------------------------


async def test_who_comes_to_a_speed_date_chooses_a_time(care: Care) -> None:
    event_id = await makes_speed_date(care)
    shown = await answers(care, SELAM, event_id, "yes")
    kind = care.core.texts.label("event.speed_date", SELAM.language)
    assert shown.text == words(care, "bc.slot", SELAM, activiteit=kind, minuten=10)
    assert shown.labels == ("14:00", "14:10", "14:20")
    assert shown.data == tuple(f"ev:{event_id}:at={number}" for number in (1, 2, 3))
    assert await stands(care, event_id, SELAM) is None, "she has no place before she chose"
    shown = await answers(care, SELAM, event_id, "at", 2)
    assert "14:10" in shown.text
    assert shown.text.startswith(words(care, "bc.coming", SELAM, **_nothing()).split("\n")[0])
    assert shown.data == (f"ev:{event_id}:no",)
    mine = await stands(care, event_id, SELAM)
    assert mine is not None
    assert (mine.state, mine.session) == (COMING, 2)


def _nothing() -> dict[str, str]:
    return dict.fromkeys(("activiteit", "plaats", "dag", "datum", "klok", "tijd", "dagdeel"), "")


async def test_a_time_that_is_taken_shows_what_is_left(care: Care) -> None:
    event_id = await makes_speed_date(care)
    await answers(care, SELAM, event_id, "at", 2)
    shown = await answers(care, KHALED, event_id, "at", 2)
    assert shown.text == words(care, "bc.full", KHALED)
    assert shown.labels == ("14:00", "14:20")
    assert await stands(care, event_id, KHALED) is None


async def test_a_second_choice_changes_her_time_and_frees_the_first(care: Care) -> None:
    event_id = await makes_speed_date(care, 2)
    await answers(care, SELAM, event_id, "at", 1)
    shown = await answers(care, SELAM, event_id, "yes")
    assert shown.labels == ("14:00", "14:10"), "her own time is among them"
    await answers(care, SELAM, event_id, "at", 2)
    assert (await answers(care, KHALED, event_id, "yes")).labels == ("14:00",)


async def test_who_taps_a_full_time_keeps_the_time_she_has(care: Care) -> None:
    event_id = await makes_speed_date(care, 2)
    await answers(care, SELAM, event_id, "at", 1)
    await answers(care, KHALED, event_id, "at", 2)
    shown = await answers(care, SELAM, event_id, "at", 2)
    assert shown.text == words(care, "bc.full", SELAM)
    assert shown.labels == ("14:00",)
    mine = await stands(care, event_id, SELAM)
    assert mine is not None
    assert mine.session == 1


async def test_when_all_times_are_taken_she_waits_and_gets_the_one_that_comes_free(
    care: Care,
) -> None:
    event_id = await makes_speed_date(care, 2)
    await answers(care, SELAM, event_id, "at", 1)
    await answers(care, KHALED, event_id, "at", 2)
    for action, number in (("yes", None), ("at", 2)):
        shown = await answers(care, MARYAM, event_id, action, number)
        assert shown.text == words(care, "bc.waiting", MARYAM)
    await answers(care, KHALED, event_id, "no")
    (place,) = await told(care, MARYAM)
    assert "14:10" in place.text
    mine = await stands(care, event_id, MARYAM)
    assert mine is not None
    assert (mine.state, mine.session) == (COMING, 2)


async def test_at_most_twenty_times_are_offered(care: Care) -> None:
    event_id = await makes_speed_date(care, 25)
    assert len((await answers(care, SELAM, event_id, "yes")).labels) == 20


async def test_times_that_have_begun_cannot_be_chosen(care: Care) -> None:
    event_id = await makes_speed_date(care)
    care.at(TUESDAY, time(14, 5))
    assert (await answers(care, SELAM, event_id, "yes")).labels == ("14:10", "14:20")
    shown = await answers(care, SELAM, event_id, "at", 1)
    assert shown.text == words(care, "bc.full", SELAM)


# --- asked again -----------------------------------------------------------------------------


async def test_who_wants_to_be_asked_later_is_promised_another_message(care: Care) -> None:
    event_id = await makes(care)
    shown = await answers(care, MARYAM, event_id, "remind")
    assert shown.text == words(care, "bc.remind_later", MARYAM)
    assert shown.data == (f"ev:{event_id}:yes", f"ev:{event_id}:no")
    assert await state_of(care, event_id, MARYAM) is LATER


async def test_no_message_is_promised_when_it_is_too_late_for_one(care: Care) -> None:
    event_id = await makes(care)
    care.at(TUESDAY, time(12, 30))
    shown = await answers(care, MARYAM, event_id, "remind")
    async with care.core.database.reading() as tx:
        event = await storage.get_event(tx, event_id)
    invitation = event_words.invitation(care.core, event, MARYAM.language)
    assert shown.data == (f"ev:{event_id}:yes", f"ev:{event_id}:no")
    assert words(care, "bc.event", MARYAM, **_values(care)) == shown.text
    assert "⏰" not in invitation
    assert await stands(care, event_id, MARYAM) is None


def _values(care: Care) -> dict[str, str | int]:
    kind = care.core.texts.label("event.language_cafe", MARYAM.language)
    moment = care.core.texts.moment(TUESDAY, TWO, MARYAM.language)
    return {"activiteit": kind, "plaats": "Stadskantoor", **moment}


@pytest.mark.parametrize("capacity", [1, None])
async def test_a_place_is_not_lost_by_asking_for_a_reminder(
    care: Care, capacity: int | None
) -> None:
    event_id = await makes(care, capacity=capacity)
    await answers(care, SELAM, event_id, "yes")
    await answers(care, KHALED, event_id, "yes")
    for person in (SELAM, KHALED):
        before = await stands(care, event_id, person)
        await answers(care, person, event_id, "remind")
        assert await stands(care, event_id, person) == before


async def test_no_message_is_promised_that_would_come_in_the_last_moment(care: Care) -> None:
    event_id = await makes(care, single(TUESDAY, time(8), AMSTERDAM, 90))
    care.at(MONDAY, time(18))
    shown = await answers(care, LAILA, event_id, "remind")
    assert shown.data == (f"ev:{event_id}:yes", f"ev:{event_id}:no")
    assert await stands(care, event_id, LAILA) is None


async def test_an_invitation_read_later_shows_the_lessons_still_to_come(care: Care) -> None:
    lessons = weekly(date(2026, 11, 17), TWO, AMSTERDAM, 90, 4)
    event_id = await makes(care, lessons, kind=EventKind.LESSONS)
    care.at(date(2026, 11, 26))
    shown = await answers(care, LAILA, event_id, "show")
    assert shown.text.count("2026") == 2
    assert "01-12-2026" in shown.text
    kind = care.core.texts.label("event.lessons", LAILA.language)
    lines = shown.text.split("\n")
    days = "\n".join(line for line in lines if "2026" in line)
    values: dict[str, str | int] = {"activiteit": kind, "plaats": "Stadskantoor"}
    values |= {"lijst": days, "aantal": 2}
    assert shown.text == words(care, "bc.event_days", LAILA, **values)
    care.at(date(2026, 12, 2))
    last = (await answers(care, LAILA, event_id, "show")).text
    moment = care.core.texts.moment(date(2026, 12, 8), TWO, LAILA.language)
    only = {"activiteit": kind, "plaats": "Stadskantoor", **moment}
    assert last == words(care, "bc.event", LAILA, **only)


# --- old buttons -----------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["yes", "no", "remind", "show"])
async def test_an_event_that_has_been_takes_no_answer(care: Care, action: str) -> None:
    event_id = await makes(care)
    await answers(care, SELAM, event_id, "yes")
    before = await stands(care, event_id, SELAM)
    care.at(TUESDAY, TWO)
    shown = await answers(care, SELAM, event_id, action)
    assert (shown.text, shown.data) == (words(care, "bc.event_over", SELAM), ())
    assert await stands(care, event_id, SELAM) == before


@pytest.mark.parametrize("action", ["yes", "no", "remind"])
async def test_an_event_that_was_called_off_takes_no_answer(care: Care, action: str) -> None:
    event_id = await makes(care)
    await answers(care, SELAM, event_id, "yes")
    await cancels(care, event_id)
    shown = await answers(care, SELAM, event_id, action)
    assert (shown.text, shown.data) == (words(care, "bc.event_off", SELAM), ())
    assert await state_of(care, event_id, SELAM) is COMING


async def test_who_has_had_her_talk_cannot_give_it_away(care: Care) -> None:
    event_id = await makes_speed_date(care)
    await answers(care, SELAM, event_id, "at", 1)
    care.at(TUESDAY, time(14, 5))
    shown = await answers(care, SELAM, event_id, "at", 3)
    assert shown.text == words(care, "bc.event_over", SELAM)


# --- a shared phone --------------------------------------------------------------------------


async def shares_her_phone(care: Care, person: Person) -> None:
    client = await care.client(person)
    async with care.core.database.transaction() as tx:
        await people.update_client(tx, client.id, discreet=True)


async def test_a_shared_phone_shows_a_place_only_when_she_asks(care: Care) -> None:
    event_id = await makes(care, capacity=1)
    await answers(care, SELAM, event_id, "yes")
    await answers(care, KHALED, event_id, "yes")
    await shares_her_phone(care, KHALED)
    await answers(care, SELAM, event_id, "no")
    (place,) = await told(care, KHALED)
    name = care.core.config.organisation.name
    assert place.text == words(care, "bc.discreet", KHALED, organisatie=name)
    assert (place.labels, place.data) == (
        (label(care, "btn.read", KHALED),),
        (f"ev:{event_id}:show",),
    )
    shown = await answers(care, KHALED, event_id, "show")
    assert shown.text == told_of(care, "bc.coming", KHALED)
    assert shown.data == (f"ev:{event_id}:no",)


async def test_what_stands_behind_the_message_is_how_she_stands_now(care: Care) -> None:
    event_id = await makes(care)
    await answers(care, MARYAM, event_id, "remind")
    shown = await answers(care, MARYAM, event_id, "show")
    assert shown.text == words(care, "bc.event", MARYAM, **_values(care))
    assert [each.rpartition(":")[2] for each in shown.data] == ["yes", "no", "remind"]
    await answers(care, MARYAM, event_id, "no")
    shown = await answers(care, MARYAM, event_id, "show")
    assert shown.text == words(care, "bc.not_coming", MARYAM)
    await cancels(care, event_id)
    shown = await answers(care, MARYAM, event_id, "show")
    assert shown.text == told_of(care, "bc.event_cancelled", MARYAM)


# --- the same again --------------------------------------------------------------------------


async def test_a_copy_is_at_the_same_time_on_the_wall_clock_and_nobody_comes_yet(
    care: Care,
) -> None:
    care.at(date(2027, 3, 15))
    monday = date(2027, 3, 22)  # the clock goes forward on the 28th
    event_id = await makes(care, single(monday, TWO, AMSTERDAM, 90), capacity=9, name="De Brug")
    await answers(care, SELAM, event_id, "yes")
    async with care.core.database.transaction() as tx:
        copy_id = await event_words.copy_event(care.core, tx, event_id, days=7, now=care.now)
        first, copy = [await storage.get_event(tx, each) for each in (event_id, copy_id)]
        assert await storage.list_sign_ups(tx, copy_id) == []
    assert replace(copy, id=first.id, sessions=first.sessions) == first
    assert [(each.local_date, each.local_time) for each in copy.sessions] == [
        (date(2027, 3, 29), TWO)
    ]
    assert first.starts_at - copy.starts_at == -timedelta(days=7) + timedelta(hours=1)


async def test_of_an_event_that_was_called_off_the_next_one_can_still_be_made(
    care: Care,
) -> None:
    event_id = await makes(care)
    await cancels(care, event_id)
    async with care.core.database.transaction() as tx:
        copy_id = await event_words.copy_event(care.core, tx, event_id, days=14, now=care.now)
        assert (await storage.get_event(tx, copy_id)).state is EventState.OPEN


async def test_what_answers_her_is_never_taken_back(care: Care) -> None:
    event_id = await makes(care)
    await answers(care, SELAM, event_id, "yes")
    await answers(care, SELAM, event_id, "no")
    await answers(care, SELAM, event_id, "remind")
    async with care.core.database.reading() as tx:
        retired = await tx.rows(
            sa.select(outbox.c.id).where(outbox.c.state == OutboxState.RETIRED)
        )
    assert retired == []
