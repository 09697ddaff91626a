"""After an appointment: was it the month's conversation, or did she not come?"""

from datetime import datetime, timedelta

from bot.domain.contacts import AttemptKind
from bot.domain.delivery import OutboxKind
from bot.domain.ids import AppointmentId, TelegramMessageId
from bot.domain.people import Client
from bot.services import access, appointments, contacts, duties
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, in_pairs, rewrite, to_staff
from bot.storage import appointments as storage
from bot.storage import contacts as contact_storage
from bot.storage import followups, people, prompts
from bot.storage.database import Transaction
from bot.storage.periods import STANDS

_WORTH_ASKING = timedelta(days=3)
_BATCH = 50


async def ask_due(core: Core, now: datetime) -> int:
    """Ask after each appointment that has ended whether it was the conversation; once each."""
    async with core.database.reading() as tx:
        ended = await followups.list_ended(tx, since=now - _WORTH_ASKING, now=now, limit=_BATCH)
    for appointment_id in ended:
        async with core.database.transaction() as tx:
            await _ask(core, tx, appointment_id, now)
    return len(ended)


async def _ask(core: Core, tx: Transaction, appointment_id: AppointmentId, now: datetime) -> None:
    appointment = await storage.get_appointment(tx, appointment_id)
    client = await people.get_client(tx, appointment.client_id)
    new = await prompts.insert_prompt(
        tx,
        kind=followups.KIND,
        object=f"{appointment.id}:{appointment.revision}",
        rung="ended",
        hearer="staff",
        client_id=client.id,
        staff_id=appointment.staff_id,
        day=core.today(now),
        now=now,
    )
    day = appointment.local_date
    if not new or await contact_storage.find_counting(tx, client.id, day, day) is not None:
        return
    text = core.texts.staff(
        "st.after_appointment", **appointments.staff_values(core, client, appointment)
    )
    question, buttons = contacts.how_question(core, client, day, now)
    missed = Button(core.texts.staff("st.btn_no_show"), f"ca:{appointment.id}:no_show")
    # Somebody else may be her coach by now; then it is the new one's to say.
    asked = await people.get_staff(tx, appointment.staff_id)
    if not await access.may_speak_for(core, tx, asked, client, now):
        coach = await people.get_coach(tx, client.id)
        asked = await people.get_staff(
            tx, await duties.owner_of(core, tx, coach.id, today=core.today(now))
        )
    await to_staff(
        tx,
        asked.id,
        text + "\n" + question,
        (*buttons, (missed,)),
        now=now,
        client=client,
    )


async def not_come(
    core: Core, turn: Turn, appointment_id: AppointmentId, message: TelegramMessageId
) -> None:
    """Put on record that the client did not come: an effort, never a conversation."""
    async with taking(core, turn) as tx:
        appointment = await storage.get_appointment(tx, appointment_id)
        person, client, _ = await access.get_contact_client(core, tx, turn, appointment.client_id)
        if appointment.state not in STANDS:
            turn.toast = core.texts.staff("st.old_button")
            return
        if appointment.starts_at > turn.now:
            turn.toast = core.texts.staff("st.no_show_early")
            return
        await contacts.record_attempt(
            core,
            tx,
            client,
            person,
            AttemptKind.NO_SHOW,
            day=appointment.local_date,
            appointment_id=appointment.id,
            now=turn.now,
        )
        values = appointments.staff_values(core, client, appointment)
        text = core.texts.staff("st.no_show", **values)
        await rewrite(
            tx,
            turn,
            message,
            text,
            _after_no_show(core, client),
            kind=OutboxKind.STAFF,
            client=client,
        )


def _after_no_show(core: Core, client: Client) -> Rows:
    return in_pairs(
        Button(core.texts.staff("st.btn_appointment"), f"bn:{client.id}"),
        Button(core.texts.staff("st.btn_write"), f"wr:{client.id}"),
    )


async def next_due(core: Core, after: datetime) -> datetime | None:
    """Return when the next appointment ends."""
    async with core.database.reading() as tx:
        return await followups.next_end(tx, after)
