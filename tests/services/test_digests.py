"""The morning: each rung once, to the right people, and one message each; months that freeze."""

from collections.abc import AsyncIterator
from datetime import date, time
from pathlib import Path

import pytest

from bot.config import Config
from bot.domain.errors import TransitionError
from bot.domain.people import ClientStatus, HoldReason
from bot.domain.plans import PlanKind
from bot.services import digests, periods
from bot.storage import statuses, tasks
from bot.storage.care_schema import plans
from tests.cast import BRAM, JOKE, KHALED, SANNE, SELAM
from tests.support.care import MORNING, Care, open_care

START = date(2026, 11, 2)
"""Monday. The first talk is due ten working days later: Monday 16 November."""


@pytest.fixture
async def care(tmp_path: Path) -> AsyncIterator[Care]:
    """Give an organisation in which Selam came to Bram on Monday 2 November."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    async with open_care(url, START) as running:
        await running.comes(SELAM, coach=BRAM)
        await running.links(JOKE)
        await running.links(BRAM)
        yield running


def november(day: int) -> date:
    return date(2026, 11, day)


async def test_each_rung_is_said_once_on_its_working_day(care: Care) -> None:
    await care.passes(november(30))
    assert await care.prompted() == [
        ("plan", "s-bram", november(5)),  # seven working days before
        ("due", "s-bram", november(16)),
        ("overdue", "s-bram", november(19)),
        ("escalated", "s-joke", november(23)),
        ("month_end", "s-bram", november(26)),
        ("month_end", "s-joke", november(26)),
    ]


async def test_the_month_that_was_missed_asks_for_a_reason_and_freezes(care: Care) -> None:
    await care.passes(date(2026, 12, 4))
    assert ("reason", "s-bram", date(2026, 12, 1)) in await care.prompted()
    kept = await care.period("2026-11")
    assert kept is not None
    assert kept.period.state == "missed"
    assert kept.frozen_at is None
    await care.passes(date(2026, 12, 7))
    care.at(date(2026, 12, 7), time(17))
    await periods.refresh_due(care.core, care.now)
    frozen = await care.period("2026-11")
    assert frozen is not None
    assert frozen.frozen_at == care.now


async def test_a_talk_ends_the_ladder(care: Care) -> None:
    await care.passes(november(17))
    await care.speaks(by=BRAM)
    assert "contact" not in await care.open_tasks()
    await care.passes(november(30))
    assert [rung for rung, _, _ in await care.prompted()] == ["plan", "due"]


async def test_a_morning_twice_says_nothing_twice(care: Care) -> None:
    await care.passes(november(5))
    before = (await care.prompted(), await care.told(BRAM))
    for _ in range(3):
        assert await digests.send_due(care.core, care.now) == 0
    assert (await care.prompted(), await care.told(BRAM)) == before


async def test_nothing_is_said_at_the_weekend_or_before_the_hour(care: Care) -> None:
    for day, clock in ((november(7), time(12)), (november(5), time(8, 29))):
        care.at(day, clock)
        assert await digests.send_due(care.core, care.now) == 0
    care.at(november(5), MORNING)
    assert await digests.send_due(care.core, care.now) > 0


async def test_one_message_tells_what_the_day_asks(care: Care) -> None:
    await care.comes(KHALED, coach=BRAM)
    await care.passes(november(5))
    (message,) = await care.told(BRAM)
    assert "Goedemorgen Bram Visser." in message
    assert "2 maandgesprekken te plannen, 0 te laat" in message
    assert await care.told(JOKE) == [], "nothing to say is not said"


async def test_after_a_standstill_only_the_highest_rung_is_said(care: Care) -> None:
    care.at(november(20), MORNING)
    await periods.refresh_due(care.core, care.now)
    await digests.send_due(care.core, care.now)
    assert [rung for rung, _, _ in await care.prompted()] == ["overdue"]


async def test_the_backup_takes_over_after_two_working_days(care: Care) -> None:
    await care.is_away(BRAM, november(12), november(27), JOKE)
    await care.passes(november(17))
    assert await care.prompted() == [
        ("plan", "s-bram", november(5)),
        ("due", "s-joke", november(16)),
    ]


async def test_without_a_backup_the_coordinator_takes_over(care: Care) -> None:
    await care.is_away(BRAM, november(13), november(27), None)
    await care.passes(november(16))
    assert ("due", "s-bram", november(16)) in await care.prompted(), "only one day away"
    await care.passes(november(19))
    assert ("overdue", "s-joke", november(19)) in await care.prompted()


async def test_the_standing_deputy_hears_of_what_is_overdue(care: Care) -> None:
    joke, bram = await care.staff(JOKE), await care.staff(BRAM)
    async with care.core.database.transaction() as tx:
        await statuses.set_backup(tx, bram.id, joke.id)
    await care.passes(november(19))
    assert [hearer for rung, hearer, _ in await care.prompted() if rung == "overdue"] == [
        "s-bram",
        "s-joke",
    ]


async def test_on_hold_asks_nothing_until_somebody_must_decide(care: Care) -> None:
    care.at(november(3))
    await care.becomes(
        ClientStatus.ON_HOLD, reason=HoldReason.VOLUNTEERING, review_on=date(2027, 1, 4)
    )
    await care.passes(date(2027, 1, 3))
    assert await care.prompted() == []
    assert await care.open_tasks() == []
    assert await care.state("2026-12") == "excluded"
    await care.passes(date(2027, 1, 4))
    assert await care.open_tasks() == ["hold_review"]
    await care.becomes(ClientStatus.ACTIVE)
    assert await care.open_tasks() == []
    assert await care.state("2027-01") == "open"


async def test_aftercare_asks_after_one_three_and_six_months(care: Care) -> None:
    care.at(november(3))
    await care.becomes(ClientStatus.AFTERCARE)
    await care.passes(date(2026, 12, 2))
    assert await care.open_tasks() == []
    await care.passes(date(2026, 12, 3))
    assert await care.open_tasks() == ["aftercare"]
    await care.speaks(by=BRAM)
    assert await care.open_tasks() == []
    await care.passes(date(2027, 2, 3))
    assert await care.open_tasks() == ["aftercare"]
    assert await care.state("2027-01") == "excluded"


async def test_a_month_stays_as_it_was_frozen(care: Care) -> None:
    await care.speaks(by=BRAM)
    await care.passes(date(2026, 12, 8))
    frozen = await care.period("2026-11")
    await care.becomes(ClientStatus.CLOSED)
    await care.passes(date(2027, 1, 15))
    assert await care.period("2026-11") == frozen


async def test_months_are_made_up_for_after_a_long_standstill(care: Care) -> None:
    await care.passes(november(5))
    care.at(date(2027, 3, 15), MORNING)
    await periods.refresh_due(care.core, care.now)
    states = {month: await care.period(month) for month in ("2026-11", "2026-12", "2027-01")}
    assert [kept.period.state.value for kept in states.values() if kept] == ["missed"] * 3
    assert all(kept.frozen_at for kept in states.values() if kept)
    assert await care.state("2027-03") in {"open", "almost_late"}


async def test_both_clock_changes_leave_the_morning_at_half_past_eight(tmp_path: Path) -> None:
    assert Config().contact.digest_at == MORNING
    async with open_care(f"sqlite+aiosqlite:///{tmp_path / 'c.db'}", START) as care:
        for friday, hour in ((date(2027, 3, 26), 7), (date(2027, 10, 29), 6)):
            care.at(friday, time(12))
            following = await digests.next_due(care.core, care.now)
            assert following.astimezone(care.core.config.organisation.zone).time() == MORNING
            assert following.hour == {7: 6, 6: 7}[hour]


async def test_a_standing_deputy_is_told_of_what_is_overdue_and_may_do_it(care: Care) -> None:
    joke, bram = await care.staff(JOKE), await care.staff(BRAM)
    async with care.core.database.transaction() as tx:
        await statuses.set_backup(tx, joke.id, bram.id)
    await care.comes(KHALED, coach=JOKE)
    await care.passes(november(18))
    before = len(await care.told(BRAM))
    await care.speaks(SELAM, by=BRAM)
    await care.passes(november(19))
    assert "1 te laat" in (await care.told(BRAM))[before]


async def test_a_coordinator_who_is_away_is_not_the_only_one_to_hear(care: Care) -> None:
    await care.is_away(JOKE, november(9), november(30), BRAM)
    await care.passes(november(23))
    hearers = {hearer for rung, hearer, _ in await care.prompted() if rung == "escalated"}
    assert hearers == {"s-bram"}


async def test_two_absences_in_a_row_are_one(care: Care) -> None:
    await care.is_away(BRAM, november(9), november(13), JOKE)
    await care.is_away(BRAM, november(16), november(20), JOKE)
    await care.passes(november(16))
    assert ("due", "s-joke", november(16)) in await care.prompted()


async def test_a_clock_that_is_set_back_says_nothing_again(care: Care) -> None:
    await care.passes(november(6))
    before = (await care.prompted(), await care.told(BRAM))
    for day in (november(5), november(6)):
        care.at(day, MORNING)
        await periods.refresh_due(care.core, care.now)
        await digests.send_due(care.core, care.now)
    assert (await care.prompted(), await care.told(BRAM)) == before


async def test_the_task_of_a_month_that_no_longer_comes_is_closed(care: Care) -> None:
    await care.speaks(by=BRAM, on=november(2))
    await care.passes(november(25))
    assert await care.open_tasks() == ["contact"], "of December, whose target is near"
    await care.becomes(
        ClientStatus.ON_HOLD, reason=HoldReason.DAY_ACTIVITY, review_on=date(2027, 1, 25)
    )
    assert await care.open_tasks() == []


async def test_a_missed_month_that_froze_in_a_standstill_still_asks_for_its_reason(
    care: Care,
) -> None:
    await care.passes(november(26))
    care.at(date(2026, 12, 10), MORNING)
    await periods.refresh_due(care.core, care.now)
    await digests.send_due(care.core, care.now)
    assert ("reason", "s-bram", date(2026, 12, 10)) in await care.prompted()


async def test_a_talk_of_last_month_leaves_the_aftercare_of_this_one(care: Care) -> None:
    care.at(november(3))
    await care.becomes(ClientStatus.AFTERCARE)
    await care.passes(date(2026, 12, 3))
    assert await care.open_tasks() == ["aftercare"]
    await care.speaks(by=BRAM, on=november(10))
    assert await care.open_tasks() == ["aftercare"]


async def test_in_the_evening_the_morning_is_not_told_any_more(care: Care) -> None:
    care.at(november(5), time(22, 30))
    await periods.refresh_due(care.core, care.now)
    await digests.send_due(care.core, care.now)
    assert await care.told(BRAM) == []
    assert [rung for rung, _, _ in await care.prompted()] == ["plan"]


async def test_who_speaks_with_no_clients_cannot_stand_in_for_a_coach(care: Care) -> None:
    with pytest.raises(TransitionError, match="s-sanne speaks with no clients"):
        await care.is_away(BRAM, november(9), november(13), SANNE)


async def test_a_transfer_leaves_a_colleagues_own_notices(care: Care) -> None:
    bram, selam = await care.staff(BRAM), await care.client(SELAM)
    async with care.core.database.transaction() as tx:
        await tasks.insert_task(
            tx,
            kind="notice",
            key="notice",
            client_id=selam.id,
            staff_id=bram.id,
            words="Voor Bram.",
            now=care.now,
        )
    await care.moves_to(JOKE)
    async with care.core.database.reading() as tx:
        assert len(await tasks.list_untold(tx, bram.id)) == 1


async def test_what_is_wrong_with_one_colleague_keeps_no_other_from_the_morning(
    care: Care, caplog: pytest.LogCaptureFixture
) -> None:
    await care.comes(KHALED, coach=JOKE)
    bram, selam = await care.staff(BRAM), await care.client(SELAM)
    async with care.core.database.transaction() as tx:
        await tx.insert(
            plans,
            client_id=selam.id,
            kind=PlanKind.DEVELOPMENT,
            route="stappen",
            starts_on=START,
            lengths=["twelve"],
            shifts=[],
            staff_id=bram.id,
            created_at=care.now,
        )
    await care.passes(november(5))
    assert ("plan", "s-joke", november(5)) in await care.prompted()
    assert len(await care.told(JOKE)) == 1
    assert f"morning.failed step=duties staff={bram.id}" in caplog.text
    assert await digests.send_due(care.core, care.now) == 0, "not again and again"
