"""The door: loopback only, no strange web pages, clear refusals, and a stream of news."""

import asyncio
import io
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.simulator import ControlError, Simulator
from bot.simulator.values import JsonObject, as_int, as_list, as_object
from tests.simulator.house import SELAM, TOKEN, YOUSEF, Api, make_simulator
from tests.simulator.samples import PDF, ogg, png

CHAT = SELAM.user_id


@pytest.mark.parametrize("path", ["/sim/state", "/", f"/bot{TOKEN}/getMe"])
async def test_a_strange_host_name_is_refused(api: Api, path: str) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:80"):
        async with api.session.get(api.base + path, headers={"Host": host}) as answer:
            assert answer.status == 403


async def test_localhost_is_served_by_name_too(api: Api) -> None:
    port = api.base.rpartition(":")[2]
    headers = {"Host": f"localhost:{port}"}
    async with api.session.get(f"{api.base}/sim/state", headers=headers) as answer:
        assert answer.status == 200


async def test_another_web_page_cannot_touch_the_phones(api: Api, simulator: Simulator) -> None:
    url = f"{api.base}/sim/chats/{CHAT}/say"
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        headers = {"Origin": origin}
        async with api.session.post(url, json={"text": "x"}, headers=headers) as answer:
            assert answer.status == 403
    async with api.session.post(
        url, data='{"text": "x"}', headers={"Content-Type": "text/plain"}
    ) as answer:
        assert answer.status == 415
    async with api.session.delete(
        f"{api.base}/sim/faults", headers={"Origin": "http://evil.example"}
    ) as answer:
        assert answer.status == 403
    assert simulator.messages(CHAT) == []
    async with api.session.post(url, json={"text": "x"}, headers={"Origin": api.base}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/bot700700:AAwrong/getMe", 401),
        ("/botnonsense/getMe", 404),
        (f"/bot{TOKEN}/getMoon", 404),
        (f"/file/bot{TOKEN}/photos/nothing.jpg", 404),
        ("/file/bot700700:AAwrong/photos/nothing.jpg", 401),
    ],
)
async def test_a_wrong_token_method_or_file_is_refused_as_telegram_does(
    api: Api, path: str, status: int
) -> None:
    async with api.session.get(api.base + path) as answer:
        body = await answer.json()
    assert (answer.status, body["ok"], body["error_code"]) == (status, False, status)


async def test_an_unknown_method_and_parameter_are_named(api: Api) -> None:
    assert "getMoon" in await api.refused("getMoon")
    why = await api.refused("sendMessage", chat_id=1, text="x", colour="red")
    assert why == 'Bad Request: unknown parameter "colour" of method sendMessage'


@pytest.mark.parametrize(
    ("method", "params", "why"),
    [
        ("sendMessage", {"chat_id": CHAT}, "message text is empty"),
        ("sendMessage", {"text": "x"}, "chat_id is empty"),
        ("editMessageText", {"chat_id": CHAT, "text": "x"}, "message identifier is not specified"),
        ("sendMessage", {"chat_id": CHAT, "text": "x", "reply_markup": "{"}, "can't parse"),
        ("sendMessage", {"chat_id": CHAT, "text": "x", "reply_markup": "[]"}, "must be of type"),
        ("sendMessage", {"chat_id": CHAT, "text": "x", "protect_content": "mwah"}, "must be of"),
        ("getUpdates", {"limit": "many"}, 'parameter "limit" must be of type Integer'),
        ("sendLocation", {"chat_id": CHAT, "latitude": 91, "longitude": 0}, "invalid location"),
        ("sendChatAction", {"chat_id": CHAT, "action": "dancing"}, "wrong parameter action"),
        ("sendMessage", {"chat_id": CHAT, "text": "x", "message_thread_id": 5}, "thread not"),
        ("getFile", {"file_id": "x"}, "invalid file_id"),
        ("sendPhoto", {"chat_id": CHAT, "photo": "x"}, "wrong file identifier"),
        ("sendPhoto", {"chat_id": CHAT, "photo": "https://a.example/a.png"}, "failed to get HTTP"),
        ("deleteMessage", {"chat_id": CHAT, "message_id": 99}, "message to delete not found"),
        ("copyMessage", {"chat_id": CHAT, "from_chat_id": CHAT, "message_id": 99}, "to copy not"),
        ("setMyCommands", {"commands": [{"command": "Help!", "description": "x"}]}, "INVALID"),
        ("setMyCommands", {"commands": [], "language_code": "nld"}, "invalid language code"),
        ("sendMessage", {"chat_id": CHAT, "text": "x",
                         "reply_parameters": {"message_id": 1, "quote": "y"}}, "QUOTE_TEXT_INV"),
    ],
)  # fmt: skip
async def test_a_wrong_call_is_refused_and_changes_nothing(
    started: Api, simulator: Simulator, method: str, params: dict[str, object], why: str
) -> None:
    before = await simulator.state()
    said = await started.refused(method, **params)
    assert said.startswith("Bad Request: ")
    assert why in said
    assert (await simulator.state())["messages"] == before["messages"]


