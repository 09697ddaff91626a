"""Time, keyboard, small screens and bad days on the demo page, in a real Chromium."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Page, expect

from bot.simulator import Clock, Phone, Simulator
from tests.simulator.pages import (
    ANSWER_KEYS,
    COACH,
    NOON,
    NOUR,
    PARISA,
    SELAM,
    TOKEN,
    USERNAME,
    Demo,
    playing,
)

pytestmark = pytest.mark.browser


@pytest.fixture
async def demo(page: Page) -> AsyncIterator[Demo]:
    async with playing(page) as made:
        yield made


# ---- time ----------------------------------------------------------------------------------


async def test_the_clock_buttons_let_time_pass(demo: Demo) -> None:
    page = demo.page
    await page.get_by_role("button", name="+1 uur").click()
    await expect(page.locator("#hour")).to_have_text("13:00")
    await page.get_by_role("button", name="+1 dag").click()
    await expect(page.locator("#day")).to_have_text("woensdag 25 november 2026")
    await expect(demo.phone(PARISA).locator(".status-hour")).to_have_text("13:00")
    assert demo.clock.now() == NOON + timedelta(hours=25)


async def test_the_next_event_is_named_and_gone_to(demo: Demo) -> None:
    button = demo.page.get_by_role("button", name="Naar de volgende gebeurtenis")
    await expect(button).to_contain_text("niets gepland")
    await expect(button).to_have_attribute("aria-disabled", "true")
    demo.world.moments.append(NOON + timedelta(hours=28))
    await demo.bot.send(COACH, "Er is iets gepland")
    await expect(button).to_contain_text("wo 25 nov 16:00")
    await button.click()
    await expect(demo.page.locator("#hour")).to_have_text("16:00")
    await expect(button).to_contain_text("niets gepland")


async def test_a_new_day_gets_its_mark_and_yesterday_its_name(demo: Demo) -> None:
    await demo.bot.send(COACH, "Vandaag")
    marks = demo.phone(COACH).locator(".day-mark")
    await expect(marks).to_have_text(["Vandaag"])
    await demo.sim.advance(timedelta(days=1))
    await demo.bot.send(COACH, "Morgen")
    await expect(marks).to_have_text(["Gisteren", "Vandaag"])


# ---- keyboard, small screens, language -----------------------------------------------------


async def test_the_keyboard_alone_is_enough(demo: Demo) -> None:
    first = await demo.bot.send(COACH, "Komt u?", reply_markup=ANSWER_KEYS)
    last = await demo.bot.send(COACH, "Nog een vraag")
    await expect(demo.row(COACH, last)).to_be_visible()
    walked: list[str] = []
    for _ in range(30):
        await demo.page.keyboard.press("Tab")
        at = await demo.page.evaluate(
            """() => {
              const node = document.activeElement, style = getComputedStyle(node);
              const shown = node.matches("textarea") ? "field" : style.outlineStyle;
              return [node.dataset.word || node.id || node.dataset.lang || node.dataset.id ||
                node.getAttribute("aria-label") || node.textContent, shown];
            }"""
        )
        assert at[1] != "none", f"nothing shows that {at[0]} has the focus"
        walked.append(at[0])
        if at[0] == str(last):
            break
    assert walked[:4] == ["skip", "step-hour", "step-day", "step-next"]
    assert walked[-1] == str(last)
    await demo.page.keyboard.press("ArrowUp")
    await expect(demo.row(COACH, first)).to_be_focused()
    await demo.page.keyboard.press("Enter")
    await demo.page.keyboard.press("ArrowRight")
    await demo.page.keyboard.press("Enter")
    assert (await demo.bot.next("callback_query"))["data"] == "cannot"
    await demo.page.keyboard.press("Escape")
    await demo.page.keyboard.press("r")
    await expect(demo.field(COACH)).to_be_focused()
    await demo.page.keyboard.type("Ja")
    await demo.page.keyboard.press("Enter")
    answered = (await demo.bot.next())["reply_to_message"]
    assert isinstance(answered, dict)
    assert answered["message_id"] == first


async def test_a_menu_closes_with_escape_and_gives_the_focus_back(demo: Demo) -> None:
    await demo.bot.send(COACH, "Hallo")
    attach = demo.phone(COACH).get_by_role("button", name="Foto, bestand of locatie sturen")
    await attach.focus()
    await demo.page.keyboard.press("Enter")
    await expect(demo.phone(COACH).get_by_role("menuitem").first).to_be_focused()
    await demo.page.keyboard.press("Escape")
    await expect(attach).to_be_focused()


async def test_new_messages_are_spoken_with_the_owners_name(demo: Demo) -> None:
    await demo.bot.send(NOUR, "صباح الخير")
    live = demo.page.locator("#live p").last
    await expect(live).to_have_text("Telefoon van Nour: صباح الخير")
    await expect(live.locator("span")).to_have_attribute("lang", "ar")


async def test_a_small_screen_shows_one_phone_and_tabs_with_unread(demo: Demo) -> None:
    await demo.page.set_viewport_size({"width": 390, "height": 844})
    await expect(demo.phone(COACH)).to_be_visible()
    await expect(demo.phone(NOUR)).to_be_hidden()
    await demo.bot.send(NOUR, "مرحبا")
    tab = demo.page.get_by_role("tab", name="Nour")
    await expect(tab.locator(".unread")).to_have_text("1")
    await demo.page.get_by_role("tab", name="Marieke").focus()
    await demo.page.keyboard.press("ArrowRight")
    await expect(demo.phone(SELAM)).to_be_visible()
    await tab.click()
    await expect(demo.phone(NOUR)).to_be_visible()
    await expect(demo.phone(COACH)).to_be_hidden()
    await expect(tab.locator(".unread")).to_have_count(0)
    await expect(demo.phone(NOUR).get_by_text("مرحبا").first).to_be_visible()
    wide = await demo.page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 390
    frame = await demo.phone(NOUR).locator(".phone").bounding_box()
    assert frame is not None
    assert frame["y"] + frame["height"] <= 844


async def test_the_page_speaks_english_at_a_switch_and_the_phones_stay(demo: Demo) -> None:
    await demo.bot.send(NOUR, "صباح الخير")
    await demo.page.get_by_role("button", name="English").click()
    await expect(demo.page.get_by_role("button", name="To the next event")).to_be_visible()
    await expect(demo.page.locator("html")).to_have_attribute("lang", "en")
    await expect(demo.phone(NOUR).get_by_text("صباح الخير").first).to_be_visible()
    await expect(demo.phone(NOUR).locator(".state")).to_have_text("بوت")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_small_letters_stand_out_enough(demo: Demo, scheme: str) -> None:
    await demo.page.emulate_media(
        color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
    )
    await demo.page.reload()
    demo.sim.say(COACH, "Hallo")
    await demo.bot.send(COACH, "Dag https://example.org/", reply_markup=ANSWER_KEYS)
    await expect(demo.phone(COACH).locator(".ikey").first).to_be_visible()
    poor = await demo.page.evaluate(CONTRAST_SCRIPT)
    assert not poor, "\n".join(poor)


# ---- bearing up ----------------------------------------------------------------------------


async def test_three_hundred_messages_all_stand_in_order(demo: Demo) -> None:
    for number in range(300):
        demo.sim.say(NOUR, f"رسالة {number}")
    rows = demo.phone(NOUR).locator(".row")
    await expect(rows).to_have_count(301)
    await expect(rows.last).to_be_in_viewport()
    await demo.page.reload()
    await expect(rows).to_have_count(301)
    await expect(rows.last).to_contain_text("رسالة 299")
    await expect(rows.last).to_be_in_viewport()
    # whoever reads back is not pulled away, but told that there is more
    await rows.nth(20).scroll_into_view_if_needed()
    await demo.bot.send(NOUR, "جديد")
    more = demo.phone(NOUR).get_by_role("button", name="Naar het laatste bericht")
    await expect(more).to_contain_text("1")
    await expect(rows.nth(20)).to_be_in_viewport()
    await more.click()
    await expect(rows.last).to_be_in_viewport()


async def test_a_lost_server_is_told_and_found_again(demo: Demo, tmp_path: Path) -> None:
    port = int(demo.bot.base.rpartition(":")[2])
    await demo.sim.stop()
    banner = demo.page.get_by_role("alert")
    await expect(banner).to_contain_text("verbinding met de demo is weg")
    again = Simulator(
        token=TOKEN, bot_username=USERNAME, bot_name="Taalbrug", clock=Clock(lambda: NOON)
    )
    again.put_phone(Phone(COACH, "Marieke", "Klantmanager", "nl", "ltr"))
    again.say(COACH, "Er weer")
    await again.start(port=port)
    try:
        await expect(banner).to_be_hidden()
        await expect(demo.phone(COACH).locator(".row.out")).to_contain_text(["Er weer"])
        await expect(demo.phone(NOUR)).to_have_count(0)
    finally:
        await again.stop()
    demo.errors.clear()  # the browser reports the refused connections


async def test_a_phone_added_later_joins_the_others(demo: Demo) -> None:
    demo.sim.put_phone(Phone(505, "Idris", "Klant", "ar", "rtl"))
    await expect(demo.phone(505).locator(".language")).to_have_text("العربية")
    await expect(demo.page.locator(".person")).to_have_count(5)


CONTRAST_SCRIPT: Final = r"""() => {
  const parse = (text) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const context = canvas.getContext("2d");
    context.fillStyle = text;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) =>
    top.slice(0, 3).map((v, i) => v * top[3] + under[i] * (1 - top[3]));
  const part = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) =>
    0.2126 * part(r / 255) + 0.7152 * part(g / 255) + 0.0722 * part(b / 255);
  const backdrop = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const watched = [
    ".brand p", ".day small", ".step", ".step small", ".who p", ".language", ".meta time",
    ".txt", ".txt a", ".ikey span", ".card small", ".card strong", ".chip span", ".chip small",
    ".phrases h3 small", ".letter p", ".letter small", ".invite", ".state", ".big", ".foot p",
  ];
  const poor = [];
  for (const node of document.querySelectorAll(watched.join(", "))) {
    if (!node.offsetParent || !node.textContent.trim()) continue;
    const under = backdrop(node);
    const ink = over(parse(getComputedStyle(node).color), under);
    const [a, b] = [light(ink), light(under)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const where = `${node.tagName} ${node.className} in ${node.parentElement.className}`;
    if (ratio < 4.5) poor.push(`${where}: ${ratio.toFixed(2)}`);
  }
  return [...new Set(poor)];
}"""
