"""How a broadcast went: told whole, to whom it concerns, by codes, and the same in every form."""

import csv
import html
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image

from bot.domain.broadcasts import FINAL, BroadcastState, DeliveryState
from bot.domain.errors import NotFoundError
from bot.domain.events import SignUpState
from bot.domain.ids import BroadcastId
from bot.domain.languages import (
    ARABIC,
    DARI,
    DUTCH,
    ENGLISH,
    FARSI,
    LEVANTINE_ARABIC,
    TIGRINYA,
)
from bot.services import broadcast_report
from bot.storage import broadcasts, pictures
from bot.storage.broadcast_schema import deliveries
from bot.storage.care_schema import pictures as files
from bot.storage.schema import assignments, clients, outbox
from tests.cast import BRAM, CLIENTS, JOKE, KHALED, LAILA, MARYAM, SANNE, SELAM, STAFF, Person
from tests.services.office import MESSAGE, NOOR, Office, leads_somewhere, open_office
from tests.storage.rows import MINUTE, NOW
from tests.support.desk import Desk

SENT, FAILED = DeliveryState.SENT, DeliveryState.FAILED
UNREACHABLE = DeliveryState.UNREACHABLE
DONE = BroadcastState.DONE
_TAG = re.compile(r"<[^>]+>")


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office on Tuesday 24 November 2026, half past ten in the Netherlands."""
    async with open_office(tmp_path) as opened:
        await opened.hires(NOOR)
        yield opened


@asynccontextmanager
async def at_desk(office: Office, author: Person = JOKE) -> AsyncIterator[Desk]:
    author_id = await office.staff(author)
    async with office.core.database.transaction() as tx:
        yield Desk(tx, author_id)


async def many(office: Office, broadcast_id: BroadcastId, *rows: tuple[object, ...]) -> None:
    """Send to new clients of Joke's: language, shown, state, number, and how many pressed."""
    joke = await office.staff(JOKE)
    async with office.core.database.transaction() as tx:
        for language, shown, state, number, pressed in rows:
            assert isinstance(number, int)
            assert isinstance(pressed, int)
            before = await tx.number(sa.select(sa.func.max(clients.c.id)))
            await tx.run(
                sa.insert(clients),
                [
                    {
                        "code": f"V-{before + place:06d}",
                        "name": f"Voornaam{before + place}",
                        "language": language,
                        "status": "active",
                        "discreet": False,
                        "check_in": False,
                        "created_at": NOW,
                    }
                    for place in range(1, number + 1)
                ],
            )
            new = await tx.rows(sa.select(clients.c.id).where(clients.c.id > before))
            await tx.run(
                sa.insert(assignments),
                [{"client_id": row["id"], "coach_id": joke, "starts_at": NOW} for row in new],
            )
            await tx.run(
                sa.insert(deliveries),
                [
                    {
                        "broadcast_id": broadcast_id,
                        "client_id": row["id"],
                        "language": language,
                        "shown": shown,
                        "state": state,
                        "attempt": 1,
                        "pressed_at": NOW if place < pressed else None,
                        "changed_at": NOW,
                    }
                    for place, row in enumerate(new)
                ],
            )


async def report(office: Office, broadcast_id: BroadcastId, person: Person = JOKE) -> list[str]:
    """Have somebody open the report; returns its lines."""
    turn = office.turn(person)
    await broadcast_report.show_report(office.core, turn, broadcast_id, MESSAGE)
    screen = await office.screen(person)
    assert screen.method == "editMessageText"
    return screen.lines


async def buttons(office: Office) -> dict[str, str]:
    screen = await office.screen(JOKE)
    return dict(zip(screen.labels, screen.data, strict=True))


async def sent(office: Office, method: str) -> list[dict[str, object]]:
    async with office.core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(outbox.c.payload).where(outbox.c.method == method).order_by(outbox.c.id)
        )
    return [dict(row["payload"]) for row in rows]


async def content_of(office: Office, value: object) -> bytes:
    assert isinstance(value, str)
    kept = pictures.named_by(value)
    assert kept is not None
    async with office.core.database.reading() as tx:
        return await pictures.get_picture(tx, kept.picture_id)


async def table(office: Office, broadcast_id: BroadcastId) -> list[dict[str, str]]:
    """Have Joke ask for the file, and read it as a Dutch spreadsheet does."""
    await broadcast_report.send_file(office.core, office.turn(JOKE), broadcast_id)
    payload = (await sent(office, "sendDocument"))[-1]
    content = await content_of(office, payload["document"])
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


