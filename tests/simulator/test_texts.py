"""Texts: parsed as Telegram parses them, counted in UTF-16 units, refused in Telegram's words."""

import html as stdlib_html

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.simulator import Simulator, html, utf16
from bot.simulator.entities import find_entities
from bot.simulator.errors import ApiError
from bot.simulator.values import JsonObject, as_list, as_object, as_text
from tests.simulator.house import SELAM, Api
from tests.simulator.samples import png

CHAT = SELAM.user_id
EMOJI = "👩‍🏫"
TIGRINYA = "ሰላም ከመይ ኣለኻ "
ARABIC = "مرحبًا كيف حالك "


async def sent(api: Api, text: str, **more: object) -> JsonObject:
    return await api.ok("sendMessage", chat_id=CHAT, text=text, **more)


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("<b>ሰላም</b> x", "ሰላም x", [("bold", 0, 3)]),
        ("😀<i>a</i>", "😀a", [("italic", 2, 1)]),
        ("<b>a<u>b</u></b>", "ab", [("bold", 0, 2), ("underline", 1, 1)]),
        ("<s>a</s><del>b</del>", "ab", [("strikethrough", 0, 1), ("strikethrough", 1, 1)]),
        ("<tg-spoiler>a</tg-spoiler>", "a", [("spoiler", 0, 1)]),
        ('<span class="tg-spoiler">a</span>', "a", [("spoiler", 0, 1)]),
        ("<blockquote>a\nb</blockquote>", "a\nb", [("blockquote", 0, 3)]),
        ("<blockquote expandable>a</blockquote>", "a", [("expandable_blockquote", 0, 1)]),
        ("<code>/start</code>", "/start", [("code", 0, 6)]),
        ("a &lt;b&gt; &amp; &quot;c&#39;", "a <b> & \"c'", []),
        ("  <b> مرحبا </b>  ", "مرحبا", [("bold", 0, 5)]),
        ("<b></b>a", "a", []),
    ],
)
async def test_html_becomes_entities(
    started: Api, source: str, text: str, entities: list[tuple[str, int, int]]
) -> None:
    message = await sent(started, source, parse_mode="HTML")
    found = [as_object(e) for e in as_list(message.get("entities"))]
    assert message["text"] == text
    assert [(e["type"], e["offset"], e["length"]) for e in found] == entities