async def test_a_call_may_come_by_query_form_json_or_multipart(started: Api) -> None:
    url = f"{started.base}/bot{TOKEN}/sendMessage"
    fields = {"chat_id": str(CHAT), "text": "ሰላም"}
    multipart = aiohttp.FormData(fields, default_to_multipart=True)
    for given in ({"params": fields}, {"data": fields}, {"json": fields}, {"data": multipart}):
        async with started.session.post(url, **given) as answer:
            assert (await answer.json())["result"]["text"] == "ሰላም"
    async with started.session.get(url, params=fields) as answer:
        assert (await answer.json())["result"]["text"] == "ሰላም"


async def test_files_over_the_limits_are_refused(started: Api, simulator: Simulator) -> None:
    big = simulator.upload(CHAT, "document", bytes(20 * 1024 * 1024 + 1), file_name="big.bin")
    file_id = as_object(as_object(big["message"])["document"])["file_id"]
    assert await started.refused("getFile", file_id=file_id) == "Bad Request: file is too big"
    url = f"{started.base}/bot{TOKEN}/sendPhoto"
    for content, why in (
        (png() + bytes(10 * 1024 * 1024), "is too big for a photo"),
        (b"", "file must be non-empty"),
        (PDF, "IMAGE_PROCESS_FAILED"),
    ):
        form = aiohttp.FormData({"chat_id": str(CHAT)})
        form.add_field("photo", io.BytesIO(content), filename="a.png")
        async with started.session.post(url, data=form) as answer:
            assert why in (await answer.json())["description"]


@pytest.mark.parametrize(
    ("path", "fields", "status", "why"),
    [
        (f"chats/{CHAT}/say", {"text": " \n"}, 400, "text is empty"),
        (f"chats/{CHAT}/say", {}, 400, 'The field "text" must be a text.'),
        (f"chats/{CHAT}/say", {"text": "x", "txet": "y"}, 400, "Unknown field: txet"),
        (f"chats/{CHAT}/say", {"text": "x", "reply_to_message_id": 9}, 404, "no message 9"),
        ("chats/9/say", {"text": "x"}, 404, "no phone 9"),
        ("chats/x/say", {"text": "x"}, 400, "not a number"),
        (f"chats/{CHAT}/tap", {}, 400, "Name a message_id"),
        (f"chats/{CHAT}/tap", {"message_id": 1, "button": [1]}, 400, "[row, column]"),
        (f"chats/{CHAT}/tap", {"raw_data": "x"}, 400, "no message of the bot"),
        (f"chats/{CHAT}/upload", {"kind": "cloud"}, 400, "kind 'cloud' is unknown"),
        (f"chats/{CHAT}/upload", {"kind": "poll", "question": "?"}, 400, "two options"),
        ("users", {"first_name": " "}, 400, "needs a first_name"),
        ("wait", {"chat_id": CHAT, "timeout_seconds": 0}, 408, "Only 0 of 1"),
    ],
)
async def test_a_wrong_request_to_a_phone_is_refused_in_one_sentence(
    api: Api, path: str, fields: dict[str, object], status: int, why: str
) -> None:
    got, body = await api.sim(path, **fields)
    assert got == status
    assert why in str(body["error"])


async def test_a_body_that_is_no_json_object_is_refused(api: Api) -> None:
    for body in ("{", "[]", '"x"'):
        async with api.session.post(
            f"{api.base}/sim/users", data=body, headers={"Content-Type": "application/json"}
        ) as answer:
            assert answer.status == 400


async def test_a_new_phone_appears_and_can_write(api: Api, simulator: Simulator) -> None:
    status, phone = await api.sim("users", first_name="Haben", language_code="ti")
    assert status == 200
    chat = as_int(phone["chat_id"])
    assert await api.sim(f"chats/{chat}/say", text="ሰላም") != (404, {})
    _, shown = await api.look(f"chats/{chat}/messages")
    assert [as_object(message)["text"] for message in as_list(shown["messages"])] == ["ሰላም"]
    assert (await api.look(f"chats/{chat}/messages?after=1"))[1] == {"messages": []}


