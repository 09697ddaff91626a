"""Sending a broadcast: to each once, in her language, whatever happens meanwhile."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.config import Config
from bot.domain.broadcasts import (
    EVERYBODY,
    Audience,
    AudiencePart,
    BroadcastState,
    DeliveryState,
    Repeat,
)
from bot.domain.delivery import Failure, FailureKind, OutboxKind
from bot.domain.errors import TransitionError
from bot.domain.events import EventKind, EventMode, SignUpState, single
from bot.domain.ids import BroadcastId, ClientId
from bot.domain.languages import DARI, DUTCH, FARSI, TIGRINYA, Language
from bot.domain.people import ClientStatus, LinkState
from bot.services import broadcasts, deliveries
from bot.services import outbox as sending
from bot.storage import broadcasts as storage
from bot.storage import events, films, people
from bot.storage import outbox as calls
from bot.storage.broadcast_schema import deliveries as table
from bot.storage.broadcast_schema import sign_ups
from bot.storage.schema import audit_events, outbox
from bot.storage.schema import clients as clients_table
from bot.storage.schema import staff as staff_table
from tests.cast import BRAM, JOKE
from tests.support.crowd import TUESDAY, Crowd, chat_of, open_crowd, title_in

GONE = Failure(FailureKind.GONE, "Forbidden: bot was blocked by the user")
REJECTED = Failure(FailureKind.REJECTED, "BadRequest: message is too long")
DOUBT = Failure(FailureKind.DOUBT, "TimedOut")


@pytest.fixture
async def crowd(tmp_path: Path) -> AsyncIterator[Crowd]:
    async with open_crowd(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}") as opened:
        yield opened


async def step(crowd: Crowd, broadcast_id: BroadcastId, word: str) -> bool:
    """Take a step as Joke, whatever it gives."""
    joke = await crowd.staff(JOKE)
    async with crowd.core.database.transaction() as tx:
        broadcast = await storage.get_broadcast(tx, broadcast_id)
        if word == "retry":
            return bool(
                await broadcasts.retry_failed(crowd.core, tx, broadcast, joke, now=crowd.now)
            )
        take = {
            "pause": broadcasts.pause,
            "go_on": broadcasts.go_on,
            "cancel": broadcasts.cancel,
            "withdraw": broadcasts.withdraw,
        }[word]
        return await take(tx, broadcast, joke, now=crowd.now)


async def lasting(crowd: Crowd, count: int) -> tuple[BroadcastId, list[ClientId]]:
    """Begin a broadcast to so many, of which only what the first tick queued may go yet."""
    clients = await crowd.many(count)
    film_id = await crowd.film()
    number = await crowd.plans(film_id)
    await crowd.ticks()
    return number, [client.id for client in clients]


# --- to whom, and in which language ----------------------------------------------------------


async def test_each_gets_it_once_in_her_own_language_and_the_maker_hears_the_end(
    crowd: Crowd,
) -> None:
    clients = await crowd.many(12)
    number = await crowd.plans(await crowd.film())
    await crowd.runs()
    assert Counter(crowd.chats()) == Counter(chat_of(client.id) for client in clients)
    for client in clients:
        text = next(each.text for each in crowd.sent if each.chat_id == chat_of(client.id))
        assert title_in(client.language) in text
    assert await crowd.state(number) is BroadcastState.DONE
    assert set((await crowd.became(number)).values()) == {DeliveryState.SENT}
    assert any("12" in text and "Klaar" in text for _, _, text in crowd.told)


async def test_whoever_is_left_out_stands_there_with_the_reason(crowd: Crowd) -> None:
    gets = await crowd.comes(FARSI)
    nowhere = await crowd.comes(FARSI, link=None)
    halfway = await crowd.comes(FARSI, link=LinkState.ONBOARDING)
    stopped = await crowd.comes(FARSI, link=LinkState.STOPPED)
    blocked = await crowd.comes(FARSI, link=LinkState.UNREACHABLE)
    wishes_none = await crowd.comes(FARSI, facts={"films_opted_out_at": crowd.now})
    unread = await crowd.comes(TIGRINYA)
    second = await crowd.comes(TIGRINYA, facts={"other_languages": ["en", "fa"]})
    number = await crowd.plans(await crowd.film([FARSI]))
    await crowd.runs()
    assert await crowd.became(number) == {
        gets.id: DeliveryState.SENT,
        nowhere.id: DeliveryState.NO_LINK,
        halfway.id: DeliveryState.NO_LINK,
        stopped.id: DeliveryState.STOPPED,
        blocked.id: DeliveryState.UNREACHABLE,
        wishes_none.id: DeliveryState.OPTED_OUT,
        unread.id: DeliveryState.NO_VERSION,
        second.id: DeliveryState.SENT,
    }
    assert sorted(crowd.chats()) == [chat_of(gets.id), chat_of(second.id)]


async def test_a_film_in_another_language_says_so_in_the_readers_own(crowd: Crowd) -> None:
    reader = await crowd.comes(TIGRINYA, facts={"other_languages": ["nl"]})
    await crowd.plans(await crowd.film([DUTCH]))
    await crowd.runs()
    expected = crowd.core.texts.say("bc.film_otherlang", reader.language, taal="Nederlands")
    assert crowd.sent[0].text.endswith("\n" + expected)


async def test_a_dari_reader_is_told_that_the_film_is_in_farsi(crowd: Crowd) -> None:
    await crowd.comes(DARI)
    await crowd.comes(FARSI)
    await crowd.plans(await crowd.film([FARSI]))
    await crowd.runs()
    other = crowd.core.texts.say("bc.film_otherlang", DARI, taal="فارسی")
    assert [other in each.text for each in crowd.sent] == [True, False]


async def test_on_a_shared_phone_nothing_of_it_shows_at_first(crowd: Crowd) -> None:
    await crowd.comes(FARSI, facts={"discreet": True})
    await crowd.plans(await crowd.film())
    await crowd.runs()
    text = crowd.sent[0].text
    assert title_in(FARSI) not in text
    assert "films.example.org" not in text
    assert crowd.core.config.organisation.name in text


@pytest.mark.parametrize(
    ("part", "value", "facts"),
    [
        (AudiencePart.MUNICIPALITY, "Voorbeeldstad", {"municipality": "Voorbeeldstad"}),
        (AudiencePart.STEP, "2", {"step": 2}),
        (AudiencePart.GROUP, "schooling", {"client_group": "schooling"}),
        (AudiencePart.PROGRAMME, "Taal en werk", {"programme": "Taal en werk"}),
    ],
)
async def test_an_audience_is_chosen_by_what_is_known_of_a_client(
    crowd: Crowd, part: AudiencePart, value: str, facts: dict[str, object]
) -> None:
    await crowd.comes(FARSI)
    meant = await crowd.comes(FARSI, facts=facts)
    number = await crowd.plans(await crowd.film(), audience=EVERYBODY.toggle(part, value))
    await crowd.runs()
    assert await crowd.became(number) == {meant.id: DeliveryState.SENT}


async def test_a_coach_reaches_the_own_clients_whatever_was_chosen(crowd: Crowd) -> None:
    own = await crowd.comes(FARSI, coach=BRAM)
    await crowd.comes(FARSI, coach=JOKE)
    joke = await crowd.staff(JOKE)
    chosen = Audience({AudiencePart.COACH: frozenset({str(joke.id)})})
    number = await crowd.plans(await crowd.film(), by=BRAM, audience=chosen)
    await crowd.runs()
    assert await crowd.became(number) == {own.id: DeliveryState.SENT}


async def test_a_coach_who_becomes_coordinator_reaches_no_more_than_was_approved(
    crowd: Crowd,
) -> None:
    own = await crowd.comes(FARSI, coach=BRAM)
    await crowd.comes(FARSI, coach=JOKE)
    day = TUESDAY + timedelta(days=1)
    number = await crowd.plans(await crowd.film(), by=BRAM, day=day, clock=time(10))
    async with crowd.core.database.transaction() as tx:
        await tx.run(
            sa.update(staff_table)
            .where(staff_table.c.code == BRAM.code)
            .values(roles=["coach", "coordinator"])
        )
    crowd.care.at(day, time(10))
    await crowd.runs()
    assert await crowd.became(number) == {own.id: DeliveryState.SENT}


async def test_an_invitation_comes_to_nobody_who_has_answered_it(crowd: Crowd) -> None:
    asked, comes, declines, later = await crowd.many(4)
    start = TUESDAY + timedelta(days=7)
    async with crowd.core.database.transaction() as tx:
        event_id = await events.insert_event(
            tx,
            kind=EventKind.LANGUAGE_CAFE,
            name=None,
            mode=EventMode.ALL,
            place=crowd.core.config.places[0],
            capacity=None,
            author_id=(await crowd.staff(JOKE)).id,
            sessions=single(start, time(10), crowd.core.config.organisation.zone, 60),
            now=crowd.now,
        )
        for client, state in (
            (comes, SignUpState.COMING),
            (declines, SignUpState.DECLINED),
            (later, SignUpState.LATER),
        ):
            await tx.insert(
                sign_ups,
                event_id=event_id,
                client_id=client.id,
                state=state,
                asked_at=crowd.now,
                changed_at=crowd.now,
            )
    number = await crowd.plans(None, event_id=event_id)
    await crowd.runs()
    assert await crowd.became(number) == {
        asked.id: DeliveryState.SENT,
        comes.id: DeliveryState.ALREADY,
        declines.id: DeliveryState.ALREADY,
        later.id: DeliveryState.SENT,
    }


async def test_two_broadcasts_of_one_film_at_once_bring_it_to_nobody_twice(crowd: Crowd) -> None:
    clients = await crowd.many(10)
    film_id = await crowd.film()
    first, second = await crowd.plans(film_id), await crowd.plans(film_id)
    await crowd.runs()
    assert Counter(crowd.chats()) == Counter(chat_of(client.id) for client in clients)
    assert set((await crowd.became(first)).values()) == {DeliveryState.SENT}
    assert set((await crowd.became(second)).values()) == {DeliveryState.ALREADY}


async def test_who_perhaps_has_a_film_is_not_sent_it_by_another_broadcast(crowd: Crowd) -> None:
    (client,) = await crowd.many(1)
    film_id = await crowd.film()
    await crowd.plans(film_id)
    await crowd.ticks()
    await crowd.sends(failing={chat_of(client.id): DOUBT})
    await crowd.runs()
    second = await crowd.plans(film_id)
    await crowd.runs()
    assert crowd.sent == []
    assert await crowd.became(second) == {client.id: DeliveryState.ALREADY}


async def test_a_film_comes_again_when_it_was_long_ago(crowd: Crowd) -> None:
    await crowd.comes(FARSI)
    film_id = await crowd.film()
    await crowd.plans(film_id)
    await crowd.runs()
    crowd.passes(days=crowd.core.config.broadcast.repeat_film_days + 1)
    await crowd.plans(film_id)
    await crowd.runs()
    assert len(crowd.sent) == 2


# --- while it runs ---------------------------------------------------------------------------


async def test_only_some_seconds_worth_stands_in_the_outbox_at_once(crowd: Crowd) -> None:
    number, clients = await lasting(crowd, 400)
    states = Counter((await crowd.became(number)).values())
    config = crowd.core.config
    ahead = config.sending.per_second * (config.scheduler.tick_seconds + 4)
    assert states == {DeliveryState.QUEUED: ahead, DeliveryState.PENDING: len(clients) - ahead}


async def test_a_paused_broadcast_sends_nothing_more_and_goes_on_where_it_stopped(
    crowd: Crowd,
) -> None:
    number, clients = await lasting(crowd, 40)
    await crowd.sends(10)
    assert await step(crowd, number, "pause")
    crowd.passes(seconds=5)
    await crowd.ticks()
    await crowd.sends()
    assert len(crowd.sent) == 9  # and the message that tells how far it is
    assert await step(crowd, number, "go_on")
    await crowd.runs()
    assert Counter(crowd.chats()) == Counter(map(chat_of, clients))


async def test_what_was_claimed_when_it_was_paused_is_not_sent(crowd: Crowd) -> None:
    number, _ = await lasting(crowd, 5)
    claimed = await crowd.claims()
    assert await step(crowd, number, "pause")
    for call in claimed:
        if call.delivery_id is not None:
            assert await sending.start(crowd.core, call.id, crowd.now) is None
    assert crowd.sent == []


async def test_one_who_joins_halfway_gets_it_at_the_end(crowd: Crowd) -> None:
    number, _ = await lasting(crowd, 30)
    await crowd.sends(10)
    invited = await crowd.comes(FARSI, link=None)
    newcomer = await crowd.comes(TIGRINYA)
    await crowd.links(invited)
    await crowd.runs()
    states = await crowd.became(number)
    assert states[newcomer.id] is states[invited.id] is DeliveryState.SENT
    assert set(crowd.chats()[-2:]) == {chat_of(newcomer.id), chat_of(invited.id)}
    assert max(Counter(crowd.chats()).values()) == 1


async def test_one_who_opens_her_chat_while_it_runs_gets_it_too(crowd: Crowd) -> None:
    late = await crowd.comes(FARSI, link=None)
    number, _ = await lasting(crowd, 10)
    assert (await crowd.became(number))[late.id] is DeliveryState.NO_LINK
    await crowd.links(late)
    await crowd.runs()
    assert (await crowd.became(number))[late.id] is DeliveryState.SENT
    assert crowd.chats().count(chat_of(late.id)) == 1


async def test_one_who_stops_or_opts_out_halfway_gets_nothing_more(crowd: Crowd) -> None:
    number, clients = await lasting(crowd, 300)
    stops, opts_out = clients[-1], clients[-2]
    async with crowd.core.database.transaction() as tx:
        await films.set_films_opted_out(tx, opts_out, crowd.now)
        who = await people.get_client(tx, stops)
    await crowd.links(who, LinkState.STOPPED)
    await crowd.runs()
    states = await crowd.became(number)
    assert states[stops] is DeliveryState.STOPPED
    assert states[opts_out] is DeliveryState.OPTED_OUT
    assert not {chat_of(stops), chat_of(opts_out)} & set(crowd.chats())


async def test_one_who_chooses_another_language_gets_it_in_that_one(crowd: Crowd) -> None:
    client = await crowd.comes(FARSI)
    number = await crowd.plans(await crowd.film())
    await crowd.ticks()  # it stands in the outbox in Farsi
    async with crowd.core.database.transaction() as tx:
        await people.update_client(tx, client.id, language=TIGRINYA)
        await broadcasts.take_back_from(tx, client.id, now=crowd.now)
    await crowd.runs()
    assert [title_in(TIGRINYA) in each.text for each in crowd.sent] == [True]
    assert (await crowd.became(number))[client.id] is DeliveryState.SENT


async def test_a_blocked_chat_a_refused_message_and_a_doubt_are_told_apart(crowd: Crowd) -> None:
    number, clients = await lasting(crowd, 4)
    failing = dict(zip(map(chat_of, clients), (GONE, REJECTED, DOUBT), strict=False))
    await crowd.sends(failing=failing)
    await crowd.runs()
    assert list((await crowd.became(number)).values()) == [
        DeliveryState.UNREACHABLE,
        DeliveryState.FAILED,
        DeliveryState.UNCERTAIN,
        DeliveryState.SENT,
    ]
    assert await crowd.state(number) is BroadcastState.DONE


async def test_once_more_goes_to_the_failed_only_and_never_to_who_may_have_it(
    crowd: Crowd,
) -> None:
    number, clients = await lasting(crowd, 4)
    failing = dict(zip(map(chat_of, clients), (GONE, REJECTED, DOUBT), strict=False))
    await crowd.sends(failing=failing)
    await crowd.runs()
    newcomer = await crowd.comes(FARSI)
    async with crowd.core.database.reading() as tx:
        back = await people.get_client(tx, clients[0])
    await crowd.links(back)
    assert await step(crowd, number, "retry")
    await crowd.runs()
    assert Counter(crowd.chats()) == Counter(
        chat_of(client_id) for client_id in (clients[0], clients[1], clients[3])
    )
    states = await crowd.became(number)
    assert states[clients[2]] is DeliveryState.UNCERTAIN
    assert newcomer.id not in states
    assert not await step(crowd, number, "retry")


async def test_a_broadcast_is_called_off_for_who_has_not_got_it(crowd: Crowd) -> None:
    number, _ = await lasting(crowd, 30)
    await crowd.sends(11)
    assert await step(crowd, number, "cancel")
    await crowd.runs()
    assert Counter((await crowd.became(number)).values()) == {
        DeliveryState.SENT: 10,
        DeliveryState.CANCELLED: 20,
    }
    assert await crowd.state(number) is BroadcastState.CANCELLED
    assert len(crowd.sent) == 10


async def test_calling_off_at_the_last_recipient_leaves_her_with_what_she_got(
    crowd: Crowd,
) -> None:
    number, _ = await lasting(crowd, 3)
    claimed = [call for call in await crowd.claims() if call.delivery_id is not None]
    for call in claimed:
        assert await sending.start(crowd.core, call.id, crowd.now) is not None  # all are under way
    assert await step(crowd, number, "cancel")
    for call in claimed:
        await crowd.takes(call)
    await crowd.runs()
    assert set((await crowd.became(number)).values()) == {DeliveryState.SENT}
    assert not await step(crowd, number, "cancel")
    with pytest.raises(TransitionError):
        await step(crowd, number, "retry")


async def test_a_late_broadcast_stops_by_itself(crowd: Crowd) -> None:
    number, _ = await lasting(crowd, 200)
    await crowd.sends(20)
    crowd.passes(hours=crowd.core.config.broadcast.cut_off_hours)
    await crowd.ticks()
    await crowd.sends()
    await crowd.ticks()
    states = Counter((await crowd.became(number)).values())
    assert await crowd.state(number) is BroadcastState.EXPIRED
    assert set(states) == {DeliveryState.SENT, DeliveryState.EXPIRED}
    assert states[DeliveryState.SENT] == len(crowd.sent)


async def test_in_quiet_hours_nothing_goes_and_in_the_morning_it_goes_on(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    async with open_crowd(url, clock=time(19, 59, 59)) as crowd:
        number, clients = await lasting(crowd, 200)
        await crowd.sends(50)
        before = len(crowd.sent)
        crowd.passes(seconds=2)
        await crowd.runs()
        assert len(crowd.sent) == before
        assert DeliveryState.PENDING in (await crowd.became(number)).values()
        assert await deliveries.next_due(crowd.core, crowd.now) == crowd.now.replace(
            hour=6, minute=30, second=0
        ) + timedelta(days=1)
        crowd.care.at(TUESDAY + timedelta(days=1), time(7, 30))
        await crowd.runs()
        assert Counter(crowd.chats()) == Counter(map(chat_of, clients))
        assert await crowd.state(number) is BroadcastState.DONE


@pytest.mark.parametrize(("before", "paused"), [(1, True), (5, True), (1, False), (5, False)])
async def test_who_was_written_to_before_gets_it_once_also_over_the_night(
    tmp_path: Path, before: int, *, paused: bool
) -> None:
    """Her day lane has a history, as every real client's has."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    async with open_crowd(url, clock=time(19, 59, 59)) as crowd:
        (client,) = await crowd.many(1)
        async with crowd.core.database.transaction() as tx:
            for n in range(before):
                await calls.insert_call(
                    tx,
                    lane=f"client:{client.id}",
                    chat_id=chat_of(client.id),
                    kind=OutboxKind.ANSWER,
                    method="sendMessage",
                    payload={"chat_id": chat_of(client.id), "text": f"{n}"},
                    client_id=client.id,
                    now=crowd.now,
                )
        await crowd.sends()
        number = await crowd.plans(await crowd.film())
        await crowd.ticks()
        crowd.passes(seconds=2)
        await crowd.sends()  # held until the morning
        if paused:
            assert await step(crowd, number, "pause")
        crowd.care.at(TUESDAY + timedelta(days=1), time(8))
        if paused:
            assert await step(crowd, number, "go_on")
        await crowd.runs()
        assert crowd.chats() == [chat_of(client.id)]
        assert await crowd.state(number) is BroadcastState.DONE
        assert await crowd.became(number) == {client.id: DeliveryState.SENT}


