"""aiogram's models, made by others from Telegram's own pages, judge the simulator."""

import json

import aiohttp
import pytest
from aiogram.types import Message, Update

from bot.simulator import Simulator
from bot.simulator.spec import METHODS
from bot.simulator.values import JsonObject, as_int, as_list, as_object, as_text
from tests.simulator.house import SELAM, TOKEN, Api
from tests.simulator.oracle import check_answer, check_request, check_type, model_of
from tests.simulator.samples import PDF, ogg, png

CHAT = SELAM.user_id
BUTTONS = {"inline_keyboard": [[{"text": "እወ", "callback_data": "ap:yes"}]]}


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_parameter_of_our_table_is_one_of_telegrams(method: str) -> None:
    fields = model_of(method).model_fields
    unknown = [param.name for param in METHODS[method] if param.name not in fields]
    assert unknown == []


@pytest.mark.parametrize("method", sorted(METHODS))
def test_what_telegram_requires_our_table_requires_too(method: str) -> None:
    needed = {name for name, f in model_of(method).model_fields.items() if f.is_required()}
    ours = {param.name for param in METHODS[method] if param.required}
    assert needed <= ours


class Judged(Api):
    """A client that puts every request and every answer before the oracle."""

    async def do(self, method: str, **params: object) -> object:
        """Call a method that must succeed; both ways are judged."""
        check_request(method, params)
        body = await self.raw(method, **params)
        assert body["ok"] is True, body
        check_answer(method, body["result"])
        return body["result"]

    async def send(self, method: str, **params: object) -> JsonObject:
        return as_object(await self.do(method, chat_id=CHAT, **params))

    async def send_file(self, method: str, field: str, name: str, content: bytes) -> JsonObject:
        """Upload a file by multipart and give the judged Message."""
        form = aiohttp.FormData({"chat_id": str(CHAT), "caption": "ሰነድ"})
        form.add_field(field, content, filename=name)
        async with self.session.post(f"{self.base}/bot{TOKEN}/{method}", data=form) as answer:
            body = await answer.json()
        assert body["ok"] is True, body
        check_answer(method, body["result"])
        return as_object(body["result"])


@pytest.fixture
def judged(started: Api) -> Judged:
    return Judged(started.session, started.base)


async def test_texts_edits_and_marks_pass(judged: Judged, simulator: Simulator) -> None:
    rich = "<b>ሰላም</b> <a href='https://taalbrug.example/x'>link</a> mail@taalbrug.example /help"
    sent = await judged.send(
        "sendMessage",
        text=rich,
        parse_mode="HTML",
        reply_markup=BUTTONS,
        link_preview_options={"is_disabled": True},
        protect_content=True,
    )
    mine = as_int(sent["message_id"])
    await judged.send(
        "sendMessage", text="x", reply_parameters={"message_id": mine, "quote": "ሰላም"}
    )
    await judged.send("editMessageText", message_id=mine, text="ለውጢ", reply_markup=BUTTONS)
    await judged.send("editMessageReplyMarkup", message_id=mine)
    await judged.do(
        "setMessageReaction",
        chat_id=CHAT,
        message_id=mine,
        reaction=[{"type": "emoji", "emoji": "👍"}],
    )
    await judged.do("pinChatMessage", chat_id=CHAT, message_id=mine)
    await judged.do("getChat", chat_id=CHAT)
    await judged.do("unpinChatMessage", chat_id=CHAT)
    await judged.send("copyMessage", from_chat_id=CHAT, message_id=mine)
    await judged.send("forwardMessage", from_chat_id=CHAT, message_id=mine)
    await judged.do("deleteMessages", chat_id=CHAT, message_ids=[mine, 9999])
    await judged.do("deleteMessage", chat_id=CHAT, message_id=mine + 1)


async def test_keyboards_pass(judged: Judged, simulator: Simulator) -> None:
    for markup in (
        {"keyboard": [[{"text": "እወ"}, "ኖ"]], "one_time_keyboard": True},
        {"remove_keyboard": True},
        {"force_reply": True, "input_field_placeholder": "…"},
        {"inline_keyboard": [[{"text": "a", "url": "https://taalbrug.example"}],
                             [{"text": "b", "copy_text": {"text": "b"}}]]},
    ):  # fmt: skip
        body = await judged.raw("sendMessage", chat_id=CHAT, text="x", reply_markup=markup)
        assert body["ok"] is True, body
        check_answer("sendMessage", body["result"])


async def test_files_places_and_albums_pass(judged: Judged) -> None:
    photo = await judged.send_file("sendPhoto", "photo", "a.png", png(300, 200))
    await judged.send_file("sendVoice", "voice", "a.oga", ogg())
    paper = await judged.send_file("sendDocument", "document", "brief.pdf", PDF)
    await judged.send_file("sendAudio", "audio", "a.mp3", b"ID3" + bytes(9))
    await judged.send_file("sendVideo", "video", "a.mp4", b"\0\0\0\x18ftypmp42")
    file_id = as_text(as_object(as_list(photo["photo"])[-1])["file_id"])
    await judged.do("getFile", file_id=file_id)
    await judged.send("sendPhoto", photo=file_id, caption="weer")
    await judged.send(
        "editMessageCaption", message_id=as_int(photo["message_id"]), caption="anders"
    )
    await judged.send(
        "editMessageMedia",
        message_id=as_int(photo["message_id"]),
        media={"type": "photo", "media": file_id, "caption": "<b>om</b>", "parse_mode": "HTML"},
        reply_markup=BUTTONS,
    )
    await judged.do(
        "sendMediaGroup",
        chat_id=CHAT,
        media=[{"type": "photo", "media": file_id}, {"type": "photo", "media": file_id}],
    )
    document = as_text(as_object(paper["document"])["file_id"])
    await judged.send("sendDocument", document=document)
    await judged.send("sendLocation", latitude=52.09, longitude=5.12)
    await judged.send(
        "sendVenue", latitude=52.09, longitude=5.12, title="Stadskantoor", address="Plein 1"
    )


