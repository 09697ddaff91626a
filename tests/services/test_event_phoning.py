"""An event that is called off: who must be phoned, and who is told so."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from bot.domain.ids import ChatId, EventId
from bot.domain.people import ClientStatus, LinkState
from bot.services import event_screens
from bot.services.core import Turn
from bot.storage import links, pictures, statuses
from tests.cast import BRAM, JOKE, KHALED, LAILA, MARYAM, SELAM, Person
from tests.services.office import NOOR
from tests.support.care import Care, open_care
from tests.support.gatherings import MESSAGE, Said, answers, joins, makes, said, told, words


@pytest.fixture
async def care(tmp_path: Path) -> AsyncIterator[Care]:
    """Give two coaches and a coordinator with chats, and clients of both."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    async with open_care(url, date(2026, 11, 24), JOKE, BRAM, NOOR) as opened:
        for person in (JOKE, BRAM, NOOR):
            await opened.links(person)
        await joins(opened, SELAM, KHALED, MARYAM)
        await joins(opened, LAILA, coach=BRAM)
        yield opened


def st(care: Care, text_id: str, **values: str | int) -> str:
    return words(care, text_id, JOKE, **values)


async def cancels(care: Care, person: Person, event_id: EventId) -> Said:
    here = Turn(now=care.now, chat_id=person.chat_id)
    await event_screens.cancel(care.core, here, event_id, MESSAGE)
    return (await said(care, person))[-1]


async def file_for(care: Care, person: Person, event_id: EventId) -> list[list[str]]:
    """Return the values of the file of who comes."""
    here = Turn(now=care.now, chat_id=person.chat_id)
    await event_screens.send_list(care.core, here, event_id)
    kept = pictures.named_by((await said(care, person))[-1].document)
    assert kept is not None
    async with care.core.database.reading() as tx:
        content = await pictures.get_picture(tx, kept.picture_id)
    return [line.split(";") for line in content.decode("utf-8-sig").splitlines()]


async def lose_their_links(care: Care, *people: Person) -> None:
    async with care.core.database.transaction() as tx:
        for person in people:
            link = await links.find_link(tx, chat_id=person.chat_id)
            assert link is not None
            await links.update_link(tx, link.id, state=LinkState.UNREACHABLE)


async def test_each_coach_hears_whom_of_the_own_clients_to_phone(care: Care) -> None:
    event_id = await makes(care, capacity=3)
    for person in (SELAM, KHALED, LAILA, MARYAM):
        await answers(care, person, event_id, "yes")
    await lose_their_links(care, KHALED, LAILA, MARYAM)
    screen = await cancels(care, NOOR, event_id)
    assert "K-0002 · Joke de Boer" in screen.text
    assert "Khaled" not in screen.text
    for coach, who in ((JOKE, "Khaled · K-0002"), (BRAM, "Laila · K-0004")):
        (news,) = await told(care, coach)
        assert news.text == st(
            care,
            "st.es_off_coach",
            activiteit="Taalcafé",
            dag="dinsdag",
            datum="1 december (01-12-2026)",
            tijd="14:00",
            wie=who,
        )
    assert await told(care, NOOR) == []


async def test_who_is_not_in_care_any_more_need_not_be_phoned(care: Care) -> None:
    event_id = await makes(care)
    await answers(care, SELAM, event_id, "yes")
    client = await care.client(SELAM)
    async with care.core.database.transaction() as tx:  # as it stood before places were left
        await statuses.change_status(
            tx, client.id, ClientStatus.CLOSED, today=care.today, now=care.now
        )
    screen = await cancels(care, JOKE, event_id)
    assert screen.text.endswith(st(care, "st.es_off_told", aantal=0))


async def test_however_many_must_be_phoned_the_message_has_room(care: Care) -> None:
    crowd = [
        Person(f"K-2{n:03}", f"Gast {n}", "client", KHALED.language, ChatId(8000 + n))
        for n in range(50)
    ]
    await joins(care, *crowd)
    event_id = await makes(care, name="x" * 80)
    for person in (SELAM, *crowd):
        await answers(care, person, event_id, "yes")
    await lose_their_links(care, *crowd)
    screen = await cancels(care, NOOR, event_id)
    assert len(screen.text) < 4096
    last_line = screen.text.split("\n")[-1]
    assert last_line.count("Joke de Boer") == 40
    assert last_line.endswith(st(care, "st.es_off_more", aantal=10))
    news = await told(care, JOKE)
    assert [each.text.count("Gast") for each in news] == [40, 10]
    sent = await file_for(care, JOKE, event_id)
    assert [line[-1] for line in sent[:3]] == [
        "bericht",
        "bericht gekregen",
        "niet bereikt",
    ]
    assert sum(line[-1] == "niet bereikt" for line in sent) == 50
