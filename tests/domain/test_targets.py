"""By which day the talk of a month should be: the anchor, the new, the returned, the rolling rule.

The quoted sentences are those of the domain report; "reading" marks a choice of ours.
"""

from datetime import date

import pytest

from bot.domain.months import Month
from bot.domain.people import ClientStatus
from bot.domain.periods import ContactRules, History, Rule, StatusSpan, target_of
from bot.domain.workdays import ClosedDays

CALENDAR, ROLLING = ContactRules(), ContactRules(rule=Rule.ROLLING)
ALWAYS = "active 2026-01-01.."


def day(text: str) -> date:
    return date.fromisoformat(text)


def span(text: str) -> StatusSpan:
    """Read "active 2026-06-01..2027-02-01"; the last day is the first on which it is over."""
    status, _, days = text.partition(" ")
    first, _, end = days.partition("..")
    return StatusSpan(ClientStatus(status), day(first), day(end) if end else None)


def target(
    *spans: str, talks: str = "", month: str, rules: ContactRules = CALENDAR
) -> tuple[str, str]:
    """Return the target of a month as weekday and date."""
    days = [day(text) for text in talks.split()]
    history = History([span(text) for text in spans], days[0] if days else None, days)
    found = target_of(history, Month.parse(month), rules=rules, closed=ClosedDays())
    return f"{found:%a}", str(found)


# It says: "Target date for month M = anchor day (day of month of the first contact, clipped to
# month length and moved to the previous working day if weekend/holiday)"


@pytest.mark.parametrize(
    ("first", "month", "found"),
    [
        pytest.param("2026-07-14", "2027-01", "Thu 2027-01-14", id="the day of the first talk"),
        pytest.param("2026-07-31", "2027-02", "Fri 2027-02-26", id="clipped to 28, a Sunday"),
        pytest.param("2026-07-31", "2028-02", "Tue 2028-02-29", id="clipped to 29"),
        pytest.param("2026-07-30", "2028-02", "Tue 2028-02-29", id="the 30th clipped to 29"),
        pytest.param("2026-07-31", "2027-06", "Wed 2027-06-30", id="clipped to 30"),
        pytest.param("2026-07-31", "2027-05", "Mon 2027-05-31", id="not clipped in a long month"),
        pytest.param("2026-07-16", "2027-01", "Fri 2027-01-15", id="a Saturday to Friday"),
        pytest.param("2026-07-17", "2027-01", "Fri 2027-01-15", id="a Sunday to Friday"),
        pytest.param("2026-02-03", "2026-04", "Thu 2026-04-02", id="Good Friday 2026"),
        pytest.param("2026-07-26", "2027-03", "Thu 2027-03-25", id="Good Friday 2027"),
        pytest.param("2026-07-28", "2027-03", "Thu 2027-03-25", id="the spring change, Easter"),
        pytest.param("2026-07-29", "2027-03", "Thu 2027-03-25", id="Easter Monday"),
        pytest.param("2026-07-27", "2027-04", "Mon 2027-04-26", id="King's Day"),
        pytest.param("2026-07-25", "2026-12", "Thu 2026-12-24", id="Christmas"),
        pytest.param("2026-07-25", "2026-10", "Fri 2026-10-23", id="the autumn change of 2026"),
        pytest.param("2026-07-31", "2027-10", "Fri 2027-10-29", id="the autumn change of 2027"),
        pytest.param("2026-07-01", "2027-01", "Mon 2027-01-04", id="reading: never before M"),
        pytest.param("2026-07-02", "2027-05", "Mon 2027-05-03", id="reading: nor on a Sunday"),
    ],
)
def test_the_target_is_the_anchor_day_moved_to_the_previous_working_day(
    first: str, month: str, found: str
) -> None:
    assert " ".join(target(ALWAYS, talks=first, month=month)) == found


# It says: "the anchor does not drift"; "the next target stays at the anchor but never < 14 days
# after the last contact"