@pytest.mark.parametrize("what", ["cancel", "pause", "opt_out", "language", "close"])
async def test_what_telegram_put_off_goes_no_more_when_something_changed_meanwhile(
    crowd: Crowd, what: str
) -> None:
    client = await crowd.comes(FARSI)
    number = await crowd.plans(await crowd.film())
    await crowd.ticks()
    slow = Failure(FailureKind.SLOW_DOWN, "RetryAfter", 5)
    (call,) = [each for each in await crowd.claims() if each.delivery_id is not None]
    begun = await sending.start(crowd.core, call.id, crowd.now)
    assert begun is not None
    async with crowd.core.database.transaction() as tx:
        if what == "opt_out":
            await films.set_films_opted_out(tx, client.id, crowd.now)
            await broadcasts.take_back_from(tx, client.id, now=crowd.now)
        elif what == "language":
            await people.update_client(tx, client.id, language=TIGRINYA)
            await broadcasts.take_back_from(tx, client.id, now=crowd.now)
        elif what == "close":
            await tx.run(sa.update(clients_table).values(status=ClientStatus.CLOSED))
    if what in {"cancel", "pause"}:
        assert await step(crowd, number, what)
    await crowd.takes(begun, slow)
    crowd.passes(seconds=10)
    await crowd.runs()
    became = (await crowd.became(number))[client.id]
    if what == "language":
        assert [title_in(TIGRINYA) in each.text for each in crowd.sent] == [True]
        assert became is DeliveryState.SENT
    else:
        assert crowd.sent == []
        assert (
            became
            is {
                "cancel": DeliveryState.CANCELLED,
                "pause": DeliveryState.PENDING,
                "opt_out": DeliveryState.OPTED_OUT,
                "close": DeliveryState.CANCELLED,
            }[what]
        )