async def test_somebody_who_blocked_the_bot_cannot_write(api: Api) -> None:
    await api.sim(f"chats/{CHAT}/block", blocked=True)
    status, body = await api.sim(f"chats/{CHAT}/say", text="x")
    assert (status, "unblock it first" in str(body["error"])) == (409, True)
    await api.sim(f"chats/{CHAT}/block", blocked=False)
    assert (await api.sim(f"chats/{CHAT}/say", text="x"))[0] == 200


async def test_a_phone_sends_files_over_http(api: Api) -> None:
    for kind, content, name in (("photo", png(), "a.png"), ("voice", ogg(4), "a.oga"),
                                ("document", PDF, "ሰነድ.pdf")):  # fmt: skip
        form = aiohttp.FormData({"kind": kind, "caption": "ሰላም", "media_group": "1"})
        form.add_field("file", content, filename=name)
        async with api.session.post(f"{api.base}/sim/chats/{CHAT}/upload", data=form) as answer:
            message = as_object((await answer.json())["message"])
        assert (message["caption"], message["media_group_id"]) == ("ሰላም", "1")
        url = api.base + str(as_object(message["sim"])["file_url"])
        async with api.session.get(url) as answer:
            assert await answer.read() == content
            opened = answer.headers.get("Content-Disposition")
            # A document never opens as a page of this address.
            assert opened == ("attachment" if kind == "document" else None)
    form = aiohttp.FormData({"kind": "photo"})
    form.add_field("file", PDF, filename="a.png")
    async with api.session.post(f"{api.base}/sim/chats/{CHAT}/upload", data=form) as answer:
        assert (answer.status, "IMAGE_PROCESS_FAILED" in await answer.text()) == (400, True)


async def test_a_reply_with_a_quote_reaches_the_bot(started: Api, simulator: Simulator) -> None:
    sent = await started.ok("sendMessage", chat_id=CHAT, text="😀 ሰላም ከመይ")
    mine = as_int(sent["message_id"])
    simulator.say(CHAT, "ጽቡቕ", reply_to_message_id=mine, quote="ሰላም")
    message = as_object((await started.updates())[0]["message"])
    assert as_object(message["reply_to_message"])["message_id"] == mine
    assert message["quote"] == {"text": "ሰላም", "position": 3, "is_manual": True}


async def test_a_topic_takes_messages_until_it_is_another(
    started: Api, simulator: Simulator
) -> None:
    topic = await started.ok("createForumTopic", chat_id=CHAT, name="Selam")
    thread = as_int(topic["message_thread_id"])
    sent = await started.ok("sendMessage", chat_id=CHAT, text="x", message_thread_id=thread)
    assert sent["message_thread_id"] == thread
    simulator.say(CHAT, "y", message_thread_id=thread)
    assert as_object((await started.updates())[-1]["message"])["message_thread_id"] == thread
    why = await started.refused(
        "sendMessage", chat_id=CHAT, text="x", message_thread_id=thread + 1
    )
    assert why == "Bad Request: message thread not found"


async def test_waiting_ends_when_the_message_stands_there(
    started: Api, simulator: Simulator
) -> None:
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(
            started.sim("wait", chat_id=CHAT, text_contains="ja", outgoing=False)
        )
        simulator.say(CHAT, "ja, van mij")
        await started.ok("sendMessage", chat_id=YOUSEF.user_id, text="ja, elders")
        await started.ok("sendMessage", chat_id=CHAT, text="nee")
        sent = await started.ok("sendMessage", chat_id=CHAT, text="o ja")
    status, body = waiting.result()
    found = [as_object(message)["message_id"] for message in as_list(body["messages"])]
    assert (status, found) == (200, [sent["message_id"]])


async def test_commands_differ_by_language_and_chat(started: Api, simulator: Simulator) -> None:
    async def give(word: str, **where: object) -> None:
        commands = [{"command": word, "description": word}]
        await started.raw("setMyCommands", commands=commands, **where)

    def seen(chat: int) -> list[object]:
        shown = as_list(simulator.phone(chat)["commands"])
        return [as_object(command)["command"] for command in shown]

    await give("everyone")
    await give("tigrinya", language_code="ti")
    assert (seen(CHAT), seen(YOUSEF.user_id)) == (["tigrinya"], ["everyone"])
    await give("selam", scope={"type": "chat", "chat_id": CHAT})
    assert seen(CHAT) == ["selam"]
    await started.raw("deleteMyCommands", scope={"type": "chat", "chat_id": CHAT})
    assert seen(CHAT) == ["tigrinya"]


class News:
    """A page that listens to the stream of events."""

    def __init__(self, stream: aiohttp.ClientResponse) -> None:
        self._stream = stream

    async def next(self) -> JsonObject:
        """Give the next event."""
        while line := (await self._stream.content.readline()).decode():
            if line.startswith("data: "):
                return as_object(json.loads(line.removeprefix("data: ")))
        raise EOFError


