"""How a message looks on the other side: it fits Telegram, and loses nothing."""

import html
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.ids import ChatId, ClientId, MessageId, StaffId, TelegramMessageId
from bot.domain.languages import KNOWN, TIGRINYA, Language
from bot.domain.messages import (
    CAPTION_LIMIT,
    TEXT_LIMIT,
    Direction,
    Media,
    Message,
    MessageKind,
    utf16_length,
)
from bot.domain.people import Client, ClientStatus, Role, Staff
from bot.services.frames import (
    Outcome,
    Part,
    Rendering,
    for_client,
    for_staff,
    reason_in_dutch,
    visible_length,
)
from bot.texts import Texts
from bot.translation.model import Reason

TEXTS = Texts.load()
CHAT = ChatId(5001)
SELAM = Client(ClientId(1), "K-0001", "Selam <b>", TIGRINYA, ClientStatus.ACTIVE, discreet=False)
JOKE = Staff(StaffId(1), "s-joke", "Joke & Co", (Role.COACH,), active=True)
WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\r", exclude_categories=["Cs"]),
    max_size=400,
)
FILES = (MessageKind.PHOTO, MessageKind.VOICE, MessageKind.DOCUMENT)


def message(text: str, direction: Direction, kind: MessageKind = MessageKind.TEXT) -> Message:
    return Message(
        id=MessageId(1),
        client_id=SELAM.id,
        staff_id=JOKE.id,
        direction=direction,
        kind=kind,
        text=text,
        language=TIGRINYA,
        media=None if kind is MessageKind.TEXT else Media(kind, "file"),
        chat_id=CHAT,
        telegram_message_id=TelegramMessageId(1),
        edits_message_id=None,
        created_at=datetime(2026, 11, 24, tzinfo=UTC),
    )


def shown(part: Part) -> str:
    markup = str(part.payload.get("text", part.payload.get("caption", "")))
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def check_limits(parts: list[Part]) -> None:
    for part in parts:
        limit = TEXT_LIMIT if "text" in part.payload else CAPTION_LIMIT
        assert utf16_length(shown(part)) <= limit
        assert (
            re.sub(r"</?(b|i|blockquote)>", "", str(part.payload.get("text", ""))).count("<") == 0
        )
    assert ["reply_markup" in part.payload for part in parts] == [False] * (len(parts) - 1) + [
        True
    ]


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200f\u2068\u2069]+", "", text)


@settings(max_examples=60, deadline=None)
@given(
    words=WORDS, repeat=st.sampled_from([1, 12]), kind=st.sampled_from([MessageKind.TEXT, *FILES])
)
def test_whatever_a_client_writes_the_coach_can_read_all_of_it(
    words: str, repeat: int, kind: MessageKind
) -> None:
    text = (words * repeat)[:4096]
    done = Rendering(Outcome.DONE, text=f"vertaald {text}"[:4096])
    parts = for_staff(TEXTS, CHAT, message(text, Direction.IN, kind), SELAM, done)

    check_limits(parts)
    heading = squeezed(shown(parts[0]).split("\n")[0])
    whole = "".join(squeezed(shown(part)).replace(heading, "", 1) for part in parts)
    assert squeezed(text) in whole
    assert squeezed(done.text) in whole


@settings(max_examples=60, deadline=None)
@given(words=WORDS, repeat=st.sampled_from([1, 12]), locale=st.sampled_from(sorted(KNOWN)))
def test_whatever_a_coach_writes_fits_the_clients_chat(
    words: str, repeat: int, locale: str
) -> None:
    text = (words * repeat)[:4096]
    for outcome in Outcome:
        rendering = Rendering(outcome, text=text)
        parts = for_client(
            TEXTS, CHAT, message(text, Direction.OUT), JOKE, Language(locale), rendering
        )
        check_limits(parts)
        assert JOKE.name in shown(parts[0])


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_not_to_translate_has_words_for_staff(reason: Reason) -> None:
    assert reason_in_dutch(TEXTS, str(reason))


def test_the_visible_length_is_telegrams_count() -> None:
    assert visible_length("<b>a</b>&amp;😀") == 4


def test_names_cannot_smuggle_markup_into_a_message() -> None:
    parts = for_staff(
        TEXTS, CHAT, message("x", Direction.IN), SELAM, Rendering(Outcome.NOT_NEEDED)
    )
    assert "Selam &lt;b&gt;" in str(parts[0].payload["text"])
