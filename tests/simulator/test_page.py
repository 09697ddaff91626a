"""What the demo page shows, in a real Chromium and against the real simulator."""

import json
from collections.abc import AsyncIterator
from typing import Final

import pytest
from playwright.async_api import Page, expect

from bot.simulator import Phone, Phrase
from tests.simulator.pages import (
    ANSWER_KEYS,
    COACH,
    NOUR,
    Demo,
    computed,
    drawing,
    playing,
    utf16,
)
from tests.simulator.samples import png

pytestmark = pytest.mark.browser


@pytest.fixture
async def demo(page: Page) -> AsyncIterator[Demo]:
    async with playing(page) as made:
        yield made


# ---- what shows ----------------------------------------------------------------------------


async def test_every_phone_stands_with_its_owner_and_language(demo: Demo) -> None:
    names = demo.page.locator(".person h2")
    await expect(names).to_have_text(["Marieke", "Selam", "Nour", "Parisa"])
    languages = demo.page.locator(".language")
    await expect(languages).to_have_text(["Nederlands", "ትግርኛ", "العربية", "فارسی"])
    await expect(demo.page.locator("#hour")).to_have_text("12:00")
    await expect(demo.page.locator("#day")).to_have_text("dinsdag 24 november 2026")
    await expect(demo.phone(NOUR).locator(".status-hour")).to_have_text("12:00")


async def test_formatted_text_shows_by_its_utf16_offsets(demo: Demo) -> None:
    text = "👩‍🏫 vet cursief onder door code pre\ncitaat https://www.example.org/hulp/eerste-stap"
    kinds = {
        "bold": "vet",
        "italic": "cursief",
        "underline": "onder",
        "strikethrough": "door",
        "code": "code",
        "pre": "pre",
        "blockquote": "citaat",
    }
    entities = [
        {"type": kind, "offset": utf16(text[: text.index(word)]), "length": utf16(word)}
        for kind, word in kinds.items()
    ]
    sent = await demo.bot.send(COACH, text, entities=entities)
    body = demo.row(COACH, sent).locator(".txt")
    tags = {
        "strong": "vet",
        "em": "cursief",
        "u": "onder",
        "s": "door",
        "code": "code",
        "pre": "pre",
        "blockquote": "citaat",
    }
    for tag, word in tags.items():
        await expect(body.locator(tag)).to_have_text(word)


async def test_a_link_gets_a_card_made_of_the_address_alone(demo: Demo) -> None:
    text = "Kijk: https://www.example.org/hulp/eerste-stap"
    sent = await demo.bot.send(COACH, text)
    card = demo.row(COACH, sent).locator(".card")
    await expect(card.locator("small")).to_have_text("example.org")
    await expect(card.locator("strong")).to_have_text("Eerste stap")
    bare = await demo.bot.send(COACH, text, link_preview_options={"is_disabled": True})
    await expect(demo.row(COACH, bare).locator("a.link")).to_have_attribute(
        "href", "https://www.example.org/hulp/eerste-stap"
    )
    await expect(demo.row(COACH, bare).locator(".card")).to_have_count(0)


async def test_hidden_words_show_after_a_tap(demo: Demo) -> None:
    sent = await demo.bot.send(COACH, "Code <tg-spoiler>vier</tg-spoiler>", parse_mode="HTML")
    hidden = demo.row(COACH, sent).locator(".spoiler")
    assert await computed(hidden, "color") == "rgba(0, 0, 0, 0)"
    await hidden.click()
    assert await computed(hidden, "color") != "rgba(0, 0, 0, 0)"


