"""Who may do what about a client, besides her own coach."""

from datetime import datetime

from bot.domain.contacts import contact_role
from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId
from bot.domain.people import Client, Role, Staff
from bot.services import duties, menu
from bot.services.core import Core, Turn
from bot.storage import people
from bot.storage.database import Transaction


async def get_contact_client(
    core: Core, tx: Transaction, turn: Turn, client_id: ClientId
) -> tuple[Staff, Client, Role]:
    """Return who is here, the client, and in which role they may speak with her for the record.

    That is her coach, who stands in for her coach, and who works with her in another contact
    role. Errors: NotFoundError for everybody else.
    """
    person = await menu.get_staff_here(core, tx, turn)
    client = await people.get_client(tx, client_id)
    role = contact_role(person.roles)
    if role is not None and await may_speak_for(core, tx, person, client, turn.now):
        return person, client, role
    msg = f"{person.code} has no role in which to speak with {client.code} for the record."
    raise NotFoundError(msg)


async def may_speak_for(
    core: Core, tx: Transaction, person: Staff, client: Client, now: datetime
) -> bool:
    """Tell whether somebody works with a client: coach, stand-in, deputy, or involved with her."""
    coach = await people.get_coach(tx, client.id)
    if coach.id == person.id or await people.is_involved(tx, client.id, person.id):
        return True
    standing = await duties.load(core, tx, core.today(now))
    return person.id in standing.owners(coach.id) or (coach.id in standing.deputised_by(person.id))
