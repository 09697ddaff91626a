"""What every service needs, and how one call becomes one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.config import Config
from bot.domain.delivery import InboxState, OutboxKind
from bot.domain.ids import ChatId, InboxId
from bot.domain.languages import Language
from bot.steps import Step, reached
from bot.storage import inbox, outbox
from bot.storage.database import Database, Transaction
from bot.texts import Texts

_TAP_LIFETIME = timedelta(seconds=140)  # Telegram forgets a tap after 150 seconds


class AlreadyHandledError(Exception):
    """The update was handled before; everything this call did is undone."""


@dataclass(frozen=True, slots=True)
class Core:
    """The parts that services stand on."""

    database: Database
    texts: Texts
    config: Config
    bot_username: str

    def today(self, now: datetime) -> date:
        """Return the day that the organisation's calendar shows at an instant."""
        return now.astimezone(self.config.organisation.zone).date()


@dataclass(slots=True)
class Turn:
    """One update being handled: when, in which chat, and what it must leave behind.

    `now` was read once, when the update was taken up. A tapped button is answered with the
    change it caused; `toast` is what the answer shows, if anything.
    """

    now: datetime
    chat_id: ChatId
    inbox_id: InboxId | None = None
    callback_id: str | None = None
    language_hint: Language | None = None
    """What the person's app is set to; only a hint, used before anything is known."""
    toast: str | None = None
    taken: bool = False
    """True once a service has committed the turn, and with it that the update is done."""
    error: BaseException | None = None
    """Set when the handler failed, so that the update is tried again or put apart."""


CURRENT_TURN: ContextVar[Turn] = ContextVar("CURRENT_TURN")
"""The update that the present task handles; set where updates are taken up."""


@asynccontextmanager
async def taking(core: Core, turn: Turn) -> AsyncIterator[Transaction]:
    """Open the one transaction of a turn: the change, what must go out, and the update done.

    Errors: AlreadyHandledError when the update was handled before.
    """
    async with core.database.transaction() as tx:
        yield tx
        if turn.callback_id is not None:
            payload = {"callback_query_id": turn.callback_id}
            if turn.toast:
                payload |= {"text": turn.toast[:200]}
            await outbox.insert_call(
                tx,
                lane=f"tap:{turn.chat_id}",
                chat_id=turn.chat_id,
                kind=OutboxKind.SET,
                method="answerCallbackQuery",
                payload=payload,
                now=turn.now,
                valid_until=turn.now + _TAP_LIFETIME,
            )
        if turn.inbox_id is not None:
            done = await inbox.finish(tx, turn.inbox_id, state=InboxState.DONE, now=turn.now)
            if not done:
                raise AlreadyHandledError
        reached(Step.CHANGED)
    turn.taken = True