@pytest.fixture
async def news(started: Api) -> AsyncIterator[News]:
    async with started.session.get(f"{started.base}/sim/events") as stream:
        assert stream.content_type == "text/event-stream"
        yield News(stream)


async def test_the_stream_tells_what_changes_in_order(
    news: News, started: Api, simulator: Simulator
) -> None:
    simulator.say(CHAT, "a")
    await started.raw("sendChatAction", chat_id=CHAT, action="typing")
    rows = [[{"text": "x", "callback_data": "x"}]]
    sent = await started.ok(
        "sendMessage", chat_id=CHAT, text="b", reply_markup={"inline_keyboard": rows}
    )
    mine = as_int(sent["message_id"])
    query = simulator.tap(CHAT, message_id=mine, data="x")["callback_query_id"]
    await started.raw("answerCallbackQuery", callback_query_id=query, text="ok")
    await started.ok("editMessageText", chat_id=CHAT, message_id=mine, text="c")
    await started.raw("deleteMessage", chat_id=CHAT, message_id=mine)
    await started.ok("sendMessage", chat_id=CHAT, text="k", reply_markup={"keyboard": [["a"]]})
    expected = ["message", "typing", "typing", "message", "callback", "edited", "deleted",
                "message", "phone"]  # fmt: skip
    events = [await news.next() for _ in expected]
    assert [event["type"] for event in events] == expected
    assert (events[1]["on"], events[2]["on"]) == (True, False)
    assert events[4] == {
        "type": "callback",
        "chat_id": CHAT,
        "callback_query_id": query,
        "message_id": mine,
        "text": "ok",
        "show_alert": False,
    }
    assert as_object(events[5]["message"])["text"] == "c"
    assert events[6]["message_id"] == mine


async def test_the_stream_ends_when_the_simulator_stops(news: News, simulator: Simulator) -> None:
    await simulator.stop()
    with pytest.raises(EOFError):
        await news.next()


async def test_a_waiting_poll_ends_when_the_simulator_stops(
    started: Api, simulator: Simulator
) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(started.updates(timeout=50))
        await simulator.until_polled()
        await simulator.stop()
    assert poll.result() == []


async def test_whoever_waits_is_told_that_the_simulator_stops(
    simulator: Simulator, base: str
) -> None:
    async def wait() -> ControlError:
        with pytest.raises(ControlError, match="stops") as refused:
            await simulator.wait_for(chat_id=CHAT, timeout_seconds=60)
        return refused.value

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(wait())
        await simulator.stop()
    assert waiting.result().status == 503


async def test_only_loopback_is_listened_on(simulator: Simulator) -> None:
    for host in ("0.0.0.0", "192.0.2.1"):
        with pytest.raises(ValueError, match="loopback only"):
            await simulator.start(host)


async def test_an_unknown_route_is_refused_in_json(api: Api) -> None:
    status, body = await api.look("moon")
    assert (status, "/sim/moon" in str(body["error"])) == (404, True)
    status, body = await api.look(f"chats/{CHAT}/say")
    assert (status, "GET" in str(body["error"])) == (405, True)


async def test_reactions_show_on_the_phone_and_only_telegrams_emoji_count(
    started: Api, simulator: Simulator
) -> None:
    said = as_int(as_object(simulator.say(CHAT, "a")["message"])["message_id"])

    async def react(*emoji: str) -> JsonObject:
        given = [{"type": "emoji", "emoji": one} for one in emoji]
        return await started.raw(
            "setMessageReaction", chat_id=CHAT, message_id=said, reaction=given
        )

    for emoji in ("👍", "❤", "❤\ufe0f"):
        assert (await react(emoji))["ok"] is True
        assert as_object(simulator.messages(CHAT)[-1]["sim"])["reactions"] == [emoji]
    assert "REACTION_INVALID" in str((await react("🧾"))["description"])
    assert "REACTIONS_TOO_MANY" in str((await react("👍", "👎"))["description"])
    assert (await react())["ok"] is True
    assert as_object(simulator.messages(CHAT)[-1]["sim"])["reactions"] == []


async def test_the_page_and_its_files_are_served(api: Api) -> None:
    async with api.session.get(f"{api.base}/") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
    async with api.session.get(f"{api.base}/static/index.html") as answer:
        assert answer.status == 200
    async with api.session.get(f"{api.base}/static/../server.py") as answer:
        assert answer.status == 404


async def test_a_port_in_use_is_an_error_and_can_be_tried_again(
    simulator: Simulator, base: str
) -> None:
    other = make_simulator()
    with pytest.raises(OSError, match="address already in use"):
        await other.start(port=int(base.rpartition(":")[2]))
    assert (await other.start()) != base
    await other.stop()
