"""What counts as the month's conversation, on which day it may be recorded, and by whom.

The quoted sentences are those of the domain report; "reading" marks a choice of ours.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from bot.config import Contact
from bot.domain.contacts import (
    CONTACT_ROLES,
    AttemptKind,
    Channel,
    ContactError,
    Refusal,
    check_contact,
    contact_role,
)
from bot.domain.months import Month
from bot.domain.people import ClientStatus, Role
from bot.domain.periods import (
    ContactRules,
    History,
    PeriodState,
    StatusSpan,
    assess,
    open_from,
)
from bot.domain.workdays import ClosedDays

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DUTCH = ClosedDays()
RULES = ContactRules()


def day(text: str) -> date:
    return date.fromisoformat(text)


def refused(
    when: str,
    *,
    today: str = "2027-03-02",
    channel: Channel = Channel.OFFICE,
    since: str = "2026-06-01",
    open_month: str = "2027-02",
    counts: bool = True,
    chat_counts: bool = False,
) -> Refusal | None:
    """Return why a conversation cannot be recorded; None when it can."""
    try:
        check_contact(
            day(when),
            channel,
            today=day(today),
            in_care_since=day(since),
            open_from=Month.parse(open_month),
            counts=counts,
            chat_counts=chat_counts,
        )
    except ContactError as error:
        return error.reason
    return None


# It says: "on a real date ≤ today"


@pytest.mark.parametrize(
    ("when", "why"),
    [("2027-03-01", None), ("2027-03-02", None), ("2027-03-03", Refusal.FUTURE)],
)
def test_a_conversation_lies_on_a_date_up_to_today(when: str, why: Refusal | None) -> None:
    assert refused(when) is why


@pytest.mark.parametrize(
    ("when", "why"),
    [("2027-02-17", Refusal.BEFORE_CARE), ("2027-02-18", None), ("2027-02-19", None)],
)
def test_a_conversation_before_the_client_came_is_refused(when: str, why: Refusal | None) -> None:
    assert refused(when, since="2027-02-18") is why


@pytest.mark.parametrize(
    ("when", "why"),
    [("2027-01-31", Refusal.FROZEN), ("2027-02-01", None), ("2026-12-31", Refusal.FROZEN)],
)
def test_a_conversation_in_a_frozen_month_is_refused(when: str, why: Refusal | None) -> None:
    assert refused(when) is why


def test_a_refusal_names_the_day_and_the_remedy() -> None:
    with pytest.raises(ContactError, match=r"2027-03-03 .* record it when it was held"):
        check_contact(
            day("2027-03-03"),
            Channel.PHONE,
            today=day("2027-03-02"),
            in_care_since=day("2026-06-01"),
            open_from=Month(2027, 2),
            counts=True,
            chat_counts=False,
        )


# It says: "Channels: gesprek op kantoor, telefonisch/video, huisbezoek, werkplek"; "Chat exchange
# counts only if the org sets chat_counts=true"


@pytest.mark.parametrize(
    "channel",
    [
        pytest.param(Channel.OFFICE, id="gesprek op kantoor"),
        pytest.param(Channel.PHONE, id="telefonisch"),
        pytest.param(Channel.VIDEO, id="video"),
        pytest.param(Channel.HOME_VISIT, id="huisbezoek"),
        pytest.param(Channel.WORKPLACE, id="werkplek"),
    ],
)
@pytest.mark.parametrize("chat_counts", [False, True])
def test_every_way_of_speaking_counts(channel: Channel, *, chat_counts: bool) -> None:
    assert refused("2027-03-01", channel=channel, chat_counts=chat_counts) is None


@pytest.mark.parametrize(("chat_counts", "why"), [(False, Refusal.CHAT), (True, None)])
def test_a_chat_counts_only_where_the_organisation_says_so(
    why: Refusal | None, *, chat_counts: bool
) -> None:
    assert refused("2027-03-01", channel=Channel.CHAT, chat_counts=chat_counts) is why


@pytest.mark.parametrize("chat_counts", [False, True])
def test_a_chat_that_the_coach_does_not_count_may_be_recorded(*, chat_counts: bool) -> None:
    found = refused("2027-03-01", channel=Channel.CHAT, counts=False, chat_counts=chat_counts)
    assert found is None


def test_unless_the_organisation_says_so_a_chat_does_not_count() -> None:
    assert Contact().chat_counts is False


# It says: "Not: reminders, "OK", broadcast, voicemail, no-show, contact with partner/VWN instead
# of client, employer contact"


@pytest.mark.parametrize("chat_counts", [False, True])
def test_what_is_no_conversation_with_the_client_herself_never_counts(
    *, chat_counts: bool
) -> None:
    found = refused("2027-03-01", channel=Channel.OTHER, chat_counts=chat_counts)
    assert found is Refusal.CHAT
    told = refused("2027-03-01", channel=Channel.OTHER, counts=False, chat_counts=chat_counts)
    assert told is None


def test_a_no_show_and_an_unanswered_call_are_attempts_and_no_conversations() -> None:
    assert {str(kind) for kind in AttemptKind} == {"no_show", "no_answer"}
    assert not {str(kind) for kind in AttemptKind} & {str(channel) for channel in Channel}


# It says: "by a staff member with a contact role"; "Any of the contact roles satisfies it"; and
# of a transfer mid-month that "the joint handover talk counts"


@pytest.mark.parametrize(
    ("roles", "found"),
    [
        pytest.param([Role.COACH], Role.COACH, id="coach"),
        pytest.param([Role.INCOME_ADVISER], Role.INCOME_ADVISER, id="inkomensconsulent"),
        pytest.param([Role.WORKPLACE_TRAINER], Role.WORKPLACE_TRAINER, id="leermeester"),
        pytest.param([Role.LANGUAGE_COACH], Role.LANGUAGE_COACH, id="taalcoach"),
        pytest.param([Role.JOB_COACH], Role.JOB_COACH, id="jobcoach"),
        pytest.param([Role.JOB_LANGUAGE_COACH], Role.JOB_LANGUAGE_COACH, id="job-taalcoach"),
        pytest.param([Role.ACCOUNT_MANAGER], None, id="accountmanager: employer contact only"),
        pytest.param([Role.COORDINATOR], None, id="a coordinator alone"),
        pytest.param([], None, id="nobody"),
        pytest.param([Role.COORDINATOR, Role.COACH], Role.COACH, id="a coordinator who coaches"),
        pytest.param([Role.JOB_COACH, Role.COACH], Role.COACH, id="first of all a coach"),
        pytest.param(
            [Role.ACCOUNT_MANAGER, Role.JOB_COACH], Role.JOB_COACH, id="manager and jobcoach"
        ),
    ],
)
def test_only_a_contact_role_may_hold_the_conversation(
    roles: list[Role], found: Role | None
) -> None:
    assert contact_role(roles) is found
    assert contact_role(reversed(roles)) is found


def test_each_contact_role_stands_in_the_list_once() -> None:
    assert len(set(CONTACT_ROLES)) == len(CONTACT_ROLES)
    assert set(Role) - set(CONTACT_ROLES) == {Role.COORDINATOR, Role.ACCOUNT_MANAGER}


# Scenario 15, and "corrections within 5 working days of month close are allowed ... if the talk
# really was in M"


@pytest.mark.parametrize(
    ("recorded", "why", "february"),
    [
        pytest.param("2027-03-01 09:00", None, PeriodState.MET, id="the first working day"),
        pytest.param(
            "2027-03-05 16:59", None, PeriodState.MET, id="just before the office closes"
        ),
        pytest.param(
            "2027-03-05 17:00", Refusal.FROZEN, PeriodState.MISSED, id="when the office closes"
        ),
        pytest.param("2027-03-08 09:00", Refusal.FROZEN, PeriodState.MISSED, id="later not"),
    ],
)
def test_scenario_15_a_late_log_corrects_the_month_within_five_working_days_and_later_not(
    recorded: str, why: Refusal | None, february: PeriodState
) -> None:
    now = datetime.fromisoformat(recorded).replace(tzinfo=AMSTERDAM).astimezone(UTC)
    first_open = open_from(now, time(17), AMSTERDAM, rules=RULES, closed=DUTCH)
    assert refused("2027-02-24", today=recorded[:10], open_month=str(first_open)) is why
    talks = [day("2027-01-12")] + ([day("2027-02-24")] if why is None else [])
    spans = [StatusSpan(ClientStatus.ACTIVE, day("2026-06-01"), None)]
    period = assess(
        History(spans, talks[0], talks),
        Month(2027, 2),
        today=now.astimezone(AMSTERDAM).date(),
        rules=RULES,
        closed=DUTCH,
    )
    assert period.state is february


def test_a_conversation_is_recorded_on_its_real_date_and_never_in_an_earlier_month() -> None:
    """A talk of 1 March stays in March, although February could still be corrected."""
    assert refused("2027-03-01", today="2027-03-02", open_month="2027-02") is None
    spans = [StatusSpan(ClientStatus.ACTIVE, day("2026-06-01"), None)]
    talks = [day("2027-01-12"), day("2027-03-01")]
    found = [
        assess(
            History(spans, talks[0], talks),
            Month(2027, number),
            today=day("2027-03-02"),
            rules=RULES,
            closed=DUTCH,
        ).state
        for number in (2, 3)
    ]
    assert found == [PeriodState.MISSED, PeriodState.MET]