async def test_who_waited_for_another_broadcast_that_was_called_off_gets_it_from_this_one(
    crowd: Crowd,
) -> None:
    clients = await crowd.many(300)
    film_id = await crowd.film()
    first, second = await crowd.plans(film_id), await crowd.plans(film_id)
    await crowd.ticks()
    await crowd.sends(60)
    assert await step(crowd, first, "cancel")
    await crowd.runs()
    assert Counter(crowd.chats()) == Counter(chat_of(client.id) for client in clients)
    states = Counter((await crowd.became(second)).values())
    assert set(states) == {DeliveryState.SENT, DeliveryState.ALREADY}


async def test_one_who_is_closed_while_it_runs_ends_it_for_her_and_for_nobody_else(
    crowd: Crowd,
) -> None:
    number, clients = await lasting(crowd, 200)
    async with crowd.core.database.transaction() as tx:
        await tx.run(
            sa.update(clients_table)
            .where(clients_table.c.id.in_([clients[0], clients[-1]]))
            .values(status=ClientStatus.CLOSED)
        )
    await crowd.runs()
    states = await crowd.became(number)
    assert states[clients[0]] is states[clients[-1]] is DeliveryState.CANCELLED
    assert not {chat_of(clients[0]), chat_of(clients[-1])} & set(crowd.chats())
    assert await crowd.state(number) is BroadcastState.DONE


