"""One scenario, two clients of different makers: the simulator is shaped to neither."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from bot.simulator import Simulator
from bot.simulator.values import as_object, as_text
from tests.simulator.clients import Client, open_client, refusal
from tests.simulator.house import ANNA, SELAM, YOUSEF
from tests.simulator.oracle import check_request
from tests.simulator.samples import PDF, ogg, png

CHAT = SELAM.user_id


@pytest.fixture(params=["ptb", "aiogram"])
def maker(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def client(maker: str, base: str) -> AsyncIterator[Client]:
    async with open_client(maker, base) as made:
        yield made


@pytest.fixture(autouse=True)
def judged(simulator: Simulator) -> Iterator[None]:
    """Put every request of either client before the oracle."""
    yield
    requests = simulator.requests()
    assert requests
    for entry in requests:
        check_request(as_text(entry["method"]), as_object(entry["params"]))


@pytest.fixture
def met(simulator: Simulator, client: Client) -> Simulator:
    """Selam and Yousef have pressed START; Anna has not."""
    simulator.say(CHAT, "/start")
    simulator.say(YOUSEF.user_id, "/start")
    return simulator


async def test_the_bot_knows_itself_and_its_commands(client: Client, simulator: Simulator) -> None:
    assert await client.username() == "taalbrug_test_bot"
    assert await client.commands(["help", "stop"]) == ["help", "stop"]
    shown = simulator.phone(CHAT)["commands"]
    assert shown == [
        {"command": "help", "description": "help"},
        {"command": "stop", "description": "stop"},
    ]


async def test_buttons_are_sent_tapped_answered_and_edited_away(
    client: Client, met: Simulator
) -> None:
    asked = await client.send(
        CHAT, "<b>ትመጽእ ዲኻ?</b>", buttons=[("እወ", "ap:1:yes"), ("ኖ", "ap:1:no")]
    )
    shown = met.messages(CHAT)[-1]
    assert shown["text"] == "ትመጽእ ዲኻ?"
    assert shown["entities"] == [{"type": "bold", "offset": 0, "length": 8}]

    tapped = met.tap(CHAT, message_id=asked, label="ኖ")
    query = (await client.updates(None, 0))[-1]
    assert (query.query, query.data) == (tapped["callback_query_id"], "ap:1:no")
    assert await client.answer(query.query, "ok")
    assert met.callback(query.query)["text"] == "ok"
    async with refusal() as said:
        await client.answer(query.query, "ok")
    assert "query is too old and response timeout expired" in said[0].why

    assert await client.edit(CHAT, asked, "ኣይመጽእን") == "ኣይመጽእን"
    assert "reply_markup" not in met.messages(CHAT)[-1]
    async with refusal() as said:
        await client.edit(CHAT, asked, "ኣይመጽእን")
    assert said[0].kind == "BadRequest"
    assert "message is not modified" in said[0].why
    async with refusal() as said:
        await client.edit(CHAT, 9999, "x")
    assert "message to edit not found" in said[0].why


async def test_files_go_both_ways_byte_for_byte(client: Client, met: Simulator) -> None:
    picture = png(120, 80)
    photo = await client.photo(CHAT, picture, "ስእሊ 📷")
    assert photo.what == "120x80 ስእሊ 📷"
    assert await client.download(photo.file_id) == picture
    again = await client.photo(YOUSEF.user_id, photo.file_id, "صورة")
    assert await client.download(again.file_id) == picture

    voice = await client.voice(CHAT, ogg(7))
    assert voice.what == "7 s"
    assert await client.download(voice.file_id) == ogg(7)
    paper = await client.document(CHAT, PDF, "uitnodiging – afspraak.pdf")
    assert paper.what == "uitnodiging – afspraak.pdf"
    assert await client.download(paper.file_id) == PDF

    met.upload(CHAT, "photo", picture, file_name="x.png", caption="የድሕን")
    seen = (await client.updates(None, 0))[-1]
    assert seen.text == "የድሕን"
    assert await client.download(seen.file_id) == picture
    async with refusal() as said:
        await client.photo(CHAT, voice.file_id, "")
    assert said[0].kind == "BadRequest"


async def test_a_photo_is_put_in_the_place_of_another(client: Client, met: Simulator) -> None:
    first = await client.photo(CHAT, png(120, 80), "ጥቅምቲ")

    second = await client.change_photo(CHAT, first.message, png(60, 40), "ሕዳር")

    assert (second.message, second.what) == (first.message, "60x40 ሕዳር")
    assert await client.download(second.file_id) == png(60, 40)
    again = await client.change_photo(CHAT, first.message, first.file_id, "ጥቅምቲ")
    assert await client.download(again.file_id) == png(120, 80)
    async with refusal() as said:
        await client.change_photo(CHAT, first.message, first.file_id, "ጥቅምቲ")
    assert "message is not modified" in said[0].why


async def test_an_album_and_a_venue_arrive_whole(client: Client, met: Simulator) -> None:
    album = await client.album(CHAT, [png(10, 10), png(20, 20), png(30, 30)])
    assert [item.message for item in album] == [2, 3, 4]
    assert len({item.group for item in album}) == 1
    assert await client.download(album[2].file_id) == png(30, 30)
    assert await client.venue(CHAT, "Stadskantoor", "Plein 1") == "Stadskantoor, Plein 1"
    assert "venue" in met.messages(CHAT)[-1]


async def test_a_reply_and_a_copy_find_their_message(client: Client, met: Simulator) -> None:
    said_id = as_object(met.say(CHAT, "ሰላም")["message"])["message_id"]
    assert isinstance(said_id, int)
    await client.send(CHAT, "ሰላም ሰላም", reply_to=said_id)
    shown = met.messages(CHAT)[-1]
    assert as_object(shown["reply_to_message"])["text"] == "ሰላም"
    async with refusal() as said:
        await client.send(CHAT, "x", reply_to=9999)
    assert "message to be replied not found" in said[0].why
    await client.copy(CHAT, said_id)
    assert met.messages(CHAT)[-1]["text"] == "ሰላም"


async def test_a_blocked_an_unstarted_and_an_unknown_chat_are_told_apart(
    client: Client, met: Simulator
) -> None:
    met.block(CHAT)
    async with refusal() as said:
        await client.send(CHAT, "x")
    assert said[0].kind in {"Forbidden", "ForbiddenError"}
    assert "bot was blocked by the user" in said[0].why
    async with refusal() as said:
        await client.send(ANNA.user_id, "x")
    assert "bot can't initiate conversation with a user" in said[0].why
    async with refusal() as said:
        await client.send(31337, "x")
    assert (said[0].kind, "chat not found" in said[0].why) == ("BadRequest", True)
    met.deactivate(YOUSEF.user_id)
    async with refusal() as said:
        await client.send(YOUSEF.user_id, "x")
    assert "user is deactivated" in said[0].why


async def test_what_cannot_be_sent_is_refused(client: Client, met: Simulator) -> None:
    for text, why in (("<b>x", "can't parse entities"), ("  ", "message text is empty"),
                      ("x" * 4097, "message is too long")):  # fmt: skip
        async with refusal() as said:
            await client.send(CHAT, text)
        assert why in said[0].why
    async with refusal() as said:
        await client.send(CHAT, "x", buttons=[("y", "d" * 65)])
    assert "button_data_invalid" in said[0].why


async def test_a_long_poll_wakes_and_an_offset_confirms(client: Client, met: Simulator) -> None:
    first = await client.updates(None, 0)
    assert [seen.text for seen in first] == ["/start", "/start"]
    assert await client.updates(None, 0) != []
    after = first[-1].update_id + 1
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(client.updates(after, 20))
        await met.until_polled()
        met.say(CHAT, "ሰላም")
    assert [(seen.update_id, seen.text) for seen in waiting.result()] == [(after, "ሰላም")]
    assert met.pending_updates == 1
    assert await client.updates(after + 1, 0) == []
    assert met.pending_updates == 0


async def test_a_second_poller_ends_the_first_with_409(
    client: Client, maker: str, base: str, simulator: Simulator
) -> None:
    async def poll() -> tuple[str, str]:
        async with refusal() as said:
            await client.updates(None, 20)
        return said[0].kind, said[0].why

    async with open_client(maker, base) as second, asyncio.TaskGroup() as group:
        first = group.create_task(poll())
        await simulator.until_polled()
        assert await second.updates(None, 0) == []
    kind, why = first.result()
    assert kind in {"Conflict", "ConflictError"}
    assert "terminated by other getupdates request" in why