async def test_every_kind_of_message_shows(demo: Demo) -> None:
    phone = demo.phone(COACH)
    await demo.bot.upload("sendPhoto", "photo", drawing(), chat_id=COACH, caption="Een brief")
    photo = phone.locator(".photo img")
    await expect(photo).to_be_visible()
    await demo.page.wait_for_function(
        "() => document.querySelector('.photo img').naturalWidth === 120"
    )
    await expect(phone.locator(".kind-photo .txt")).to_contain_text("Een brief")
    await demo.bot.upload("sendVoice", "voice", b"OggS" + bytes(40), chat_id=COACH, duration=7)
    await expect(phone.locator(".kind-voice .length")).to_have_text("0:07")
    await demo.bot.upload("sendDocument", "document", b"x" * 2048, chat_id=COACH)
    await expect(phone.locator(".kind-document .file")).to_contain_text("document.bin")
    await expect(phone.locator(".kind-document .file")).to_contain_text("2.0 kB")
    await demo.bot.call(
        "sendVenue",
        chat_id=COACH,
        latitude=52.37403,
        longitude=4.88969,
        title="Stadskantoor",
        address="Marktplein 1",
    )
    place = phone.locator(".kind-place")
    await expect(place).to_contain_text("Stadskantoor")
    await expect(place).to_contain_text("52.37403, 4.88969")
    await expect(place.get_by_role("img")).to_be_visible()
    demo.sim.send(COACH, {"kind": "contact", "first_name": "Idris", "phone_number": "+310"})
    await expect(phone.locator(".kind-contact")).to_contain_text("Idris")
    demo.sim.send(COACH, {"kind": "sticker", "emoji": "🌷"})
    await expect(phone.locator(".sticker")).to_have_text("🌷")
    await demo.bot.upload("sendVideo", "video", b"film", chat_id=COACH)
    await expect(phone.locator("video")).to_be_attached()
    # the film is no film, and the browser says so
    demo.errors.clear()


async def test_a_picture_changes_in_its_place(demo: Demo) -> None:
    await demo.bot.upload("sendPhoto", "photo", png(30, 20), chat_id=COACH, caption="oktober")
    picture = demo.phone(COACH).locator(".photo img")
    await expect(picture).to_have_js_property("naturalWidth", 30)

    await demo.bot.upload(
        "editMessageMedia",
        "page",
        drawing(),
        chat_id=COACH,
        message_id=demo.sim.messages(COACH)[-1]["message_id"],
        media=json.dumps({"type": "photo", "media": "attach://page", "caption": "november"}),
    )

    await expect(picture).to_have_js_property("naturalWidth", 120)
    await expect(picture).to_have_count(1)
    await expect(demo.phone(COACH).locator(".kind-photo .txt")).to_contain_text("november")


async def test_a_picture_fills_its_bubble_and_loses_nothing(demo: Demo) -> None:
    await demo.bot.upload(
        "sendPhoto",
        "photo",
        png(1080, 1268),
        chat_id=COACH,
        caption="oktober 2026, alle klanten van Marieke",
        reply_markup=json.dumps(ANSWER_KEYS),
    )
    picture = demo.phone(COACH).locator(".photo img")
    await expect(picture).to_have_js_property("naturalWidth", 1080)

    inner, outer = await picture.bounding_box(), await picture.locator("..").bounding_box()
    assert inner is not None
    assert outer is not None
    assert inner["width"] == pytest.approx(outer["width"], abs=1)
    assert inner["height"] / inner["width"] == pytest.approx(1268 / 1080, abs=0.02)


async def test_edits_reactions_pins_and_deletions_show(demo: Demo) -> None:
    sent = await demo.bot.send(NOUR, "أهلا")
    row = demo.row(NOUR, sent)
    await expect(row).to_be_visible()
    await demo.bot.call("editMessageText", chat_id=NOUR, message_id=sent, text="أهلا وسهلا")
    await expect(row.locator(".txt")).to_contain_text("أهلا وسهلا")
    await expect(row.locator(".edited")).to_have_text("معدّلة")
    reaction = [{"type": "emoji", "emoji": "🙏"}]
    await demo.bot.call("setMessageReaction", chat_id=NOUR, message_id=sent, reaction=reaction)
    await expect(row.locator(".reactions")).to_have_text("🙏")
    await demo.bot.call("pinChatMessage", chat_id=NOUR, message_id=sent)
    await expect(demo.phone(NOUR).locator(".pin-bar")).to_contain_text("أهلا وسهلا")
    await demo.bot.call("deleteMessage", chat_id=NOUR, message_id=sent)
    await expect(row).to_have_count(0)
    await expect(demo.phone(NOUR).locator(".pin-bar")).to_be_hidden()