@pytest.mark.parametrize(
    ("talks", "month", "found"),
    [
        pytest.param("2026-11-20 2026-12-03", "2027-01", "2027-01-20", id="early: no drift"),
        pytest.param("2026-11-20 2026-12-29", "2027-01", "2027-01-20", id="late: no drift"),
        pytest.param(
            "2026-07-20 2026-08-19 2026-09-18 2026-10-16 2026-11-13 2026-12-11",
            "2027-01",
            "2027-01-20",
            id="earlier every month: no drift",
        ),
        pytest.param("2026-07-31 2027-02-26", "2027-03", "2027-03-31", id="back after February"),
        pytest.param("2026-11-05 2026-12-22", "2027-01", "2027-01-05", id="exactly 14 days"),
        pytest.param("2026-11-05 2026-12-23", "2027-01", "2027-01-06", id="never under 14"),
        pytest.param("2026-11-05 2026-12-29", "2027-01", "2027-01-12", id="a late talk"),
        pytest.param(
            "2026-11-05 2026-12-31", "2027-01", "2027-01-14", id="on the last day of M-1"
        ),
        pytest.param("2026-11-05 2026-12-26", "2027-01", "2027-01-11", id="14 days on a Saturday"),
        pytest.param("2026-11-05 2026-12-27", "2027-01", "2027-01-11", id="14 days on a Sunday"),
        pytest.param(
            "2026-11-05 2026-12-29 2027-01-12", "2027-02", "2027-02-05", id="then the anchor again"
        ),
        pytest.param(
            "2026-01-02 2027-03-31", "2027-04", "2027-04-14", id="after the spring change"
        ),
        pytest.param("2026-01-02 2026-10-25", "2026-11", "2026-11-09", id="autumn change of 2026"),
        pytest.param("2026-01-02 2027-10-31", "2027-11", "2027-11-15", id="autumn change of 2027"),
        pytest.param(
            "2026-11-05 2026-12-29", "2027-02", "2027-02-05", id="January without a talk"
        ),
    ],
)
def test_the_anchor_does_not_drift_and_gives_way_once_to_a_talk_of_less_than_14_days_ago(
    talks: str, month: str, found: str
) -> None:
    assert target(ALWAYS, talks=talks, month=month)[1] == found


# It says: "first contact due 10 working days after assignment"


@pytest.mark.parametrize(
    ("came", "month", "found"),
    [
        pytest.param("2027-01-04", "2027-01", "2027-01-18", id="ten working days"),
        pytest.param("2027-01-01", "2027-01", "2027-01-15", id="from a holiday"),
        pytest.param("2027-03-17", "2027-03", "2027-03-31", id="clipped by Easter"),
        pytest.param("2027-04-16", "2027-04", "2027-04-30", id="reading: the month's last day"),
        pytest.param("2026-12-17", "2026-12", "2026-12-31", id="reading: before new year"),
        pytest.param("2026-12-17", "2027-01", "2027-01-04", id="and then at once"),
        pytest.param("2027-01-20", "2027-02", "2027-02-03", id="after an excluded first month"),
        pytest.param(
            "2027-01-20", "2027-03", "2027-03-03", id="on the same day as long as silent"
        ),
        pytest.param("2026-10-12", "2026-10", "2026-10-26", id="across the autumn change of 2026"),
        pytest.param("2027-10-15", "2027-10", "2027-10-29", id="across the autumn change of 2027"),
    ],
)
@pytest.mark.parametrize("rules", [CALENDAR, ROLLING], ids=["calendar", "rolling"])
def test_a_new_client_is_due_ten_working_days_after_assignment(
    rules: ContactRules, came: str, month: str, found: str
) -> None:
    assert target(f"active {came}..", month=month, rules=rules)[1] == found


def test_who_was_invited_first_is_new_from_the_day_of_the_invitation() -> None:
    spans = ["invited 2027-01-04..2027-01-11", "active 2027-01-11.."]
    assert target(*spans, month="2027-01")[1] == "2027-01-18"


def test_who_leaves_the_azc_is_new_from_that_day() -> None:
    spans = ["azc 2026-06-01..2027-01-04", "active 2027-01-04.."]
    assert target(*spans, month="2027-01")[1] == "2027-01-18"


