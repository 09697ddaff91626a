"""Taps: each is answered once, in time; and anybody may forge one."""

from datetime import timedelta

import pytest

from bot.simulator import ControlError, Simulator
from bot.simulator.values import JsonObject, as_int, as_object
from tests.simulator.house import SELAM, Api

CHAT = SELAM.user_id
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


async def ask(api: Api) -> int:
    sent = await api.ok(
        "sendMessage",
        chat_id=CHAT,
        text="?",
        reply_markup={
            "inline_keyboard": [
                [{"text": "እወ", "callback_data": "yes"}, {"text": "ኖ", "callback_data": "no"}],
                [{"text": "site", "url": "https://taalbrug.example"}],
                [{"text": "code", "copy_text": {"text": "1234"}}],
            ]
        },
    )
    return as_int(sent["message_id"])


@pytest.mark.parametrize(
    "way", [{"button": [0, 1]}, {"data": "no"}, {"label": "ኖ"}], ids=["place", "data", "label"]
)
async def test_a_button_is_tapped_by_place_data_or_label(
    started: Api, way: dict[str, object]
) -> None:
    message = await ask(started)
    status, tapped = await started.sim(f"chats/{CHAT}/tap", message_id=message, **way)
    assert status == 200
    query = as_object((await started.updates())[0]["callback_query"])
    assert (query["id"], query["data"]) == (tapped["callback_query_id"], "no")
    assert as_object(query["message"])["message_id"] == message


async def test_a_tap_is_answered_once_and_shows_on_the_phone(
    simulator: Simulator, started: Api
) -> None:
    message = await ask(started)
    query = simulator.tap(CHAT, message_id=message, data="yes")["callback_query_id"]
    assert simulator.callback(str(query))["answered"] is False
    await started.raw("answerCallbackQuery", callback_query_id=query, text="ok", show_alert=True)
    status, answer = await started.look(f"callbacks/{query}")
    assert status == 200
    assert (answer["answered"], answer["text"], answer["show_alert"]) == (True, "ok", True)
    tapped = as_object(as_object(simulator.messages(CHAT)[-1]["sim"])["tapped"])
    assert (tapped["text"], tapped["answered"]) == ("እወ", True)
    assert await started.refused("answerCallbackQuery", callback_query_id=query) == TOO_OLD


async def test_a_tap_can_be_answered_for_150_seconds(simulator: Simulator, started: Api) -> None:
    message = await ask(started)
    in_time = simulator.tap(CHAT, message_id=message, data="yes")["callback_query_id"]
    await simulator.advance(timedelta(seconds=148))
    too_late = simulator.tap(CHAT, message_id=message, data="yes")["callback_query_id"]
    assert (await started.raw("answerCallbackQuery", callback_query_id=in_time))["ok"] is True
    await simulator.advance(timedelta(seconds=151))
    assert await started.refused("answerCallbackQuery", callback_query_id=too_late) == TOO_OLD


async def test_a_tap_nobody_made_cannot_be_answered(started: Api) -> None:
    assert await started.refused("answerCallbackQuery", callback_query_id="7") == TOO_OLD


async def test_a_forged_tap_carries_any_data(started: Api) -> None:
    message = await ask(started)
    for extra in ({}, {"message_id": message}):
        status, forged = await started.sim(f"chats/{CHAT}/tap", raw_data="ap:9:admin", **extra)
        assert status == 200
        query = as_object((await started.updates())[-1]["callback_query"])
        assert (query["id"], query["data"]) == (forged["callback_query_id"], "ap:9:admin")
        assert as_object(query["from"])["id"] == CHAT
        assert as_object(query["message"])["message_id"] == message


async def test_links_and_copy_buttons_stay_on_the_phone(
    simulator: Simulator, started: Api
) -> None:
    message = await ask(started)
    assert simulator.tap(CHAT, message_id=message, button=(1, 0)) == {
        "url": "https://taalbrug.example"
    }
    assert simulator.tap(CHAT, message_id=message, label="code") == {"copied": "1234"}
    assert simulator.pending_updates == 0


