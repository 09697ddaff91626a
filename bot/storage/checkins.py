"""The monthly questions to clients, their answers, and when a coach is occupied."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from bot.domain.appointments import AppointmentState
from bot.domain.checkins import OTHER_TIME, CheckIn, Mood
from bot.domain.contacts import Channel
from bot.domain.errors import NotFoundError
from bot.domain.ids import CheckInId, ClientId, StaffId
from bot.domain.messages import Direction
from bot.domain.months import Month
from bot.domain.slots import Slot
from bot.storage.care_schema import absences, check_ins
from bot.storage.database import Transaction
from bot.storage.schema import appointments, assignments, messages

_LONGEST = timedelta(days=1)
"""No appointment lasts longer."""


def _check_in(row: RowMapping) -> CheckIn:
    return CheckIn(
        **{
            **row,
            "month": Month.parse(row["month"]),
            "slots": _slots(row["slots"]),
            "answer": None if row["answer"] is None else Mood(row["answer"]),
        }
    )


def _slots(kept: Iterable[tuple[str, str]]) -> tuple[Slot, ...]:
    return tuple(Slot(date.fromisoformat(day), time.fromisoformat(clock)) for day, clock in kept)


async def insert_check_in(
    tx: Transaction, client_id: ClientId, month: Month, *, silent_from: date, now: datetime
) -> CheckIn | None:
    """Note that a client is asked how she is; None when she was asked for this month before."""
    new = await tx.insert_if_new(
        check_ins,
        ("client_id", "month"),
        client_id=client_id,
        month=str(month),
        asked_at=now,
        silent_from=silent_from,
        slots=[],
    )
    return await find_check_in(tx, client_id, month) if new else None


async def get_check_in(tx: Transaction, check_in_id: CheckInId) -> CheckIn:
    """Return a question that must have been asked."""
    row = await tx.row(sa.select(check_ins).where(check_ins.c.id == check_in_id))
    if row is None:
        msg = f"There is no check-in {check_in_id}."
        raise NotFoundError(msg)
    return _check_in(row)


async def find_check_in(tx: Transaction, client_id: ClientId, month: Month) -> CheckIn | None:
    """Return the question of a client-month, if it was asked."""
    row = await tx.row(
        sa.select(check_ins).where(
            check_ins.c.client_id == client_id, check_ins.c.month == str(month)
        )
    )
    return _check_in(row) if row else None


async def set_answer(
    tx: Transaction, check_in_id: CheckInId, answer: Mood, *, now: datetime
) -> None:
    """Keep what she answered; of two answers the last."""
    await _change(tx, check_in_id, answer=answer.value, answered_at=now)


async def set_slots(tx: Transaction, check_in_id: CheckInId, slots: Iterable[Slot]) -> None:
    """Keep every time that was ever proposed; nothing is chosen any more."""
    kept = [[slot.day.isoformat(), slot.clock.isoformat("minutes")] for slot in slots]
    await _change(tx, check_in_id, slots=kept, slot=None, how=None)


async def choose_slot(tx: Transaction, check_in_id: CheckInId, slot: int) -> None:
    """Keep which of the times she chose, or `OTHER_TIME`."""
    await _change(tx, check_in_id, slot=slot)


async def set_how(tx: Transaction, check_in_id: CheckInId, how: Channel) -> None:
    """Keep how she wants to speak."""
    await _change(tx, check_in_id, how=how)


async def _change(tx: Transaction, check_in_id: CheckInId, **values: object) -> None:
    await tx.run(sa.update(check_ins).where(check_ins.c.id == check_in_id).values(**values))


async def close_check_ins(tx: Transaction, client_id: ClientId, *, now: datetime) -> None:
    """Note that the appointment a client asked for is made: her chosen time is free again."""
    await tx.run(
        sa.update(check_ins)
        .where(check_ins.c.client_id == client_id, check_ins.c.closed_at.is_(None))
        .values(closed_at=now)
    )


async def list_silent(
    tx: Transaction, client_ids: Collection[ClientId], today: date
) -> list[CheckIn]:
    """Return the questions to these clients after which nothing was heard in time, by client.

    Neither an answer nor a message; those of clients who got an appointment are left out.
    """
    rows = await tx.rows(
        sa.select(check_ins)
        .where(
            check_ins.c.client_id.in_(client_ids),
            check_ins.c.silent_from <= today,
            check_ins.c.answer.is_(None),
            check_ins.c.closed_at.is_(None),
            ~_has_written(),
        )
        .order_by(check_ins.c.client_id, check_ins.c.month)
    )
    return [_check_in(row) for row in rows]


async def is_silent(tx: Transaction, check_in_id: CheckInId) -> bool:
    """Tell whether nothing was heard from the client since she was asked."""
    row = await tx.row(
        sa.select(check_ins.c.id).where(
            check_ins.c.id == check_in_id, check_ins.c.answer.is_(None), ~_has_written()
        )
    )
    return row is not None


def _has_written() -> sa.Exists:
    return sa.exists().where(
        messages.c.client_id == check_ins.c.client_id,
        messages.c.direction == Direction.IN,
        messages.c.created_at >= check_ins.c.asked_at,
    )


async def list_busy(
    tx: Transaction, staff_id: StaffId, *, now: datetime
) -> list[tuple[datetime, datetime]]:
    """Return from when to when somebody has appointments that are not over and not cancelled."""
    rows = await tx.rows(
        sa.select(appointments.c.starts_at, appointments.c.duration_minutes).where(
            appointments.c.staff_id == staff_id,
            appointments.c.starts_at > now - _LONGEST,
            appointments.c.state != AppointmentState.CANCELLED,
        )
    )
    return [
        (row["starts_at"], row["starts_at"] + timedelta(minutes=row["duration_minutes"]))
        for row in rows
    ]


async def list_away(tx: Transaction, staff_id: StaffId, *, today: date) -> list[tuple[date, date]]:
    """Return from which to which day somebody is away, from today on; the last day included."""
    rows = await tx.rows(
        sa.select(absences.c.first_day, absences.c.last_day).where(
            absences.c.staff_id == staff_id, absences.c.last_day >= today
        )
    )
    return [(row["first_day"], row["last_day"]) for row in rows]


async def list_chosen(
    tx: Transaction,
    staff_id: StaffId,
    *,
    since: datetime,
    besides: ClientId | None = None,
) -> list[Slot]:
    """Return the times that clients of a coach chose and that still wait for the coach.

    Of questions asked after `since`, and of others than the client `besides`.
    """
    query = (
        sa.select(check_ins.c.slots, check_ins.c.slot)
        .join(assignments, assignments.c.client_id == check_ins.c.client_id)
        .where(
            assignments.c.coach_id == staff_id,
            assignments.c.ends_at.is_(None),
            check_ins.c.slot > OTHER_TIME,
            check_ins.c.closed_at.is_(None),
            check_ins.c.asked_at > since,
        )
    )
    if besides is not None:
        query = query.where(check_ins.c.client_id != besides)
    return [_slots(row["slots"])[row["slot"]] for row in await tx.rows(query)]
