"""The morning: what the day asks of whom, worked out once, then told in one message each."""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime

from bot.domain.contacts import contact_role
from bot.domain.delivery import OutboxKind
from bot.domain.errors import StorageError
from bot.domain.ids import StaffId
from bot.domain.ladder import (
    HEARS,
    Hears,
    Rung,
    aftercare_due,
    check_in_is_due,
    last_working_days,
    reached,
)
from bot.domain.languages import DUTCH
from bot.domain.localtime import is_working_day, next_working_day, to_utc
from bot.domain.months import Month
from bot.domain.people import Client, ClientStatus, LinkState, Role, Staff
from bot.services import checkins, duties, employers, periods, plans
from bot.services.core import Core
from bot.services.duties import Duties
from bot.services.outgoing import Button, Rows, chat_lane, in_pairs, text_payload
from bot.storage import contacts, links, outbox, people, prompts, statuses, tasks
from bot.storage import digests as figures
from bot.storage import periods as period_storage
from bot.storage.database import Transaction
from bot.texts import month_name

_LEVELS = {
    Rung.PLAN: 0,
    Rung.DUE: 0,
    Rung.OVERDUE: 1,
    Rung.MONTH_END: 1,
    Rung.ESCALATED: 2,
}
_BATCH = 2
"""How many people are looked at in one transaction, for which a conversation may have to wait."""

_NAMED = frozenset({"message", "contact", "goal_talk", "employer"})
_ASKED = frozenset({ClientStatus.INVITED, ClientStatus.ACTIVE})


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Morning:
    """A working day on which duties are worked out, with who stands in for whom."""

    today: date
    now: datetime
    duties: Duties


async def send_due(core: Core, now: datetime) -> int:
    """Do what this working day's morning asks that is not done yet; returns how much that was.

    First the duties of all are worked out, then every member of staff is told in one message: a
    few people a transaction. After a crash it goes on with whoever was not yet looked at.
    """
    today = core.today(now)
    if not _has_come(core, today, now):
        return 0
    async with core.database.reading() as tx:
        done = await prompts.list_days_done(tx, "morning:")
        over = done.get("morning:all", date.min) >= today  # also when the clock was set back
        everyone = [] if over else await people.list_staff(tx)
    if not everyone:
        return 0
    async with core.database.transaction() as tx:
        await employers.refresh_employers(core, tx, today=today, now=now)
    for name in _STEPS:
        left = [
            person
            for person in everyone
            if done.get(f"morning:{name}:{person.id}", date.min) < today
        ]
        for start in range(0, len(left), _BATCH):
            some = left[start : start + _BATCH]
            try:
                await _do(core, name, some, now)
            except StorageError:
                raise
            except Exception as error:  # noqa: BLE001 - one of them must not keep the others back
                log.warning("morning.one_by_one error=%s", type(error).__name__)
                for person in some:
                    await _do_alone(core, name, person, now)
    async with core.database.transaction() as tx:
        await prompts.set_day_done(tx, "morning:all", today, now=now)
    return len(everyone)


async def _do(core: Core, name: str, some: Sequence[Staff], now: datetime) -> None:
    """Do a step of the morning for a few people, all of it or nothing."""
    today = core.today(now)
    async with core.database.transaction() as tx:
        morning = Morning(today, now, await duties.load(core, tx, today))
        # Asked again, for whoever else looked at the clock meanwhile.
        done = await prompts.list_days_done(tx, f"morning:{name}:")
        for person in some:
            key = f"morning:{name}:{person.id}"
            if done.get(key, date.min) < today:
                await _STEPS[name](core, tx, morning, person)
                await prompts.set_day_done(tx, key, today, now=now)


