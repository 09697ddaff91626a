"""Faults on order: the line breaks where the test says, and only there."""

import aiohttp
import pytest

from bot.simulator import Simulator
from bot.simulator.values import as_list, as_object
from tests.simulator.house import SELAM, TOKEN, YOUSEF, Api

CHAT = SELAM.user_id


def texts(simulator: Simulator) -> list[object]:
    return [message["text"] for message in simulator.messages(CHAT)][1:]


async def order(api: Api, fault: str, **more: object) -> None:
    status, _ = await api.sim("faults", fault=fault, method="sendMessage", **more)
    assert status == 200


async def test_429_says_how_long_to_wait_and_sends_nothing(
    simulator: Simulator, started: Api
) -> None:
    await order(started, "429", times=2, retry_after=7)
    for _ in range(2):
        body = await started.raw("sendMessage", chat_id=CHAT, text="x")
        assert (body["error_code"], body["parameters"]) == (429, {"retry_after": 7})
        assert body["description"] == "Too Many Requests: retry after 7"
    assert texts(simulator) == []
    await started.ok("sendMessage", chat_id=CHAT, text="x")
    assert texts(simulator) == ["x"]


@pytest.mark.parametrize(("fault", "code"), [("500", 500), ("409", 409), ("migrated", 400)])
async def test_a_refusal_is_given_as_telegram_gives_it(
    simulator: Simulator, started: Api, fault: str, code: int
) -> None:
    await order(started, fault)
    body = await started.raw("sendMessage", chat_id=CHAT, text="x")
    assert body["error_code"] == code
    if fault == "migrated":
        assert as_object(body["parameters"])["migrate_to_chat_id"] == -1001000000001
    assert texts(simulator) == []


async def test_a_gateway_answers_html_and_sends_nothing(
    simulator: Simulator, started: Api
) -> None:
    await order(started, "502_html")
    url = f"{started.base}/bot{TOKEN}/sendMessage"
    async with started.session.post(url, json={"chat_id": CHAT, "text": "x"}) as answer:
        assert (answer.status, answer.content_type) == (502, "text/html")
        assert "<html>" in await answer.text()
    assert texts(simulator) == []


@pytest.mark.parametrize(
    ("fault", "arrives"),
    [("refuse", False), ("accept_then_close", True), ("half_response", True)],
)
async def test_a_broken_line_leaves_the_sender_in_doubt(
    simulator: Simulator, started: Api, fault: str, *, arrives: bool
) -> None:
    await order(started, fault)
    with pytest.raises(aiohttp.ClientError):
        await started.raw("sendMessage", chat_id=CHAT, text="x")
    assert texts(simulator) == (["x"] if arrives else [])
    await started.ok("sendMessage", chat_id=CHAT, text="y")
    assert texts(simulator)[-1] == "y"


async def test_garbage_comes_after_the_message_was_taken(
    simulator: Simulator, started: Api
) -> None:
    await order(started, "garbage")
    with pytest.raises(ValueError, match=r"codec|JSON|Expecting"):
        await started.raw("sendMessage", chat_id=CHAT, text="x")
    assert texts(simulator) == ["x"]


@pytest.mark.parametrize(("fault", "arrives"), [("delay", False), ("accept_then_delay", True)])
async def test_a_slow_answer_times_out_before_or_after_the_deed(
    simulator: Simulator, started: Api, fault: str, *, arrives: bool
) -> None:
    await order(started, fault, seconds=3600)
    url = f"{started.base}/bot{TOKEN}/sendMessage"
    impatient = aiohttp.ClientTimeout(total=0.3)
    with pytest.raises(TimeoutError):
        await started.session.post(url, json={"chat_id": CHAT, "text": "x"}, timeout=impatient)
    assert texts(simulator) == (["x"] if arrives else [])


async def test_a_short_delay_only_delays(simulator: Simulator, started: Api) -> None:
    await order(started, "delay", seconds=0.01)
    await started.ok("sendMessage", chat_id=CHAT, text="x")
    assert texts(simulator) == ["x"]


async def test_updates_come_twice_or_backwards(simulator: Simulator, started: Api) -> None:
    for text in ("a", "b"):
        simulator.say(CHAT, text)

    async def seen() -> list[object]:
        return [as_object(update["message"])["text"] for update in await started.updates()]

    simulator.fault("duplicate_updates")
    assert await seen() == ["a", "a", "b", "b"]
    simulator.fault("reverse_updates")
    assert await seen() == ["b", "a"]
    assert await seen() == ["a", "b"]


async def test_a_fault_may_be_for_one_chat_only(simulator: Simulator, started: Api) -> None:
    await order(started, "500", chat_id=CHAT)
    await started.ok("sendMessage", chat_id=YOUSEF.user_id, text="x")
    assert (await started.raw("sendMessage", chat_id=CHAT, text="x"))["ok"] is False
    await started.ok("sendMessage", chat_id=CHAT, text="x")


async def test_faults_can_be_listed_and_taken_back(started: Api) -> None:
    await order(started, "500", times=3)
    _, listed = await started.look("faults")
    fault = as_object(as_list(listed["faults"])[0])
    assert (fault["fault"], fault["method"], fault["times"]) == ("500", "sendMessage", 3)
    async with started.session.delete(f"{started.base}/sim/faults") as answer:
        assert (await answer.json()) == {"faults": []}
    await started.ok("sendMessage", chat_id=CHAT, text="x")


async def test_an_unknown_fault_is_refused_with_the_known_ones(started: Api) -> None:
    status, body = await started.sim("faults", fault="418")
    assert status == 400
    assert "accept_then_close" in str(body["error"])


async def test_the_log_says_which_request_met_which_fault(
    simulator: Simulator, started: Api
) -> None:
    await order(started, "refuse")
    with pytest.raises(aiohttp.ClientError):
        await started.raw("sendMessage", chat_id=CHAT, text="x")
    entry = simulator.requests()[-1]
    assert (entry["method"], entry["fault"], entry["ok"]) == ("sendMessage", "refuse", False)