async def test_markup_in_names_messages_and_buttons_is_shown_as_text(demo: Demo) -> None:
    evil = "<img src=x onerror=\"document.title='broken in'\"><b>x</b>"
    demo.sim.put_phone(Phone(COACH, evil, evil, "nl", "ltr", phrases=(Phrase(evil, evil),)))
    keys = {"inline_keyboard": [[{"text": evil, "callback_data": "x"}]]}
    sent = await demo.bot.send(COACH, evil, reply_markup=keys)
    row = demo.row(COACH, sent)
    await expect(row.locator(".txt")).to_contain_text(evil)
    await expect(row.locator(".ikey")).to_have_text(evil)
    await expect(demo.phone(COACH).locator("h2")).to_have_text(evil)
    await expect(demo.phone(COACH).locator(".chip span")).to_have_text(evil)
    await expect(demo.page.locator("img[src='x']")).to_have_count(0)
    await expect(demo.page).to_have_title("Taalbrug")


async def test_an_address_that_runs_a_script_is_no_link(demo: Demo) -> None:
    text = "klik hier"
    link = [{"type": "text_link", "offset": 0, "length": 9, "url": "https://example.org/"}]
    sent = await demo.bot.send(COACH, text, entities=link)
    await expect(demo.row(COACH, sent).locator("a.link")).to_have_attribute(
        "rel", "noopener noreferrer"
    )
    made = await demo.page.evaluate(
        """async () => {
          const { renderText } = await import("/static/entities.js");
          const box = document.createElement("div");
          const url = "javascript:alert(1)";
          const entities = [{ type: "text_link", offset: 0, length: 4, url }];
          box.append(renderText("klik", entities, { dir: "ltr" }));
          return box.innerHTML;
        }"""
    )
    assert made == "<span>klik</span>"


# ---- right to left -------------------------------------------------------------------------


async def test_an_arabic_phone_reads_from_right_to_left(demo: Demo) -> None:
    phone = demo.phone(NOUR)
    screen = phone.locator(".screen")
    assert await computed(screen, "direction") == "rtl"
    await expect(screen).to_have_attribute("lang", "ar")
    sent = await demo.bot.send(NOUR, "صباح الخير")
    text = demo.row(NOUR, sent).locator(".txt")
    assert await computed(text, "direction") == "rtl"
    await demo.field(NOUR).fill("شكرا")
    await demo.field(NOUR).press("Enter")
    own = phone.locator(".row.out").last
    await expect(own).to_contain_text("شكرا")
    frame = await screen.bounding_box()
    theirs = await demo.row(NOUR, sent).locator(".bubble").bounding_box()
    mine = await own.locator(".bubble").bounding_box()
    assert frame is not None
    assert theirs is not None
    assert mine is not None
    middle = frame["x"] + frame["width"] / 2
    assert theirs["x"] + theirs["width"] > middle + 100
    assert mine["x"] < middle - 100


async def test_a_dutch_name_in_front_does_not_turn_an_arabic_message(demo: Demo) -> None:
    sent = await demo.bot.send(NOUR, "✉ \u2068Marieke\u2069:\nصباح الخير يا نور كيف حالك")
    text = demo.row(NOUR, sent).locator(".txt")
    assert await computed(text, "direction") == "rtl"
    left, right = await text.evaluate(LINE_SIDES, [0, 11])
    assert left > right


async def test_a_dutch_phone_shows_an_arabic_original_from_its_own_side(demo: Demo) -> None:
    first = "Goedemorgen, ik kan morgen echt niet komen.\n"
    sent = await demo.bot.send(COACH, first + "صباح الخير")
    text = demo.row(COACH, sent).locator(".txt")
    assert await computed(text, "direction") == "ltr"
    left, right = await text.evaluate(LINE_SIDES, [len(first), len(first) + 10])
    # it stands at the right, with only the time beside it
    assert left > right


# how far a part of the text stands from the left and the right of its bubble
LINE_SIDES: Final = """(node, [start, end]) => {
  const range = document.createRange();
  range.setStart(node.firstChild, start);
  range.setEnd(node.firstChild, end);
  const line = range.getBoundingClientRect(), box = node.getBoundingClientRect();
  return [line.left - box.left, box.right - line.right];
}"""
