"""When the next call may go: against a naive list of the moments at which calls went."""

import math
import random
from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.errors import ConfigError
from bot.domain.limits import UNLIMITED, Limiter, Limits

ROUNDING = 1e-5
SELAM, YONAS, MARYAM = 101, 102, 103
COACHES = -1001
OPEN_CHATS = Limits(chat_per_second=math.inf, chat_burst=1, group_per_minute=10**9)


def most_in_window(moments: list[float], seconds: float) -> int:
    """Count the busiest half-open window, looking at each call as the first of one."""
    moments = sorted(moments)
    return max(
        (bisect_left(moments, t + seconds) - place for place, t in enumerate(moments)), default=0
    )


def paid(per_second: float) -> Limits:
    return Limits(per_second, math.inf, 1, 10**9)


def next_moment(now: float, wait: float) -> float:
    return math.nextafter(now, math.inf) if now + wait == now else now + wait


def run_at_full_speed(limiter: Limiter, chats: list[int], start: float = 1000.0) -> list[float]:
    """Call these chats in turn, each as soon as it may be called."""
    now, moments = start, []
    for chat in chats:
        while wait := limiter.wait_seconds(chat, now):
            now = next_moment(now, wait)
        limiter.take(chat, now)
        moments.append(now)
    return moments


@pytest.mark.parametrize(
    "broken",
    [
        {"per_second": 0},
        {"per_second": 0.5},
        {"per_second": 1001},
        {"per_second": math.nan},
        {"chat_per_second": 0},
        {"chat_burst": 0},
        {"group_per_minute": 0},
    ],
)
def test_limits_that_cannot_be_kept_are_refused_by_name(broken: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(broken))):
        Limits(**broken)  # type: ignore[arg-type]  # one figure at a time, of either type


@pytest.mark.parametrize("per_second", [1, 2, 7, 20, 30, 100, 101, 250])
@pytest.mark.parametrize("start", [0.0, -5.0, 0.1, 86_400.3, 9.0e8 + 1 / 3])
def test_no_second_holds_more_calls_than_allowed(per_second: int, start: float) -> None:
    limiter = Limiter(paid(per_second))
    moments = run_at_full_speed(limiter, list(range(1, 4 * per_second + 2)), start)
    assert most_in_window(moments, 1.0) <= per_second


def test_half_a_call_a_second_is_rounded_down() -> None:
    moments = run_at_full_speed(Limiter(paid(2.9)), list(range(1, 20)))
    assert most_in_window(moments, 1.0) == 2


def test_three_thousand_calls_take_at_most_two_percent_longer_than_ideal() -> None:
    moments = run_at_full_speed(Limiter(Limits()), list(range(1, 3001)))
    assert moments[-1] - moments[0] <= 100 * 1.02


@pytest.mark.parametrize(
    ("per_second", "count", "latest"), [(30, 3000, 0.010), (1000, 10_000, 0.002)]
)
def test_a_sender_that_wakes_late_keeps_its_speed_and_the_limit(
    per_second: int, count: int, latest: float
) -> None:
    chance = random.Random(30)  # noqa: S311 - lateness, not a secret
    limiter, now = Limiter(paid(per_second)), 50.0
    moments: list[float] = []
    while len(moments) < count:
        while limiter.wait_seconds(len(moments) + 1, now) == 0.0:
            limiter.take(len(moments) + 1, now)
            moments.append(now)
        now += limiter.token_wait(now) + chance.uniform(0, latest)
    assert moments[-1] - moments[0] <= count / per_second * 1.02
    assert all(
        late - early >= 1.0 for early, late in zip(moments, moments[per_second:], strict=False)
    )


def test_a_quiet_token_does_not_save_up_a_burst() -> None:
    limiter = Limiter(OPEN_CHATS)
    run_at_full_speed(limiter, [SELAM])
    moments = run_at_full_speed(limiter, [SELAM] * 31, start=5000.0)
    slot = limiter.limits.slot_seconds
    catch_up = limiter.limits.catch_up_seconds
    assert min(b - a for a, b in pairwise(moments)) >= slot - catch_up - ROUNDING
    assert max(b - a for a, b in pairwise(moments)) <= slot + ROUNDING


@settings(deadline=None)
@given(
    steps=st.lists(st.floats(0, 0.3) | st.sampled_from([0.0, 1 / 30, 1.0, 0.009]), max_size=200)
)
def test_the_wait_for_the_token_is_never_longer_than_one_slot(steps: list[float]) -> None:
    limiter, now = Limiter(OPEN_CHATS), 10.0
    for step in steps:
        now += step
        if limiter.token_wait(now) == 0.0:
            limiter.take(SELAM, now)
        assert limiter.token_wait(now) <= limiter.limits.slot_seconds + ROUNDING


