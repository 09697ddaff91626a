"""The talks that are due: the list behind the morning message, one of them, and why one failed."""

from datetime import date

from bot.domain.contacts import contact_role
from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId, TelegramMessageId
from bot.domain.languages import DUTCH
from bot.domain.months import Month
from bot.domain.people import Client, Staff
from bot.domain.periods import ContactPeriod, MissedReason, PeriodState
from bot.services import access, checkins, duties, menu, periods
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, in_pairs, rewrite, say
from bot.storage import due as storage
from bot.storage import periods as period_storage
from bot.storage import tasks
from bot.storage.database import Transaction
from bot.texts import calendar_day, month_name

_PAGE = 8


async def show_list(core: Core, turn: Turn, page: int, message: TelegramMessageId) -> None:
    """List the talks that somebody still has to hold or plan, the latest target last."""
    async with taking(core, turn) as tx:
        person = await menu.get_staff_here(core, tx, turn)
        text, buttons = await _list(core, tx, turn, person, page)
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF)


async def _list(
    core: Core, tx: Transaction, turn: Turn, person: Staff, page: int
) -> tuple[str, Rows]:
    today = core.today(turn.now)
    standing = await duties.load(core, tx, today)
    whose = storage.Whose(standing.covered_by(person.id), standing.deputised_by(person.id))
    total = await storage.count_due(tx, whose)
    if not total:
        return core.texts.staff("st.due_none"), ()
    pages = -(-total // _PAGE)
    page = min(page, pages - 1)
    rows = await storage.list_due(tx, whose, offset=page * _PAGE, limit=_PAGE)
    lines = [core.texts.staff("st.due_list", n=total)]
    buttons = []
    # A coordinator who speaks with no clients sees codes, and what there is to see of one.
    speaks = contact_role(person.roles) is not None
    for row in rows:
        late = row.period.state is PeriodState.ALMOST_LATE
        lines.append(
            core.texts.staff(
                "st.due_line_late" if late else "st.due_line",
                code=row.client.code,
                voornaam=row.client.name if speaks else "",
                datum=_short(row.period.target),
            )
        )
        if speaks:
            label = f"{row.client.name} · {row.client.code}"[:40]
            buttons.append(Button(label, f"dg:c{row.client.id}:{row.period.month}:{page}"))
        else:
            buttons.append(Button(row.client.code, f"cl:{row.client.id}"))
    turning = []
    if page:
        turning.append(Button("◀", f"dg:open:{page - 1}"))
    if page + 1 < pages:
        turning.append(Button("▶", f"dg:open:{page + 1}"))
    if turning:
        lines.append(core.texts.staff("st.page", pagina=page + 1, paginas=pages))
    return "\n".join(lines), (*in_pairs(*buttons), *([tuple(turning)] if turning else []))


def _short(target: date | None) -> str:
    return f"{target.day}-{target.month}" if target else "-"


async def show_one(
    core: Core,
    turn: Turn,
    client_id: ClientId,
    month: Month,
    page: int,
    message: TelegramMessageId,
) -> None:
    """Show one talk that is due, with three times that would suit and what can be done."""
    async with taking(core, turn) as tx:
        person, client, _ = await access.get_contact_client(core, tx, turn, client_id)
        kept = await _find(tx, client, month)
        back = (Button(core.texts.staff("st.btn_back"), f"dg:open:{page}"),)
        if not kept.period.is_waiting or kept.period.target is None:
            text = core.texts.staff(
                f"st.period_{kept.period.state}",
                code=client.code,
                voornaam=client.name,
                maand=month_name(month.first, DUTCH),
            )
            await rewrite(tx, turn, message, text, (back,), kind=OutboxKind.STAFF, client=client)
            return
        text = core.texts.staff(
            "st.due",
            code=client.code,
            voornaam=client.name,
            maand=month_name(month.first, DUTCH),
            datum=calendar_day(kept.period.target, DUTCH),
        )
        slots = await checkins.propose_for(
            core,
            tx,
            person,
            until=kept.period.target,
            not_before=month.first,
            now=turn.now,
        )
        offered = tuple(
            (
                Button(
                    checkins.slot_label(core, slot, DUTCH),
                    f"cs:{client.id}:plan:{slot.day:%Y%m%d}:{slot.clock:%H%M}",
                ),
            )
            for slot in slots
        )
        if offered:
            text += "\n" + core.texts.staff("st.due_slots")
        more = in_pairs(
            Button(core.texts.staff("st.btn_log_contact"), f"ct:{client.id}"),
            Button(core.texts.staff("st.btn_appointment"), f"bn:{client.id}"),
            Button(core.texts.staff("st.btn_write"), f"wr:{client.id}"),
            Button(core.texts.staff("st.btn_hold"), f"hd:{client.id}"),
        )
        await rewrite(
            tx,
            turn,
            message,
            text,
            (*offered, *more, back),
            kind=OutboxKind.STAFF,
            client=client,
        )


async def _find(tx: Transaction, client: Client, month: Month) -> ContactPeriod:
    kept = (await period_storage.list_periods(tx, [client.id], [month])).get((client.id, month))
    if kept is None:
        msg = f"Client {client.code} has no month {month}; nothing is due in it."
        raise NotFoundError(msg)
    return kept


async def ask_reason(core: Core, turn: Turn, client_id: ClientId, month: Month) -> None:
    """Ask why no talk was held in a month that has ended."""
    async with taking(core, turn) as tx:
        _, client, _ = await access.get_contact_client(core, tx, turn, client_id)
        text, buttons = _reason_question(core, client, await _find(tx, client, month))
        await say(tx, turn, text, buttons, kind=OutboxKind.STAFF, client=client)


def _reason_question(core: Core, client: Client, kept: ContactPeriod) -> tuple[str, Rows]:
    month = kept.period.month
    values = {
        "code": client.code,
        "voornaam": client.name,
        "maand": month_name(month.first, DUTCH),
    }
    if kept.period.state is not PeriodState.MISSED:
        return core.texts.staff(f"st.period_{kept.period.state}", **values), ()
    if kept.missed_reason is not None:
        reason = core.texts.staff(f"st.missed_{kept.missed_reason}")
        return core.texts.staff("st.missed_because", reden=reason, **values), ()
    buttons = in_pairs(
        *(
            Button(core.texts.staff(f"st.missed_{reason}"), f"mr:{client.id}:{month}:{reason}")
            for reason in MissedReason
        )
    )
    return core.texts.staff("st.missed_why", **values), buttons


async def set_reason(
    core: Core,
    turn: Turn,
    client_id: ClientId,
    month: Month,
    reason: MissedReason,
    message: TelegramMessageId,
) -> None:
    """Note why no talk was held: the state of the month stays, frozen or not. Said once."""
    async with taking(core, turn) as tx:
        person, client, _ = await access.get_contact_client(core, tx, turn, client_id)
        kept = await _find(tx, client, month)
        if kept.period.state is PeriodState.MISSED and kept.missed_reason is None:
            await period_storage.set_missed_reason(tx, client.id, month, reason)
            await tasks.close_task(tx, periods.reason_key(client.id, month), now=turn.now)
            await tasks.insert_audit(
                tx,
                actor=f"staff:{person.id}",
                action="missed_reason",
                about=f"client:{client.id} month:{month}",
                now=turn.now,
            )
            kept = await _find(tx, client, month)
        text, buttons = _reason_question(core, client, kept)
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=client)
