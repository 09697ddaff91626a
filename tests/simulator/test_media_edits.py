"""editMessageMedia: one picture put in the place of another, as a page is turned."""

import json

import aiohttp
import pytest

from bot.simulator import Simulator
from bot.simulator.values import JsonObject, as_int, as_list, as_object, as_text
from tests.simulator.house import SELAM, TOKEN, Api
from tests.simulator.samples import PDF, ogg, png

CHAT = SELAM.user_id
BUTTONS = {"inline_keyboard": [[{"text": "▶", "callback_data": "ov:2"}]]}
PHOTO = {"type": "photo", "media": "attach://page"}


async def upload(
    api: Api, method: str, fields: dict[str, object], files: dict[str, bytes]
) -> JsonObject:
    """Call a method by multipart and give the whole answer."""
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in ({"chat_id": CHAT} | fields).items():
        form.add_field(name, value if isinstance(value, str) else json.dumps(value))
    for name, content in files.items():
        form.add_field(name, content, filename=f"{name}.png")
    async with api.session.post(f"{api.base}/bot{TOKEN}/{method}", data=form) as answer:
        return as_object(await answer.json())


async def sends(api: Api, kind: str = "photo", content: bytes | None = None) -> int:
    body = await upload(
        api,
        f"send{kind.capitalize()}",
        {"caption": "oktober", "reply_markup": BUTTONS},
        {kind: png(30, 20) if content is None else content},
    )
    assert body["ok"] is True, body
    return as_int(as_object(body["result"])["message_id"])


async def changes(api: Api, message_id: int, **media: object) -> JsonObject:
    """Put an uploaded picture in a message's place."""
    fields: dict[str, object] = {"message_id": message_id, "media": PHOTO | media}
    return await upload(api, "editMessageMedia", fields, {"page": png(60, 40)})


async def shown_bytes(api: Api, message: JsonObject) -> bytes:
    url = api.base + as_text(as_object(message["sim"])["file_url"])
    async with api.session.get(url) as answer:
        return await answer.read()


async def test_an_uploaded_picture_takes_the_place_of_the_one_before(
    started: Api, simulator: Simulator
) -> None:
    sent = await sends(started)

    body = await changes(started, sent, caption="<b>november</b>", parse_mode="HTML")

    result = as_object(body["result"])
    size = as_object(as_list(result["photo"])[-1])
    assert (result["message_id"], size["width"], size["height"]) == (sent, 60, 40)
    shown = simulator.messages(CHAT)[-1]
    assert await shown_bytes(started, shown) == png(60, 40)
    assert shown["caption"] == "november"
    assert shown["caption_entities"] == [{"type": "bold", "offset": 0, "length": 8}]
    assert shown["edit_date"]
    assert len([m for m in simulator.messages(CHAT) if "photo" in m]) == 1


async def test_caption_and_buttons_that_are_not_named_again_are_gone(
    started: Api, simulator: Simulator
) -> None:
    sent = await sends(started)

    await changes(started, sent)

    shown = simulator.messages(CHAT)[-1]
    assert not {"caption", "reply_markup"} & shown.keys()


@pytest.mark.parametrize("kind", ["document", "audio", "video"])
async def test_a_file_of_another_kind_becomes_a_photo(
    started: Api, simulator: Simulator, kind: str
) -> None:
    sent = await sends(started, kind, PDF)

    await changes(started, sent)

    shown = simulator.messages(CHAT)[-1]
    assert (kind in shown, "photo" in shown) == (False, True)


async def test_a_text_becomes_a_photo_and_never_a_text_again(
    started: Api, simulator: Simulator
) -> None:
    sent = as_int(
        (await started.ok("sendMessage", chat_id=CHAT, text="even geduld"))["message_id"]
    )

    assert (await changes(started, sent, caption="november"))["ok"] is True

    assert "text" not in simulator.messages(CHAT)[-1]
    said = await started.refused("editMessageText", chat_id=CHAT, message_id=sent, text="toch")
    assert "there is no text in the message to edit" in said


async def test_the_same_file_with_the_same_words_is_not_modified(started: Api) -> None:
    sent = await sends(started)
    shown = as_object((await changes(started, sent, caption="november"))["result"])
    file_id = as_object(as_list(shown["photo"])[-1])["file_id"]
    media = {"type": "photo", "media": file_id, "caption": "november"}

    said = await started.refused("editMessageMedia", chat_id=CHAT, message_id=sent, media=media)

    assert "message is not modified" in said
    assert (await changes(started, sent, caption="november"))["ok"] is True  # a new upload is new


@pytest.mark.parametrize(
    ("media", "why"),
    [
        ({"media": "attach://other"}, 'unknown parameter "page"'),
        ({"type": "sticker"}, "unsupported type"),
        ({"type": "animation"}, "unsupported type"),
        ({"colour": "red"}, 'unknown field "colour" in InputMedia'),
        ({"caption": "x" * 1025}, "caption is too long"),
    ],
)
async def test_what_is_no_picture_is_refused_and_changes_nothing(
    started: Api, simulator: Simulator, media: dict[str, object], why: str
) -> None:
    sent = await sends(started)
    before = simulator.messages(CHAT)

    body = await changes(started, sent, **media)

    assert (body["ok"], why in as_text(body["description"])) == (False, True), body
    assert simulator.messages(CHAT) == before


@pytest.mark.parametrize(
    ("media", "why"),
    [
        ({"type": "photo"}, "media not found"),
        ({"type": "photo", "media": "attach://page"}, "can't find file attach://page"),
        ({"type": "photo", "media": "nobody-knows"}, "wrong file identifier"),
    ],
)
async def test_a_file_that_is_not_there_is_refused(
    started: Api, media: dict[str, object], why: str
) -> None:
    sent = await sends(started)
    assert why in await started.refused(
        "editMessageMedia", chat_id=CHAT, message_id=sent, media=media
    )


async def test_a_voice_note_a_place_and_a_clients_own_photo_stay_as_they_are(
    started: Api, simulator: Simulator
) -> None:
    voice = await sends(started, "voice", ogg(2))
    place = await started.ok("sendLocation", chat_id=CHAT, latitude=52.1, longitude=5.1)
    hers = simulator.upload(CHAT, "photo", png(), file_name="a.png")
    why = "there is no media in the message to edit"
    for message_id, said in (
        (voice, why),
        (as_int(place["message_id"]), why),
        (as_int(as_object(hers["message"])["message_id"]), "message can't be edited"),
        (9999, "message to edit not found"),
    ):
        assert said in as_text((await changes(started, message_id))["description"])


async def test_a_photo_of_an_album_becomes_no_document(started: Api) -> None:
    album = await upload(
        started,
        "sendMediaGroup",
        {"media": [{"type": "photo", "media": f"attach://{name}"} for name in "ab"]},
        {"a": png(), "b": png()},
    )
    first = as_int(as_object(as_list(album["result"])[0])["message_id"])

    refused = await changes(started, first, type="document")

    assert "can't be used in an album" in as_text(refused["description"])
    assert (await changes(started, first))["ok"] is True
