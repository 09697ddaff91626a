"""Who goes next, and when, of the calls that wait for their slot."""

import random
from collections import Counter, deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.delivery import Priority
from bot.domain.limits import UNLIMITED, Limiter, Limits
from bot.domain.waiting import Waiting

ANSWER, CONVERSATION, REMINDER, BROADCAST = Priority
SELAM, YONAS, MARYAM = 101, 102, 103
COACHES = -1001
ROUNDING = 1e-5


def drain(waiting: Waiting[str], limiter: Limiter, now: float) -> list[str]:
    """Pop at each moment at which something may go, until nothing waits."""
    out = []
    while (moment := waiting.next_at(limiter, now)) is not None:
        now = max(now, moment)
        item = waiting.pop(limiter, now)
        assert item is not None, "it was said that something may go now"
        out.append(item)
    return out


def test_the_most_urgent_goes_first_and_then_who_came_first() -> None:
    waiting = Waiting[str]()
    waiting.push("film", 1, BROADCAST, 0.0)
    waiting.push("reminder", 2, REMINDER, 0.0)
    waiting.push("hello", 3, CONVERSATION, 0.0)
    waiting.push("answer", 4, ANSWER, 0.0)
    waiting.push("hello again", 5, CONVERSATION, 0.0)
    assert drain(waiting, Limiter(Limits()), 0.0) == [
        "answer",
        "hello",
        "hello again",
        "reminder",
        "film",
    ]


def test_a_chat_keeps_its_order_inside_one_urgency() -> None:
    waiting = Waiting[str]()
    for number in range(8):
        waiting.push(f"{number}", SELAM, CONVERSATION, 0.0)
    assert drain(waiting, Limiter(Limits()), 0.0) == list("01234567")


def test_a_chat_that_must_wait_does_not_hold_the_others() -> None:
    waiting, limiter = Waiting[str](), Limiter(Limits())
    for number in range(5):
        waiting.push(f"Selam {number}", SELAM, ANSWER, 0.0)
    waiting.push("Yonas", YONAS, BROADCAST, 0.0)
    assert drain(waiting, limiter, 0.0) == [
        "Selam 0",
        "Selam 1",
        "Selam 2",
        "Yonas",
        "Selam 3",
        "Selam 4",
    ]


def test_what_becomes_urgent_for_a_waiting_chat_goes_first_when_it_may() -> None:
    waiting, limiter = Waiting[str](), Limiter(Limits())
    limiter.refused(SELAM, 10, now=0.0)
    waiting.push("film", SELAM, BROADCAST, 0.0)
    assert waiting.pop(limiter, 0.0) is None
    waiting.push("answer", SELAM, ANSWER, 1.0)
    assert waiting.pop(limiter, 9.9) is None
    assert waiting.next_at(limiter, 9.9) == 10.0
    assert waiting.pop(limiter, 10.0) == "answer"


def test_a_chat_refused_while_it_is_put_aside_waits_for_the_later_moment() -> None:
    waiting, limiter = Waiting[str](), Limiter(Limits())
    limiter.refused(SELAM, 5, now=0.0)
    waiting.push("hello", SELAM, CONVERSATION, 0.0)
    assert waiting.next_at(limiter, 0.0) == 5.0
    limiter.refused(SELAM, 60, now=1.0)
    assert waiting.next_at(limiter, 1.0) == 61.0
    assert waiting.pop(limiter, 5.0) is None
    assert waiting.pop(limiter, 61.0) == "hello"


def test_an_empty_queue_has_no_next_moment() -> None:
    waiting, limiter = Waiting[str](), Limiter(Limits())
    assert waiting.next_at(limiter, 0.0) is None
    assert waiting.pop(limiter, 0.0) is None


def test_what_telegram_does_not_count_goes_at_once_and_takes_nothing() -> None:
    waiting, limiter = Waiting[str](), Limiter(Limits())
    waiting.push("hello", SELAM, ANSWER, 0.0)
    assert waiting.pop(limiter, 0.0) == "hello"
    token_at, chat_at = limiter.token_at(), limiter.chat_at(SELAM)
    waiting.push("and you", SELAM, ANSWER, 0.0)
    waiting.push("tap", SELAM, BROADCAST, 0.0, counted=False)
    assert waiting.next_at(limiter, 0.0) == 0.0
    assert waiting.pop(limiter, 0.0) == "tap"
    assert waiting.pop(limiter, 0.0) is None
    assert (limiter.token_at(), limiter.chat_at(SELAM)) == (token_at, chat_at)


