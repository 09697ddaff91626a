"""How long a call that failed waits, what goes first, and what doubt means."""

import pytest

from bot.domain.delivery import (
    REPEATABLE_METHODS,
    DoubtRule,
    OutboxKind,
    Priority,
    backoff_seconds,
    doubt_rule,
    priority_of,
)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [
        (0, 1),
        (1, 1),
        (2, 2),
        (3, 4),
        (4, 8),
        (8, 128),
        (9, 256),
        (10, 300),
        (11, 300),
        (5000, 300),
    ],
)
def test_each_failure_doubles_the_wait_up_to_five_minutes(attempts: int, seconds: int) -> None:
    assert backoff_seconds(attempts) == seconds


def test_chance_spreads_what_failed_together_between_half_the_wait_and_all_of_it() -> None:
    assert [backoff_seconds(4, chance) for chance in (0.0, 0.5, 1.0)] == [4, 6, 8]


@pytest.mark.parametrize(
    ("kind", "priority"),
    [
        (OutboxKind.ANSWER, Priority.ANSWER),
        (OutboxKind.ONBOARDING, Priority.ANSWER),
        (OutboxKind.URGENT, Priority.ANSWER),
        (OutboxKind.SET, Priority.ANSWER),
        (OutboxKind.CONVERSATION, Priority.CONVERSATION),
        (OutboxKind.STAFF, Priority.CONVERSATION),
        (OutboxKind.APPOINTMENT, Priority.CONVERSATION),
        (OutboxKind.REMINDER, Priority.REMINDER),
        (OutboxKind.BROADCAST, Priority.BROADCAST),
    ],
)
def test_an_answer_goes_before_conversation_reminders_and_broadcasts(
    kind: OutboxKind, priority: Priority
) -> None:
    assert priority_of(kind) is priority


@pytest.mark.parametrize("kind", list(OutboxKind))
def test_what_changes_nothing_for_the_reader_is_repeated_whatever_it_is_for(
    kind: OutboxKind,
) -> None:
    assert {doubt_rule(kind, method) for method in REPEATABLE_METHODS} == {DoubtRule.REPEAT}


@pytest.mark.parametrize("kind", [kind for kind in OutboxKind if kind is not OutboxKind.BROADCAST])
def test_what_somebody_must_read_is_repeated_once_and_says_so(kind: OutboxKind) -> None:
    assert doubt_rule(kind, "sendMessage") is DoubtRule.REPEAT_MARKED


def test_a_broadcast_is_never_repeated() -> None:
    assert doubt_rule(OutboxKind.BROADCAST, "sendMessage") is DoubtRule.LEAVE
