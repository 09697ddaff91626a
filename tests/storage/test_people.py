"""Staff, clients, and the one coach that every client has."""

import pytest
import sqlalchemy as sa

from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId, StaffId
from bot.domain.languages import DARI, LEVANTINE_ARABIC, TIGRINYA
from bot.domain.people import Client, ClientStatus, Role
from bot.storage import people, statuses
from bot.storage.database import Database
from bot.storage.schema import assignments, staff
from tests.cast import BRAM, JOKE, KHALED, LAILA, MARYAM, SELAM
from tests.storage.rows import MINUTE, NOW, insert_cast


async def test_a_person_comes_back_as_stored(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.reading() as tx:
        joke = await people.get_staff(tx, cast.joke)
        selam = await people.find_client(tx, SELAM.code)
        khaled = await people.find_client(tx, KHALED.code)
        laila = await people.find_client(tx, LAILA.code)
    assert (joke.code, joke.name, joke.active) == (JOKE.code, JOKE.name, True)
    assert joke.roles == (Role.COACH, Role.COORDINATOR)
    assert selam is not None
    assert selam == await _client(database, selam.id)
    assert (selam.name, selam.status, selam.discreet) == ("Selam", ClientStatus.INVITED, False)
    assert [person and person.language for person in (selam, khaled, laila)] == [
        TIGRINYA,
        LEVANTINE_ARABIC,
        DARI,
    ]


async def _client(database: Database, client_id: ClientId) -> Client:
    async with database.reading() as tx:
        return await people.get_client(tx, client_id)


async def test_somebody_who_does_not_exist_is_named(database: Database) -> None:
    async with database.reading() as tx:
        assert await people.find_staff(tx, "s-nobody") is None
        assert await people.find_client(tx, "K-9999") is None
        with pytest.raises(NotFoundError, match="client 404"):
            await people.get_client(tx, ClientId(404))
        with pytest.raises(NotFoundError, match="member of staff 404"):
            await people.get_staff(tx, StaffId(404))
        with pytest.raises(NotFoundError, match=r"404 has no coach; assign one"):
            await people.get_coach(tx, ClientId(404))


async def test_staff_are_listed_by_code_active_ones_only_and_by_role(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.reading() as tx:
        everyone = await people.list_staff(tx)
        coordinators = await people.list_staff(tx, Role.COORDINATOR)
    assert [person.code for person in everyone] == [BRAM.code, JOKE.code]
    assert [person.code for person in coordinators] == [JOKE.code]
    async with database.transaction() as tx:
        await tx.run(sa.update(staff).where(staff.c.id == cast.joke).values(active=False))
        assert [person.code for person in await people.list_staff(tx)] == [BRAM.code]


async def test_a_client_has_her_coach_from_the_first_moment(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.reading() as tx:
        for person in (SELAM, KHALED, MARYAM, LAILA):
            coach = await people.get_coach(tx, cast.clients[person.code])
            assert coach.code == person.coach
        of_joke = await people.list_clients_of(tx, cast.joke)
    assert [client.name for client in of_joke] == ["Khaled", "Maryam", "Selam"]


async def test_a_second_present_coach_is_refused(database: Database) -> None:
    cast = await insert_cast(database)
    with pytest.raises(sa.exc.IntegrityError):
        async with database.transaction() as tx:
            await tx.insert(
                assignments,
                client_id=cast.selam,
                coach_id=cast.staff[BRAM.code],
                starts_at=NOW,
                ends_at=None,
            )
    async with database.reading() as tx:
        assert (await people.get_coach(tx, cast.selam)).code == JOKE.code


async def test_a_coach_who_hands_over_is_followed_by_the_next(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        await tx.run(
            sa.update(assignments)
            .where(assignments.c.client_id == cast.selam)
            .values(ends_at=NOW + MINUTE)
        )
        await tx.insert(
            assignments,
            client_id=cast.selam,
            coach_id=cast.staff[BRAM.code],
            starts_at=NOW + MINUTE,
            ends_at=None,
        )
    async with database.reading() as tx:
        assert (await people.get_coach(tx, cast.selam)).code == BRAM.code
        of_joke = await people.list_clients_of(tx, cast.joke)
        of_bram = await people.list_clients_of(tx, cast.staff[BRAM.code])
    assert [client.name for client in of_joke] == ["Khaled", "Maryam"]
    assert [client.name for client in of_bram] == ["Laila", "Selam"]


async def test_only_what_is_given_of_a_client_changes(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        await statuses.change_status(
            tx, cast.selam, ClientStatus.ACTIVE, today=NOW.date(), now=NOW
        )
        await people.update_client(tx, cast.selam, discreet=True)
        await people.update_client(tx, cast.selam, language=LEVANTINE_ARABIC)
        await people.update_client(tx, cast.selam, discreet=False)
    selam = await _client(database, cast.selam)
    assert (selam.status, selam.discreet, selam.language) == (
        ClientStatus.ACTIVE,
        False,
        LEVANTINE_ARABIC,
    )
    assert (await _client(database, cast.clients[KHALED.code])).status is ClientStatus.INVITED


async def test_a_closed_client_is_no_longer_listed(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        await statuses.change_status(
            tx, cast.selam, ClientStatus.CLOSED, today=NOW.date(), now=NOW
        )
        clients = await people.list_clients_of(tx, cast.joke)
    assert [client.name for client in clients] == ["Khaled", "Maryam"]


async def test_two_people_cannot_have_one_code(database: Database) -> None:
    await insert_cast(database)
    with pytest.raises(sa.exc.IntegrityError):
        await insert_cast(database)