async def test_a_film_that_is_withdrawn_while_it_goes_out_stops_and_its_maker_hears_why(
    crowd: Crowd,
) -> None:
    number, _ = await lasting(crowd, 300)
    await crowd.sends(20)
    broadcast = await crowd.broadcast(number)
    assert broadcast.film_id is not None
    async with crowd.core.database.transaction() as tx:
        await films.set_withdrawn(tx, broadcast.film_id, crowd.now)
    await crowd.ticks()
    await crowd.runs()
    assert await crowd.state(number) is BroadcastState.CANCELLED
    assert len(crowd.sent) == 19
    assert any("Gestopt" in text and "mag niet meer" in text for _, _, text in crowd.told)
    assert not await step_refused(crowd, number, "retry")


async def step_refused(crowd: Crowd, number: BroadcastId, word: str) -> bool:
    try:
        return await step(crowd, number, word)
    except TransitionError:
        return False


async def test_the_failed_are_not_tried_again_with_a_film_that_is_gone(crowd: Crowd) -> None:
    number, clients = await lasting(crowd, 3)
    await crowd.sends(failing={chat_of(clients[0]): REJECTED})
    await crowd.runs()
    broadcast = await crowd.broadcast(number)
    assert broadcast.film_id is not None
    async with crowd.core.database.transaction() as tx:
        await films.set_withdrawn(tx, broadcast.film_id, crowd.now)
    assert not await step_refused(crowd, number, "retry")
    assert await crowd.state(number) is BroadcastState.DONE