def test_what_telegram_does_not_count_waits_while_the_token_is_paused() -> None:
    waiting, limiter = Waiting[str](), Limiter(Limits())
    limiter.refused(SELAM, 5, now=0.0)
    limiter.refused(YONAS, 7, now=0.0)
    waiting.push("tap", MARYAM, ANSWER, 0.0, counted=False)
    assert waiting.pop(limiter, 6.9) is None
    assert waiting.next_at(limiter, 6.9) == 7.0
    assert waiting.pop(limiter, 7.0) == "tap"


def test_counts_and_ages_follow_what_waits() -> None:
    waiting, limiter = Waiting[str](), Limiter(Limits())
    waiting.push("film", SELAM, BROADCAST, 10.0)
    waiting.push("film", YONAS, BROADCAST, 12.0)
    waiting.push("tap", YONAS, ANSWER, 13.0, counted=False)
    assert (len(waiting), waiting.count(BROADCAST), waiting.count(ANSWER)) == (3, 2, 1)
    assert waiting.waited_seconds(BROADCAST, 15.0) == 5.0
    assert waiting.waited_seconds(ANSWER, 15.0) == 2.0
    assert waiting.waited_seconds(REMINDER, 15.0) == 0.0
    drain(waiting, limiter, 15.0)
    assert (len(waiting), waiting.count(BROADCAST), waiting.count(ANSWER)) == (0, 0, 0)


def test_claims_are_given_back_in_the_order_in_which_they_came() -> None:
    waiting, limiter = Waiting[str](), Limiter(Limits())
    limiter.refused(SELAM, 100, now=0.0)
    waiting.push("film 1", SELAM, BROADCAST, 0.0)
    waiting.push("hello 1", YONAS, CONVERSATION, 0.0)
    waiting.push("film 2", YONAS, BROADCAST, 0.0)
    waiting.push("tap", YONAS, ANSWER, 0.0, counted=False)
    waiting.push("hello 2", SELAM, CONVERSATION, 0.0)
    assert waiting.next_at(limiter, 0.0) == 0.0
    assert waiting.remove(lambda item: item.startswith("film")) == ["film 1", "film 2"]
    assert (len(waiting), waiting.count(BROADCAST)) == (3, 0)
    assert waiting.pop(limiter, 0.0) == "tap"
    assert waiting.clear() == ["hello 1", "hello 2"]
    assert (len(waiting), waiting.next_at(limiter, 0.0)) == (0, None)
    waiting.push("hello 3", YONAS, CONVERSATION, 0.0)
    assert waiting.pop(limiter, 0.0) == "hello 3"


def saturated(lower: list[Priority], higher: list[Priority], permits: int) -> list[Priority]:
    """Give permits while each of these levels always has someone who may go."""
    waiting, limiter, now = Waiting[Priority](), Limiter(Limits()), 0.0
    chat, given = 0, []
    for _ in range(permits):
        for level in higher + lower:
            while waiting.count(level) < 3:
                chat += 1
                waiting.push(level, chat, level, now)
        now = waiting.next_at(limiter, now) or now
        item = waiting.pop(limiter, now)
        assert item is not None
        given.append(item)
    return given


@pytest.mark.parametrize("higher", [[ANSWER], [CONVERSATION], [REMINDER]])
def test_a_level_that_is_always_passed_over_gets_every_tenth_permit(
    higher: list[Priority],
) -> None:
    given = saturated([BROADCAST], higher, 1000)
    assert given.count(BROADCAST) == 100
    assert all(BROADCAST in given[start : start + 10] for start in range(len(given) - 9))


def test_each_level_goes_on_when_all_are_full_and_the_first_never_loses_two_in_a_row() -> None:
    given = saturated([CONVERSATION, REMINDER, BROADCAST], [ANSWER], 1000)
    counts = Counter(given)
    assert all(counts[level] >= 80 for level in (CONVERSATION, REMINDER, BROADCAST))
    assert counts[ANSWER] >= 650
    for start in range(len(given) - 13):
        assert set(given[start : start + 14]) == set(Priority)
        assert ANSWER in given[start : start + 2]


