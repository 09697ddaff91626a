"""A webhook on the token: noticed, named by its host only, and never fought or deleted unasked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from telegram.error import Conflict, InvalidToken, NetworkError
from telegram.ext import ExtBot

from bot.adapters.telegram import ask_for_updates, make_bot
from bot.adapters.webhook_state import WebhookState, look_at_webhook, settle_webhook
from bot.domain.errors import ConfigError
from bot.simulator import Clock, Phone, Simulator

TOKEN = "100000009:token-of-the-tests"
PATH = "very-secret-path"
PHONE = 4001
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Give a Telegram, not yet started, with one phone."""
    running = Simulator(token=TOKEN, bot_username="b", bot_name="B", clock=Clock())
    running.put_phone(Phone(user_id=PHONE, first_name="Ana", subtitle=""))
    yield running
    await running.stop()


@pytest.fixture
async def bot(simulator: Simulator) -> AsyncIterator[ExtBot[None]]:
    """Give our bot on that Telegram."""
    made = make_bot(TOKEN, await simulator.start(), 0)
    async with made:
        yield made


async def set_webhook(bot: ExtBot[None], free_port: int) -> None:
    await bot.set_webhook(f"http://127.0.0.1:{free_port}/{PATH}")


async def nobody_sleeps(_seconds: float) -> None:
    pytest.fail("it waited")


async def test_without_a_webhook_updates_may_be_asked_for(bot: ExtBot[None]) -> None:
    state = await settle_webhook(bot, "", sleep=nobody_sleeps)
    assert state == WebhookState(host=None, pending=0, last_error=None, last_error_at=None)
    good, words = state.judge("")
    assert good
    assert "no webhook is set" in words


async def test_a_webhook_is_refused_with_its_host_and_the_remedy_and_stays(
    bot: ExtBot[None], free_port: int
) -> None:
    await set_webhook(bot, free_port)
    with pytest.raises(ConfigError) as refused:
        await settle_webhook(bot, "", sleep=nobody_sleeps)
    words = str(refused.value)
    assert "a webhook at 127.0.0.1:" in words
    assert "`taalbrug run --remove-webhook`" in words
    assert "[telegram] webhook_url" in words
    assert PATH not in words
    assert (await look_at_webhook(bot)).host == "127.0.0.1"
    good, found = (await look_at_webhook(bot)).judge("")
    assert (good, found) == (False, words)


async def test_a_webhook_is_removed_when_told_to_and_what_waits_is_kept(
    bot: ExtBot[None], simulator: Simulator, free_port: int
) -> None:
    await set_webhook(bot, free_port)
    simulator.say(PHONE, "Hello")
    with pytest.raises(Conflict):
        await ask_for_updates(bot, None, 0, ("message",))
    state = await settle_webhook(bot, "", remove=True, sleep=nobody_sleeps)
    assert (state.host, state.pending) == (None, 1)
    [update] = await ask_for_updates(bot, None, 0, ("message",))
    assert isinstance(update, dict)
    message = update["message"]
    assert isinstance(message, dict)
    assert message["text"] == "Hello"


async def test_a_webhook_that_is_configured_is_left_alone(
    bot: ExtBot[None], free_port: int
) -> None:
    await set_webhook(bot, free_port)
    state = await settle_webhook(bot, f"https://127.0.0.1:{free_port}/x", sleep=nobody_sleeps)
    assert state.host == "127.0.0.1"


async def test_a_failure_of_the_webhook_is_told_without_its_path(
    bot: ExtBot[None], simulator: Simulator, free_port: int
) -> None:
    await set_webhook(bot, free_port)
    simulator.say(PHONE, "Hello")
    state = await look_at_webhook(bot)
    while state.last_error is None:
        state = await look_at_webhook(bot)
    assert "Connection refused" in state.last_error
    good, words = state.judge("https://127.0.0.1/another")
    assert not good
    assert "1 wait at Telegram" in words
    assert "Connection refused" in words
    assert PATH not in words


@pytest.mark.parametrize(
    ("state", "good", "words"),
    [
        (WebhookState(None, 2, None, None), True, "will be brought to bot.example after"),
        (WebhookState("old.example", 0, None, None), True, "now to old.example; 0 wait"),
        (WebhookState("bot.example", 0, "Refused", AT), True, "(2026-11-24 09:30 UTC): Refused"),
        (WebhookState("bot.example", 1, "Refused", None), False, "trouble with it: Refused"),
        (WebhookState("bot.example", 5, None, None), True, "are brought to bot.example; 5 wait"),
    ],
)
def test_what_is_set_is_compared_with_what_is_configured(
    state: WebhookState, good: bool, words: str
) -> None:
    found = state.judge("https://bot.example:8443/hook/secret")
    assert found[0] is good
    assert words in found[1]
    assert "secret" not in found[1]


async def test_a_telegram_that_cannot_be_reached_is_waited_for(free_port: int) -> None:
    waits: list[float] = []

    class EnoughError(Exception):
        """Ends the waiting."""

    async def twice(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            raise EnoughError

    made = make_bot(TOKEN, f"http://127.0.0.1:{free_port}", 0)
    try:
        with pytest.raises(NetworkError):
            await made.initialize()
        with pytest.raises(EnoughError):
            await look_at_webhook(made, sleep=twice)
    finally:
        await made.shutdown()
    assert waits[0] > 0


@asynccontextmanager
async def knows_another_token() -> AsyncIterator[str]:
    running = Simulator(token="100000009:other", bot_username="b", bot_name="B", clock=Clock())
    yield await running.start()
    await running.stop()


async def test_a_refused_token_is_named_without_it() -> None:
    async with knows_another_token() as url:
        made = make_bot(TOKEN, url, 0)
        try:
            with pytest.raises(InvalidToken):
                await made.initialize()
            with pytest.raises(ConfigError, match="does not know this token") as refused:
                await look_at_webhook(made, sleep=nobody_sleeps)
        finally:
            await made.shutdown()
    assert TOKEN not in str(refused.value)