async def test_one_that_stops_before_its_list_was_whole_still_tells_of_everybody(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "_LISTED", 10)
    clients = await crowd.many(25)
    number = await crowd.plans(await crowd.film())
    core = crowd.core
    async with core.database.transaction() as tx:  # as if the program was killed while listing
        broadcast = await storage.get_broadcast(tx, number)
        cut_off_at = crowd.now + timedelta(hours=1)
        await broadcasts.begin(core, tx, broadcast, cut_off_at=cut_off_at, now=crowd.now)
    crowd.passes(hours=2)
    await crowd.ticks()
    assert await crowd.state(number) is BroadcastState.EXPIRED
    assert await crowd.became(number) == {client.id: DeliveryState.EXPIRED for client in clients}


async def test_a_progress_message_that_perhaps_never_came_is_sent_anew_once(
    crowd: Crowd,
) -> None:
    await lasting(crowd, 100)
    (announced,) = [each for each in await crowd.claims() if each.kind is OutboxKind.STAFF]
    begun = await sending.start(crowd.core, announced.id, crowd.now)
    assert begun is not None
    await crowd.takes(begun, DOUBT)
    crowd.passes(seconds=2)
    await sending.give_back(crowd.core)
    again = [each for each in await crowd.claims() if each.kind is OutboxKind.STAFF]
    begun = await sending.start(crowd.core, again[0].id, crowd.now)
    assert begun is not None
    await crowd.takes(begun, DOUBT)
    await sending.give_back(crowd.core)
    for _ in range(20):
        crowd.passes(seconds=4)
        await crowd.ticks()
        await crowd.sends(3)
    new = [text for _, method, text in crowd.told if method == "sendMessage" and "📣" in text]
    assert len(new) == 1


