"""Which chat belongs to whom, and the invitations by which it came so."""

from datetime import datetime

import sqlalchemy as sa

from bot.domain.ids import ChatId, ClientId, InviteId, LinkId, StaffId
from bot.domain.people import Invite, Link, LinkState, Step
from bot.storage.database import Transaction, one
from bot.storage.fixed import Fixed
from bot.storage.schema import channel_links, invites

_LINK = (
    channel_links.c.id,
    channel_links.c.client_id,
    channel_links.c.staff_id,
    channel_links.c.chat_id,
    channel_links.c.state,
    channel_links.c.step,
    channel_links.c.notice_acknowledged_at,
)
_INVITE = (
    invites.c.id,
    invites.c.client_id,
    invites.c.staff_id,
    invites.c.expires_at,
    invites.c.used_at,
    invites.c.used_chat_id,
    invites.c.revoked_at,
)


_OPEN_LINK = {
    column.name: Fixed(
        sa.select(*_LINK).where(
            channel_links.c.ended_at.is_(None),
            column == sa.bindparam("whose", type_=column.type),
        )
    )
    for column in (
        channel_links.c.chat_id,
        channel_links.c.client_id,
        channel_links.c.staff_id,
    )
}


async def find_link(
    tx: Transaction,
    *,
    chat_id: ChatId | None = None,
    client_id: ClientId | None = None,
    staff_id: StaffId | None = None,
) -> Link | None:
    """Return the open link of a chat, a client or a member of staff (give exactly one)."""
    if chat_id is not None:
        row = await tx.row(_OPEN_LINK["chat_id"], whose=chat_id)
    elif client_id is not None:
        row = await tx.row(_OPEN_LINK["client_id"], whose=client_id)
    else:
        row = await tx.row(_OPEN_LINK["staff_id"], whose=staff_id)
    return one(Link, row) if row else None


async def insert_link(
    tx: Transaction,
    *,
    chat_id: ChatId,
    client_id: ClientId | None,
    staff_id: StaffId | None,
    state: LinkState,
    step: Step,
    now: datetime,
) -> LinkId:
    """Bind a chat to a person."""
    return LinkId(
        await tx.insert(
            channel_links,
            chat_id=chat_id,
            client_id=client_id,
            staff_id=staff_id,
            state=state,
            step=step,
            created_at=now,
        )
    )


async def update_link(
    tx: Transaction,
    link_id: LinkId,
    *,
    state: LinkState | None = None,
    step: Step | None = None,
    notice_acknowledged_at: datetime | None = None,
    ended_at: datetime | None = None,
) -> None:
    """Change what is given of a link."""
    given = {
        "state": state,
        "step": step,
        "notice_acknowledged_at": notice_acknowledged_at,
        "ended_at": ended_at,
    }
    values = {name: value for name, value in given.items() if value is not None}
    await tx.run(sa.update(channel_links).where(channel_links.c.id == link_id).values(**values))


async def insert_invite(
    tx: Transaction,
    *,
    client_id: ClientId | None,
    staff_id: StaffId | None,
    token_hash: str,
    now: datetime,
    expires_at: datetime,
) -> InviteId:
    """Keep an invitation and revoke the person's earlier ones that nobody used."""
    person = (
        invites.c.client_id == client_id
        if client_id is not None
        else invites.c.staff_id == staff_id
    )
    await tx.run(
        sa.update(invites)
        .where(person, invites.c.used_at.is_(None), invites.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return InviteId(
        await tx.insert(
            invites,
            client_id=client_id,
            staff_id=staff_id,
            token_hash=token_hash,
            created_at=now,
            expires_at=expires_at,
        )
    )


async def find_invite(tx: Transaction, token_hash: str) -> Invite | None:
    """Return the invitation of a token, used or not."""
    row = await tx.row(sa.select(*_INVITE).where(invites.c.token_hash == token_hash))
    return one(Invite, row) if row else None


async def use_invite(
    tx: Transaction, invite_id: InviteId, *, chat_id: ChatId, now: datetime
) -> bool:
    """Mark an invitation used; False when somebody was first or it was revoked."""
    result = await tx.run(
        sa.update(invites)
        .where(
            invites.c.id == invite_id,
            invites.c.used_at.is_(None),
            invites.c.revoked_at.is_(None),
        )
        .values(used_at=now, used_chat_id=chat_id)
    )
    return result.rowcount == 1
