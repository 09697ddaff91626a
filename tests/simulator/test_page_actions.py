"""What a person can do on the phones of the demo page, in a real Chromium."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.simulator.pages import (
    ANSWER_KEYS,
    COACH,
    INVITE,
    NOUR,
    SELAM,
    TOKEN,
    Demo,
    playing,
)

pytestmark = pytest.mark.browser


@pytest.fixture
async def demo(page: Page) -> AsyncIterator[Demo]:
    async with playing(page) as made:
        yield made


# ---- writing and tapping -------------------------------------------------------------------


async def test_enter_sends_and_shift_enter_makes_a_line(demo: Demo) -> None:
    box = demo.field(COACH)
    await box.click()
    await demo.page.keyboard.type("Eerste regel")
    await demo.page.keyboard.press("Shift+Enter")
    await demo.page.keyboard.type("tweede")
    await demo.page.keyboard.press("Enter")
    assert (await demo.bot.next())["text"] == "Eerste regel\ntweede"
    await expect(box).to_have_value("")
    await expect(demo.phone(COACH).locator(".row.out").last).to_contain_text("tweede")


async def test_what_could_not_be_sent_comes_back_to_the_person(demo: Demo) -> None:
    demo.sim.deactivate(COACH)
    await demo.field(COACH).fill("Bewaar dit")
    await demo.field(COACH).press("Enter")
    await expect(demo.phone(COACH).locator(".note")).to_contain_text("Niet gelukt")
    await expect(demo.field(COACH)).to_have_value("Bewaar dit")
    demo.errors.clear()  # the browser reports the refused request


async def test_a_sentence_goes_at_one_tap(demo: Demo) -> None:
    chip = demo.phone(NOUR).get_by_role("button", name="مرحبا")
    await expect(chip).to_contain_text("Hallo")
    await chip.click()
    assert (await demo.bot.next())["text"] == "مرحبا"


async def test_a_tap_reaches_the_bot_and_waits_for_its_answer(demo: Demo) -> None:
    sent = await demo.bot.send(COACH, "Komt u?", reply_markup=ANSWER_KEYS)
    key = demo.row(COACH, sent).get_by_role("button", name="Ik kom")
    await key.click()
    query = await demo.bot.next("callback_query")
    assert query["data"] == "come"
    await expect(key).to_have_attribute("aria-busy", "true")
    await demo.bot.call("answerCallbackQuery", callback_query_id=query["id"], text="Genoteerd")
    await expect(key).not_to_have_attribute("aria-busy", "true")
    await expect(demo.phone(COACH).locator(".note")).to_have_text("Genoteerd")


async def test_a_loud_answer_waits_for_ok(demo: Demo) -> None:
    sent = await demo.bot.send(COACH, "Komt u?", reply_markup=ANSWER_KEYS)
    await demo.row(COACH, sent).get_by_role("button", name="Ik kan niet").click()
    query = await demo.bot.next("callback_query")
    await demo.bot.call(
        "answerCallbackQuery", callback_query_id=query["id"], text="Te laat", show_alert=True
    )
    alert = demo.phone(COACH).get_by_role("alertdialog")
    await expect(alert).to_contain_text("Te laat")
    await demo.page.keyboard.press("Enter")
    await expect(alert).to_have_count(0)


async def test_no_tap_is_lost_when_the_chat_moves_under_the_finger(demo: Demo) -> None:
    sent = await demo.bot.send(COACH, "Komt u?", reply_markup=ANSWER_KEYS)
    key = demo.row(COACH, sent).get_by_role("button", name="Ik kom")
    await key.hover()
    await demo.page.mouse.down()
    await demo.bot.call("editMessageText", chat_id=COACH, message_id=sent, text="Te laat")
    last = await demo.bot.send(COACH, "En nog iets")
    # the clock comes through at once, so by then the page knows of the edit too
    await demo.sim.advance(timedelta(hours=1))
    await expect(demo.page.locator("#hour")).to_have_text("13:00")
    await demo.page.mouse.up()
    assert (await demo.bot.next("callback_query"))["data"] == "come"
    await expect(demo.row(COACH, last)).to_be_visible()
    await expect(demo.row(COACH, sent).locator(".ikey")).to_have_count(0)
    demo.errors.clear()  # the first try of the tap was answered with 404


async def test_the_reply_keyboard_sends_and_folds_away(demo: Demo) -> None:
    keys = {"keyboard": [["👥 Klanten", "📅 Afspraak"]], "is_persistent": True}
    await demo.bot.send(COACH, "Kies", reply_markup=keys)
    key = demo.phone(COACH).locator(".rkb").get_by_role("button", name="Klanten")
    await key.click()
    assert (await demo.bot.next())["text"] == "👥 Klanten"
    fold = demo.phone(COACH).get_by_role("button", name="Knoppen tonen of verbergen")
    await fold.click()
    await expect(key).to_be_hidden()
    await fold.click()
    await expect(key).to_be_visible()


async def test_the_menu_of_the_bot_sends_a_command(demo: Demo) -> None:
    await demo.bot.call(
        "setMyCommands", commands=[{"command": "klanten", "description": "Uw klanten"}]
    )
    await demo.phone(COACH).get_by_role("button", name="Menu van de bot").click()
    await demo.phone(COACH).get_by_role("menuitem", name="Uw klanten").click()
    assert (await demo.bot.next())["text"] == "/klanten"


async def test_a_command_in_a_message_can_be_tapped(demo: Demo) -> None:
    sent = await demo.bot.send(COACH, "Kies /help")
    await demo.row(COACH, sent).get_by_role("button", name="/help").click()
    assert (await demo.bot.next())["text"] == "/help"


async def test_a_swipe_answers_that_message(demo: Demo) -> None:
    first = await demo.bot.send(COACH, "Vraag van Selam\nen nog een regel")
    await demo.bot.send(COACH, "Vraag van Nour")
    box = await demo.row(COACH, first).locator(".bubble").bounding_box()
    assert box is not None
    # the edge of the bubble: a mouse on the words selects them, as on any page
    x, y = box["x"] + box["width"] - 3, box["y"] + box["height"] / 2
    await demo.page.mouse.move(x, y)
    await demo.page.mouse.down()
    await demo.page.mouse.move(x - 30, y, steps=4)
    await demo.page.mouse.move(x - 80, y, steps=4)
    await demo.page.mouse.up()
    bar = demo.phone(COACH).locator(".bar")
    await expect(bar).to_contain_text("Vraag van Selam")
    await demo.page.keyboard.type("Antwoord voor Selam")
    await demo.page.keyboard.press("Enter")
    update = await demo.bot.next()
    answered = update["reply_to_message"]
    assert isinstance(answered, dict)
    assert answered["message_id"] == first
    await expect(bar).to_be_hidden()
    quote = demo.phone(COACH).locator(".row.out .quote").last
    await expect(quote).to_contain_text("Vraag van Selam")
    await quote.click()
    await expect(demo.row(COACH, first)).to_be_focused()


async def test_a_finger_swipes_on_an_arabic_phone_too(demo: Demo) -> None:
    sent = await demo.bot.send(NOUR, "سؤال من ماريكه")
    box = await demo.row(NOUR, sent).locator(".txt").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger = await demo.page.context.new_cdp_session(demo.page)
    await finger.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

    async def touch(kind: str, *points: float) -> None:
        spots = [{"x": point, "y": y} for point in points]
        await finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    await touch("touchStart", x)
    for moved in (12, 30, 50, 70):
        await touch("touchMove", x - moved)
    await touch("touchEnd")
    await expect(demo.phone(NOUR).locator(".bar")).to_contain_text("سؤال من ماريكه")


async def test_a_short_sideways_slip_answers_nothing(demo: Demo) -> None:
    sent = await demo.bot.send(COACH, "Vraag van Selam")
    box = await demo.row(COACH, sent).locator(".bubble").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] - 3, box["y"] + box["height"] / 2
    await demo.page.mouse.move(x, y)
    await demo.page.mouse.down()
    await demo.page.mouse.move(x - 25, y, steps=4)
    await expect(demo.row(COACH, sent)).to_have_class(re.compile("swiping"))
    await demo.page.mouse.up()
    await expect(demo.row(COACH, sent)).not_to_have_class(re.compile("swiping"))
    await expect(demo.phone(COACH).locator(".bar")).to_be_hidden()


async def test_a_question_that_forces_an_answer_opens_the_reply(demo: Demo) -> None:
    force = {"force_reply": True, "input_field_placeholder": "Uw vraag"}
    sent = await demo.bot.send(COACH, "Schrijf uw vraag", reply_markup=force)
    await expect(demo.phone(COACH).locator(".bar")).to_contain_text("Schrijf uw vraag")
    box = demo.phone(COACH).get_by_placeholder("Uw vraag")
    await box.fill("Waar is het?")
    await box.press("Enter")
    answered = (await demo.bot.next())["reply_to_message"]
    assert isinstance(answered, dict)
    assert answered["message_id"] == sent


async def test_own_words_can_be_changed_and_taken_back(demo: Demo) -> None:
    said = demo.sim.say(COACH, "Tot dinsdga")["message"]
    assert isinstance(said, dict)
    number = said["message_id"]
    assert isinstance(number, int)
    row = demo.row(COACH, number)
    await row.click(button="right", position={"x": 10, "y": 5})
    await demo.phone(COACH).get_by_role("menuitem", name="Bewerken").click()
    await expect(demo.field(COACH)).to_have_value("Tot dinsdga")
    await demo.field(COACH).fill("Tot dinsdag")
    await demo.field(COACH).press("Enter")
    assert (await demo.bot.next("edited_message"))["text"] == "Tot dinsdag"
    await expect(row.locator(".edited")).to_have_text("bewerkt")
    await row.hover()
    await row.get_by_role("button", name="Meer over dit bericht").click()
    await demo.phone(COACH).get_by_role("menuitem", name="Verwijderen").click()
    await expect(row).to_have_count(0)


async def test_a_sample_photo_and_a_recorded_voice_note_reach_the_bot(demo: Demo) -> None:
    phone = demo.phone(NOUR)
    await demo.field(NOUR).fill("هذه الرسالة")
    await phone.get_by_role("button", name="Foto, bestand of locatie sturen").click()
    await phone.get_by_role("menuitem", name="Voorbeeldfoto").click()
    photo = await demo.bot.next()
    assert photo["caption"] == "هذه الرسالة"
    assert "photo" in photo
    await phone.get_by_role("button", name="Spraakbericht opnemen").click()
    await phone.get_by_role("button", name="Spraakbericht versturen").click()
    voice = (await demo.bot.next())["voice"]
    assert isinstance(voice, dict)
    assert voice["duration"] == 1
    found = await demo.bot.call("getFile", file_id=voice["file_id"])
    url = f"{demo.bot.base}/file/bot{TOKEN}/{found['file_path']}"
    async with demo.bot.session.get(url) as answer:
        assert (await answer.read()).startswith(b"OggS")
    await phone.locator(".kind-voice .disc").click()
    await demo.page.wait_for_function("() => document.querySelector('audio').currentTime > 0.1")


async def test_a_chosen_file_and_a_location_reach_the_bot(demo: Demo, tmp_path: Path) -> None:
    letter = tmp_path / "brief.txt"
    letter.write_text("Beste mevrouw", encoding="utf-8")
    phone = demo.phone(COACH)
    attach = phone.get_by_role("button", name="Foto, bestand of locatie sturen")
    await attach.click()
    async with demo.page.expect_file_chooser() as chooser:
        await phone.get_by_role("menuitem", name="Bestand kiezen").click()
    await (await chooser.value).set_files(letter)
    document = (await demo.bot.next())["document"]
    assert isinstance(document, dict)
    assert document["file_name"] == "brief.txt"
    await attach.click()
    await phone.get_by_role("menuitem", name="Locatie").click()
    assert "location" in await demo.bot.next()


# ---- opening a chat ------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["code", "link"])
async def test_the_letter_opens_the_chat_with_its_token(demo: Demo, what: str) -> None:
    letter = demo.phone(SELAM).locator(".letter")
    await expect(letter).to_contain_text("Uitnodiging voor Selam")
    await (letter.locator(".qr") if what == "code" else letter.locator(".invite")).click()
    assert (await demo.bot.next())["text"] == "/start Zk3f9Q2mX8aLw0pB"
    # as in Telegram's apps the token itself is not shown
    await expect(demo.phone(SELAM).locator(".row.out .txt")).to_contain_text("/start")
    await expect(demo.phone(SELAM).locator(".row.out .txt")).not_to_contain_text("Zk3f9")
    demo.sim.clear_letter(SELAM)
    await expect(letter).to_have_count(0)


async def test_an_invite_link_in_a_message_opens_the_chat(demo: Demo) -> None:
    sent = await demo.bot.send(COACH, f"Link: {INVITE}")
    await expect(demo.row(COACH, sent).locator(".card")).to_have_count(0)
    await demo.row(COACH, sent).locator("a.link").click()
    assert (await demo.bot.next())["text"] == "/start Zk3f9Q2mX8aLw0pB"


async def test_an_empty_chat_has_a_start_button_and_no_composer(demo: Demo) -> None:
    start = demo.phone(SELAM).get_by_role("button", name="ጀምር")
    await expect(demo.field(SELAM)).to_have_count(0)
    await start.click()
    assert (await demo.bot.next())["text"] == "/start"
    await expect(start).to_be_hidden()
    await expect(demo.field(SELAM)).to_be_visible()


async def test_a_blocked_bot_can_be_let_in_again(demo: Demo) -> None:
    phone = demo.phone(COACH)
    await phone.get_by_role("button", name="Meer over dit gesprek").click()
    await phone.get_by_role("menuitem", name="Bot blokkeren").click()
    again = phone.get_by_role("button", name="DEBLOKKEREN")
    await again.click()
    await expect(demo.field(COACH)).to_be_visible()