# --- the message -----------------------------------------------------------------------------


async def test_a_film_is_told_by_language_and_reason(office: Office) -> None:
    async with at_desk(office) as desk:
        film, _ = await desk.film(nl="Werken in de zorg", ti="ስራሕ", fa="کار")
        await desk.stands(film, DONE, begun_at=NOW, finished_at=NOW + 12 * MINUTE)
    await many(
        office,
        film,
        (TIGRINYA, TIGRINYA, SENT, 7, 4),
        (TIGRINYA, None, DeliveryState.NO_LINK, 2, 0),
        (TIGRINYA, TIGRINYA, DeliveryState.OPTED_OUT, 1, 0),
        (DARI, FARSI, SENT, 3, 1),
        (DARI, FARSI, DeliveryState.UNCERTAIN, 1, 1),
        (DARI, FARSI, FAILED, 1, 0),
    )

    assert await report(office, film) == [
        "📊 Uitzending 1: 🎬 Werken in de zorg",
        "✅ Klaar.",
        "Gemaakt door Joke de Boer",
        "Begonnen: dinsdag 24 november (24-11-2026) om 10:30",
        "Afgelopen: dinsdag 24 november (24-11-2026) om 10:42",
        "Lezers: 15",
        "Tigrinya: 10",
        "verstuurd 7 · knop ingedrukt 4 · wil geen filmpjes 1 · nog geen chat 2",
        "Dari: 5",
        "verstuurd 3, waarvan 3 in een andere taal · knop ingedrukt 2 · misschien aangekomen 1 · "
        "mislukt 1",
        "Alle talen: 15",
        "verstuurd 10, waarvan 3 in een andere taal · knop ingedrukt 6 · misschien aangekomen 1 · "
        "mislukt 1 · wil geen filmpjes 1 · nog geen chat 2",
    ]


async def test_every_outcome_is_told_and_the_numbers_add_up_to_the_audience(
    office: Office,
) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text("Het kantoor is dicht.")
    rows = [
        (language, DUTCH, state, number + 2, 0)
        for number, state in enumerate(DeliveryState)
        for language in (TIGRINYA, FARSI, ENGLISH)
    ]
    await many(office, mine, *rows)
    total = sum(number for _, _, _, number, _ in rows)

    lines = await report(office, mine)

    assert f"Lezers: {total}" in lines
    names = ("Tigrinya:", "Farsi:", "Engels:", "Alle talen:")
    heads = [place for name in names for place, line in enumerate(lines) if line.startswith(name)]
    for head in heads:
        number = int(lines[head].partition(": ")[2])
        outcomes = lines[head + 1].replace(", waarvan", " · waarvan").split(" · ")
        counted = [int(each.split()[-1]) for each in outcomes if not each.startswith("waarvan")]
        assert len(counted) == len(DeliveryState)
        assert sum(counted) == number
    assert sum(int(lines[head].partition(": ")[2]) for head in heads[:-1]) == total


async def test_who_reads_arabic_is_one_language_and_dari_is_another_than_farsi(
    office: Office,
) -> None:
    async with at_desk(office) as desk:
        film, _ = await desk.film(nl="Film")
    await many(
        office,
        film,
        (LEVANTINE_ARABIC, ARABIC, SENT, 2, 0),
        (ARABIC, ARABIC, SENT, 1, 0),
        (DARI, FARSI, SENT, 1, 0),
    )
    lines = await report(office, film)
    assert lines[lines.index("Arabisch: 3") + 1] == "verstuurd 3 · knop ingedrukt 0"
    assert "waarvan 1 in een andere taal" in lines[lines.index("Dari: 1") + 1]


async def test_only_a_film_has_a_button_that_is_counted(office: Office) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text()
        await desk.goes(mine, await office.client(SELAM), pressed=True)
    assert not any("knop" in line for line in await report(office, mine))


async def test_of_one_language_the_numbers_stand_there_once(office: Office) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text()
        await desk.goes(mine, await office.client(SELAM))
    assert [line for line in await report(office, mine) if ": 1" in line] == [
        "Lezers: 1",
        "Tigrinya: 1",
    ]


