"""Recipients on both engines: found in pieces, written down once, queued once, taken back."""

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.broadcasts import (
    EVERYBODY,
    Audience,
    AudiencePart,
    BroadcastKind,
    BroadcastState,
    DeliveryState,
    outcome,
)
from bot.domain.broadcasts import Offer as OfferOf
from bot.domain.delivery import OutboxState
from bot.domain.films import Theme
from bot.domain.ids import BroadcastId, ChatId, ClientId, FilmId
from bot.domain.languages import FARSI, LEVANTINE_ARABIC, TIGRINYA
from bot.domain.people import ClientStatus, LinkState, Step
from bot.storage import audience, broadcasts, deliveries, films, links
from bot.storage.audience import Film
from bot.storage.broadcast_schema import deliveries as table
from bot.storage.care_schema import plans
from bot.storage.database import Database, Transaction
from bot.storage.deliveries import Call, Listed
from bot.storage.schema import clients, outbox
from tests.cast import CLIENTS, KHALED, LAILA, MARYAM, SELAM
from tests.storage.rows import NOW, Cast, insert_cast

LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def cast(database: Database) -> Cast:
    """Everybody, of whom Selam and Maryam have their chats."""
    people = await insert_cast(database)
    async with database.transaction() as tx:
        for person in (SELAM, MARYAM):
            link = await links.insert_link(
                tx,
                chat_id=person.chat_id,
                client_id=people.clients[person.code],
                staff_id=None,
                state=LinkState.ACTIVE,
                step=Step.DONE,
                now=NOW,
            )
            await links.update_link(tx, link, notice_acknowledged_at=NOW)
    return people


async def begin(tx: Transaction, cast: Cast) -> tuple[BroadcastId, FilmId]:
    film_id = await films.insert_film(tx, code="werken", theme=Theme.WORK, minutes=3, now=NOW)
    assert film_id is not None
    number = await broadcasts.insert_broadcast(
        tx, kind=BroadcastKind.FILM, author_id=cast.joke, film_id=film_id, now=NOW
    )
    return number, film_id


async def write_down(tx: Transaction, cast: Cast) -> BroadcastId:
    """Put Selam and Maryam on a list, as those whose turn it is."""
    number, film_id = await begin(tx, cast)
    listed = [
        Listed(cast.clients[person.code], person.language, person.language, DeliveryState.PENDING)
        for person in (SELAM, MARYAM)
    ]
    await deliveries.insert_deliveries(tx, number, film_id, listed, now=NOW)
    return number


async def queue(tx: Transaction, number: BroadcastId) -> None:
    pending = await deliveries.list_pending(tx, number, None, limit=10)
    calls = [
        Call(
            each.id,
            each.attempt + 1,
            each.client_id,
            ChatId(each.chat_id or 0),
            {"chat_id": each.chat_id or 0, "text": "🎬"},
            TIGRINYA,
            TIGRINYA,
        )
        for each in pending
    ]
    await deliveries.queue(tx, calls, now=NOW, valid_until=LATER)


async def states(tx: Transaction) -> dict[ClientId, DeliveryState]:
    rows = await tx.rows(sa.select(table.c.client_id, table.c.state))
    return {row["client_id"]: row["state"] for row in rows}


async def meant(tx: Transaction, chosen: Audience) -> set[int]:
    last = await audience.last_client(tx)
    found = await audience.list_candidates(tx, chosen, None, after=0, upto=last)
    return {client_id for client_id, _ in found}


# --- who is meant ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "value", "people"),
    [
        (AudiencePart.LANGUAGE, "ti", (SELAM,)),
        # Who chooses Arabic means the Arabic of every client.
        (AudiencePart.LANGUAGE, "ar", (KHALED,)),
        (AudiencePart.MUNICIPALITY, "Voorbeeldstad", (SELAM,)),
        (AudiencePart.STEP, "2", (SELAM,)),
        (AudiencePart.GROUP, "schooling", (SELAM,)),
        (AudiencePart.PROGRAMME, "Taal en werk", (SELAM,)),
        (AudiencePart.ROUTE, "stappen", (SELAM,)),
    ],
)
async def test_an_audience_is_found_by_each_of_its_parts(
    database: Database, cast: Cast, part: AudiencePart, value: str, people: tuple[object, ...]
) -> None:
    async with database.transaction() as tx:
        await tx.run(
            sa.update(clients)
            .where(clients.c.id == cast.selam)
            .values(
                municipality="Voorbeeldstad",
                step=2,
                client_group="schooling",
                programme="Taal en werk",
            )
        )
        for client_id, route, ended_on in (
            (cast.selam, "stappen", None),
            (cast.clients[MARYAM.code], "stappen", NOW.date()),
        ):
            await tx.insert(
                plans,
                client_id=client_id,
                kind="ontwikkelplan",
                route=route,
                starts_on=NOW.date(),
                lengths=[],
                shifts=[],
                ended_on=ended_on,
                staff_id=cast.joke,
                created_at=NOW,
            )
        found = await meant(tx, EVERYBODY.toggle(part, value))
        values = await audience.list_values(tx, part)
    assert found == {cast.clients[person.code] for person in people}  # type: ignore[attr-defined]
    assert value in values or value == "ar"