@pytest.mark.parametrize("seed", range(4))
def test_a_broadcast_to_3000_never_delays_a_conversation_by_more_than_one_slot(
    seed: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311 - when people write, not a secret
    limiter, waiting = Limiter(Limits()), Waiting[str]()
    slot = limiter.limits.slot_seconds
    for number in range(3000):
        waiting.push("film", 10_000 + number, BROADCAST, 0.0)
    crowd = [chance.uniform(40, 40.2) for _ in range(8)]
    arrivals = deque(sorted(crowd + [chance.uniform(0, 100) for _ in range(150)]))
    latest: deque[float] = deque()  # the moment at which each must have gone, first come first
    now, films, person = 0.0, 0, 0
    while waiting or arrivals:
        moment = waiting.next_at(limiter, now)
        if arrivals and (moment is None or arrivals[0] <= moment):
            now = arrivals.popleft()
            person += 1
            latest.append(now + (1 + waiting.count(CONVERSATION)) * slot + ROUNDING)
            waiting.push("hello", person, CONVERSATION, now)
            continue
        assert moment is not None
        now = moment
        if waiting.pop(limiter, now) == "hello":
            assert now <= latest.popleft()
        else:
            films += 1
    assert (films, person, len(latest)) == (3000, 158, 0)


CHATS = st.sampled_from([SELAM, YONAS, MARYAM, COACHES, 0])
ACTIONS = st.one_of(
    st.tuples(st.just("push"), CHATS, st.sampled_from(Priority), st.sampled_from([1, 1, 1, 0])),
    st.tuples(st.just("crowd"), st.sampled_from(Priority), st.integers(5, 15)),
    st.tuples(st.just("pop"), st.floats(0, 1.5) | st.just(0.0) | st.just(-0.002)),
    st.tuples(st.just("refuse"), CHATS, st.floats(0, 4)),
    st.tuples(st.just("remove"), st.integers(2, 5)),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(ACTIONS, max_size=120))
def test_nothing_is_lost_or_given_twice_and_the_order_is_that_of_a_naive_queue(
    actions: list[tuple[object, ...]],
) -> None:
    limiter, waiting, now = Limiter(Limits(group_per_minute=4)), Waiting[int](), 5.0
    here: dict[int, tuple[Priority, int, bool]] = {}
    number = 0
    let_go_first = Counter[Priority]()
    for action in actions:
        match action:
            case ("push", int(chat), Priority() as level, int(counted)):
                waiting.push(number, chat, level, now, counted=bool(counted))
                here[number] = (level, chat, bool(counted))
                number += 1
            case ("crowd", Priority() as level, int(size)):
                for _ in range(size):
                    waiting.push(number, 1000 + number, level, now)
                    here[number] = (level, 1000 + number, True)
                    number += 1
            case ("refuse", int(chat), float(seconds)):
                limiter.refused(chat, seconds, now)
            case ("remove", int(step)):
                gone = waiting.remove(lambda item, step=step: item % step == 0)  # type: ignore[misc]
                assert gone == [item for item in here if item % step == 0]
                here = {item: entry for item, entry in here.items() if item % step}
            case ("pop", float(step)):
                now += step
                free = {i: e for i, e in here.items() if not e[2] and limiter.paused_until <= now}
                ready = {
                    i: e
                    for i, e in here.items()
                    if e[2] and limiter.wait_seconds(e[1], now) == 0.0
                }
                moment = waiting.next_at(limiter, now)
                item = waiting.pop(limiter, now)
                assert (item is not None) == bool(free or ready) == (moment == now)
                if item is None:
                    assert (moment is None) == (not here)
                    continue
                level = here[item][0]
                rivals = free or ready
                assert item == min(i for i, e in rivals.items() if e[0] == level)
                first = min(e[0] for e in rivals.values())
                if not free:
                    assert level == first or let_go_first[level] >= 9
                    let_go_first.update({e[0] for e in ready.values() if e[0] > level})
                    let_go_first[level] = 0
                    assert max(let_go_first.values()) < 9 + 5
                else:
                    assert level == first
                del here[item]
        assert len(waiting) == len(here)
        assert all(
            waiting.count(level) == sum(e[0] is level for e in here.values()) for level in Priority
        )
    left = []
    while (later := waiting.next_at(limiter, now)) is not None:
        now = later
        item = waiting.pop(limiter, now)
        assert item is not None, "next_at said that something may go"
        left.append(item)
    assert sorted(left) == sorted(here)


def steps_of(count: int) -> int:
    """Count the questions asked of the limiter for so many items: the work that grows."""
    asked = 0

    class Asked(Limiter):
        def chat_at(self, chat_id: int) -> float:
            nonlocal asked
            asked += 1
            return super().chat_at(chat_id)

    limiter, waiting = Asked(Limits()), Waiting[str]()
    for number in range(count):
        waiting.push("film", 1 + number // 4, BROADCAST, 0.0)
        waiting.push("hello", 1 + number // 4, CONVERSATION, 0.0)
    drain(waiting, limiter, 0.0)
    return asked


def test_the_work_grows_with_the_number_of_items_and_no_faster() -> None:
    few, many = steps_of(500), steps_of(5000)
    assert many <= 20 * few


def test_a_hundred_thousand_items_come_out_once_each() -> None:
    waiting, limiter = Waiting[int](), Limiter(UNLIMITED)
    for number in range(100_000):
        waiting.push(number, 1 + number % 5000, Priority(number % 4), 0.0)
    out = [waiting.pop(limiter, 0.0) for _ in range(100_000)]
    assert sorted(item for item in out if item is not None) == list(range(100_000))
    assert len(waiting) == 0
