"""Invitations that work once, and chats that belong to one person."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.ids import ChatId, ClientId, InviteId, LinkId, StaffId
from bot.domain.people import LinkState, Step
from bot.storage import links
from bot.storage.database import Database, Transaction
from bot.storage.schema import channel_links, invites
from tests.cast import JOKE, KHALED, SELAM, STRANGER
from tests.storage.rows import MINUTE, NOW, Cast, insert_cast

WEEK = timedelta(days=7)
Wrong = Callable[[Transaction, Cast], Awaitable[None]]


async def invite(
    tx: Transaction,
    token_hash: str,
    *,
    client_id: ClientId | None = None,
    staff_id: StaffId | None = None,
) -> InviteId:
    return await links.insert_invite(
        tx,
        client_id=client_id,
        staff_id=staff_id,
        token_hash=token_hash,
        now=NOW,
        expires_at=NOW + WEEK,
    )


async def link(
    tx: Transaction,
    chat_id: ChatId,
    *,
    client_id: ClientId | None = None,
    staff_id: StaffId | None = None,
) -> LinkId:
    return await links.insert_link(
        tx,
        chat_id=chat_id,
        client_id=client_id,
        staff_id=staff_id,
        state=LinkState.ONBOARDING,
        step=Step.LANGUAGE,
        now=NOW,
    )


async def test_an_invitation_is_found_by_the_hash_of_its_token(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        await invite(tx, "a" * 64, client_id=cast.selam)
        found = await links.find_invite(tx, "a" * 64)
        assert await links.find_invite(tx, "b" * 64) is None
    assert found is not None
    assert (found.client_id, found.staff_id) == (cast.selam, None)
    assert found.expires_at == NOW + WEEK
    assert found.is_open(NOW)


async def test_of_two_at_once_only_one_uses_an_invitation(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        invite_id = await invite(tx, "a" * 64, client_id=cast.selam)

    both_have_seen_it = asyncio.Barrier(2)

    async def use(chat_id: ChatId) -> bool:
        async with database.reading() as tx:
            found = await links.find_invite(tx, "a" * 64)
            assert found is not None
            assert found.is_open(NOW)
        await both_have_seen_it.wait()
        async with database.transaction() as tx:
            return await links.use_invite(tx, invite_id, chat_id=chat_id, now=NOW)

    used = await asyncio.gather(use(SELAM.chat_id), use(STRANGER))
    assert sorted(used) == [False, True]
    async with database.reading() as tx:
        found = await links.find_invite(tx, "a" * 64)
    assert found is not None
    assert found.used_chat_id == (SELAM.chat_id if used[0] else STRANGER)
    assert not found.is_open(NOW)


async def test_an_undone_use_leaves_the_invitation_open(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        invite_id = await invite(tx, "a" * 64, client_id=cast.selam)

    async def use_and_fail() -> None:
        async with database.transaction() as tx:
            assert await links.use_invite(tx, invite_id, chat_id=SELAM.chat_id, now=NOW)
            await link(tx, SELAM.chat_id, client_id=cast.selam)
            await link(tx, SELAM.chat_id, client_id=cast.clients[KHALED.code])

    with pytest.raises(sa.exc.IntegrityError):
        await use_and_fail()
    async with database.transaction() as tx:
        assert await links.find_link(tx, chat_id=SELAM.chat_id) is None
        assert await links.use_invite(tx, invite_id, chat_id=SELAM.chat_id, now=NOW)


async def test_a_new_invitation_revokes_the_persons_earlier_one_only(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        first = await invite(tx, "a" * 64, client_id=cast.selam)
        await invite(tx, "b" * 64, client_id=cast.clients[KHALED.code])
        await invite(tx, "c" * 64, staff_id=cast.joke)
        await invite(tx, "d" * 64, client_id=cast.selam)
        found = [await links.find_invite(tx, letter * 64) for letter in "abcd"]
        assert [one is not None and one.is_open(NOW) for one in found] == [
            False,
            True,
            True,
            True,
        ]
        assert not await links.use_invite(tx, first, chat_id=STRANGER, now=NOW)


async def test_a_used_invitation_is_not_revoked_afterwards(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        first = await invite(tx, "a" * 64, client_id=cast.selam)
        await links.use_invite(tx, first, chat_id=SELAM.chat_id, now=NOW)
        await invite(tx, "b" * 64, client_id=cast.selam)
        used = await links.find_invite(tx, "a" * 64)
    assert used is not None
    assert (used.used_at, used.used_chat_id, used.revoked_at) == (NOW, SELAM.chat_id, None)


async def test_the_open_link_is_found_by_chat_by_client_and_by_staff(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        await link(tx, SELAM.chat_id, client_id=cast.selam)
        await link(tx, JOKE.chat_id, staff_id=cast.joke)
        by_client = await links.find_link(tx, client_id=cast.selam)
        assert by_client == await links.find_link(tx, chat_id=SELAM.chat_id)
        by_staff = await links.find_link(tx, staff_id=cast.joke)
        assert by_staff == await links.find_link(tx, chat_id=JOKE.chat_id)
        assert await links.find_link(tx, chat_id=STRANGER) is None
    assert by_client is not None
    assert by_staff is not None
    assert (by_client.client_id, by_client.staff_id) == (cast.selam, None)
    assert (by_staff.client_id, by_staff.staff_id) == (None, cast.joke)


async def _second_person_in_one_chat(tx: Transaction, cast: Cast) -> None:
    await link(tx, SELAM.chat_id, client_id=cast.clients[KHALED.code])


async def _staff_in_a_clients_chat(tx: Transaction, cast: Cast) -> None:
    await link(tx, SELAM.chat_id, staff_id=cast.joke)


async def _second_chat_of_one_client(tx: Transaction, cast: Cast) -> None:
    await link(tx, STRANGER, client_id=cast.selam)


async def _chat_of_nobody(tx: Transaction, _cast: Cast) -> None:
    await link(tx, STRANGER)


async def _chat_of_two(tx: Transaction, cast: Cast) -> None:
    await link(tx, STRANGER, client_id=cast.clients[KHALED.code], staff_id=cast.joke)


async def _invitation_of_nobody(tx: Transaction, _cast: Cast) -> None:
    await invite(tx, "z" * 64)


@pytest.mark.parametrize(
    "wrong",
    [
        _second_person_in_one_chat,
        _staff_in_a_clients_chat,
        _second_chat_of_one_client,
        _chat_of_nobody,
        _chat_of_two,
        _invitation_of_nobody,
    ],
)
async def test_a_chat_and_an_invitation_belong_to_exactly_one_person(
    database: Database, wrong: Wrong
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        await link(tx, SELAM.chat_id, client_id=cast.selam)
    with pytest.raises(sa.exc.IntegrityError):
        async with database.transaction() as tx:
            await wrong(tx, cast)
    async with database.reading() as tx:
        assert await tx.number(sa.select(sa.func.count()).select_from(channel_links)) == 1
        assert await tx.number(sa.select(sa.func.count()).select_from(invites)) == 0


async def test_a_chat_whose_link_ended_may_be_linked_again(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        first = await link(tx, SELAM.chat_id, client_id=cast.selam)
        await links.update_link(tx, first, ended_at=NOW + MINUTE)
        assert await links.find_link(tx, chat_id=SELAM.chat_id) is None
        second = await link(tx, SELAM.chat_id, client_id=cast.clients[KHALED.code])
        found = await links.find_link(tx, chat_id=SELAM.chat_id)
    assert found is not None
    assert found.id == second != first


async def test_only_what_is_given_of_a_link_changes(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        link_id = await link(tx, SELAM.chat_id, client_id=cast.selam)
        await links.update_link(tx, link_id, step=Step.PRIVACY1)
        await links.update_link(tx, link_id, notice_acknowledged_at=NOW)
        await links.update_link(tx, link_id, state=LinkState.ACTIVE)
        found = await links.find_link(tx, client_id=cast.selam)
    assert found is not None
    assert (found.step, found.state, found.notice_acknowledged_at) == (
        Step.PRIVACY1,
        LinkState.ACTIVE,
        NOW,
    )