async def test_of_an_event_it_tells_who_comes(office: Office) -> None:
    async with at_desk(office) as desk:
        mine, event_id = await desk.event("Buurthuis & meer")
        for person, state in (
            (SELAM, SignUpState.COMING),
            (KHALED, SignUpState.COMING),
            (MARYAM, SignUpState.WAITING),
            (LAILA, SignUpState.LATER),
        ):
            await desk.goes(mine, await office.client(person))
            await desk.answers(event_id, await office.client(person), state)
    lines = await report(office, mine)
    assert lines[0] == "📊 Uitzending 1: 📅 Taalcafé Buurthuis & meer 01-12"
    assert lines[-1] == "Antwoorden: komt 2 · wachtlijst 1 · komt niet 0 · antwoordt later 1"


async def test_a_text_is_named_by_its_beginning_and_cannot_bring_markup(office: Office) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text("<b>Morgen</b>\n" + "is het kantoor dicht " * 20)
    lines = await report(office, mine)
    assert lines[0].startswith("📊 Uitzending 1: ✉ <b>Morgen</b> is het kantoor")
    assert lines[0].endswith("…")
    assert len(lines[0]) < 100


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (BroadcastState.DRAFT, "Concept"),
        (BroadcastState.PAUSED, "⏸ Gepauzeerd."),
        (BroadcastState.DONE, "✅ Klaar."),
        (BroadcastState.CANCELLED, "✖ Gestopt."),
        (BroadcastState.EXPIRED, "⌛ Gestopt: het duurde te lang."),
    ],
)
async def test_it_says_how_it_ended_also_when_nobody_was_meant(
    office: Office, state: BroadcastState, words: str
) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text()
        await desk.stands(mine, state)
    lines = await report(office, mine)
    assert lines[1] == words
    assert lines[-1].startswith("Deze uitzending heeft (nog) geen lezers.")
    over = "over" if state in FINAL else "home"
    assert await buttons(office) == {"← Terug": f"bd:{over}:0"}


@pytest.mark.parametrize(
    ("state", "again"),
    [
        (BroadcastState.DONE, True),
        (BroadcastState.EXPIRED, True),
        (BroadcastState.CANCELLED, False),
        (BroadcastState.RUNNING, False),
        (BroadcastState.PAUSED, False),
    ],
)
async def test_only_after_its_end_it_goes_once_more_to_those_whom_it_failed_with(
    office: Office, state: BroadcastState, again: bool
) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text()
        await desk.stands(mine, state)
        outcomes = (FAILED, UNREACHABLE, DeliveryState.EXPIRED, DeliveryState.UNCERTAIN)
        for person, outcome in zip(CLIENTS, outcomes, strict=True):
            await desk.goes(mine, await office.client(person), outcome)
    await report(office, mine)
    retry = {"↻ Opnieuw naar mislukte (3)": f"bp:{mine}:retry"} if again else {}
    assert await buttons(office) == {
        "📄 CSV": f"br:{mine}:csv",
        "📊 Plaatje": f"br:{mine}:pic",
        **retry,
        "← Terug": f"bd:{'over' if state in FINAL else 'home'}:0",
    }
    data = (await buttons(office)).values()
    assert [each for each in data if not leads_somewhere(office, each)] == []


async def test_nothing_failed_so_nothing_is_offered_again(office: Office) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text()
        await desk.stands(mine, DONE)
        await desk.goes(mine, await office.client(SELAM), DeliveryState.OPTED_OUT)
        await desk.goes(mine, await office.client(KHALED), DeliveryState.CANCELLED)
    await report(office, mine)
    assert list(await buttons(office)) == ["📄 CSV", "📊 Plaatje", "← Terug"]


async def test_the_report_at_the_end_is_the_one_that_is_opened_later(office: Office) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text()
        await desk.stands(mine, DONE)
        await desk.goes(mine, await office.client(SELAM), FAILED)
        broadcast = await broadcasts.get_broadcast(desk.tx, mine)
        text, rows = await broadcast_report.report_text(office.core, desk.tx, broadcast)
    assert html.unescape(_TAG.sub("", text)).split("\n") == await report(office, mine)
    told = {button.label: button.data for row in rows for button in row}
    assert told == await buttons(office)


# --- who may see it --------------------------------------------------------------------------

WAYS = ("message", "file", "picture")