async def test_a_link_and_a_programme_keep_what_they_carry(started: Api) -> None:
    message = await sent(
        started,
        '<a href="https://taalbrug.example/?a=1&amp;b=2">hier</a> '
        '<pre><code class="language-python">x</code></pre>',
        parse_mode="HTML",
    )
    assert message["entities"] == [
        {
            "type": "text_link",
            "offset": 0,
            "length": 4,
            "url": "https://taalbrug.example/?a=1&b=2",
        },
        {"type": "pre", "offset": 5, "length": 1, "language": "python"},
    ]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("ሰ<b>x</i>", 'Unmatched end tag at byte offset 7, expected "</b>", found "</i>"'),
        ("<h1>x</h1>", 'Unsupported start tag "h1" at byte offset 0'),
        ("2 < 3", "Unclosed start tag at byte offset 2"),
        ("<b", "Unclosed start tag at byte offset 0"),
        # A pattern that tries every way to split the spaces would take a minute here.
        ("<b" + " " * 4000, "Unclosed start tag at byte offset 0"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
async def test_html_that_cannot_be_parsed_is_refused_in_telegrams_words(
    started: Api, source: str, why: str
) -> None:
    said = await started.refused("sendMessage", chat_id=CHAT, text=source, parse_mode="HTML")
    assert said == f"Bad Request: can't parse entities: {why}"


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_escaped_text_always_comes_back_as_it_was(text: str) -> None:
    assert html.parse(stdlib_html.escape(text, quote=False)) == (text, [])


def parsed(source: str) -> tuple[str, list[JsonObject]] | str:
    """Give the text and its entities, or the refusal."""
    try:
        return html.parse(source)
    except ApiError as refused:
        return refused.description


@settings(deadline=None)
@given(st.text(alphabet='<>/abi&;lt"= é😀'))
def test_any_html_is_parsed_or_refused_with_entities_inside_the_text(source: str) -> None:
    outcome = parsed(source)
    if isinstance(outcome, str):
        assert outcome.startswith("Bad Request: can't parse entities: ")
        return
    text, entities = outcome
    size = utf16.units(text)
    for entity in entities:
        offset, length = entity["offset"], entity["length"]
        assert isinstance(offset, int)
        assert isinstance(length, int)
        assert 0 <= offset < offset + length <= size


@pytest.mark.parametrize("letters", ["x", "😀", "ሰ", "م", "é"])
async def test_a_text_holds_4096_units_and_a_caption_1024_after_parsing(
    started: Api, letters: str
) -> None:
    most = 4096 // utf16.units(letters)
    message = await sent(started, f"<b>{letters * most}</b>", parse_mode="HTML")
    assert message["text"] == letters * most
    long = await started.refused("sendMessage", chat_id=CHAT, text=letters * (most + 1))
    assert long == "Bad Request: message is too long"


async def test_a_caption_holds_1024_units(simulator: Simulator, started: Api) -> None:
    simulator.upload(CHAT, "photo", png(), file_name="a.png")
    file_id = as_text(as_object(as_list(simulator.messages(CHAT)[-1]["photo"])[-1])["file_id"])
    await started.ok("sendPhoto", chat_id=CHAT, photo=file_id, caption="😀" * 512)
    why = await started.refused("sendPhoto", chat_id=CHAT, photo=file_id, caption="😀" * 513)
    assert why == "Bad Request: message caption is too long"


async def test_an_empty_text_is_refused(started: Api) -> None:
    for text in ("", "   \n", "<b> </b>"):
        why = await started.refused("sendMessage", chat_id=CHAT, text=text, parse_mode="HTML")
        assert why == "Bad Request: message text is empty"


async def test_explicit_entities_are_kept_and_moved_with_the_trimming(started: Api) -> None:
    bold = {"type": "bold", "offset": 2, "length": 2}
    message = await sent(started, "  😀 a", entities=[bold])
    assert message["entities"] == [{"type": "bold", "offset": 0, "length": 2}]


@pytest.mark.parametrize(
    ("entity", "why"),
    [
        ({"type": "bold", "offset": 0, "length": 9}, "ends after the end of the text"),
        ({"type": "bold", "offset": 1, "length": 2}, "begins in a middle of a UTF-16 symbol"),
        ({"type": "bold", "offset": 0, "length": 1}, "ends in a middle of a UTF-16 symbol"),
        ({"type": "loud", "offset": 0, "length": 2}, "unsupported type"),
        ({"type": "text_link", "offset": 0, "length": 2}, "text_link needs url"),
    ],
)
async def test_an_impossible_entity_is_refused(started: Api, entity: JsonObject, why: str) -> None:
    said = await started.refused("sendMessage", chat_id=CHAT, text="😀a", entities=[entity])
    assert why in said


async def test_markdown_is_refused_plainly(started: Api) -> None:
    why = await started.refused("sendMessage", chat_id=CHAT, text="*x*", parse_mode="MarkdownV2")
    assert "MarkdownV2" in why
    other = await started.refused("sendMessage", chat_id=CHAT, text="x", parse_mode="rtf")
    assert other == "Bad Request: unsupported parse_mode"


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("kijk op https://taalbrug.example/a?b=1.", "url", "https://taalbrug.example/a?b=1"),
        ("😀 rijksoverheid.nl/inburgering!", "url", "rijksoverheid.nl/inburgering"),
        ("mail naar anna@gemeente.example", "email", "anna@gemeente.example"),
        ("bel 06 1234 5678", "phone_number", "06 1234 5678"),
        ("bel +31612345678.", "phone_number", "+31612345678"),
        ("/start abc", "bot_command", "/start"),
        ("ሰላም /help@taalbrug_bot", "bot_command", "/help@taalbrug_bot"),
        ("vraag @anna_de_vries", "mention", "@anna_de_vries"),
        ("#afspraak", "hashtag", "#afspraak"),
    ],
)
def test_what_telegram_finds_in_plain_text_is_found(text: str, kind: str, found: str) -> None:
    entities = find_entities(text)
    cuts = [
        (e["type"], utf16.cut(text, int(str(e["offset"])), int(str(e["length"]))))
        for e in entities
    ]
    assert cuts == [(kind, found)]


@pytest.mark.parametrize(
    "text",
    ["om 14:30 uur", "op 24-11-2026", "a/b en 1/2", "ja.nee", "€ 12,50", "24/11/2026"],
)
def test_what_is_none_of_these_is_left_alone(text: str) -> None:
    assert find_entities(text) == []


@pytest.mark.parametrize("piece", ["woord ", TIGRINYA, ARABIC, EMOJI, "x", "één\n"])
async def test_a_long_text_of_a_person_arrives_in_pieces_with_nothing_lost(
    simulator: Simulator, started: Api, piece: str
) -> None:
    text = piece * (9000 // utf16.units(piece))
    _, said = await started.sim(f"chats/{CHAT}/say", text=text)
    pieces = [as_text(as_object(message)["text"]) for message in as_list(said["messages"])]
    assert len(pieces) == 3
    assert all(utf16.units(one) <= 4096 for one in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    updates = await started.updates()
    assert [as_object(update["message"])["text"] for update in updates] == pieces
    assert not any(one.startswith("\u200d") for one in pieces)


async def test_exactly_4096_units_stay_one_message(simulator: Simulator) -> None:
    assert "message" in simulator.say(CHAT, "😀" * 2048)
    assert "messages" in simulator.say(CHAT, "😀" * 2048 + "x")


async def test_half_a_surrogate_pair_is_refused(started: Api) -> None:
    why = await started.refused("sendMessage", chat_id=CHAT, text="\ud83d")
    assert why == "Bad Request: strings must be encoded in UTF-8"
    status, _ = await started.sim(f"chats/{CHAT}/say", text="\ud83d")
    assert status == 400