async def _do_alone(core: Core, name: str, person: Staff, now: datetime) -> None:
    """Do a step for one colleague, or leave it to the next morning, which works all out anew."""
    try:
        await _do(core, name, [person], now)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong today, it stays wrong today
        log.error(
            "morning.failed step=%s staff=%s error=%s", name, person.id, type(error).__name__
        )
        async with core.database.transaction() as tx:
            key = f"morning:{name}:{person.id}"
            await prompts.set_day_done(tx, key, core.today(now), now=now)


def _has_come(core: Core, today: date, now: datetime) -> bool:
    at = to_utc(today, core.config.contact.digest_at, core.config.organisation.zone)
    return is_working_day(today, core.config.hours.closed) and now >= at


async def next_due(core: Core, after: datetime) -> datetime:
    """Return when the next morning comes."""
    zone, at = core.config.organisation.zone, core.config.contact.digest_at
    day = core.today(after)
    if not is_working_day(day, core.config.hours.closed) or to_utc(day, at, zone) <= after:
        day = next_working_day(day, core.config.hours.closed)
    return to_utc(day, at, zone)


# -- what the day asks ------------------------------------------------------------------------


async def _work_out(core: Core, tx: Transaction, morning: Morning, coach: Staff) -> None:
    """Note who hears what about a coach's clients and companies today, and make the tasks."""
    own = (await period_storage.list_clients_by_coach(tx, [coach.id])).get(coach.id, [])
    owner = morning.duties.staff[morning.duties.owners(coach.id)[0]]
    if own:
        await _contacts(core, tx, morning, coach, own)
        await _holds(tx, morning, coach, own)
        await _aftercare(tx, morning, coach, own)
        await plans.goal_prompts(core, tx, own, owner, today=morning.today, now=morning.now)
        await checkins.find_silent(core, tx, own, today=morning.today, now=morning.now)
    if {Role.ACCOUNT_MANAGER, Role.COORDINATOR} & set(coach.roles):
        # The companies of somebody who left come to the coordinators.
        await employers.employer_prompts(core, tx, coach, today=morning.today, now=morning.now)


async def _contacts(
    core: Core, tx: Transaction, morning: Morning, coach: Staff, own: Sequence[Client]
) -> None:
    """Take each client's months a rung up the ladder, where one is reached."""
    this = Month.of(morning.today)
    by_id = {client.id: client for client in own}
    kept = await period_storage.list_periods(tx, list(by_id), [this.plus(-1), this, this.plus(1)])
    # Most stands already, as the same rung is reached every day until the next.
    said = await prompts.list_said(tx, "contact", list(by_id), this.plus(-2).first)
    open_tasks = await tasks.list_open_keys(tx, list(by_id), ("contact", "reason"))
    for (client_id, month), period in sorted(kept.items()):
        client = by_id[client_id]
        for rung in reached(period.period, morning.today, core.config.hours.closed):
            # Why a month was missed is asked also of who has gone on hold since, and when it was
            # frozen before anybody could be asked.
            if rung is Rung.REASON and period.missed_reason is not None:
                continue
            frozen = period.frozen_at is not None
            if rung is not Rung.REASON and (frozen or client.status not in _ASKED):
                continue
            await _open(tx, morning, coach, client, month, rung, open_tasks)
            for hearer in hearers(morning.duties, coach.id, rung):
                code = morning.duties.staff[hearer].code
                if (f"{client_id}:{month}", rung.value, code) not in said:
                    await _prompt(tx, morning, client, month, rung, hearer)
        if (
            client.check_in
            and client.status in _ASKED
            and check_in_is_due(period.period, morning.today, core.config.hours.closed)
        ):
            await checkins.ask(core, tx, client, period.period, now=morning.now)


async def _open(
    tx: Transaction,
    morning: Morning,
    coach: Staff,
    client: Client,
    month: Month,
    rung: Rung,
    open_tasks: Collection[tuple[str, int]],
) -> None:
    """Give the coach the task of a rung, or open it again; its level only goes up."""
    missed = rung is Rung.REASON
    key = periods.reason_key(client.id, month) if missed else periods.task_key(client.id, month)
    level = _LEVELS.get(rung, 0)
    if any(each == key and known >= level for each, known in open_tasks):
        return
    await tasks.open_task(
        tx,
        kind="reason" if missed else "contact",
        key=key,
        client_id=client.id,
        staff_id=coach.id,
        level=level,
        now=morning.now,
    )


