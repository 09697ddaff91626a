"""Photos, voice notes, files and places reach the other side, with their words translated."""

from pathlib import Path

from tests.cast import JOKE, KHALED, SELAM
from tests.support.engines import ReadyEngine
from tests.support.town import Kind, Town, open_town

KINDS: tuple[Kind, ...] = ("photo", "voice", "document", "audio", "video")
DUTCH = {
    "photo": "foto",
    "voice": "spraakbericht",
    "document": "bestand",
    "audio": "geluid",
    "video": "video",
}


ACKNOWLEDGED = {"photo": "ch.photo_in", "voice": "ch.voice_in", "document": "ch.document_in"}


async def test_a_file_of_a_client_reaches_the_coach_with_its_caption_in_dutch(town: Town) -> None:
    phone = town.config.organisation.phone
    for kind in KINDS:
        await town.sends(SELAM, kind, "ሓሚመ ኣለኹ።")

        got = town.last(JOKE)
        assert got.shows(kind)
        assert got.text.split("\n") == [
            f"K-0001 Selam · Tigrinya · {DUTCH[kind]}",
            "Ik ben ziek.",
            "⚙ automatisch vertaald",
            "ሓሚመ ኣለኹ።",
        ]
        if kind in ACKNOWLEDGED:
            assert town.last(SELAM).text == town.words(
                ACKNOWLEDGED[kind], SELAM, coach="Joke de Boer", telefoon=phone
            )
        await town.says(JOKE, "Dank u wel.", got)
        assert "የቐንየለይ።" in town.last(SELAM).text


async def test_a_file_of_a_coach_reaches_the_client_with_its_caption_in_her_language(
    town: Town,
) -> None:
    await town.says(KHALED, "مرحبًا.")
    message = town.last(JOKE)
    for kind in KINDS:
        sent = await town.sends(JOKE, kind, "Hoe gaat het met u?", to=message)

        got = town.last(KHALED)
        assert got.shows(kind)
        assert got.text == town.words(
            "ch.from_coach", KHALED, coach="Joke de Boer", tekst="كيف حالكم؟"
        )
        assert town.message(JOKE, sent.id).reactions == ("🕊",)


async def test_a_file_without_words_says_who_it_is_from(town: Town) -> None:
    await town.sends(SELAM, "voice")
    assert town.last(JOKE).text == "K-0001 Selam · Tigrinya · spraakbericht"

    await town.sends(JOKE, "photo", to=town.last(JOKE))
    assert town.last(SELAM).text == town.words("ch.media_from_coach", SELAM, coach="Joke de Boer")


async def test_a_caption_too_long_for_its_photo_follows_below_it(
    tmp_path: Path, everybody_linked: Path
) -> None:
    async with open_town(tmp_path, snapshot=everybody_linked, engines=[ReadyEngine()]) as town:
        words = ("ዘይፍለጥ " * 140).strip()
        town.nothing_new()

        await town.sends(SELAM, "photo", words)

        photo, *rest = town.news(JOKE)
        assert photo.shows("photo")
        assert photo.text == "K-0001 Selam · Tigrinya · foto"
        assert "\n".join(each.text for each in rest).count("ዘይፍለጥ") == 2 * 140
        assert rest[-1].keys
        await town.says(JOKE, "Dank u wel.", photo)
        assert "የቐንየለይ።" in town.last(SELAM).text


async def test_a_place_shows_as_a_pin_on_both_sides(town: Town) -> None:
    await town.sends_other(SELAM, kind="location", latitude=52.1, longitude=5.2)
    pin = town.last(JOKE)
    assert pin.body["location"] == {"latitude": 52.1, "longitude": 5.2}
    assert town.shown(JOKE)[-2].startswith("K-0001 Selam · Tigrinya · locatie")

    await town.sends_other(JOKE, kind="location", latitude=52.3, longitude=5.4)
    await town.taps(JOKE, "Selam")
    assert town.last(SELAM).body["location"] == {"latitude": 52.3, "longitude": 5.4}


async def test_a_file_without_a_reply_is_kept_until_the_coach_has_chosen(town: Town) -> None:
    await town.sends(JOKE, "document", "Dank u wel.")
    assert town.texts(SELAM) == []

    await town.taps(JOKE, "Selam")

    assert town.last(SELAM).shows("document")
    assert "የቐንየለይ።" in town.last(SELAM).text


async def test_a_corrected_caption_comes_with_its_photo(town: Town) -> None:
    sent = await town.sends(SELAM, "photo", "20 ደቒቕ ክድንጉ እየ።")
    await town.edits(SELAM, sent, "30 ደቒቕ ክድንጉ እየ።")

    assert town.last(JOKE).shows("photo")
    assert town.last(JOKE).text.split("\n")[1:3] == ["✏ gewijzigd", "Ik ben 30 minuten te laat."]


UNSUPPORTED: tuple[dict[str, object], ...] = (
    {"kind": "sticker", "emoji": "🙂"},
    {"kind": "contact", "phone_number": "+31600000000", "first_name": "A"},
    {"kind": "poll", "question": "Wat?", "options": ["a", "b"]},
)


async def test_what_cannot_be_passed_on_is_said_to_be_so(town: Town) -> None:
    for given in UNSUPPORTED:
        await town.sends_other(SELAM, **given)
        assert town.texts(SELAM) == [town.words("ch.cannot_take", SELAM)], given
        assert town.texts(JOKE) == []

        await town.sends_other(JOKE, **given)
        assert town.texts(JOKE) == [town.words("st.cannot_take", JOKE)], given
        assert town.texts(SELAM) == []


async def test_somebody_who_walks_with_a_shared_place_sends_it_once(town: Town) -> None:
    await town.sends_other(SELAM, kind="location", latitude=52.1, longitude=5.2)
    town.nothing_new()
    chat = {"id": SELAM.chat_id, "type": "private", "first_name": "Selam"}
    place = {"latitude": 52.2, "longitude": 5.3}
    own = next(each for each in town.chat(SELAM)[::-1] if each.own)
    await town.update(
        edited_message={
            "message_id": own.id, "date": 0, "edit_date": 1, "chat": chat, "location": place
        }
    )  # fmt: skip

    assert town.texts(JOKE) == []


async def test_a_file_too_big_to_fetch_is_said_to_be_so(town: Town) -> None:
    await town.sends(SELAM, "document", content=b"0" * (20 * 1024 * 1024 + 1))

    assert town.texts(SELAM) == [town.words("ch.too_big", SELAM)]
    assert town.texts(JOKE) == []