async def test_what_the_bot_says_of_itself_passes(judged: Judged) -> None:
    await judged.do("getMe")
    await judged.do("setMyCommands", commands=[{"command": "help", "description": "Hulp"}])
    await judged.do("getMyCommands")
    await judged.do("deleteMyCommands", scope={"type": "default"}, language_code="nl")
    for name in ("Name", "Description", "ShortDescription"):
        await judged.do(f"setMy{name}")
        await judged.do(f"getMy{name}")
    await judged.do("setChatMenuButton", menu_button={"type": "commands"})
    await judged.do("getChatMenuButton", chat_id=CHAT)
    await judged.do("sendChatAction", chat_id=CHAT, action="typing")
    await judged.do("createForumTopic", chat_id=CHAT, name="Selam")
    await judged.do("getWebhookInfo")
    await judged.do("setWebhook", url="http://127.0.0.1:9/", secret_token="geheim")
    await judged.do("getWebhookInfo")
    await judged.do("deleteWebhook", drop_pending_updates=True)


async def test_everything_people_do_passes(judged: Judged, simulator: Simulator) -> None:
    everything = [
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
        "message_reaction",
    ]
    await judged.do("getUpdates", allowed_updates=everything)
    sent = await judged.send("sendMessage", text="?", reply_markup=BUTTONS)
    mine = as_int(sent["message_id"])
    said = as_object(
        simulator.say(CHAT, "kijk https://taalbrug.example #1", reply_to_message_id=mine)[
            "message"
        ]
    )
    simulator.edit(CHAT, as_int(said["message_id"]), "anders @iemand_hier")
    tapped = simulator.tap(CHAT, message_id=mine, button=(0, 0))
    simulator.react(CHAT, mine, "❤")
    simulator.upload(CHAT, "photo", png(), file_name="a.png", caption="mail a@b.nl")
    simulator.upload(CHAT, "voice", ogg(), file_name="a.oga")
    simulator.upload(CHAT, "document", PDF, file_name="brief.pdf", media_group="7")
    simulator.upload(CHAT, "audio", b"ID3", file_name="a.mp3")
    simulator.upload(CHAT, "video", b"\0", file_name="a.mp4")
    simulator.send(CHAT, {"kind": "location", "latitude": 52.1, "longitude": 5.1})
    simulator.send(CHAT, {"kind": "contact", "phone_number": "0612345678", "first_name": "B"})
    simulator.send(CHAT, {"kind": "sticker", "emoji": "👍"})
    simulator.send(CHAT, {"kind": "poll", "question": "?", "options": ["a", "b"]})
    simulator.block(CHAT)
    simulator.block(CHAT, blocked=False)
    await judged.do(
        "answerCallbackQuery",
        callback_query_id=tapped["callback_query_id"],
        text="ok",
        show_alert=True,
    )
    updates = as_list(await judged.do("getUpdates"))
    kinds = {name for update in map(as_object, updates) for name in update} - {"update_id"}
    assert kinds == set(everything)
    for message in simulator.messages(CHAT):
        message.pop("sim")
        check_type(Message, message)


async def test_every_request_in_the_log_passes(judged: Judged, simulator: Simulator) -> None:
    form = {"chat_id": str(CHAT), "text": "<b>x</b>", "parse_mode": "HTML",
            "reply_markup": json.dumps(BUTTONS), "disable_notification": "true"}  # fmt: skip
    async with judged.session.post(f"{judged.base}/bot{TOKEN}/sendMessage", data=form) as answer:
        assert answer.status == 200
    await judged.send_file("sendPhoto", "photo", "a.png", png())
    _, log = await judged.look("requests")
    entries = [as_object(entry) for entry in as_list(log["requests"])]
    assert [entry["method"] for entry in entries[-2:]] == ["sendMessage", "sendPhoto"]
    assert as_object(entries[-2]["params"])["reply_markup"] == BUTTONS
    for entry in entries:
        check_request(as_text(entry["method"]), as_object(entry["params"]))


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("sendMessage", {"chat_id": 1}),
        ("sendMessage", {"chat_id": 1, "text": "x", "texts": "y"}),
        ("sendMessage", {"chat_id": 1, "text": ["x"]}),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_parameters": {"message": 4}}),
        ("sendMesage", {"chat_id": 1, "text": "x"}),
    ],
)
def test_the_oracle_refuses_a_wrong_request(method: str, params: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        check_request(method, params)


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("getMe", {"id": 1, "is_bot": True}),
        ("getMe", {"id": 1, "is_bot": True, "first_name": "x", "sim": {}}),
        (
            "sendMessage",
            {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "nowhere"}, "x": 1},
        ),
        ("deleteMessage", "yes please"),
    ],
)
def test_the_oracle_refuses_a_wrong_answer(method: str, result: object) -> None:
    with pytest.raises(AssertionError):
        check_answer(method, result)


def test_the_oracle_looks_inside_updates() -> None:
    with pytest.raises(AssertionError, match="sim"):
        check_type(Update, {"update_id": 1, "message": {
            "message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "sim": {}
        }})  # fmt: skip