async def ask(office: Office, person: Person, broadcast_id: BroadcastId, way: str) -> None:
    turn = office.turn(person)
    if way == "message":
        await broadcast_report.show_report(office.core, turn, broadcast_id, MESSAGE)
    elif way == "file":
        await broadcast_report.send_file(office.core, turn, broadcast_id)
    else:
        await broadcast_report.send_picture(office.core, turn, broadcast_id)


async def calls(office: Office) -> int:
    async with office.core.database.reading() as tx:
        return await tx.number(sa.select(sa.func.count()).select_from(outbox))


@pytest.mark.parametrize("way", WAYS)
async def test_a_coach_sees_the_own_broadcasts_and_a_coordinator_all(
    office: Office, way: str
) -> None:
    async with at_desk(office, BRAM) as desk:
        mine = await desk.text()
        await desk.goes(mine, await office.client(LAILA))
    for number, person in enumerate((BRAM, JOKE, NOOR), start=1):
        await ask(office, person, mine, way)
        assert await calls(office) == 2 * number, "what was asked for, and the tap answered"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("person", [BRAM, SANNE, SELAM], ids=["coach", "accounts", "client"])
async def test_nobody_else_sees_anything_of_it(office: Office, person: Person, way: str) -> None:
    async with at_desk(office, JOKE) as desk:
        mine = await desk.text()
        await desk.goes(mine, await office.client(SELAM))
    for broadcast_id in (mine, BroadcastId(404)):
        with pytest.raises(NotFoundError):
            await ask(office, person, broadcast_id, way)
    assert await calls(office) == 0
    assert await kept_files(office) == 0


async def kept_files(office: Office) -> int:
    async with office.core.database.reading() as tx:
        return await tx.number(sa.select(sa.func.count()).select_from(files))


# --- the file --------------------------------------------------------------------------------


async def test_the_file_has_a_line_a_reader_with_codes_and_no_names(office: Office) -> None:
    async with at_desk(office) as desk:
        film, _ = await desk.film(nl="Werken in de zorg", fa="کار")
        summer = NOW - timedelta(days=120)
        await desk.goes(film, await office.client(SELAM), at=summer, pressed=True)
        await desk.goes(film, await office.client(KHALED), FAILED, language=LEVANTINE_ARABIC)
        await desk.goes(
            film, await office.client(MARYAM), DeliveryState.PENDING, language=FARSI, shown=FARSI
        )
        uncertain = DeliveryState.UNCERTAIN
        await desk.goes(film, await office.client(LAILA), uncertain, language=DARI, shown=FARSI)

    rows = await table(office, film)

    head = ["code", "coach", "taal", "verstuurd in", "uitkomst", "wanneer", "knop ingedrukt"]
    assert [list(row) for row in rows] == [head] * 4
    assert [tuple(row.values()) for row in rows] == [
        ("K-0001", "s-joke", "Tigrinya", "Nederlands", "verstuurd", "27-07-2026 11:30",
         "27-07-2026 11:31"),
        ("K-0002", "s-joke", "Arabisch", "", "mislukt", "24-11-2026 10:30", ""),
        ("K-0003", "s-joke", "Farsi", "", "nog aan de beurt", "", ""),
        ("K-0004", "s-bram", "Dari", "Farsi", "misschien aangekomen", "24-11-2026 10:30", ""),
    ]  # fmt: skip
    (payload,) = await sent(office, "sendDocument")
    content = (await content_of(office, payload["document"])).decode()
    assert [person.name for person in (*CLIENTS, *STAFF) if person.name in content] == []
    assert str(payload["document"]).endswith(f":uitzending-{film}.csv")
    assert payload["caption"] == (
        "📄 Uitzending 1: 🎬 Werken in de zorg\nEen regel per lezer: 4. Codes, geen namen."
    )


async def test_a_dutch_spreadsheet_opens_the_file_by_itself(office: Office) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text()
        await desk.goes(mine, await office.client(SELAM))
    await table(office, mine)
    content = await content_of(office, (await sent(office, "sendDocument"))[0]["document"])
    assert content.startswith(b"\xef\xbb\xbfcode;coach;")
    assert content.count(b"\r\n") == content.count(b"\n") == 2


@pytest.mark.parametrize("begin", ["=", "+", "-", "@"])
async def test_a_code_that_begins_as_a_formula_stays_text(office: Office, begin: str) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text()
        await desk.goes(mine, await office.client(SELAM))
        code = f"{begin}HYPERLINK(1)"
        await desk.tx.run(sa.update(clients).where(clients.c.id == 1).values(code=code))
    assert [row["code"] for row in await table(office, mine)] == [f"'{code}"]