# --- time ------------------------------------------------------------------------------------


async def test_what_is_begun_in_the_evening_has_its_hours_from_the_morning_on(
    tmp_path: Path,
) -> None:
    config = replace(Config(), broadcast=replace(Config().broadcast, cut_off_hours=8))
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    async with open_crowd(url, clock=time(21), config=config) as crowd:
        await crowd.many(3)
        number = await crowd.plans(await crowd.film())
        await crowd.runs()
        crowd.care.at(TUESDAY + timedelta(days=1), time(7, 31))
        await crowd.runs()
        assert len(crowd.sent) == 3
        assert await crowd.state(number) is BroadcastState.DONE


async def test_the_series_of_a_colleague_who_left_stops_and_the_coordinators_hear_it(
    crowd: Crowd,
) -> None:
    await crowd.comes(FARSI, coach=BRAM)
    day = TUESDAY + timedelta(days=1)
    number = await crowd.plans(
        await crowd.film(), by=BRAM, day=day, clock=time(10), repeat=Repeat.WEEKLY
    )
    async with crowd.core.database.transaction() as tx:
        await tx.run(
            sa.update(staff_table).where(staff_table.c.code == BRAM.code).values(active=False)
        )
    crowd.care.at(day, time(10))
    await crowd.runs()
    assert await crowd.state(number) is BroadcastState.CANCELLED
    assert crowd.sent == []
    assert any("werkt hier niet meer" in text for text in await crowd.care.told(JOKE))
    assert await deliveries.next_due(crowd.core, crowd.now) is None


