"""Rules of broadcasts: who gets what in which language, when one comes back, what may follow."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.broadcasts import (
    EVERYBODY,
    FINAL,
    LEFT_OUT,
    OPEN,
    TRIED_AGAIN,
    Audience,
    AudiencePart,
    BroadcastState,
    Delivery,
    DeliveryState,
    Offer,
    Reader,
    Repeat,
    check_step,
    language_now,
    occurrence_at,
    occurrence_day,
    outcome,
    progress_pause,
    seconds_needed,
)
from bot.domain.errors import TransitionError
from bot.domain.ids import BroadcastId, ClientId, DeliveryId
from bot.domain.languages import (
    ARABIC,
    DARI,
    DUTCH,
    ENGLISH,
    FARSI,
    LEVANTINE_ARABIC,
    TIGRINYA,
    Language,
)
from bot.domain.people import LinkState

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FILM = Offer(frozenset({ARABIC, FARSI, DUTCH}), is_film=True)
INVITATION = Offer(frozenset({ARABIC, FARSI, DUTCH}), is_film=False)


def reader(
    language: Language = FARSI,
    *others: Language,
    link: LinkState | None = LinkState.ACTIVE,
    acknowledged: bool = True,
    opted_out: bool = False,
    already: bool = False,
) -> Reader:
    return Reader(language, others, link, acknowledged, opted_out, already)


@pytest.mark.parametrize(
    ("who", "offer", "state", "shown"),
    [
        (reader(), FILM, DeliveryState.PENDING, FARSI),
        (reader(LEVANTINE_ARABIC), FILM, DeliveryState.PENDING, ARABIC),
        (reader(DARI), FILM, DeliveryState.PENDING, FARSI),
        (reader(TIGRINYA), FILM, DeliveryState.NO_VERSION, None),
        (reader(TIGRINYA, ENGLISH, DUTCH), FILM, DeliveryState.PENDING, DUTCH),
        (reader(opted_out=True), FILM, DeliveryState.OPTED_OUT, FARSI),
        (reader(opted_out=True), INVITATION, DeliveryState.PENDING, FARSI),
        (reader(already=True), FILM, DeliveryState.ALREADY, FARSI),
        (reader(already=True), INVITATION, DeliveryState.ALREADY, FARSI),
        (reader(link=None), FILM, DeliveryState.NO_LINK, FARSI),
        (reader(link=LinkState.ONBOARDING), FILM, DeliveryState.NO_LINK, FARSI),
        (reader(link=LinkState.DECLINED), FILM, DeliveryState.NO_LINK, FARSI),
        (reader(acknowledged=False), FILM, DeliveryState.NO_LINK, FARSI),
        (reader(link=LinkState.STOPPED), FILM, DeliveryState.STOPPED, FARSI),
        (reader(link=LinkState.UNREACHABLE), FILM, DeliveryState.UNREACHABLE, FARSI),
        # That she cannot be reached is said before that there would be nothing for her.
        (reader(TIGRINYA, link=None), FILM, DeliveryState.NO_LINK, None),
    ],
)
def test_each_reader_is_sent_it_in_a_language_she_reads_or_left_out_for_one_reason(
    who: Reader, offer: Offer, state: DeliveryState, shown: Language | None
) -> None:
    assert outcome(who, offer) == (state, shown)


def test_a_fallback_is_only_for_who_has_said_nothing_else() -> None:
    offer = Offer(frozenset({ENGLISH, DUTCH}), is_film=True, fallback=(ENGLISH,))
    assert outcome(reader(TIGRINYA), offer) == (DeliveryState.PENDING, ENGLISH)
    assert outcome(reader(TIGRINYA, DUTCH), offer) == (DeliveryState.PENDING, DUTCH)
    assert outcome(reader(TIGRINYA, FARSI), offer) == (DeliveryState.NO_VERSION, None)


def delivery(language: Language, shown: Language | None) -> Delivery:
    return Delivery(
        DeliveryId(1),
        BroadcastId(1),
        ClientId(1),
        None,
        language,
        shown,
        DeliveryState.SENT,
        attempt=1,
        pressed_at=None,
    )


@pytest.mark.parametrize(
    ("sent", "reading", "offered", "language"),
    [
        # What she was sent is what she is shown again, though her own language has come since.
        (delivery(DARI, DUTCH), (DARI,), {DARI, DUTCH}, DUTCH),
        # She has chosen another language for herself.
        (delivery(FARSI, FARSI), (TIGRINYA,), {FARSI, TIGRINYA}, TIGRINYA),
        (delivery(FARSI, FARSI), (LEVANTINE_ARABIC, ENGLISH), {ARABIC, ENGLISH}, ARABIC),
        # There is nothing in the new one.
        (delivery(FARSI, FARSI), (TIGRINYA,), {FARSI}, FARSI),
        (delivery(FARSI, FARSI), (FARSI,), {TIGRINYA}, None),
    ],
)
def test_what_she_was_sent_is_shown_again_in_the_language_it_was_or_in_her_new_one(
    sent: Delivery,
    reading: tuple[Language, ...],
    offered: set[Language],
    language: Language | None,
) -> None:
    assert language_now(sent, reading, offered) == language


def test_a_text_comes_in_her_own_language_or_not_at_all() -> None:
    text = Offer(frozenset({DUTCH, ENGLISH, FARSI, ARABIC}), is_film=False)
    assert outcome(reader(TIGRINYA, ENGLISH), text) == (DeliveryState.NO_VERSION, None)
    assert outcome(reader(DARI), text) == (DeliveryState.NO_VERSION, None)
    assert outcome(reader(LEVANTINE_ARABIC), text) == (DeliveryState.PENDING, ARABIC)


def test_every_state_of_a_delivery_is_of_one_sort() -> None:
    others = {
        DeliveryState.SENT,
        DeliveryState.UNCERTAIN,
        DeliveryState.FAILED,
        DeliveryState.CANCELLED,
        DeliveryState.EXPIRED,
    }
    assert OPEN | LEFT_OUT | others == set(DeliveryState)
    assert not OPEN & LEFT_OUT


def test_what_may_have_arrived_is_never_tried_again() -> None:
    assert not TRIED_AGAIN & {DeliveryState.SENT, DeliveryState.UNCERTAIN, DeliveryState.QUEUED}


@pytest.mark.parametrize(
    ("state", "to"),
    [
        (BroadcastState.DRAFT, BroadcastState.RUNNING),
        (BroadcastState.DRAFT, BroadcastState.LISTING),
        (BroadcastState.REVIEW, BroadcastState.RUNNING),
        (BroadcastState.CANCELLED, BroadcastState.RUNNING),
        (BroadcastState.DONE, BroadcastState.DRAFT),
        (BroadcastState.RUNNING, BroadcastState.DRAFT),
    ],
)
def test_a_step_that_leaves_somebody_out_is_refused(
    state: BroadcastState, to: BroadcastState
) -> None:
    with pytest.raises(TransitionError, match=f"{state} cannot become {to}"):
        check_step(state, to)


def test_what_was_called_off_stays_off() -> None:
    for to in BroadcastState:
        with pytest.raises(TransitionError):
            check_step(BroadcastState.CANCELLED, to)
    assert BroadcastState.CANCELLED in FINAL


def test_an_audience_comes_back_as_it_was_kept() -> None:
    audience = EVERYBODY.toggle(AudiencePart.STEP, "2").toggle(AudiencePart.LANGUAGE, "ti")
    assert Audience.from_json(audience.to_json()) == audience
    assert audience.toggle(AudiencePart.STEP, "2").toggle(AudiencePart.LANGUAGE, "ti") == EVERYBODY
    assert EVERYBODY.to_json() == {}


@pytest.mark.parametrize(
    ("repeat", "number", "day"),
    [
        (Repeat.WEEKLY, 3, date(2027, 2, 21)),
        (Repeat.TWO_WEEKS, 2, date(2027, 2, 28)),
        (Repeat.MONTHLY, 1, date(2027, 2, 28)),
        (Repeat.MONTHLY, 2, date(2027, 3, 31)),
        (Repeat.NEVER, 0, date(2027, 1, 31)),
    ],
)
def test_a_broadcast_comes_back_on_its_day_without_drift(
    repeat: Repeat, number: int, day: date
) -> None:
    assert occurrence_day(date(2027, 1, 31), repeat, number) == day


@pytest.mark.parametrize(
    ("first", "instants"),
    [
        # The clock goes forward on 28 March 2027, and back on 31 October 2027.
        (
            date(2027, 3, 23),
            [datetime(2027, 3, 23, 9, tzinfo=UTC), datetime(2027, 3, 30, 8, tzinfo=UTC)],
        ),
        (
            date(2027, 10, 26),
            [datetime(2027, 10, 26, 8, tzinfo=UTC), datetime(2027, 11, 2, 9, tzinfo=UTC)],
        ),
    ],
)
def test_a_repeated_broadcast_keeps_its_wall_clock_time_when_the_clock_changes(
    first: date, instants: list[datetime]
) -> None:
    found = [occurrence_at(first, time(10), Repeat.WEEKLY, n, AMSTERDAM) for n in range(2)]
    assert found == instants


@pytest.mark.parametrize(
    ("recipients", "per_second", "seconds"), [(0, 30, 0), (1, 30, 1), (3000, 30, 100), (31, 30, 2)]
)
def test_how_long_it_takes_is_the_limits_own_time(
    recipients: int, per_second: int, seconds: int
) -> None:
    assert seconds_needed(recipients, per_second) == seconds


def test_the_progress_of_a_long_run_is_told_less_often_and_never_within_three_seconds() -> None:
    assert progress_pause(10, 30) == timedelta(seconds=3)
    assert progress_pause(30_000, 30) == timedelta(seconds=10)