async def _prompt(
    tx: Transaction, morning: Morning, client: Client, month: Month, rung: Rung, hearer: StaffId
) -> None:
    await prompts.insert_prompt(
        tx,
        kind="contact",
        object=f"{client.id}:{month}",
        rung=rung,
        hearer=morning.duties.staff[hearer].code,
        client_id=client.id,
        staff_id=hearer,
        day=morning.today,
        now=morning.now,
    )


def hearers(standing: Duties, coach_id: StaffId, rung: Rung) -> tuple[StaffId, ...]:
    """Return who hears of a rung, each once."""
    found: list[StaffId] = []
    for hears in HEARS[rung]:
        if hears is Hears.OWNER:
            found += standing.owners(coach_id)
        elif hears is Hears.BACKUP:
            backup = standing.backups.get(coach_id)
            found += [backup] if backup in standing.staff and backup is not None else []
        else:
            found += standing.coordinators
    return tuple(dict.fromkeys(found))


async def _holds(tx: Transaction, morning: Morning, coach: Staff, own: Sequence[Client]) -> None:
    """Ask whether a pause goes on, on the day that was agreed."""
    for hold in await statuses.list_holds(tx, [client.id for client in own]):
        if hold.review_on is not None and hold.review_on <= morning.today:
            await tasks.insert_task(
                tx,
                kind="hold_review",
                key=f"hold_review:{hold.client_id}:{hold.review_on}",
                client_id=hold.client_id,
                staff_id=coach.id,
                now=morning.now,
            )


async def _aftercare(
    tx: Transaction, morning: Morning, coach: Staff, own: Sequence[Client]
) -> None:
    """Ask for a talk with who has begun to work or learn: after one, three and six months."""
    ids = [client.id for client in own if client.status is ClientStatus.AFTERCARE]
    if not ids:
        return
    began = await statuses.list_work_began(tx, ids)
    spoken = await contacts.last_days(tx, ids)
    for client_id, day in began.items():
        due = aftercare_due(day, spoken.get(client_id), morning.today)
        if due is not None:
            await tasks.open_task(
                tx,
                kind="aftercare",
                key=f"aftercare:{client_id}:{due}",
                client_id=client_id,
                staff_id=coach.id,
                level=0,
                now=morning.now,
            )


# -- what is told -----------------------------------------------------------------------------


async def _tell(core: Core, tx: Transaction, morning: Morning, person: Staff) -> None:
    """Tell somebody in one message what the day asks; nothing when it asks nothing."""
    link = await links.find_link(tx, staff_id=person.id)
    if link is None or link.state is not LinkState.ACTIVE:
        return  # it stays in the list of tasks, for when there is a chat
    closes = to_utc(morning.today, core.config.hours.office_end, core.config.organisation.zone)
    if morning.now >= closes:
        return  # after a standstill: the next morning tells it
    counted = await _count(core, tx, morning, person)
    text = _words(core, person, counted, morning.today)
    if text is None:
        return
    await outbox.insert_call(
        tx,
        lane=chat_lane(link.chat_id),
        chat_id=link.chat_id,
        kind=OutboxKind.STAFF,
        method="sendMessage",
        payload=text_payload(link.chat_id, text, _buttons(core, counted)),
        now=morning.now,
        # What was true in the morning is not told when a standstill of the network ends at night.
        valid_until=closes,
    )


@dataclass(frozen=True, slots=True)
class Counted:
    """What a member of staff reads in the morning."""

    appointments: int
    messages: int
    to_plan: int
    late: int
    goals: int
    employers: int
    other: int
    escalated: int
    escalated_goals: int
    escalated_employers: int
    month_end: int
    """How many still wait for a talk in the last days of the month; of all for a coordinator."""