def test_a_person_gets_three_at_once_and_then_one_a_second() -> None:
    limiter = Limiter(Limits(per_second=1000))
    moments = [round(t - 1000.0, 2) for t in run_at_full_speed(limiter, [SELAM] * 6)]
    assert moments == [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]


def test_one_chat_that_must_wait_does_not_hold_another() -> None:
    limiter = Limiter(Limits())
    run_at_full_speed(limiter, [SELAM] * 3)
    now = 1000.5
    assert limiter.wait_seconds(SELAM, now) > 0.0
    assert limiter.wait_seconds(YONAS, now) == 0.0


def test_a_group_gets_twenty_in_any_minute() -> None:
    moments = run_at_full_speed(Limiter(Limits()), [COACHES] * 60)
    assert most_in_window(moments, 60.0) == 20
    assert moments[40] - moments[0] <= 120.1


def test_a_call_to_no_chat_is_limited_by_the_token_only() -> None:
    limiter = Limiter(Limits())
    moments = run_at_full_speed(limiter, [0] * 31)
    assert moments[-1] - moments[0] < 1.02
    assert limiter.chats_remembered == 0


def test_a_refused_chat_is_left_alone_and_others_go_on() -> None:
    limiter = Limiter(Limits())
    limiter.refused(SELAM, 7, now=100.0)
    assert limiter.chat_wait(SELAM, 100.0) == 7.0
    assert limiter.chat_wait(SELAM, 106.0) == 1.0
    assert limiter.chat_wait(SELAM, 107.0) == 0.0
    assert limiter.wait_seconds(YONAS, 100.0) == 0.0


def test_a_shorter_refusal_does_not_shorten_a_pause() -> None:
    limiter = Limiter(Limits())
    limiter.refused(SELAM, 30, now=100.0)
    limiter.refused(SELAM, 1, now=101.0)
    limiter.take(SELAM, 101.0)
    assert limiter.chat_wait(SELAM, 101.0) == 29.0


def test_the_same_chat_refused_twice_does_not_pause_the_token() -> None:
    limiter = Limiter(Limits())
    limiter.refused(SELAM, 5, now=100.0)
    limiter.refused(SELAM, 5, now=101.0)
    assert limiter.token_wait(101.0) == 0.0


@pytest.mark.parametrize(("apart", "wait"), [(0.0, 9.0), (10.0, 3.0), (10.5, 0.0)])
def test_two_chats_refused_within_ten_seconds_pause_the_token_until_the_later(
    apart: float, wait: float
) -> None:
    limiter = Limiter(Limits())
    limiter.refused(SELAM, 9, now=100.0)
    limiter.refused(YONAS, 3, now=100.0 + apart)
    assert limiter.token_wait(100.0 + apart) == wait
    assert limiter.wait_seconds(MARYAM, 100.0 + apart) == wait


def test_a_refused_call_to_no_chat_pauses_the_token() -> None:
    limiter = Limiter(Limits())
    limiter.refused(0, 4, now=100.0)
    assert limiter.wait_seconds(SELAM, 100.0) == 4.0


def test_a_hundred_thousand_quiet_chats_are_forgotten() -> None:
    limiter, most = Limiter(paid(1000)), 0
    for number in range(1, 100_001):
        limiter.take(number if number % 2 else -number, number / 1000)
        most = max(most, limiter.chats_remembered)
    # A group is remembered for a minute and a person for two seconds after their call.
    assert most <= 2 * (61_000 // 2 + 2_000)
    for number in range(100_000):
        limiter.take(SELAM, 1000.0 + number)
    assert limiter.chats_remembered <= 2


def test_forgetting_a_chat_does_not_forget_its_limit() -> None:
    limiter = Limiter(Limits(per_second=1000))
    limiter.refused(SELAM, 100, now=0.0)
    for number in range(50):
        limiter.take(COACHES, float(number))
        limiter.take(1000 + number, float(number))
    assert limiter.chat_wait(SELAM, 49.0) == 51.0
    assert limiter.chat_wait(COACHES, 49.0) > 0.0


def test_a_call_that_went_too_early_is_counted_all_the_same() -> None:
    limiter = Limiter(Limits())
    for second in range(25):
        limiter.take(COACHES, float(second))
    assert limiter.chat_wait(COACHES, 24.0) == pytest.approx(41.0, abs=ROUNDING)


def test_a_clock_that_steps_back_finds_nothing_forgotten_too_soon() -> None:
    limiter = Limiter(Limits(per_second=1000))
    run_at_full_speed(limiter, [SELAM] * 3, start=0.0)
    limiter.take(YONAS, 3.0)
    limiter.take(SELAM, 2.99)
    limiter.take(SELAM, 2.99)
    assert limiter.chat_wait(SELAM, 2.99) > 0.0


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-0.01, 0.02), min_size=100, max_size=400))
def test_a_clock_that_goes_to_and_fro_never_fills_a_second_too_far(steps: list[float]) -> None:
    limiter, now = Limiter(paid(120)), 7.0
    moments: list[float] = []
    for step in steps:
        now += step
        while limiter.token_wait(now) == 0.0:
            limiter.take(0, now)
            moments.append(now)
    assert most_in_window(moments, 1.0) <= 120


