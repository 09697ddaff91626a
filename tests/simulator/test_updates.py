"""Updates wait until they are confirmed or too old, and nobody but one poller gets them."""

import asyncio
from datetime import timedelta

import pytest

from bot.simulator import Simulator
from bot.simulator.values import JsonObject, as_int, as_object, as_text
from tests.simulator.house import ANNA, SELAM, YOUSEF, Api, make_simulator

CHAT = SELAM.user_id


def texts(updates: list[JsonObject]) -> list[str]:
    return [as_text(as_object(update.get("message")).get("text")) for update in updates]


def ids(updates: list[JsonObject]) -> list[int]:
    return [as_int(update["update_id"]) for update in updates]


async def test_an_update_stays_until_a_later_offset_confirms_it(
    simulator: Simulator, api: Api
) -> None:
    for text in ("a", "b", "c"):
        simulator.say(CHAT, text)
    first = await api.updates()
    assert texts(first) == ["a", "b", "c"]
    assert await api.updates() == first
    assert await api.updates(offset=ids(first)[0]) == first
    assert texts(await api.updates(offset=ids(first)[1])) == ["b", "c"]
    assert texts(await api.updates()) == ["b", "c"]
    assert await api.updates(offset=ids(first)[2] + 1) == []
    assert simulator.pending_updates == 0


async def test_a_negative_offset_keeps_only_the_last(simulator: Simulator, api: Api) -> None:
    for text in ("a", "b", "c"):
        simulator.say(CHAT, text)
    assert texts(await api.updates(offset=-1)) == ["c"]
    assert texts(await api.updates()) == ["c"]


async def test_a_limit_gives_the_oldest_first(simulator: Simulator, api: Api) -> None:
    for text in ("a", "b", "c"):
        simulator.say(CHAT, text)
    assert texts(await api.updates(limit=2)) == ["a", "b"]
    assert simulator.pending_updates == 3


async def test_ids_grow_by_one_from_a_start_nobody_can_guess() -> None:
    starts = []
    for _ in range(3):
        made = make_simulator()
        first, second = made.say(CHAT, "a"), made.say(YOUSEF.user_id, "b")
        assert as_int(second["update_id"]) == as_int(first["update_id"]) + 1
        assert as_object(second["message"])["message_id"] == 1
        starts.append(first["update_id"])
        await made.stop()
    assert len(set(starts)) == 3


async def test_a_message_expires_after_24_hours_and_a_tap_after_150_seconds(
    simulator: Simulator, started: Api
) -> None:
    sent = await started.ok(
        "sendMessage",
        chat_id=CHAT,
        text="?",
        reply_markup={"inline_keyboard": [[{"text": "ja", "callback_data": "y"}]]},
    )
    simulator.tap(CHAT, message_id=as_int(sent["message_id"]), data="y")
    simulator.say(CHAT, "later")
    await simulator.advance(timedelta(seconds=149))
    assert simulator.pending_updates == 2
    await simulator.advance(timedelta(seconds=2))
    assert texts(await started.updates()) == ["later"]
    await simulator.advance(timedelta(hours=23, minutes=57))
    assert simulator.pending_updates == 1
    await simulator.advance(timedelta(minutes=3))
    assert await started.updates() == []


async def test_only_kinds_that_were_asked_for_come(simulator: Simulator, started: Api) -> None:
    mine = as_int(as_object(simulator.say(CHAT, "a")["message"])["message_id"])
    assert simulator.react(CHAT, mine, "👍")["update_id"] is None
    await started.updates(allowed_updates=["message_reaction"])
    assert simulator.say(CHAT, "b")["update_id"] is None
    simulator.react(CHAT, mine, "")
    # A call that names no kinds leaves the choice as it was.
    updates = await started.updates()
    assert [list(update)[-1] for update in updates] == ["message", "message_reaction"]
    await started.updates(allowed_updates=[])
    assert simulator.say(CHAT, "c")["update_id"] is not None


async def test_a_person_deleting_a_message_tells_the_bot_nothing(
    simulator: Simulator, api: Api
) -> None:
    mine = as_int(as_object(simulator.say(CHAT, "a")["message"])["message_id"])
    before = await api.updates()
    simulator.delete(CHAT, mine)
    assert await api.updates() == before
    assert simulator.messages(CHAT) == []


async def test_an_edit_and_a_block_reach_the_bot(simulator: Simulator, started: Api) -> None:
    mine = as_int(as_object(simulator.say(CHAT, "a")["message"])["message_id"])
    simulator.edit(CHAT, mine, "b")
    simulator.block(CHAT)
    _, edited, member = await started.updates()
    assert as_object(edited["edited_message"])["text"] == "b"
    change = as_object(member["my_chat_member"])
    assert as_object(change["new_chat_member"])["status"] == "kicked"


async def test_a_raw_update_is_delivered_as_it_is_even_twice_and_out_of_order(
    simulator: Simulator, api: Api
) -> None:
    simulator.say(CHAT, "a")
    first = (await api.updates())[0]
    number = as_int(first["update_id"])
    await api.updates(offset=number + 1)
    odd: JsonObject = {"update_id": number + 7, "message": "nonsense"}
    for body in (odd, first, first):
        status, _ = await api.sim("updates", **body)
        assert status == 200
    assert await api.updates(offset=number + 1) == [odd, first, first]
    assert await api.updates(offset=number + 8) == []
    assert simulator.say(CHAT, "b")["update_id"] == number + 8


async def test_a_webhook_and_a_poll_exclude_each_other(simulator: Simulator, api: Api) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(api.raw("getUpdates", timeout=20))
        await simulator.until_polled()
        await api.raw("setWebhook", url="http://127.0.0.1:9/hook")
    assert poll.result()["error_code"] == 409
    assert poll.result()["description"] == "Conflict: terminated by setWebhook request"
    why = await api.refused("getUpdates")
    assert why.startswith("Conflict: can't use getUpdates method while webhook is active")
    await api.raw("deleteWebhook")
    assert await api.updates() == []


async def test_a_poll_that_its_client_left_loses_nothing(simulator: Simulator, api: Api) -> None:
    simulator.say(CHAT, "/start")
    await api.updates()
    async with asyncio.TaskGroup() as group:
        left = group.create_task(api.raw("getUpdates", offset=-1, timeout=20))
        last = await api.updates()
        assert len(last) == 1
        left.cancel()
    simulator.say(CHAT, "a")
    assert texts(await api.updates())[-1] == "a"


async def test_the_rule_against_the_same_offset_twice_can_be_switched_on() -> None:
    for rule, expected in ((True, [2, 1]), (False, [2, 2])):
        strict = make_simulator(repeat_rule=rule)
        base = await strict.start()
        for text in ("a", "b"):
            strict.say(ANNA.user_id, text)
        async with Api.open(base) as api:
            assert [len(await api.updates()) for _ in range(2)] == expected
        await strict.stop()


@pytest.mark.parametrize("limit", [0, -5, 1000])
async def test_a_limit_out_of_range_is_put_in_range(
    simulator: Simulator, api: Api, limit: int
) -> None:
    simulator.say(CHAT, "a")
    assert texts(await api.updates(limit=limit)) == ["a"]