def test_how_many_working_days_a_new_client_has_is_configured() -> None:
    rules = ContactRules(first_working_days=5)
    assert target("active 2027-01-04..", month="2027-01", rules=rules)[1] == "2027-01-11"


def test_the_first_talk_leaves_its_own_month_alone_and_anchors_the_next() -> None:
    came = "active 2027-01-04.."
    assert target(came, talks="2027-01-08", month="2027-01")[1] == "2027-01-18"
    assert target(came, talks="2027-01-08", month="2027-02")[1] == "2027-02-08"


# Reading: whoever comes back from a hold has ten working days again; the anchor stays.


@pytest.mark.parametrize(
    ("back", "talks", "month", "found"),
    [
        pytest.param("2027-01-11", "2026-11-12", "2027-01", "2027-01-25", id="ten days first"),
        pytest.param(
            "2027-01-04", "2026-11-25", "2027-01", "2027-01-25", id="the anchor is later"
        ),
        pytest.param("2027-01-11", "2026-11-12", "2027-02", "2027-02-12", id="the anchor again"),
        pytest.param(
            "2027-01-11", "2026-11-12 2027-01-20", "2027-02", "2027-02-12", id="spoken since"
        ),
        pytest.param(
            "2027-01-25", "2026-11-02", "2027-02", "2027-02-08", id="into the next month"
        ),
        pytest.param("2027-01-11", "2026-11-12 2027-01-07", "2027-01", "2027-01-25", id="in hold"),
    ],
)
def test_who_comes_back_from_a_hold_has_ten_working_days_and_keeps_her_anchor(
    back: str, talks: str, month: str, found: str
) -> None:
    spans = ["active 2026-06-01..2026-12-01", f"on_hold 2026-12-01..{back}", f"active {back}.."]
    assert target(*spans, talks=talks, month=month)[1] == found


def test_from_invited_to_active_nobody_comes_back() -> None:
    spans = ["invited 2026-11-02..2027-01-11", "active 2027-01-11.."]
    assert target(*spans, talks="2026-11-12", month="2027-01")[1] == "2027-01-12"


# It says: "rule=rolling: due = last contact + 1 month (31 Jan → 28/29 Feb), resets at every
# contact"


@pytest.mark.parametrize(
    ("talks", "month", "found"),
    [
        pytest.param("2027-01-31", "2027-02", "Sun 2027-02-28", id="31 Jan to 28 Feb"),
        pytest.param("2028-01-31", "2028-02", "Tue 2028-02-29", id="31 Jan to 29 Feb"),
        pytest.param("2026-12-15", "2027-01", "Fri 2027-01-15", id="a month later"),
        pytest.param("2026-12-15 2027-01-03", "2027-02", "Wed 2027-02-03", id="resets early"),
        pytest.param("2026-12-15 2027-01-29", "2027-02", "Sun 2027-02-28", id="resets late"),
        pytest.param("2026-12-31 2027-02-28", "2027-03", "Sun 2027-03-28", id="it may drift"),
        pytest.param("2026-09-25", "2026-10", "Sun 2026-10-25", id="autumn change of 2026"),
        pytest.param("2027-09-30", "2027-10", "Sat 2027-10-30", id="autumn change of 2027"),
        pytest.param("2026-11-10", "2027-01", "Fri 2027-01-01", id="long overdue: from the first"),
    ],
)
def test_under_the_rolling_rule_the_talk_is_due_a_month_after_the_last(
    talks: str, month: str, found: str
) -> None:
    assert " ".join(target(ALWAYS, talks=talks, month=month, rules=ROLLING)) == found


def test_under_the_rolling_rule_too_who_comes_back_has_ten_working_days() -> None:
    spans = ["active 2026-06-01..2026-12-01", "on_hold 2026-12-01..2027-01-11"]
    spans.append("active 2027-01-11..")
    found = target(*spans, talks="2026-11-12", month="2027-01", rules=ROLLING)
    assert found[1] == "2027-01-25"
