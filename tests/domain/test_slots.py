"""Times to propose for a talk: spread, free, in office hours, and at a time that exists."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.localtime import Hours, exists, is_working_day, to_utc
from bot.domain.slots import PRAYER, Busy, Slot, is_free, propose
from bot.domain.workdays import ClosedDays, add_working_days, working_days_after

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
OFFICE = Hours(time(8, 30), time(17))
HOLIDAYS = ClosedDays()
TUESDAY = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
LASTS = timedelta(minutes=45)


def proposed(
    busy: Busy = (),
    *,
    now: datetime = TUESDAY,
    until: date = date(2026, 12, 1),
    office: Hours = OFFICE,
    zone: ZoneInfo = AMSTERDAM,
    count: int = 3,
    minutes: int = 45,
    not_before: date | None = None,
) -> list[str]:
    found = propose(
        busy,
        now=now,
        until=until,
        closed=HOLIDAYS,
        office=office,
        zone=zone,
        count=count,
        minutes=minutes,
        not_before=not_before,
    )
    return [f"{slot.day:%a %d-%m} {slot.clock:%H:%M}" for slot in found]


def wall(text: str, minutes: int = 45) -> tuple[datetime, datetime]:
    """Return when somebody is busy from a wall-clock moment on."""
    start = datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)
    return start, start + timedelta(minutes=minutes)


def test_three_times_on_three_days_take_turns_from_the_second_working_day_on() -> None:
    assert proposed() == ["Thu 26-11 10:00", "Fri 27-11 14:30", "Mon 30-11 10:00"]


@pytest.mark.parametrize(
    ("now", "until", "expected"),
    [
        # On a Friday the second working day is Tuesday; in a weekend as well.
        ("2026-11-27T09:00", "2026-12-04", "Tue 01-12 10:00"),
        ("2026-11-28T09:00", "2026-12-04", "Tue 01-12 10:00"),
        ("2026-11-29T23:59", "2026-12-04", "Tue 01-12 10:00"),
        # Half past twelve at night on the wall is still the day before in UTC.
        ("2026-11-30T00:30", "2026-12-04", "Wed 02-12 10:00"),
        # Christmas and the weekend after it are no working days.
        ("2026-12-23T09:00", "2026-12-30", "Mon 28-12 10:00"),
        # Nor are Good Friday and Easter Monday, on both sides of a clock change.
        ("2027-03-24T09:00", "2027-04-02", "Tue 30-03 10:00"),
    ],
)
def test_the_first_time_is_on_the_second_working_day_after_today(
    now: str, until: str, expected: str
) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=AMSTERDAM).astimezone(UTC)
    assert proposed(now=at, until=date.fromisoformat(until))[0] == expected


def test_the_last_day_itself_may_be_proposed_and_later_days_are_not() -> None:
    assert proposed(until=date(2026, 11, 27)) == ["Thu 26-11 10:00", "Fri 27-11 14:30"]


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        # The target is near or past: then from the second working day, a week on at most.
        (date(2026, 11, 25), ["Thu 26-11 10:00", "Fri 27-11 14:30", "Mon 30-11 10:00"]),
        (date(2026, 11, 2), ["Thu 26-11 10:00", "Fri 27-11 14:30", "Mon 30-11 10:00"]),
    ],
)
def test_when_nothing_fits_before_the_target_later_days_are_proposed(
    until: date, expected: list[str]
) -> None:
    assert proposed(until=until) == expected


def test_a_full_agenda_up_to_the_target_moves_the_proposal_five_working_days_at_most() -> None:
    full = [
        wall(f"{date(2026, 11, 26) + timedelta(days=n)}T08:00", minutes=10 * 60) for n in range(6)
    ]

    assert proposed(full) == ["Wed 02-12 10:00", "Thu 03-12 14:00", "Fri 04-12 10:00"]
    longer = [
        wall(f"{date(2026, 11, 26) + timedelta(days=n)}T08:00", minutes=10 * 60) for n in range(12)
    ]
    assert proposed(longer) == ["Tue 08-12 10:00"], "the fifth working day after the target"
    longest = [*longer, wall("2026-12-08T08:00", minutes=10 * 60)]
    assert proposed(longest) == []


def test_a_talk_of_a_coming_month_is_not_proposed_before_it_begins() -> None:
    first = date(2026, 12, 1)
    assert proposed(until=date(2026, 12, 3), not_before=first) == [
        "Tue 01-12 10:00",
        "Wed 02-12 14:00",
        "Thu 03-12 10:00",
    ]
    assert proposed(until=date(2026, 11, 27), not_before=first) == [
        "Tue 01-12 10:00",
        "Wed 02-12 14:00",
        "Thu 03-12 10:00",
    ]


def test_a_time_next_to_an_appointment_is_free_and_one_that_overlaps_it_is_not() -> None:
    thursday = date(2026, 11, 26)
    nine, ten = Slot(thursday, time(9, 15)), Slot(thursday, time(10))

    def free(slot: Slot, *busy: tuple[datetime, datetime]) -> bool:
        return is_free(slot, busy, office=OFFICE, zone=AMSTERDAM)

    for meeting, before, itself in (
        (wall("2026-11-26T10:00"), True, False),
        (wall("2026-11-26T09:59"), False, False),
        (wall("2026-11-26T10:44", 5), True, False),
        (wall("2026-11-26T10:45"), True, True),
        (wall("2026-11-26T09:15"), False, True),
        (wall("2026-11-26T09:15", 46), False, False),
        (wall("2026-11-26T08:00", 600), False, False),
    ):
        assert (free(nine, meeting), free(ten, meeting)) == (before, itself), meeting


def test_the_nearest_time_to_the_usual_one_is_sought_within_the_half_of_the_day() -> None:
    assert proposed([wall("2026-11-26T10:00")])[0] == "Thu 26-11 09:00"
    assert proposed([wall("2026-11-26T09:00", 120)])[0] == "Thu 26-11 11:00"
    assert proposed([wall("2026-11-26T08:30", 180)])[0] == "Thu 26-11 11:30"


def test_a_day_whose_half_is_full_is_left_out_unless_there_would_be_fewer_times() -> None:
    morning = [wall("2026-11-26T08:30", 210)]
    assert proposed(morning) == ["Fri 27-11 10:00", "Mon 30-11 14:00", "Tue 01-12 10:00"]
    assert proposed(morning, until=date(2026, 11, 30)) == [
        "Thu 26-11 14:00",
        "Fri 27-11 14:30",
        "Mon 30-11 10:00",
    ]


@pytest.mark.parametrize(
    ("clock", "minutes", "free"),
    [
        (time(11), 45, True),
        (time(11, 15), 45, True),
        (time(11, 16), 45, False),
        (time(12), 45, False),
        (time(14, 29), 45, False),
        (time(14, 30), 45, True),
    ],
)
def test_nothing_meets_the_friday_prayer(clock: time, minutes: int, *, free: bool) -> None:
    friday, thursday = Slot(date(2026, 11, 27), clock), Slot(date(2026, 11, 26), clock)
    assert is_free(friday, (), office=OFFICE, zone=AMSTERDAM, minutes=minutes) is free
    assert is_free(thursday, (), office=OFFICE, zone=AMSTERDAM, minutes=minutes)


@pytest.mark.parametrize(
    ("clock", "free"),
    [
        (time(8, 29), False),
        (time(8, 30), True),
        (time(16, 15), True),
        (time(16, 16), False),
        (time(17), False),
    ],
)
def test_a_talk_begins_and_ends_in_office_hours(clock: time, *, free: bool) -> None:
    slot = Slot(date(2026, 11, 26), clock)
    assert is_free(slot, (), office=OFFICE, zone=AMSTERDAM) is free


@pytest.mark.parametrize(
    ("sunday", "hours"),
    [(date(2027, 3, 28), 23), (date(2026, 10, 25), 25)],
)
def test_around_a_clock_change_the_wall_clock_counts(sunday: date, hours: int) -> None:
    friday, monday = sunday - timedelta(days=2), sunday + timedelta(days=1)
    day = to_utc(sunday + timedelta(days=1), time(), AMSTERDAM) - to_utc(sunday, time(), AMSTERDAM)
    assert day == timedelta(hours=hours)
    for at in (friday, monday):
        ten = to_utc(at, time(10), AMSTERDAM)
        assert ten.astimezone(AMSTERDAM).time() == time(10)
        busy = [(ten, ten + LASTS)]
        assert not is_free(Slot(at, time(10)), busy, office=OFFICE, zone=AMSTERDAM)
        assert is_free(Slot(at, time(9)), busy, office=OFFICE, zone=AMSTERDAM)


def test_a_time_that_the_clock_skips_is_not_proposed() -> None:
    # In Cairo the clock goes forward at midnight before a Friday, a working day in this office.
    cairo, friday = ZoneInfo("Africa/Cairo"), date(2026, 4, 24)
    night = Hours(time(0), time(8))
    assert not is_free(Slot(friday, time(0, 30)), (), office=night, zone=cairo)
    assert is_free(Slot(friday, time(1)), (), office=night, zone=cairo)
    assert is_free(Slot(date(2026, 4, 23), time(0, 30)), (), office=night, zone=cairo)


DAYS = st.integers(0, 3 * 365).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
CLOCKS = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@settings(max_examples=200, deadline=None)
@given(
    day=DAYS,
    clock=CLOCKS,
    ahead=st.integers(-20, 20),
    agenda=st.lists(
        st.tuples(st.integers(0, 25), st.integers(7, 17), st.sampled_from([15, 45, 90, 540])),
        max_size=25,
    ),
    count=st.integers(1, 5),
    minutes=st.sampled_from([20, 45, 60, 90]),
)
def test_whatever_the_agenda_every_time_may_be_kept(
    day: date,
    clock: time,
    ahead: int,
    agenda: list[tuple[int, int, int]],
    count: int,
    minutes: int,
) -> None:
    now = to_utc(day, clock, AMSTERDAM)
    until = day + timedelta(days=ahead)
    busy = []
    for days, hour, lasts in agenda:
        start = to_utc(day + timedelta(days=days), time(hour), AMSTERDAM)
        busy.append((start, start + timedelta(minutes=lasts)))

    found = propose(
        busy,
        now=now,
        until=until,
        closed=HOLIDAYS,
        office=OFFICE,
        zone=AMSTERDAM,
        count=count,
        minutes=minutes,
    )

    assert len(found) <= count
    assert list(found) == sorted(found)
    assert len({slot.day for slot in found}) == len(found)
    last = add_working_days(max(until, day), 5, HOLIDAYS)
    for slot in found:
        assert is_working_day(slot.day, HOLIDAYS)
        assert working_days_after(day, slot.day, HOLIDAYS) >= 2
        assert slot.day <= last
        assert exists(slot.day, slot.clock, AMSTERDAM)
        start = datetime.combine(slot.day, slot.clock)
        end = start + timedelta(minutes=minutes)
        assert start.time() >= OFFICE.start
        assert end <= datetime.combine(slot.day, OFFICE.end)
        if slot.day.weekday() == 4:
            assert end.time() <= PRAYER.start or start.time() >= PRAYER.end
        begins = to_utc(slot.day, slot.clock, AMSTERDAM)
        ends = begins + timedelta(minutes=minutes)
        assert all(ends <= begin or begins >= over for begin, over in busy)
    late = {slot.day > until for slot in found}
    assert len(late) <= 1, "later days only when nothing was free before"