async def test_an_audience_is_found_by_its_coach_and_never_holds_who_is_closed(
    database: Database, cast: Cast
) -> None:
    async with database.transaction() as tx:
        await tx.run(
            sa.update(clients).where(clients.c.id == cast.selam).values(status=ClientStatus.CLOSED)
        )
        of_joke = await meant(tx, EVERYBODY.toggle(AudiencePart.COACH, str(cast.joke)))
        everybody = await meant(tx, EVERYBODY)
    assert of_joke == {cast.clients[KHALED.code], cast.clients[MARYAM.code]}
    assert everybody == {cast.clients[person.code] for person in CLIENTS} - {cast.selam}


async def test_readers_are_counted_by_all_that_decides(database: Database, cast: Cast) -> None:
    async with database.transaction() as tx:
        await tx.run(
            sa.update(clients)
            .where(clients.c.id == cast.clients[LAILA.code])
            .values(other_languages=["en", "nl"], films_opted_out_at=NOW)
        )
        counts = await audience.count_readers(tx, EVERYBODY)
    offer = OfferOf(frozenset({TIGRINYA, LEVANTINE_ARABIC}), is_film=True)
    became = Counter[DeliveryState]()
    for reader, count in counts.items():
        became[outcome(reader, offer)[0]] += count
    assert became == {
        DeliveryState.PENDING: 1,
        DeliveryState.NO_VERSION: 1,
        DeliveryState.NO_LINK: 2,
    }
    assert {reader.other_languages for reader in counts} == {(), ("en", "nl")}


# --- on the list and in the outbox -----------------------------------------------------------


async def test_nobody_is_written_down_twice(database: Database, cast: Cast) -> None:
    async with database.transaction() as tx:
        number = await write_down(tx, cast)
        await queue(tx, number)
        again = [Listed(cast.selam, FARSI, FARSI, DeliveryState.PENDING)]
        await deliveries.insert_deliveries(tx, number, None, again, now=LATER)
        assert await states(tx) == {
            cast.selam: DeliveryState.QUEUED,
            cast.clients[MARYAM.code]: DeliveryState.QUEUED,
        }


async def test_the_same_attempt_cannot_stand_in_the_outbox_twice(
    database: Database, cast: Cast
) -> None:
    async with database.transaction() as tx:
        number = await write_down(tx, cast)
        await queue(tx, number)
        await tx.run(sa.update(table).values(state=DeliveryState.PENDING, attempt=0))
    with pytest.raises(sa.exc.IntegrityError):
        async with database.transaction() as tx:
            await queue(tx, number)


async def test_what_is_taken_back_takes_another_turn_with_a_number_of_its_own(
    database: Database, cast: Cast
) -> None:
    async with database.transaction() as tx:
        number = await write_down(tx, cast)
        await queue(tx, number)
        assert await deliveries.take_back(tx, deliveries.of_client(cast.selam), now=LATER) == 1
        assert (await states(tx))[cast.selam] is DeliveryState.PENDING
        await queue(tx, number)
        rows = await tx.rows(
            sa.select(outbox.c.seq, outbox.c.state)
            .where(outbox.c.client_id == cast.selam)
            .order_by(outbox.c.seq)
        )
    assert [(row["seq"], row["state"]) for row in rows] == [
        (1, OutboxState.RETIRED),
        (2, OutboxState.QUEUED),
    ]


async def test_what_is_being_sent_is_not_taken_back(database: Database, cast: Cast) -> None:
    async with database.transaction() as tx:
        number = await write_down(tx, cast)
        await queue(tx, number)
        await tx.run(sa.update(outbox).values(state=OutboxState.SENDING))
        assert not await deliveries.take_back(tx, deliveries.of_broadcast(number), now=LATER)
        assert await deliveries.end(tx, number, DeliveryState.CANCELLED, now=LATER) == 0
        assert set((await states(tx)).values()) == {DeliveryState.QUEUED}
        assert await deliveries.list_with_open(tx) == [number]


