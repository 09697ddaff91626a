"""The webhook: what Telegram posts is kept before it is told so, once, and in order."""

import asyncio
import io
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest
import sqlalchemy as sa

from bot import steps
from bot.adapters import loops, webhook
from bot.adapters.telegram import make_bot
from bot.adapters.updates import ALLOWED_UPDATES
from bot.config import Config, Telegram
from bot.domain.delivery import Incoming
from bot.domain.errors import ConfigError
from bot.services import inbox as inbox_service
from bot.services.core import Core
from bot.simulator import Clock, Phone, Simulator
from bot.storage.database import Database
from bot.storage.schema import cursors, inbox
from bot.telemetry import Part, Telemetry
from bot.texts import Texts

TOKEN = "100000007:token-of-these-tests"
SELAM, KHALED, MARYAM = 5002, 5003, 5004
NAMES = {SELAM: "Selam", KHALED: "Khaled", MARYAM: "Maryam"}
KEY = webhook.SECRET_HEADER
GOOD = {KEY: webhook.secret_of(TOKEN)}


@dataclass
class Line:
    """A simulator with phones, and a database that a webhook fills."""

    simulator: Simulator
    core: Core
    clock: Clock
    url: str
    port: int
    session: aiohttp.ClientSession
    telemetry: Telemetry = field(default_factory=Telemetry)

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[asyncio.Event]:
        """Receive until the end of the block, which begins when somebody listens."""
        bot = make_bot(TOKEN, self.url, 1)
        await bot.initialize()
        stopping = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(
                    webhook.receive_webhook(
                        self.core,
                        bot,
                        self.clock.now,
                        stopping,
                        self.telemetry,
                        trouble_seconds=0.01,
                        watch_seconds=0.05,
                    )
                )
                await self.until(self._listens)
                yield stopping
                stopping.set()
        finally:
            await bot.shutdown()

    async def post(self, body: object, headers: Mapping[str, str] = GOOD, path: str = "") -> int:
        """Post as Telegram does, or as somebody else; returns the status."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = path or f"/{webhook.path_of(TOKEN)}"
        address = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.post(address, data=io.BytesIO(data), headers=headers) as answer:
            return answer.status

    async def rows(self) -> list[tuple[int, int, str]]:
        """Return what was kept, in order."""
        async with self.core.database.reading() as tx:
            query = sa.select(inbox.c.update_id, inbox.c.lane, inbox.c.raw).order_by(inbox.c.id)
            return [(r["update_id"], r["lane"], r["raw"]) for r in await tx.rows(query)]

    async def texts(self, chat: int | None = None) -> list[str]:
        return [
            str(json.loads(raw)["message"]["text"])
            for _, lane, raw in await self.rows()
            if chat in {None, lane}
        ]

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except ConnectionRefusedError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    async def is_deaf(self) -> bool:
        return not await self._listens()

    async def until_kept(self, count: int) -> list[str]:
        await self.until(lambda: self._has(count))
        return await self.texts()

    async def _has(self, count: int) -> bool:
        return len(await self.rows()) >= count

    async def until(self, condition: Callable[[], Awaitable[object]]) -> None:
        """Wait until something is so, looking at every commit and now and then."""
        commits = self.core.database.commits
        async with asyncio.timeout(20):
            while not await condition():
                await commits.after(commits.count, 0.02)

    async def until_set(self) -> None:
        async def is_set() -> bool:
            return any(entry["method"] == "setWebhook" and entry["ok"] for entry in self.asked())

        await self.until(is_set)

    def asked(self) -> list[dict[str, object]]:
        return [dict(entry) for entry in self.simulator.requests()]


def update(number: int, chat: int = SELAM, text: str = "x") -> dict[str, object]:
    return {
        "update_id": number,
        "message": {"message_id": number, "date": 1, "chat": {"id": chat}, "text": text},
    }


@pytest.fixture
async def line(tmp_path: Path, free_port: int) -> AsyncIterator[Line]:
    clock = Clock()
    simulator = Simulator(token=TOKEN, bot_username="a_bot", bot_name="Bot", clock=clock)
    for number, name in NAMES.items():
        simulator.put_phone(Phone(user_id=number, first_name=name, subtitle=""))
    url = await simulator.start()
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}")
    config = Config(
        telegram=Telegram(
            api_url=url, webhook_url=f"http://127.0.0.1:{free_port}", webhook_port=free_port
        ),
        token=TOKEN,
    )
    core = Core(database, Texts({}), config, "a_bot")
    async with aiohttp.ClientSession() as session:
        yield Line(simulator, core, clock, url, free_port, session)
    await simulator.stop()
    await database.close()


async def test_what_telegram_posts_is_kept_in_order_in_each_chat(line: Line) -> None:
    for number in range(12):
        for chat in NAMES:
            line.simulator.say(chat, f"{chat} {number}")
    async with line.receiving():
        await line.until_kept(36)
        for chat in NAMES:
            assert await line.texts(chat) == [f"{chat} {number}" for number in range(12)]
        await line.until(lambda: _nothing_pending(line))


async def _nothing_pending(line: Line) -> bool:
    return line.simulator.pending_updates == 0


async def test_the_webhook_is_set_with_secret_kinds_and_connections(line: Line) -> None:
    async with line.receiving():
        await line.until_set()
    (asked,) = [entry for entry in line.asked() if entry["method"] == "setWebhook"]
    assert asked["params"] == {
        "url": f"http://127.0.0.1:{line.port}/{webhook.path_of(TOKEN)}",
        "secret_token": webhook.secret_of(TOKEN),
        "allowed_updates": list(ALLOWED_UPDATES),
        "max_connections": 40,
    }


def test_secret_and_path_differ_for_each_token_and_do_not_show_it() -> None:
    made = [
        derive(token)
        for token in (TOKEN, TOKEN + "x")
        for derive in (webhook.path_of, webhook.secret_of)
    ]
    assert len(set(made)) == 4
    assert all(len(one) == 64 and set(one) <= set("0123456789abcdef") for one in made)


@pytest.mark.parametrize(
    "headers", [{}, {KEY: ""}, {KEY: "x"}, {KEY: "é"}, {KEY: webhook.secret_of(TOKEN + "x")}]
)
async def test_a_post_without_the_secret_is_refused_and_nothing_of_it_kept(
    line: Line, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    async with line.receiving():
        assert await line.post(update(1), headers) == 403
        assert await line.rows() == []
        assert await line.post(update(1)) == 200
        assert len(await line.rows()) == 1
    assert webhook.secret_of(TOKEN) not in caplog.text


@pytest.mark.parametrize("path", ["/", "/x", f"/{webhook.secret_of(TOKEN)}", "/%ff"])
async def test_a_post_to_another_path_finds_nothing(line: Line, path: str) -> None:
    async with line.receiving():
        assert await line.post(update(1), path=path) == 404
        assert await line.rows() == []


async def test_a_proxy_may_put_the_path_below_one_of_its_own(line: Line) -> None:
    async with line.receiving():
        assert await line.post(update(1), path=f"/taalbrug/{webhook.path_of(TOKEN)}") == 200


async def test_what_comes_twice_is_kept_and_counted_once(line: Line) -> None:
    async with line.receiving():
        statuses = await asyncio.gather(*(line.post(update(7)) for _ in range(5)))
        assert set(statuses) == {200}
    assert [number for number, _, _ in await line.rows()] == [7]
    assert line.telemetry.registry.get_sample_value("taalbrug_updates_received_total") == 1


async def test_numbers_may_come_in_any_order_and_start_anew(line: Line) -> None:
    async with line.receiving():
        for number in (900, 5, 901, 4, 1):
            assert await line.post(update(number)) == 200
    assert [number for number, _, _ in await line.rows()] == [900, 5, 901, 4, 1]


async def test_a_webhook_leaves_no_cursor_that_could_confirm_what_a_poller_has_not_got(
    line: Line,
) -> None:
    await inbox_service.accept(line.core, 100000007, [], next_update_id=900, now=line.clock.now())
    async with line.receiving():
        await line.post(update(5))
    async with line.core.database.reading() as tx:
        assert await tx.rows(sa.select(cursors)) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"geen JSON",
        b'{"update_id": 1, "message": {"text": "\xff',
        b"[1, 2]",
        b'"update_id"',
        b'{"message": {"text": "zonder nummer"}}',
        b'{"update_id": -1}',
        b'{"update_id": true}',
        b'{"update_id": 1e3}',
        b'{"update_id": ' + b"9" * 5000 + b"}",
        b"[" * 200_000,
        b'{"update_id": 1, "x": "' + b"x" * webhook.BODY_LIMIT + b'"}',
    ],
)
async def test_a_body_nobody_can_read_is_put_apart_once_and_never_asked_for_again(
    line: Line, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with line.receiving():
        assert await line.post(body) == 200
        assert await line.post(body) == 200
        ((number, lane, raw),) = await line.rows()
        assert number < 0
        assert lane == 0
        assert json.loads(raw) == body[: webhook.BODY_LIMIT].decode(errors="replace")
        assert await line.post(update(1)) == 200
        assert len(await line.rows()) == 2
    assert "webhook.unreadable" in caplog.text
    assert "zonder nummer" not in caplog.text
    (incoming,) = await _ready(line, lane=0)
    # The handler cannot read it, and so it becomes a task for a person.
    with caplog.at_level(logging.ERROR):
        application = SimpleNamespace(bot=None, process_update=None)
        await loops.handle_one(line.core, application, incoming, line.clock.now())
    assert await _ready(line, lane=0) == []
    async with line.core.database.reading() as tx:
        query = sa.select(inbox.c.state).where(inbox.c.lane == 0)
        assert [row["state"] for row in await tx.rows(query)] == ["quarantined"]


async def _ready(line: Line, lane: int) -> list[Incoming]:
    ready = await inbox_service.list_ready(line.core, line.clock.now(), limit=99)
    return [incoming for incoming in ready if incoming.lane == lane]


async def test_half_an_emoji_and_a_zero_byte_are_kept(line: Line) -> None:
    body = b'{"update_id": 1, "message": {"chat": {"id": 5002}, "text": "\\ud83d \\u0000"}}'
    async with line.receiving():
        assert await line.post(body) == 200
    assert await line.texts() == ["\ud83d \x00"]


async def test_a_body_that_breaks_off_is_not_kept_and_the_next_one_is(line: Line) -> None:
    async with line.receiving():
        await line.until_set()
        _, writer = await asyncio.open_connection("127.0.0.1", line.port)
        head = f"POST /{webhook.path_of(TOKEN)} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n"
        writer.write(f'{head}{KEY}: {GOOD[KEY]}\r\n\r\n{{"update_id": 3, '.encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert await line.post(update(3)) == 200
    assert len(await line.rows()) == 1


async def test_what_cannot_be_kept_is_refused_with_503_told_and_delivered_again(
    line: Line,
) -> None:
    async with line.receiving():
        await line.until_set()
        async with line.core.database.transaction() as tx:
            await tx.run(sa.text("ALTER TABLE inbox RENAME TO inbox_away"))
        line.simulator.say(SELAM, "een")
        line.simulator.say(SELAM, "twee")

        async def is_told() -> bool:
            return "could not be written" in " ".join(line.telemetry.troubles())

        await line.until(is_told)
        assert await line.post(update(1)) == 503
        async with line.core.database.transaction() as tx:
            await tx.run(sa.text("ALTER TABLE inbox_away RENAME TO inbox"))
        assert await line.until_kept(2) == ["een", "twee"]

        async def is_over() -> bool:
            return not line.telemetry.troubles()

        await line.until(is_over)


async def test_a_post_in_hand_at_the_stop_is_kept_and_answered(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_hand = asyncio.Event()
    monkeypatch.setattr(steps, "_listeners", [lambda _step: in_hand.set()])
    async with line.receiving() as stopping, asyncio.TaskGroup() as group:
        async with line.core.database.transaction():  # so that it has to wait for its turn
            posting = group.create_task(line.post(update(1)))
            async with asyncio.timeout(20):
                await in_hand.wait()
            stopping.set()
            await line.until(line.is_deaf)
            for _ in range(20):  # whoever would cut it off has had many turns to do so
                assert await line.is_deaf()
            assert not posting.done()
        assert await posting == 200
        assert len(await line.rows()) == 1


async def test_what_comes_while_the_bot_is_away_is_kept_by_telegram(line: Line) -> None:
    async with line.receiving():
        line.simulator.say(SELAM, "een")
        await line.until_kept(1)
    line.simulator.say(SELAM, "twee")
    assert "deleteWebhook" not in [entry["method"] for entry in line.asked()]
    async with line.receiving():
        assert await line.until_kept(2) == ["een", "twee"]


@pytest.mark.parametrize("fault", ["429", "500", "502_html", "refuse", "garbage"])
async def test_setting_the_webhook_is_tried_again(line: Line, fault: str) -> None:
    line.simulator.fault(fault, method="setWebhook", retry_after=0)
    line.simulator.say(SELAM, "een")
    async with line.receiving():
        assert await line.until_kept(1) == ["een"]
    assert not line.simulator.faults(), "the fault did happen"


async def test_an_address_that_telegram_refuses_is_told_with_the_remedy(line: Line) -> None:
    telegram = replace(line.core.config.telegram, webhook_url="https://taalbrug.example")
    line.core = replace(line.core, config=replace(line.core.config, telegram=telegram))

    async def is_told() -> bool:
        return "mend [telegram] webhook_url" in " ".join(line.telemetry.troubles())

    async with line.receiving():
        await line.until(is_told)


async def test_a_token_that_telegram_withdrew_ends_the_receiver_with_a_remedy(line: Line) -> None:
    bot = make_bot(TOKEN, line.url, 1)
    await bot.initialize()
    await line.simulator.stop()
    revoked = Simulator(
        token="100000007:another", bot_username="a_bot", bot_name="Bot", clock=line.clock
    )
    await revoked.start(port=int(line.url.rpartition(":")[2]))

    with pytest.raises(ConfigError, match="TAALBRUG_TELEGRAM_TOKEN"):
        await webhook.receive_webhook(
            line.core, bot, line.clock.now, asyncio.Event(), line.telemetry
        )

    await revoked.stop()
    await bot.shutdown()


async def test_a_webhook_that_another_program_changed_is_told_and_not_fought_over(
    line: Line,
) -> None:
    async with line.receiving(), aiohttp.ClientSession() as session:
        await line.until_set()
        address = f"{line.url}/bot{TOKEN}/deleteWebhook"
        async with session.post(address) as answer:
            assert answer.status == 200

        async def is_told() -> bool:
            return "stop one of the two" in " ".join(line.telemetry.troubles())

        await line.until(is_told)
    assert [entry["method"] for entry in line.asked()].count("setWebhook") == 1


async def test_a_quiet_night_is_no_silence_as_long_as_telegram_answers(line: Line) -> None:
    async with line.receiving():
        await line.until_set()

        async def looked_often() -> bool:
            methods = [entry["method"] for entry in line.asked()]
            return methods.count("getWebhookInfo") > 5

        await line.until(looked_often)
        assert line.telemetry.stalls() == []
        assert line.telemetry.troubles() == []
        await line.simulator.stop()

        async def is_silent() -> bool:
            return bool(line.telemetry.stalls())

        await line.until(is_silent)
        assert line.telemetry.stalls()[0].startswith(f"{Part.RECEIVE}: nothing from Telegram")


async def test_a_taken_port_is_named_with_the_key_and_the_remedy(line: Line) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", line.port))
        other.listen()
        bot = make_bot(TOKEN, line.url, 1)
        await bot.initialize()
        with pytest.raises(ConfigError, match=rf"Port {line.port} .*\[telegram\] webhook_port"):
            await webhook.receive_webhook(
                line.core, bot, line.clock.now, asyncio.Event(), line.telemetry
            )
        await bot.shutdown()
