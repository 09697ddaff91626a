"""A picture or file of the program's own goes out: named in the outbox, uploaded by the sender."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa
from telegram.ext import ExtBot

from bot.adapters.sender import Sender
from bot.adapters.telegram import make_bot
from bot.config import Config, Telegram
from bot.domain.delivery import JsonValue, OutboxKind, OutboxState
from bot.domain.errors import NotFoundError
from bot.domain.ids import OutboxId, PictureId
from bot.domain.limits import UNLIMITED
from bot.domain.people import LinkState, Role, Step
from bot.services.core import Core
from bot.simulator import Clock, Phone, Simulator
from bot.simulator.values import JsonObject, as_list, as_object, as_text
from bot.storage import links, outbox, people, pictures
from bot.storage import schema as tables
from bot.storage.database import Database, Topic
from bot.telemetry import Telemetry
from bot.texts import Texts
from tests.cast import JOKE
from tests.simulator import oracle
from tests.simulator.samples import png

TOKEN = "100000008:token-of-these-tests"
NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
OCTOBER, NOVEMBER = png(300, 200), png(310, 210)
BUTTONS: JsonValue = {"inline_keyboard": [[{"text": "▶ Volgende", "callback_data": "ov:2"}]]}
_OVER = {OutboxState.SENT, OutboxState.FAILED, OutboxState.UNCERTAIN, OutboxState.RETIRED}


@dataclass
class Line:
    """Joke's phone, an outbox, and a sender between them that runs when a test says so."""

    phones: Simulator
    core: Core
    bot: ExtBot[None]
    clock: Clock
    url: str

    async def keeps(self, content: bytes) -> PictureId:
        async with self.core.database.transaction() as tx:
            return await pictures.insert_picture(tx, content, now=self.clock.now())

    async def queues(
        self, method: str, payload: dict[str, JsonValue], edits: OutboxId | None = None
    ) -> OutboxId:
        async with self.core.database.transaction() as tx:
            return await outbox.insert_call(
                tx,
                lane=f"chat:{JOKE.chat_id}",
                chat_id=JOKE.chat_id,
                kind=OutboxKind.STAFF,
                method=method,
                payload={"chat_id": JOKE.chat_id} | payload,
                edits_outbox_id=edits,
                now=self.clock.now(),
            )

    async def queues_photo(self, picture: PictureId, caption: str = "oktober") -> OutboxId:
        named: dict[str, JsonValue] = {"photo": pictures.name_of(picture), "caption": caption}
        return await self.queues("sendPhoto", named | {"reply_markup": BUTTONS})

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Send until the end of the block."""
        stopping = asyncio.Event()
        sender = Sender(
            self.core,
            self.bot,
            self.clock.now,
            Telemetry(),
            UNLIMITED,
            seconds=lambda: self.clock.now().timestamp(),
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(sender.run(stopping))
            yield
            stopping.set()
            self.core.database.pulses[Topic.OUTBOX].beat()

    async def until(self, call: OutboxId, state: OutboxState) -> str | None:
        """Wait until a call has come so far; returns its error."""
        commits = self.core.database.commits
        async with asyncio.timeout(20):
            while True:
                count = commits.count
                async with self.core.database.reading() as tx:
                    row = await tx.row(sa.select(tables.outbox).where(tables.outbox.c.id == call))
                assert row is not None
                if row["state"] is state and (state is not OutboxState.QUEUED or row["attempts"]):
                    error: str | None = row["error"]
                    return error
                assert row["state"] not in _OVER, f"{row['state']}: {row['error']}"
                await commits.after(count, 1)

    def passes(self, **span: float) -> None:
        self.clock.advance(timedelta(**span))
        self.core.database.pulses[Topic.OUTBOX].beat()

    async def sent(self, *calls: OutboxId) -> None:
        """Send until all of these have gone."""
        async with self.sending():
            for call in calls:
                await self.until(call, OutboxState.SENT)

    @property
    def shown(self) -> list[JsonObject]:
        """What the bot put on the phone."""
        messages = self.phones.messages(JOKE.chat_id)
        return [each for each in messages if not as_object(each["sim"])["outgoing"]]

    async def content(self, message: JsonObject) -> bytes:
        """The bytes of the file that a message shows."""
        address = self.url + as_text(as_object(message["sim"])["file_url"])
        async with aiohttp.ClientSession() as session, session.get(address) as answer:
            return await answer.read()

    def asked(self, method: str) -> int:
        return sum(entry["method"] == method for entry in self.phones.requests())


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    clock = Clock(real=lambda: NOON)
    phones = Simulator(
        token=TOKEN,
        bot_username="line_bot",
        bot_name="Bot",
        clock=clock,
        store=tmp_path / "phones.db",
    )
    phones.put_phone(Phone(user_id=JOKE.chat_id, first_name="Joke", subtitle=""))
    url = await phones.start()
    phones.say(JOKE.chat_id, "/start")
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}")
    async with database.transaction() as tx:
        joke = await people.insert_staff(
            tx, code=JOKE.code, name=JOKE.name, roles=(Role.COACH,), now=NOON
        )
        await links.insert_link(
            tx,
            chat_id=JOKE.chat_id,
            client_id=None,
            staff_id=joke,
            state=LinkState.ACTIVE,
            step=Step.DONE,
            now=NOON,
        )
    config = Config(telegram=Telegram(api_url=url), token=TOKEN)
    bot = make_bot(TOKEN, url, 1)
    await bot.initialize()
    yield Line(phones, Core(database, Texts.load(), config, "line_bot"), bot, clock, url)
    await bot.shutdown()
    await phones.stop()
    await database.close()
    for entry in phones.requests():
        oracle.check_request(as_text(entry["method"]), as_object(entry["params"]))


async def test_a_picture_arrives_whole_with_its_caption_and_buttons(line: Line) -> None:
    picture = await line.keeps(OCTOBER)

    await line.sent(await line.queues_photo(picture, "Één coach · Zoë"))

    (message,) = line.shown
    assert await line.content(message) == OCTOBER
    assert message["caption"] == "Één coach · Zoë"
    assert message["reply_markup"] == BUTTONS


async def test_a_page_turns_in_the_same_message(line: Line) -> None:
    first, second = await line.keeps(OCTOBER), await line.keeps(NOVEMBER)
    sent = await line.queues_photo(first)
    media: JsonValue = {
        "type": "photo",
        "media": pictures.name_of(second),
        "caption": "<b>november</b> · Zoë",
        "parse_mode": "HTML",
    }
    turned = await line.queues(
        "editMessageMedia", {"media": media, "reply_markup": BUTTONS}, edits=sent
    )

    await line.sent(sent, turned)

    (message,) = line.shown
    assert await line.content(message) == NOVEMBER
    assert message["caption"] == "november · Zoë"
    assert message["reply_markup"] == BUTTONS


async def test_a_file_arrives_under_its_name_with_its_caption_and_buttons(line: Line) -> None:
    table = "\ufeffcode;taal\r\nK-0001;Tigrinya\r\n".encode()
    kept = await line.keeps(table)
    named: dict[str, JsonValue] = {
        "document": pictures.file_of(kept, "uitzending-7.csv"),
        "caption": "Uitzending · <b>Zoë</b>",
        "parse_mode": "HTML",
        "reply_markup": BUTTONS,
    }
    sent = await line.queues("sendDocument", named)

    await line.sent(sent)

    (message,) = line.shown
    assert await line.content(message) == table
    document = as_object(message["document"])
    assert (document["file_name"], document["mime_type"]) == ("uitzending-7.csv", "text/csv")
    assert message["caption"] == "Uitzending · Zoë"
    assert message["reply_markup"] == BUTTONS
    async with line.core.database.reading() as tx:
        assert (await outbox.get_call(tx, sent)).payload["document"] == (
            f"file:{kept}:uitzending-7.csv"
        )


async def test_told_to_slow_down_it_uploads_the_file_again(line: Line) -> None:
    line.phones.fault("429", method="sendDocument", retry_after=3)
    file = pictures.file_of(await line.keeps(b"code;taal"), "lijst.csv")
    sent = await line.queues("sendDocument", {"document": file})

    async with line.sending():
        await line.until(sent, OutboxState.QUEUED)
        line.passes(seconds=5)
        await line.until(sent, OutboxState.SENT)

    assert line.asked("sendDocument") == 2
    assert [await line.content(message) for message in line.shown] == [b"code;taal"]


async def test_a_file_that_telegram_has_already_goes_by_its_id(line: Line) -> None:
    file = pictures.file_of(await line.keeps(b"code;taal"), "lijst.csv")
    await line.sent(await line.queues("sendDocument", {"document": file}))
    known = as_text(as_object(line.shown[0]["document"])["file_id"])

    await line.sent(await line.queues("sendDocument", {"document": known}))

    first, second = (as_object(message["document"]) for message in line.shown)
    assert first["file_unique_id"] == second["file_unique_id"]


async def test_the_outbox_holds_the_name_of_a_picture_and_never_its_bytes(line: Line) -> None:
    picture = await line.keeps(OCTOBER)
    sent = await line.queues_photo(picture)

    await line.sent(sent)

    async with line.core.database.reading() as tx:
        assert (await outbox.get_call(tx, sent)).payload["photo"] == f"picture:{picture}"


async def test_told_to_slow_down_it_uploads_the_picture_again(line: Line) -> None:
    line.phones.fault("429", method="sendPhoto", retry_after=3)
    sent = await line.queues_photo(await line.keeps(OCTOBER))

    async with line.sending():
        await line.until(sent, OutboxState.QUEUED)
        assert line.shown == []
        line.passes(seconds=5)
        await line.until(sent, OutboxState.SENT)

    assert line.asked("sendPhoto") == 2
    assert [await line.content(message) for message in line.shown] == [OCTOBER]


async def test_when_nobody_listened_it_uploads_the_picture_again(line: Line) -> None:
    sent = await line.queues_photo(await line.keeps(OCTOBER))
    turned = await line.queues(
        "editMessageMedia",
        {"media": {"type": "photo", "media": pictures.name_of(await line.keeps(NOVEMBER))}},
        edits=sent,
    )
    await line.phones.stop()

    async with line.sending():
        await line.until(sent, OutboxState.QUEUED)
        await line.phones.start(port=int(line.url.rpartition(":")[2]))
        line.passes(seconds=5)
        await line.until(turned, OutboxState.SENT)

    assert [await line.content(message) for message in line.shown] == [NOVEMBER]
    assert (line.asked("sendPhoto"), line.asked("editMessageMedia")) == (1, 1)


async def test_what_perhaps_arrived_is_uploaded_once_more_and_says_so(line: Line) -> None:
    line.phones.fault("accept_then_close", method="sendPhoto")
    sent = await line.queues_photo(await line.keeps(OCTOBER))

    async with line.sending():
        await line.until(sent, OutboxState.QUEUED)
        line.passes(seconds=5)
        await line.until(sent, OutboxState.SENT)

    first, second = line.shown
    assert await line.content(first) == await line.content(second) == OCTOBER
    note = line.core.texts.say("ch.maybe_twice", JOKE.language)
    assert (first["caption"], second["caption"]) == ("oktober", f"oktober\n{note}")


async def test_a_picture_that_is_gone_fails_with_a_sentence_and_holds_nothing_up(
    line: Line,
) -> None:
    picture = await line.keeps(OCTOBER)
    photo = await line.queues_photo(picture)
    turned = await line.queues(
        "editMessageMedia",
        {"message_id": 1, "media": {"type": "photo", "media": pictures.name_of(picture)}},
    )
    after = await line.queues("sendMessage", {"text": "en verder"})
    async with line.core.database.transaction() as tx:
        assert await pictures.delete_pictures(tx, line.clock.now() + timedelta(seconds=1)) == 1

    async with line.sending():
        for call in (photo, turned):
            error = await line.until(call, OutboxState.FAILED)
            assert error == (
                f"Picture {picture} has been deleted since it was drawn; ask for it anew."
            )
        await line.until(after, OutboxState.SENT)

    assert [message.get("text") for message in line.shown] == ["en verder"]
    assert line.asked("sendPhoto") == line.asked("editMessageMedia") == 0


async def test_a_photo_that_telegram_has_already_goes_by_its_id(line: Line) -> None:
    first = await line.queues_photo(await line.keeps(OCTOBER))
    await line.sent(first)
    sizes = as_list(line.shown[0]["photo"])
    again = await line.queues(
        "sendPhoto",
        {"photo": as_text(as_object(sizes[-1])["file_id"]), "caption": "picture:1"},
    )

    await line.sent(again)

    assert line.shown[1]["photo"] == line.shown[0]["photo"]
    assert line.shown[1]["caption"] == "picture:1"


def test_only_the_whole_name_of_a_picture_or_file_is_one() -> None:
    picture, file = pictures.name_of(PictureId(12)), pictures.file_of(PictureId(12), "a-1.csv")
    assert pictures.named_by(picture) == pictures.Kept(PictureId(12), "picture12.png")
    assert pictures.named_by(file) == pictures.Kept(PictureId(12), "a-1.csv")
    others: list[JsonValue] = [
        "picture:",
        "picture:012",
        "picture:1x",
        "xpicture:1",
        "picture:1:a.csv",
        "file:1",
        "file:1:",
        "file:0:a.csv",
        "file:1:a.csv\n",
        "12",
        12,
        None,
    ]
    assert [pictures.named_by(each) for each in others] == [None] * len(others)


@pytest.mark.parametrize("name", ["", ".csv", "../a.csv", "a b.csv", "é.csv", "a:b", "a" * 61])
def test_a_file_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a file"):
        pictures.file_of(PictureId(1), name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Give an empty database of either engine."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_ready_url")
    opened = await Database.open(url)
    yield opened
    await opened.close()


async def test_a_picture_is_kept_byte_for_byte_until_its_time(database: Database) -> None:
    every_byte = bytes(range(256)) * 300
    async with database.transaction() as tx:
        old = await pictures.insert_picture(tx, every_byte, now=NOON)
        young = await pictures.insert_picture(tx, b"young", now=NOON + timedelta(days=1))
    async with database.reading() as tx:
        assert await pictures.get_picture(tx, old) == every_byte

    async with database.transaction() as tx:
        assert await pictures.delete_pictures(tx, NOON) == 0
        assert await pictures.delete_pictures(tx, NOON + timedelta(hours=1)) == 1

    async with database.reading() as tx:
        assert await pictures.get_picture(tx, young) == b"young"
        with pytest.raises(NotFoundError, match=f"Picture {old} has been deleted"):
            await pictures.get_picture(tx, old)