async def test_a_planned_broadcast_waits_for_its_time(crowd: Crowd) -> None:
    await crowd.comes(FARSI)
    number = await crowd.plans(await crowd.film(), day=TUESDAY + timedelta(days=1), clock=time(10))
    await crowd.runs()
    assert crowd.sent == []
    due = await deliveries.next_due(crowd.core, crowd.now)
    assert due is not None
    crowd.care.now = due
    await crowd.runs()
    assert len(crowd.sent) == 1
    assert await crowd.state(number) is BroadcastState.DONE


async def test_what_should_have_begun_long_ago_is_not_begun_and_its_maker_hears_why(
    crowd: Crowd,
) -> None:
    await crowd.comes(FARSI)
    number = await crowd.plans(await crowd.film(), day=TUESDAY, clock=time(12))
    crowd.passes(days=4)
    await crowd.runs()
    assert await crowd.state(number) is BroadcastState.EXPIRED
    assert crowd.sent == []
    assert any("te laat" in text for _, _, text in crowd.told)


async def test_a_film_that_is_not_valid_any_more_is_not_sent_and_its_maker_hears_why(
    crowd: Crowd,
) -> None:
    await crowd.comes(FARSI)
    film_id = await crowd.film(valid_until=TUESDAY)
    number = await crowd.plans(film_id, day=TUESDAY + timedelta(days=1), clock=time(12))
    crowd.care.at(TUESDAY + timedelta(days=1), time(12))
    await crowd.runs()
    assert await crowd.state(number) is BroadcastState.CANCELLED
    assert any("het filmpje mag niet meer" in text for _, _, text in crowd.told)


@pytest.mark.parametrize("day", [date(2027, 3, 23), date(2027, 10, 26)])
async def test_a_weekly_broadcast_keeps_its_local_time_over_a_change_of_the_clock(
    crowd: Crowd, day: date
) -> None:
    config = replace(
        crowd.core.config, broadcast=replace(crowd.core.config.broadcast, repeat_film_days=0)
    )
    object.__setattr__(crowd.core, "config", config)
    await crowd.comes(FARSI)
    film_id = await crowd.film()
    crowd.care.at(day, time(9))
    await crowd.plans(film_id, day=day, clock=time(10), repeat=Repeat.WEEKLY)
    begun = []
    for _ in range(3):
        due = await deliveries.next_due(crowd.core, crowd.now)
        assert due is not None
        crowd.care.now = due
        begun.append(due.astimezone(config.organisation.zone).strftime("%d-%m %H:%M"))
        await crowd.runs()
    weeks = [(day + timedelta(weeks=n)).strftime("%d-%m 10:00") for n in range(3)]
    assert begun == weeks
    assert len(crowd.sent) == 3


