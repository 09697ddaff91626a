"""What broadcasts were to one client, and what they choose her by: lines for her card."""

from bot.domain.broadcasts import BroadcastKind, DeliveryState
from bot.domain.ids import ClientId
from bot.domain.languages import DUTCH, DUTCH_NAMES
from bot.services.caseload import short
from bot.services.core import Core
from bot.storage import broadcast_figures, people
from bot.storage.broadcast_figures import Received
from bot.storage.database import Transaction

_LINES = 3
_WORDS = 30
"""So much of a text tells which one it was."""


def outcome_words(core: Core, state: DeliveryState) -> str:
    """Return in Dutch what became of a broadcast for somebody."""
    return core.texts.label(f"st.br_state_{state}", DUTCH)


def beginning(text: str, length: int) -> str:
    """Return the beginning of a text, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"


async def history_lines(core: Core, tx: Transaction, client_id: ClientId) -> list[str]:
    """Return a line for each of the last broadcasts to a client, in Telegram's HTML."""
    return [
        core.texts.staff(
            "st.br_history",
            datum=short(core.today(received.changed_at)),
            wat=_subject(core, received),
            uitkomst=_outcome(core, received),
        )
        for received in await broadcast_figures.list_received(tx, client_id, limit=_LINES)
    ]


def _subject(core: Core, received: Received) -> str:
    if received.kind is BroadcastKind.FILM:
        return f"🎬 {received.title or ''}"
    if received.kind is BroadcastKind.EVENT and received.event_kind is not None:
        kind = core.texts.label(f"event.{received.event_kind}", DUTCH)
        return f"📅 {kind} {received.event_name or ''}".rstrip()
    return f"✉ {beginning(received.text or '', _WORDS)}"


def _outcome(core: Core, received: Received) -> str:
    words = outcome_words(core, received.state)
    if received.pressed_at is not None:
        words += " ▶"
    if received.answer is not None:
        words += ", " + core.texts.label(f"st.br_answer_{received.answer}", DUTCH)
    return words


async def facts_line(core: Core, tx: Transaction, client_id: ClientId) -> str | None:
    """Return in one line by what broadcasts choose a client; None when none of it is known."""
    texts, facts = core.texts, await people.get_facts(tx, client_id)
    known: list[str] = []
    if facts.municipality:
        known.append(facts.municipality)
    if facts.step:
        known.append(texts.label("st.br_facts_step", DUTCH, n=facts.step))
    if facts.group:
        known.append(texts.label(f"st.br_group_{facts.group}", DUTCH))
    if facts.programme:
        known.append(facts.programme)
    if facts.other_languages:
        names = ", ".join(DUTCH_NAMES[each] for each in facts.other_languages)
        known.append(texts.label("st.br_facts_reads", DUTCH, talen=names))
    return texts.staff("st.br_facts", feiten=" · ".join(known)) if known else None