async def test_only_the_last_attempt_says_what_became_of_it(
    database: Database, cast: Cast
) -> None:
    async with database.transaction() as tx:
        number = await write_down(tx, cast)
        await queue(tx, number)
        await deliveries.take_back(tx, deliveries.of_broadcast(number), now=LATER)
        await queue(tx, number)
        assert await deliveries.list_finished(tx, number, limit=10) == []
        await tx.run(sa.update(outbox).where(outbox.c.seq == 2).values(state=OutboxState.SENT))
        finished = await deliveries.list_finished(tx, number, limit=10)
    assert [each.state for each in finished] == [OutboxState.SENT] * 2


async def test_another_broadcast_of_a_film_sees_who_was_sent_it(
    database: Database, cast: Cast
) -> None:
    async with database.transaction() as tx:
        number = await write_down(tx, cast)
        film_id = (await broadcasts.get_broadcast(tx, number)).film_id
        assert film_id is not None
        await deliveries.set_states(
            tx,
            [
                (each.id, DeliveryState.SENT)
                for each in await deliveries.list_pending(tx, number, None, limit=1)
            ],
            now=NOW,
        )
        counts = await audience.count_readers(
            tx, EVERYBODY, film_id=film_id, already_since=NOW - timedelta(days=1)
        )
        long_ago = await audience.count_readers(
            tx, EVERYBODY, film_id=film_id, already_since=NOW + timedelta(days=1)
        )
        own = await audience.list_candidates(
            tx, EVERYBODY, Film(film_id, NOW - timedelta(days=1), number), after=0, upto=99
        )
    assert sum(count for reader, count in counts.items() if reader.already) == 1
    assert not any(reader.already for reader in long_ago)
    assert not any(facts[-1] for _, facts in own)


async def test_who_can_be_reached_again_is_brought_back(database: Database, cast: Cast) -> None:
    async with database.transaction() as tx:
        number = await write_down(tx, cast)
        pending = await deliveries.list_pending(tx, number, None, limit=10)
        await deliveries.set_states(
            tx,
            [(pending[0].id, DeliveryState.UNREACHABLE), (pending[1].id, DeliveryState.OPTED_OUT)],
            now=NOW,
        )
        assert not await deliveries.has_open(tx, number)
        assert await deliveries.bring_back_reachable(tx, number, now=LATER, limit=10) == 1
        assert await deliveries.has_open(tx, number)
        assert sorted((await states(tx)).values()) == [
            DeliveryState.OPTED_OUT,
            DeliveryState.PENDING,
        ]


async def test_who_is_closed_is_not_brought_back(database: Database, cast: Cast) -> None:
    async with database.transaction() as tx:
        number = await write_down(tx, cast)
        pending = await deliveries.list_pending(tx, number, None, limit=10)
        await deliveries.set_states(
            tx, [(each.id, DeliveryState.UNREACHABLE) for each in pending], now=NOW
        )
        await tx.run(
            sa.update(clients).where(clients.c.id == cast.selam).values(status=ClientStatus.CLOSED)
        )
        assert await deliveries.bring_back_reachable(tx, number, now=LATER, limit=10) == 1
        assert (await states(tx))[cast.selam] is DeliveryState.UNREACHABLE


async def test_the_coaches_of_a_coachs_clients_are_found_too(
    database: Database, cast: Cast
) -> None:
    async with database.reading() as tx:
        assert await audience.list_values(tx, AudiencePart.COACH, cast.joke) == [str(cast.joke)]


async def test_a_press_counts_once(database: Database, cast: Cast) -> None:
    async with database.transaction() as tx:
        number = await write_down(tx, cast)
        first = (await deliveries.list_pending(tx, number, None, limit=1))[0].id
        assert await deliveries.set_pressed(tx, first, NOW)
        assert not await deliveries.set_pressed(tx, first, LATER)
        assert (await deliveries.get_delivery(tx, first)).pressed_at == NOW


async def test_of_two_who_take_a_step_at_once_one_is_first(database: Database, cast: Cast) -> None:
    async with database.transaction() as tx:
        number, _ = await begin(tx, cast)
        seen = await broadcasts.get_broadcast(tx, number)
        assert await broadcasts.set_state(tx, seen, BroadcastState.SCHEDULED)
        assert not await broadcasts.set_state(tx, seen, BroadcastState.SCHEDULED)