async def test_a_film_that_comes_back_reaches_only_those_who_are_new(crowd: Crowd) -> None:
    await crowd.comes(FARSI)
    await crowd.plans(await crowd.film(), day=TUESDAY, clock=time(10), repeat=Repeat.WEEKLY)
    await crowd.runs()
    newcomer = await crowd.comes(TIGRINYA)
    crowd.care.at(TUESDAY + timedelta(days=7), time(10))
    await crowd.runs()
    assert len(crowd.sent) == 2
    assert crowd.sent[-1].chat_id == chat_of(newcomer.id)


# --- told -----------------------------------------------------------------------------------


async def test_one_message_tells_how_far_it_is_and_is_edited_at_most_every_three_seconds(
    crowd: Crowd,
) -> None:
    await lasting(crowd, 100)
    for _ in range(40):
        await crowd.sends(2)
        crowd.passes(seconds=0.5)
        await crowd.ticks()
    sent = [at for at, method, _ in crowd.told if method == "sendMessage"]
    edits = [at for at, method, _ in crowd.told if method == "editMessageText"]
    assert len(sent) == 1
    assert len(edits) >= 3
    gaps = [later - earlier for earlier, later in pairwise(edits)]
    assert min(gaps) >= timedelta(seconds=3)


async def test_the_last_word_of_the_progress_keeps_its_distance_too(crowd: Crowd) -> None:
    await lasting(crowd, 30)
    crowd.passes(seconds=3)
    await crowd.ticks()
    await crowd.sends(15)
    crowd.passes(seconds=1)
    await crowd.sends()
    await crowd.ticks()
    for _ in range(5):
        await crowd.sends()
        crowd.passes(seconds=1)
        await crowd.ticks()
    edits = [at for at, method, _ in crowd.told if method == "editMessageText"]
    assert len(edits) == 2
    assert edits[1] - edits[0] >= timedelta(seconds=3)


async def test_a_paused_broadcast_is_not_told_of_again_and_again(crowd: Crowd) -> None:
    number, _ = await lasting(crowd, 5)
    await crowd.sends()
    await step(crowd, number, "pause")
    for _ in range(10):
        crowd.passes(seconds=5)
        await crowd.ticks()
        await crowd.sends()
    edits = [text for _, method, text in crowd.told if method == "editMessageText"]
    assert len(edits) == len(set(edits)) == 1
    commits = crowd.core.database.commits.count
    crowd.passes(seconds=5)
    await crowd.ticks()
    assert crowd.core.database.commits.count == commits


async def test_every_step_stands_in_the_audit_trail_without_any_word_of_it(crowd: Crowd) -> None:
    number, _ = await lasting(crowd, 5)
    await step(crowd, number, "pause")
    await step(crowd, number, "go_on")
    await step(crowd, number, "cancel")
    async with crowd.core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(audit_events.c.actor, audit_events.c.action, audit_events.c.object)
        )
    assert [tuple(row.values()) for row in rows] == [
        (JOKE.code, f"broadcast_{action}", f"broadcast:{number}")
        for action in ("submit", "pause", "go_on", "cancel")
    ]


async def test_a_recipient_is_on_the_list_and_in_the_outbox_at_most_once(crowd: Crowd) -> None:
    number, clients = await lasting(crowd, 5)
    async with crowd.core.database.transaction() as tx:
        with pytest.raises(sa.exc.IntegrityError):
            await tx.insert(
                table,
                broadcast_id=number,
                client_id=clients[0],
                language=Language("fa"),
                state=DeliveryState.PENDING,
                attempt=0,
                changed_at=crowd.now,
            )
    async with crowd.core.database.transaction() as tx:
        row = await tx.row(sa.select(outbox).where(outbox.c.delivery_id.is_not(None)).limit(1))
        assert row is not None
        with pytest.raises(sa.exc.IntegrityError):
            await tx.insert(outbox, **{k: v for k, v in row.items() if k != "id"})


def test_a_second_person_is_asked_unless_it_is_switched_off() -> None:
    assert Config().broadcast.approval is True