def test_a_clock_that_stands_still_gives_no_more_than_a_burst() -> None:
    limiter = Limiter(OPEN_CHATS)
    gone = 0
    for _ in range(100):
        if limiter.wait_seconds(SELAM, 5.0) == 0.0:
            limiter.take(SELAM, 5.0)
            gone += 1
    assert gone == 1


def test_unlimited_never_waits() -> None:
    limiter = Limiter(UNLIMITED)
    for number in range(1000):
        chat = (SELAM, COACHES, 0)[number % 3]
        assert limiter.wait_seconds(chat, 1.0) == 0.0
        limiter.take(chat, 1.0)


CHATS = st.sampled_from([SELAM, YONAS, COACHES, -1002, 0])
STEPS = (
    st.sampled_from([0.0, 0.0, -0.004, 0.001, 1 / 3, 1.0, 59.9])
    | st.floats(0, 2)
    | st.just(math.nan)  # until this chat may go
)


@settings(deadline=None, max_examples=200)
@given(
    st.builds(
        Limits,
        per_second=st.sampled_from([1, 3, 5, 30, 200]),
        chat_per_second=st.sampled_from([0.5, 1, 3]),
        chat_burst=st.integers(1, 4),
        group_per_minute=st.integers(1, 6),
    ),
    st.lists(st.tuples(CHATS, STEPS, st.sampled_from([None] * 12 + [0.5, 3.0])), max_size=150),
)
def test_nothing_goes_that_a_naive_count_would_forbid(
    limits: Limits, tries: list[tuple[int, float, float | None]]
) -> None:
    limiter, now = Limiter(limits), 33.3
    gone: list[tuple[float, int]] = []
    refusals: list[tuple[float, int, float]] = []
    for chat, step, refusal in tries:
        now += limiter.wait_seconds(chat, now) if math.isnan(step) else step
        if refusal is not None:
            limiter.refused(chat, refusal, now)
            refusals.append((now, chat, now + refusal))
        elif limiter.wait_seconds(chat, now) == 0.0:
            limiter.take(chat, now)
            gone.append((now, chat))
            assert not any(until > now for _, other, until in refusals if other in {chat, 0})
    assert most_in_window([t for t, _ in gone], 1.0) <= limits.per_second
    for chat in {chat for _, chat in gone} - {0}:
        moments = sorted(t for t, other in gone if other == chat)
        for first, start in enumerate(moments):
            for calls, end in enumerate(moments[first:], start=1):
                fair = (calls - limits.chat_burst) / limits.chat_per_second
                assert end - start >= fair - ROUNDING
        if chat < 0:
            assert most_in_window(moments, 60.0) <= limits.group_per_minute


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([SELAM, YONAS]), st.floats(0, 12)), max_size=12))
def test_the_token_pauses_exactly_as_a_naive_reading_of_the_refusals_says(
    refusals: list[tuple[int, float]],
) -> None:
    limiter, now = Limiter(Limits()), 0.0
    told: list[tuple[float, int, float]] = []
    paused_until = -math.inf
    for chat, step in refusals:
        now += step
        limiter.refused(chat, 2 * step, now)
        told.append((now, chat, now + 2 * step))
        recent = [entry for entry in told if now - entry[0] <= 10.0]
        if len({other for _, other, _ in recent}) > 1:
            # A chat's pause is never shortened, so an older refusal of it may hold the longest.
            paused_until = max(paused_until, *(u for _, c, u in recent))
        assert limiter.token_at() >= paused_until
        assert limiter.token_at() <= max((u for *_, u in told), default=0.0)
        if len({other for _, other, _ in recent}) == 1 and paused_until == -math.inf:
            assert limiter.token_wait(now) == 0.0
