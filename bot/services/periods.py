"""Keeping each client-month as what happened makes it, until it is frozen."""

from collections.abc import Collection
from datetime import date, datetime

from bot.domain.ids import ClientId
from bot.domain.ladder import prompts_begin
from bot.domain.months import Month
from bot.domain.periods import History, Period, PeriodState, assess, open_from
from bot.services.core import Core
from bot.storage import periods, prompts, tasks
from bot.storage.database import Transaction

_BATCH = 100
"""How many clients are looked at in one transaction, for which a conversation may have to wait."""

_LOOKED_AT, _FROZEN = "periods", "periods.frozen"


def first_open(core: Core, now: datetime) -> Month:
    """Return the first month that can still change."""
    return open_from(
        now,
        core.config.hours.office_end,
        core.config.organisation.zone,
        rules=core.config.contact.rules,
        closed=core.config.hours.closed,
    )


def task_key(client_id: ClientId, month: Month) -> str:
    """Return the key of the task to speak with a client in a month."""
    return f"contact:{client_id}:{month}"


def reason_key(client_id: ClientId, month: Month) -> str:
    """Return the key of the task to say why a month was missed."""
    return f"reason:{client_id}:{month}"


async def refresh(
    core: Core,
    tx: Transaction,
    client_ids: Collection[ClientId],
    *,
    now: datetime,
    since: Month | None = None,
) -> dict[ClientId, dict[Month, Period]]:
    """Work these clients' months out anew, from the first that is open; returns them.

    `since` is an earlier month from which on something may be missing, as after a standstill.
    """
    today = core.today(now)
    opened = first_open(core, now)
    first = min(since or opened, opened)
    histories = await periods.load_histories(tx, client_ids, first)
    months = _months(first, Month.of(today))
    kept = await periods.list_periods(tx, client_ids, [*months, months[-1].plus(1)])
    found: dict[ClientId, dict[Month, Period]] = {}
    changed: list[tuple[ClientId, Period]] = []
    for client_id, history in histories.items():
        of_client = {period.month: period for period in _assess(core, history, months, today)}
        found[client_id] = of_client
        for month, period in of_client.items():
            before = kept.get((client_id, month))
            if before is not None and before.frozen_at is not None:
                of_client[month] = before.period
            elif before is None or before.period != period:
                changed.append((client_id, period))
                await _follow(tx, client_id, before.period if before else None, period, now=now)
    gone = [
        (client_id, month)
        for client_id, month in kept
        if month > months[-1] and month not in found[client_id]
    ]
    for client_id, month in gone:
        await tasks.close_task(tx, task_key(client_id, month), now=now)
    if gone:
        await periods.drop_periods(tx, [client_id for client_id, _ in gone], months[-1])
    await periods.save_periods(tx, changed, now=now)
    return found


def _months(first: Month, last: Month) -> list[Month]:
    months = [first]
    while months[-1] < last:
        months.append(months[-1].plus(1))
    return months


def _assess(core: Core, history: History, months: list[Month], today: date) -> list[Period]:
    """Return the months up to the present one, and the next if it already asks for something."""
    rules, closed = core.config.contact.rules, core.config.hours.closed
    began = min((span.first_day for span in history.spans), default=today)
    found = [
        assess(history, month, today=today, rules=rules, closed=closed)
        for month in months
        if month >= Month.of(began)
    ]
    coming = assess(history, months[-1].plus(1), today=today, rules=rules, closed=closed)
    begins = prompts_begin(coming, closed)
    if begins is not None and begins <= today:
        found.append(coming)
    return found


async def _follow(
    tx: Transaction,
    client_id: ClientId,
    before: Period | None,
    period: Period,
    *,
    now: datetime,
) -> None:
    """Close the task of a month in which nobody has to speak with the client any more."""
    if (before is None or before.is_waiting) and not period.is_waiting:
        await tasks.close_task(tx, task_key(client_id, period.month), now=now)
    was_missed = before is not None and before.state is PeriodState.MISSED
    if was_missed and period.state is not PeriodState.MISSED:
        await tasks.close_task(tx, reason_key(client_id, period.month), now=now)


async def refresh_due(core: Core, now: datetime) -> int:
    """Look at every client once a day, and when a month is frozen; returns how many."""
    today, opened = core.today(now), first_open(core, now)
    async with core.database.reading() as tx:
        looked_at = await prompts.day_done(tx, _LOOKED_AT)
        frozen = await prompts.day_done(tx, _FROZEN)
    if looked_at == today and frozen == opened.first:
        return 0
    since = Month.of(looked_at).plus(-1) if looked_at is not None else None
    count, after = 0, ClientId(0)
    while True:
        async with core.database.transaction() as tx:
            batch = await periods.list_client_ids(tx, after, _BATCH)
            if batch:
                await refresh(core, tx, batch, now=now, since=since)
                await periods.freeze_periods(tx, batch, opened, now=now)
                after, count = batch[-1], count + len(batch)
            if len(batch) < _BATCH:
                await prompts.set_day_done(tx, _LOOKED_AT, today, now=now)
                await prompts.set_day_done(tx, _FROZEN, opened.first, now=now)
                return max(count, 1)
