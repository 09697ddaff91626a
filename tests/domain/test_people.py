"""When an invitation is still open."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.ids import ChatId, ClientId, InviteId
from bot.domain.people import Invite

EXPIRES = datetime(2026, 12, 1, 12, tzinfo=UTC)
EARLIER = EXPIRES - timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "used_at", "revoked_at", "is_open"),
    [
        (EARLIER, None, None, True),
        (EXPIRES - timedelta(seconds=1), None, None, True),
        (EXPIRES, None, None, False),
        (EARLIER, EARLIER, None, False),
        (EARLIER, None, EARLIER, False),
    ],
)
def test_an_invitation_is_open_until_it_is_used_revoked_or_expired(
    now: datetime, used_at: datetime | None, revoked_at: datetime | None, is_open: bool
) -> None:
    invite = Invite(
        id=InviteId(1),
        client_id=ClientId(1),
        staff_id=None,
        expires_at=EXPIRES,
        used_at=used_at,
        used_chat_id=ChatId(5002) if used_at else None,
        revoked_at=revoked_at,
    )
    assert invite.is_open(now) is is_open
