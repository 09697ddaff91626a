"""Who comes to an event, as far as whoever looks may know who it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.events import Event, SignUp, SignUpState
from bot.domain.people import Client, Role, Staff
from bot.storage import people
from bot.storage.database import Transaction

SHOWN = (SignUpState.COMING, SignUpState.WAITING)


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who comes or waits, in as far as whoever looks may know who it is."""

    name: str
    code: str
    coach: str

    def __str__(self) -> str:
        return " · ".join(word for word in (self.name, self.code, self.coach) if word)


def in_order(sign_ups: Sequence[SignUp]) -> list[SignUp]:
    """Return who comes and who waits: by time chosen, then by who was first."""
    shown = [each for each in sign_ups if each.state in SHOWN]
    return sorted(shown, key=lambda each: (SHOWN.index(each.state), each.session or 0))


def clock_of(event: Event, sign_up: SignUp) -> str:
    """Return the time that somebody chose; nothing when one comes to all of them."""
    session = event.session(sign_up.session) if sign_up.session is not None else None
    return f"{session.local_time:%H:%M}" if session else ""


async def get_guest(tx: Transaction, person: Staff, client: Client) -> Guest:
    """Return who a guest is: a coach knows the own clients, and a coordinator codes.

    An account manager knows first names, and nothing by which a person could be looked up.
    """
    roles = set(person.roles)
    coach = await people.get_coach(tx, client.id)
    if Role.COACH in roles and coach.id == person.id:
        return Guest(client.name, client.code, "")
    if Role.COORDINATOR in roles:
        return Guest("", client.code, coach.name)
    return Guest("", client.code, "") if Role.COACH in roles else Guest(client.name, "", "")
