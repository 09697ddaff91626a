"""Conversations on record: one a day, by whoever held it, corrected with a trace, never frozen."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, time
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.config import Config
from bot.domain.contacts import Channel, ContactError, Refusal, Theme
from bot.domain.people import ClientStatus
from bot.storage import contacts, people
from bot.storage.schema import audit_events
from tests.cast import BRAM, DAAN, JOKE, SELAM
from tests.support.care import Care, open_care, with_contact

START = date(2026, 11, 2)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    address: str = request.getfixturevalue("postgres_ready_url")
    return address


@pytest.fixture
async def care(url: str) -> AsyncIterator[Care]:
    """Give an organisation in which Selam came to Joke on Monday 2 November."""
    async with open_care(url, START) as running:
        await running.comes(SELAM)
        yield running


async def audits(care: Care) -> list[str]:
    async with care.core.database.reading() as tx:
        rows = await tx.rows(sa.select(audit_events.c.action).order_by(audit_events.c.id))
    return [row["action"] for row in rows]


async def test_a_conversation_satisfies_its_month_at_once(care: Care) -> None:
    assert await care.state("2026-11") == "open"
    care.at(date(2026, 11, 12))
    made = await care.speaks(theme=Theme.WORK)
    assert made.new
    kept = await care.period("2026-11")
    assert kept is not None
    assert (kept.period.state, kept.period.satisfied_on) == ("met", date(2026, 11, 12))


@pytest.mark.parametrize("channel", [Channel.OFFICE, Channel.VIDEO, Channel.WORKPLACE])
async def test_every_live_channel_counts(care: Care, channel: Channel) -> None:
    await care.speaks(channel=channel)
    assert await care.state("2026-11") == "met"


async def test_what_did_not_count_satisfies_nothing(care: Care) -> None:
    made = await care.speaks(channel=Channel.OTHER, counts=False)
    assert made.new
    assert await care.state("2026-11") == "open"
    await care.tries()
    assert await care.state("2026-11") == "open"


async def test_a_chat_counts_only_where_the_organisation_says_so(tmp_path: Path) -> None:
    for chat_counts in (False, True):
        url = f"sqlite+aiosqlite:///{tmp_path / f'{chat_counts}.db'}"
        config = with_contact(Config(), chat_counts=chat_counts)
        async with open_care(url, START, config=config) as care:
            await care.comes(SELAM)
            if chat_counts:
                await care.speaks(channel=Channel.CHAT)
            else:
                with pytest.raises(ContactError, match="chat") as refused:
                    await care.speaks(channel=Channel.CHAT)
                assert refused.value.reason is Refusal.CHAT
            assert await care.state("2026-11") == ("met" if chat_counts else "open")


async def test_two_people_who_record_one_talk_leave_one(care: Care) -> None:
    joke, daan = await asyncio.gather(care.speaks(by=JOKE), care.speaks(by=DAAN))
    assert sorted([joke.new, daan.new]) == [False, True]
    assert joke.contact.id == daan.contact.id


async def test_the_database_itself_refuses_a_second_talk_on_a_day(care: Care) -> None:
    made = await care.speaks()
    with pytest.raises(sa.exc.IntegrityError):
        async with care.core.database.transaction() as tx:
            await contacts.insert_contact(
                tx,
                client_id=made.contact.client_id,
                day=made.contact.day,
                channel=Channel.PHONE,
                role=made.contact.role,
                staff_id=made.contact.staff_id,
                theme=None,
                counts=True,
                now=care.now,
            )


async def test_a_workplace_trainers_daily_talk_makes_one_record_a_month(care: Care) -> None:
    new = []
    for day in range(3, 14):
        care.at(date(2026, 11, day))
        new.append((await care.speaks(by=DAAN, channel=Channel.WORKPLACE)).new)
    assert new == [True, *[False] * 10]
    care.at(date(2026, 12, 1))
    assert (await care.speaks(by=DAAN)).new
    assert await care.state("2026-11") == "met"
    assert await care.state("2026-12") == "met"


async def test_any_contact_role_satisfies_the_month(care: Care) -> None:
    await care.speaks(by=DAAN)
    assert await care.state("2026-11") == "met"


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2026, 11, 13), Refusal.FUTURE),
        (date(2026, 11, 1), Refusal.BEFORE_CARE),
    ],
)
async def test_a_talk_tomorrow_or_before_she_came_is_refused(
    care: Care, day: date, reason: Refusal
) -> None:
    care.at(date(2026, 11, 12))
    with pytest.raises(ContactError) as refused:
        await care.speaks(on=day)
    assert refused.value.reason is reason
    assert await care.state("2026-11") == "open"


async def test_a_talk_put_on_record_late_corrects_its_month_until_that_is_frozen(
    care: Care,
) -> None:
    await care.passes(date(2026, 12, 1))
    assert await care.state("2026-11") == "missed"
    care.at(date(2026, 12, 7), time(16, 59))  # the fifth working day, before closing
    await care.speaks(on=date(2026, 11, 26))
    kept = await care.period("2026-11")
    assert kept is not None
    assert (kept.period.state, kept.period.satisfied_on) == ("met", date(2026, 11, 26))
    assert "contact_afterwards" in await audits(care)


async def test_a_frozen_month_takes_nothing_more(care: Care) -> None:
    await care.passes(date(2026, 12, 7))
    care.at(date(2026, 12, 7), time(17))
    with pytest.raises(ContactError, match="2026-11 is frozen") as refused:
        await care.speaks(on=date(2026, 11, 26))
    assert refused.value.reason is Refusal.FROZEN
    assert await care.state("2026-11") == "missed"


async def test_a_talk_after_the_month_never_fills_it_up(care: Care) -> None:
    await care.passes(date(2026, 12, 1))
    await care.speaks()
    assert await care.state("2026-11") == "missed"
    assert await care.state("2026-12") == "met"


async def test_what_was_recorded_by_mistake_is_taken_back_with_a_trace(care: Care) -> None:
    made = await care.speaks()
    assert await care.withdraws(made)
    assert await care.state("2026-11") == "open"
    assert await care.withdraws(made) is False
    assert (await audits(care)).count("contact_withdrawn") == 1
    assert (await care.speaks()).new, "the day is free again"


async def test_a_frozen_talk_cannot_be_taken_back(care: Care) -> None:
    made = await care.speaks()
    await care.passes(date(2026, 12, 8))
    with pytest.raises(ContactError) as refused:
        await care.withdraws(made)
    assert refused.value.reason is Refusal.FROZEN
    assert await care.state("2026-11") == "met"


async def test_the_obligation_moves_along_with_a_transfer(care: Care) -> None:
    care.at(date(2026, 11, 10))
    await care.moves_to(BRAM)
    await care.speaks(by=BRAM)
    assert await care.state("2026-11") == "met"
    async with care.core.database.reading() as tx:
        assert (await people.get_coach(tx, (await care.client(SELAM)).id)).code == BRAM.code


async def test_a_closed_client_is_not_in_care(care: Care) -> None:
    care.at(date(2026, 11, 9))
    await care.becomes(ClientStatus.CLOSED)
    kept = await care.period("2026-11")
    assert kept is not None
    assert (kept.period.state, kept.period.active_days) == ("excluded", 7)