@pytest.mark.parametrize("number", [499, 500, 501, 1_700])
async def test_of_many_readers_each_stands_in_the_file_once(office: Office, number: int) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text()
    await many(office, mine, (TIGRINYA, DUTCH, SENT, number, 0))
    codes = [row["code"] for row in await table(office, mine)]
    assert len(codes) == len(set(codes)) == number


async def test_a_file_of_nobody_has_its_heading(office: Office) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text()
    assert await table(office, mine) == []


async def test_who_takes_the_file_along_stands_in_the_trail(office: Office) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text()
    await report(office, mine)
    await broadcast_report.send_picture(office.core, office.turn(JOKE), mine)
    assert await office.traces("broadcast_export") == 0
    await table(office, mine)
    assert await office.traces("broadcast_export") == 1


# --- the picture -----------------------------------------------------------------------------


async def test_the_picture_has_the_same_numbers_below_it(office: Office) -> None:
    async with at_desk(office) as desk:
        film, _ = await desk.film(nl="Werken in de zorg")
    await many(
        office,
        film,
        (TIGRINYA, TIGRINYA, SENT, 5, 2),
        (TIGRINYA, DUTCH, SENT, 3, 0),
        (TIGRINYA, DUTCH, UNREACHABLE, 1, 0),
        (TIGRINYA, DUTCH, DeliveryState.STOPPED, 2, 0),
        (DARI, None, DeliveryState.NO_VERSION, 4, 0),
        (DARI, DUTCH, DeliveryState.EXPIRED, 1, 0),
        (DARI, DUTCH, DeliveryState.QUEUED, 1, 0),
    )

    await broadcast_report.send_picture(office.core, office.turn(JOKE), film)

    (payload,) = await sent(office, "sendPhoto")
    assert str(payload["caption"]).split("\n") == [
        "📊 <b>Uitzending 1</b>: 🎬 Werken in de zorg",
        "Tigrinya 11: in de eigen taal 5, in een andere taal 3, geen chat 3",
        "Dari 6: geen versie 4, niet gestuurd 1, nog onderweg 1",
    ]
    picture = Image.open(io.BytesIO(await content_of(office, payload["photo"])))
    assert (picture.format, picture.width) == ("PNG", 1080)
    assert await sent(office, "sendMessage") == []


async def test_the_same_broadcast_gives_the_same_picture(office: Office) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text()
        for person in CLIENTS:
            await desk.goes(mine, await office.client(person), language=person.language)
    for _ in range(2):
        await broadcast_report.send_picture(office.core, office.turn(JOKE), mine)
    one, other = await sent(office, "sendPhoto")
    assert one["photo"] != other["photo"]
    assert await content_of(office, one["photo"]) == await content_of(office, other["photo"])


async def test_of_nobody_there_is_a_sentence_and_no_picture(office: Office) -> None:
    async with at_desk(office) as desk:
        mine = await desk.text()
    await broadcast_report.send_picture(office.core, office.turn(JOKE), mine)
    (payload,) = await sent(office, "sendMessage")
    assert "Er is niets om te tellen" in str(payload["text"])
    assert await kept_files(office) == 0


async def test_numbers_that_are_too_many_for_a_caption_come_in_a_message(office: Office) -> None:
    async with at_desk(office) as desk:
        film, _ = await desk.film(nl="Titel " * 20)
    languages = (TIGRINYA, LEVANTINE_ARABIC, FARSI, DARI, ENGLISH, DUTCH)
    await many(
        office,
        film,
        *(
            (language, shown, state, 1, 0)
            for language in languages
            for state in DeliveryState
            for shown in (language, ARABIC if language is not LEVANTINE_ARABIC else FARSI)
        ),
    )
    await broadcast_report.send_picture(office.core, office.turn(JOKE), film)
    (photo,), (message,) = await sent(office, "sendPhoto"), await sent(office, "sendMessage")
    assert str(photo["caption"]).endswith("De cijfers staan in het bericht hieronder.")
    lines = str(message["text"]).split("\n")
    assert len(lines) == len(languages)
    assert lines[0].startswith("Arabisch 26: in de eigen taal 1, in een andere taal 1, ")
