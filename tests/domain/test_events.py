"""Events: their times over a clock change, whose place is whose, and when somebody is reminded."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.appointments import Place, ReminderRules
from bot.domain.events import (
    ASK_MARGIN,
    SLOT_MINUTES,
    Event,
    EventKind,
    EventMode,
    EventState,
    Session,
    SignUp,
    SignUpState,
    ask_again_at,
    ask_late_at,
    asked_before,
    free_sessions,
    has_room,
    list_in_line,
    remind_at,
    remind_until,
    single,
    slots,
    weekly,
    without,
)
from bot.domain.ids import ClientId, EventId, StaffId
from bot.domain.localtime import Hours

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
RULES = ReminderRules()
QUIET = Hours(time(20), time(7, 30))
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DAY = date(2026, 12, 1)


def event(
    sessions: tuple[Session, ...],
    *,
    mode: EventMode = EventMode.ALL,
    capacity: int | None = None,
) -> Event:
    return Event(
        id=EventId(1),
        kind=EventKind.WORKSHOP,
        name=None,
        mode=mode,
        state=EventState.OPEN,
        place=Place("kantoor", "Stadskantoor"),
        capacity=capacity,
        author_id=StaffId(1),
        sessions=sessions,
    )


def cafe(capacity: int | None = None) -> Event:
    return event(single(DAY, time(14), AMSTERDAM, 90), capacity=capacity)


def speed_date(count: int = 3, per_slot: int = 1, capacity: int | None = None) -> Event:
    times = slots(DAY, time(14), AMSTERDAM, count, per_slot)
    return event(times, mode=EventMode.ONE, capacity=capacity)


def says(
    client: int,
    state: SignUpState = SignUpState.COMING,
    session: int | None = None,
    *,
    minutes: int = 0,
) -> SignUp:
    at = NOW + timedelta(minutes=minutes)
    return SignUp(ClientId(client), state, session, asked_at=at, changed_at=at)


def local(text: str) -> datetime:
    """Return the instant of a wall-clock time in the Netherlands."""
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)


# --- times -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "starts"),
    [
        (date(2027, 3, 22), ["08:30", "07:30"]),  # the clock goes forward on 28 March …
        (date(2026, 10, 19), ["07:30", "08:30"]),  # … and back on 25 October
        (date(2026, 11, 2), ["08:30", "08:30"]),
    ],
)
def test_lessons_keep_their_time_on_the_wall_clock(first: date, starts: list[str]) -> None:
    lessons = weekly(first, time(9, 30), AMSTERDAM, 90, 2)
    assert [each.number for each in lessons] == [1, 2]
    assert [each.local_date for each in lessons] == [first, first + timedelta(days=7)]
    assert [each.local_time for each in lessons] == [time(9, 30)] * 2
    assert [f"{each.starts_at:%H:%M}" for each in lessons] == starts
    assert lessons[0].ends_at - lessons[0].starts_at == timedelta(minutes=90)


def test_the_talks_of_a_speed_date_follow_each_other() -> None:
    times = slots(DAY, time(13, 50), AMSTERDAM, 3, 2)
    assert [each.local_time for each in times] == [time(13, 50), time(14), time(14, 10)]
    assert {each.capacity for each in times} == {2}
    assert {each.duration_minutes for each in times} == {SLOT_MINUTES}
    assert times[1].starts_at == times[0].ends_at


def test_a_time_so_many_days_later_is_the_same_on_the_wall_clock() -> None:
    before = Session.at(4, date(2027, 3, 22), time(19), AMSTERDAM, 60, 5)
    after = before.later(7)
    assert (after.number, after.local_date, after.local_time) == (4, date(2027, 3, 29), time(19))
    assert after.starts_at == local("2027-03-29T19:00")
    assert (after.duration_minutes, after.capacity) == (60, 5)


def test_somebody_is_expected_at_the_time_she_chose_or_the_next_to_come() -> None:
    lessons = event(weekly(DAY, time(14), AMSTERDAM, 90, 3))
    assert lessons.next_session(NOW).number == 1
    assert lessons.next_session(local("2026-12-01T14:00")).number == 2
    assert lessons.next_session(local("2027-01-01T14:00")).number == 3
    assert speed_date().next_session(NOW, 2).number == 2


@pytest.mark.parametrize(
    ("moment", "over"),
    [("2026-12-01T14:00", False), ("2026-12-15T13:59", False), ("2026-12-15T14:00", True)],
)
def test_lessons_are_over_when_the_last_has_begun(moment: str, *, over: bool) -> None:
    assert event(weekly(DAY, time(14), AMSTERDAM, 90, 3)).is_over(local(moment)) is over


# --- places ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capacity", "coming", "room"),
    [(None, 500, True), (2, 0, True), (2, 1, True), (2, 2, False), (0, 0, False)],
)
def test_there_is_room_until_as_many_come_as_there_are_places(
    capacity: int | None, coming: int, *, room: bool
) -> None:
    others = [says(number, state) for number, state in enumerate(SignUpState, start=900)][1:]
    sign_ups = [*(says(number) for number in range(coming)), *others]
    assert has_room(cafe(capacity), sign_ups, NOW) is room


def test_only_times_with_a_place_that_are_still_to_come_can_be_chosen() -> None:
    event = speed_date(3, per_slot=2)
    sign_ups = [says(1, session=2), says(2, session=2), says(3, SignUpState.DECLINED, 1)]
    assert [each.number for each in free_sessions(event, sign_ups, NOW)] == [1, 3]
    assert [each.number for each in free_sessions(event, sign_ups, local("2026-12-01T14:00"))] == [
        3
    ]


def test_a_speed_date_is_full_when_all_of_its_times_are() -> None:
    both = [says(1, session=1), says(2, session=2)]
    assert has_room(speed_date(2), both[:1], NOW)
    assert not has_room(speed_date(2), both, NOW)
    assert not has_room(speed_date(3, capacity=2), both, NOW), "the event itself is full"


def test_the_line_is_in_the_order_in_which_people_asked() -> None:
    sign_ups = [
        says(1, SignUpState.WAITING, minutes=5),
        says(2, SignUpState.COMING),
        says(3, SignUpState.WAITING, minutes=1),
        says(4, SignUpState.LATER),
    ]
    assert [each.client_id for each in list_in_line(sign_ups)] == [3, 1]
    assert [each.client_id for each in without(sign_ups, ClientId(3))] == [1, 2, 4]


# --- reminders -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "evening"),
    [
        (date(2026, 12, 1), "2026-11-30T16:00+00:00"),
        (date(2027, 3, 28), "2027-03-27T16:00+00:00"),  # the morning has one hour less
        (date(2027, 3, 29), "2027-03-28T15:00+00:00"),
        (date(2026, 10, 25), "2026-10-24T15:00+00:00"),  # the morning has one hour more
        (date(2026, 10, 26), "2026-10-25T16:00+00:00"),
    ],
)
def test_who_comes_is_reminded_the_evening_before_by_the_wall_clock(
    day: date, evening: str
) -> None:
    (session,) = single(day, time(14), AMSTERDAM, 60)
    assert remind_at(session, RULES) == datetime.fromisoformat(evening)
    assert remind_until(session, RULES) == session.starts_at - timedelta(minutes=30)


@pytest.mark.parametrize(
    ("clock", "asked"), [(time(14), "12:00"), (time(9), "07:30"), (time(8), "07:30")]
)
def test_who_asks_late_is_asked_hours_before_but_not_before_people_are_up(
    clock: time, asked: str
) -> None:
    (session,) = single(DAY, clock, AMSTERDAM, 60)
    assert ask_late_at(session, RULES) == local(f"2026-12-01T{asked}")


@pytest.mark.parametrize(
    ("since", "done", "moment"),
    [
        ("2026-11-24T10:00", (), "2026-11-30T17:00"),
        ("2026-11-30T16:59", (), "2026-11-30T17:00"),
        ("2026-11-30T17:00", (), "2026-12-01T12:00"),
        ("2026-12-01T11:59", (), "2026-12-01T12:00"),
        ("2026-12-01T12:00", (), None),
        ("2026-11-24T10:00", (1,), None),
    ],
)
def test_who_wants_to_be_asked_again_is_asked_once_while_there_is_time(
    since: str, done: tuple[int, ...], moment: str | None
) -> None:
    found = ask_again_at(cafe(), local(since), RULES, QUIET, done)
    assert found == (local(moment) if moment else None)


def test_of_lessons_one_can_be_asked_before_each_and_of_a_speed_date_before_the_first() -> None:
    lessons = event(weekly(DAY, time(14), AMSTERDAM, 90, 2))
    assert ask_again_at(lessons, local("2026-12-01T13:00"), RULES, QUIET) == local(
        "2026-12-07T17:00"
    )
    assert ask_again_at(lessons, NOW, RULES, QUIET, {1}) == local("2026-12-07T17:00")
    assert [each.number for each in asked_before(speed_date())] == [1]
    assert ask_again_at(speed_date(), local("2026-12-01T12:05"), RULES, QUIET) is None


@pytest.mark.parametrize(
    ("clock", "quiet_end", "moment"),
    [
        (time(7, 45), time(7, 30), None),
        (time(8), time(7, 30), None),  # it would come in the very moment that is too late
        (time(8, 4), time(7, 30), None),
        (time(8, 5), time(7, 30), "2026-12-01T07:30"),
        (time(8, 30), time(8), None),
        (time(8, 35), time(8), "2026-12-01T08:00"),
    ],
)
def test_nobody_is_promised_a_message_that_would_come_too_late(
    clock: time, quiet_end: time, moment: str | None
) -> None:
    early = event(single(DAY, clock, AMSTERDAM, 60))
    found = ask_again_at(early, local("2026-11-30T18:00"), RULES, Hours(time(20), quiet_end))
    assert found == (local(moment) if moment else None)


def test_of_lessons_under_way_those_are_still_to_come_that_have_not_begun() -> None:
    lessons = event(weekly(DAY, time(14), AMSTERDAM, 90, 3))
    for moment, numbers in (
        ("2026-12-01T13:59", [1, 2, 3]),
        ("2026-12-01T14:00", [2, 3]),
        ("2026-12-20T14:00", [3]),
    ):
        assert [each.number for each in lessons.still_to_come(local(moment))] == numbers


@given(st.dates(date(2026, 1, 1), date(2030, 1, 1)), st.times(), st.integers(0, 14 * 24 * 60))
def test_a_promise_to_ask_again_is_always_kept_in_time(
    day: date, clock: time, minutes: int
) -> None:
    session = Session.at(1, day, clock, AMSTERDAM, 60)
    since = session.starts_at - timedelta(minutes=minutes)
    moment = ask_again_at(event((session,)), since, RULES, QUIET)
    assert moment is None or since < moment <= remind_until(session, RULES) - ASK_MARGIN
    assert moment is None or not QUIET.contains(moment.astimezone(AMSTERDAM).time())