async def _count(core: Core, tx: Transaction, morning: Morning, person: Staff) -> Counted:
    """Count the open tasks of somebody and of whom she stands in for."""
    covered = morning.duties.covered_by(person.id)
    counts = await figures.count_open_tasks(tx, covered)
    leads = person.id in morning.duties.coordinators
    late = sum(n for (kind, level), n in counts.items() if kind == "contact" and level)
    # A standing deputy hears of what is overdue, of nothing else.
    others = await figures.count_open_tasks(tx, morning.duties.deputised_by(person.id))
    late_elsewhere = sum(n for (kind, level), n in others.items() if kind == "contact" and level)
    escalated = await figures.count_escalated(tx, _LEVELS[Rung.ESCALATED]) if leads else {}
    month = Month.of(morning.today)
    month_end = 0
    if morning.today >= last_working_days(month, core.config.hours.closed):
        month_end = await figures.count_waiting(tx, month, None if leads else covered)
    return Counted(
        appointments=await figures.count_appointments(tx, person.id, morning.today),
        messages=_sum(counts, "message"),
        to_plan=_sum(counts, "contact") - late,
        late=late + late_elsewhere,
        goals=_sum(counts, "goal_talk"),
        employers=_sum(counts, "employer")
        + sum(n for (kind, level), n in others.items() if kind == "employer" and level),
        other=sum(n for (kind, _), n in counts.items() if kind not in _NAMED),
        escalated=escalated.get("contact", 0),
        escalated_goals=escalated.get("goal_talk", 0),
        escalated_employers=escalated.get("employer", 0),
        month_end=month_end,
    )


def _sum(counts: Mapping[tuple[str, int], int], kind: str) -> int:
    return sum(number for (each, _), number in counts.items() if each == kind)


def _words(core: Core, person: Staff, counted: Counted, today: date) -> str | None:
    """Return the morning message; None when there is nothing to say."""
    if not any(astuple(counted)):
        return None
    texts = core.texts
    if contact_role(person.roles) is None:
        lines = [texts.staff("st.digest_hello", naam=person.name)]
    else:
        lines = [
            texts.staff(
                "st.digest",
                naam=person.name,
                n_afspraken=counted.appointments,
                n_nieuw=counted.messages,
                n_te_plannen=counted.to_plan,
                n_te_laat=counted.late,
                n_doelen=counted.goals,
            )
        ]
    maand = month_name(today, DUTCH)
    more = (
        ("st.digest_employers", counted.employers),
        ("st.digest_other", counted.other),
        ("st.digest_escalated", counted.escalated),
        ("st.digest_escalated_goals", counted.escalated_goals),
        ("st.digest_escalated_employers", counted.escalated_employers),
        ("st.digest_month_end", counted.month_end),
    )
    lines += [texts.staff(text_id, n=n, maand=maand) for text_id, n in more if n]
    return "\n".join(lines)


def _buttons(core: Core, counted: Counted) -> Rows:
    """Return what is behind the numbers."""
    offered = (
        ("st.btn_contacts_due", "dg:open:0", counted.to_plan + counted.late),
        ("st.btn_tasks", "wb:0", counted.messages + counted.other + counted.goals),
        ("st.btn_employers", "em:list:0", counted.employers),
        ("st.btn_late_team", "kl:late:0", counted.escalated),
        ("st.btn_team", "wb:team:0", counted.escalated_goals + counted.escalated_employers),
    )
    return in_pairs(
        *(Button(core.texts.staff(text_id), data) for text_id, data, number in offered if number)
    )


_STEPS: Mapping[str, Callable[[Core, Transaction, Morning, Staff], Awaitable[None]]] = {
    "duties": _work_out,
    "message": _tell,
}
"""What a morning does, in this order, by the name under which it is noted as done."""
