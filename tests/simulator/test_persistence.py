"""With a store, nothing that was accepted is lost: not by a restart and not by a kill."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp

from bot.simulator import Clock, Letter, Phone, Phrase
from bot.simulator.values import JsonObject, as_int, as_list, as_object, as_text
from tests.simulator.house import SELAM, TOKEN, YOUSEF, Api, make_simulator
from tests.simulator.samples import PDF, png

CHAT = SELAM.user_id
ROOT = Path(__file__).parents[2]


async def test_a_whole_conversation_survives_a_restart(tmp_path: Path) -> None:
    store = tmp_path / "deep" / "sim.db"
    made = make_simulator(store=store)
    async with Api.open(await made.start()) as api:
        made.say(CHAT, "/start")
        rows = [[{"text": "እወ", "callback_data": "yes"}]]
        sent = await api.ok(
            "sendMessage", chat_id=CHAT, text="?", reply_markup={"inline_keyboard": rows}
        )
        asked = as_int(sent["message_id"])
        await api.ok("sendMessage", chat_id=CHAT, text="k", reply_markup={"keyboard": [["a"]]})
        query = made.tap(CHAT, message_id=asked, data="yes")["callback_query_id"]
        made.upload(CHAT, "document", PDF, file_name="brief.pdf")
        made.say(CHAT, "weg")
        made.delete(CHAT, 5)
        made.block(YOUSEF.user_id)
        await api.raw("setMyCommands", commands=[{"command": "help", "description": "Hulp"}])
        await api.raw("setMyName", name="Taalbrug Zuid")
        await api.updates(allowed_updates=["message", "callback_query", "message_reaction"])
        await made.advance(timedelta(seconds=60))
        before = await made.state()
        waiting = await api.updates()
    await made.stop()

    again = make_simulator(store=store)
    async with Api.open(await again.start()) as api:
        after = await again.state()
        for part in ("bot", "phones", "messages"):
            assert after[part] == before[part]
        assert str(as_object(after["clock"])["now"]) > str(as_object(before["clock"])["now"])
        assert await api.updates() == waiting
        assert (await api.raw("answerCallbackQuery", callback_query_id=query))["ok"] is True
        shown = as_object(as_object(again.messages(CHAT)[-1])["document"])
        async with api.session.get(f"{api.base}/sim/files/{shown['file_id']}") as answer:
            assert await answer.read() == PDF
        said = again.say(CHAT, "weer")
        assert said["update_id"] == as_int(waiting[-1]["update_id"]) + 1
        assert as_object(said["message"])["message_id"] == 6
        assert (await api.raw("sendMessage", chat_id=YOUSEF.user_id, text="x"))[
            "error_code"
        ] == 403
        mine = as_int(as_object(said["message"])["message_id"])
        assert again.react(CHAT, mine, "👍")["update_id"] is not None
    await again.stop()


async def test_what_lies_beside_a_phone_survives_and_can_be_replaced(tmp_path: Path) -> None:
    store = tmp_path / "sim.db"
    letter = Letter("Uitnodiging", "Scan de code", "https://t.example/x?start=abc", "<svg/>")
    phone = Phone(
        user_id=900,
        first_name="فرشته",
        dir="rtl",
        language_code="fa",
        phrases=(Phrase("سلام", "Hallo"),),
        letter=letter,
        labels={"start": "شروع"},
    )
    made = make_simulator(store=store)
    made.put_phone(phone)
    made.say(900, "سلام")
    shown = made.phone(900)
    await made.stop()
    again = make_simulator(store=store)
    assert again.phone(900) == shown
    assert as_object(shown["labels"])["start"] == "شروع"
    assert as_object(shown["labels"])["reply"] == "Reply"
    again.clear_letter(900)
    assert again.phone(900)["letter"] is None
    assert [message["text"] for message in again.messages(900)] == ["سلام"]
    await again.stop()


async def test_a_webhook_survives_a_restart(tmp_path: Path) -> None:
    store = tmp_path / "sim.db"
    made = make_simulator(store=store)
    async with Api.open(await made.start()) as api:
        await api.raw("setWebhook", url="http://127.0.0.1:9/", secret_token="geheim")
    await made.stop()
    again = make_simulator(store=store)
    async with Api.open(await again.start()) as api:
        assert (await api.ok("getWebhookInfo"))["url"] == "http://127.0.0.1:9/"
    await again.stop()


@asynccontextmanager
async def own_process(store: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run a simulator that can be killed, and give its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.simulator.serve",
        str(store),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_kill_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    store = tmp_path / "sim.db"
    said: list[JsonObject] = []
    sent: list[JsonObject] = []
    async with own_process(store) as (process, base), Api.open(base) as api:

        async def talk() -> None:
            number = 0
            while True:
                number += 1
                try:
                    _, one = await api.sim(f"chats/{CHAT}/say", text=f"ቃል {number}")
                    said.append(one)
                    answer = await api.raw("sendMessage", chat_id=CHAT, text=f"woord {number}")
                except aiohttp.ClientError:
                    return
                sent.append(as_object(answer["result"]))
                if number == 20:
                    process.send_signal(signal.SIGKILL)

        await talk()
        assert await process.wait() == -signal.SIGKILL

    again = make_simulator(store=store)
    kept = {message["message_id"]: message for message in again.messages(CHAT)}
    for message in [*(as_object(one["message"]) for one in said), *sent]:
        assert kept[message["message_id"]]["text"] == message["text"]
    async with Api.open(await again.start()) as api:
        waiting = {update["update_id"] for update in await api.updates()}
    await again.stop()
    assert len(sent) >= 20
    assert {one["update_id"] for one in said} <= waiting


async def test_a_confirmed_update_does_not_come_back_after_a_kill(tmp_path: Path) -> None:
    store = tmp_path / "sim.db"
    async with own_process(store) as (process, base), Api.open(base) as api:
        for text in ("a", "b"):
            await api.sim(f"chats/{CHAT}/say", text=text)
        first = await api.updates()
        await api.updates(offset=as_int(first[0]["update_id"]) + 1)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    again = make_simulator(store=store)
    async with Api.open(await again.start()) as api:
        texts = [as_text(as_object(u["message"])["text"]) for u in await api.updates()]
    await again.stop()
    assert texts == ["b"]


async def test_an_uploaded_file_survives_a_kill(tmp_path: Path) -> None:
    store = tmp_path / "sim.db"
    async with own_process(store) as (process, base), Api.open(base) as api:
        await api.sim(f"chats/{CHAT}/say", text="/start")
        form = aiohttp.FormData({"chat_id": str(CHAT)})
        form.add_field("photo", png(40, 30), filename="a.png")
        async with api.session.post(f"{base}/bot{TOKEN}/sendPhoto", data=form) as answer:
            photo = as_object((await answer.json())["result"])
        process.send_signal(signal.SIGKILL)
        await process.wait()
    file_id = as_object(as_list(photo["photo"])[-1])["file_id"]
    again = make_simulator(Clock(), store)
    async with Api.open(await again.start()) as api:
        path = (await api.ok("getFile", file_id=file_id))["file_path"]
        async with api.session.get(f"{api.base}/file/bot{TOKEN}/{path}") as answer:
            assert await answer.read() == png(40, 30)
    await again.stop()