async def test_a_button_that_is_gone_cannot_be_tapped(simulator: Simulator, started: Api) -> None:
    message = await ask(started)
    await started.ok("editMessageReplyMarkup", chat_id=CHAT, message_id=message)
    with pytest.raises(ControlError, match="has no button 'yes'"):
        simulator.tap(CHAT, message_id=message, data="yes")
    await started.raw("deleteMessage", chat_id=CHAT, message_id=message)
    with pytest.raises(ControlError, match=f"no message {message}"):
        simulator.tap(CHAT, message_id=message, data="yes")


async def test_a_key_of_the_reply_keyboard_is_a_text_and_goes_when_it_is_for_once(
    simulator: Simulator, started: Api
) -> None:
    async def give(markup: JsonObject) -> JsonObject:
        await started.ok("sendMessage", chat_id=CHAT, text="kies", reply_markup=markup)
        return simulator.phone(CHAT)

    once: JsonObject = {"keyboard": [["ትግርኛ", "العربية"]], "one_time_keyboard": True}
    shown = await give(once)
    assert as_object(shown["reply_keyboard"])["keyboard"] == [
        [{"text": "ትግርኛ"}, {"text": "العربية"}]
    ]
    said = simulator.tap(CHAT, label="ትግርኛ")
    assert as_object(said["message"])["text"] == "ትግርኛ"
    assert simulator.phone(CHAT)["reply_keyboard"] is None
    with pytest.raises(ControlError, match="has no key"):
        simulator.tap(CHAT, label="ትግርኛ")

    await give({"keyboard": [["a"]], "is_persistent": True})
    simulator.tap(CHAT, label="a")
    assert simulator.phone(CHAT)["reply_keyboard"] is not None
    assert (await give({"remove_keyboard": True}))["reply_keyboard"] is None
    forced = await give({"force_reply": True, "input_field_placeholder": "tijd"})
    assert as_object(forced["force_reply"])["placeholder"] == "tijd"
    simulator.say(CHAT, "14:30")
    assert simulator.phone(CHAT)["force_reply"] is None


@pytest.mark.parametrize(
    ("button", "why"),
    [
        ({"text": "x"}, "Text buttons are unallowed in the inline keyboard"),
        ({"text": "x", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": "", "callback_data": "x"}, "must be non-empty"),
        ({"callback_data": "x"}, 'Field "text" must be of type String'),
        ({"text": "x", "url": "niet"}, "is invalid"),
        ({"text": "x", "url": "https://a.example", "callback_data": "x"}, "exactly one"),
        ({"text": "x", "callback": "x"}, 'unknown field "callback"'),
        ({"text": "x", "copy_text": {"text": "x" * 257}}, "BUTTON_COPY_TEXT_INVALID"),
    ],
)
async def test_a_wrong_button_is_refused(started: Api, button: JsonObject, why: str) -> None:
    said = await started.refused(
        "sendMessage", chat_id=CHAT, text="x", reply_markup={"inline_keyboard": [[button]]}
    )
    assert why in said


async def test_64_bytes_of_data_are_allowed(started: Api) -> None:
    data = "é" * 32
    rows = [[{"text": "x", "callback_data": data}]]
    await started.ok("sendMessage", chat_id=CHAT, text="x", reply_markup={"inline_keyboard": rows})


async def test_a_keyboard_has_at_most_100_buttons_and_8_in_a_row(started: Api) -> None:
    for rows in ([9], [8] * 13):
        keyboard = [[{"text": "x", "callback_data": "x"}] * width for width in rows]
        why = await started.refused(
            "sendMessage", chat_id=CHAT, text="x", reply_markup={"inline_keyboard": keyboard}
        )
        assert why == "Bad Request: reply markup is too long"
