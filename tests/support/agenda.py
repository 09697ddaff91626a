"""Appointments in the town: a coach makes, moves and cancels them by tapping."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time

from bot.domain.appointments import Appointment, AppointmentKind, AppointmentState
from bot.domain.ids import AppointmentId, ClientId
from bot.services import appointments as service
from bot.services import people
from bot.storage import appointments
from bot.storage import people as storage
from bot.texts import calendar_day, weekday
from tests.cast import Person
from tests.support.town import Key, Shown, Town, plain

OFFICE, LIBRARY, HOME = "Stadskantoor", "Bibliotheek Oost", "Bij u thuis"
LONG_AGO = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Meeting:
    """An appointment as its coach made it, and the words everybody reads about it."""

    id: AppointmentId
    coach: Person
    client: Person
    kind: AppointmentKind
    day: date
    clock: time
    place: str
    revision: int = 1

    def words(self, town: Town, text_id: str, **more: str | int) -> str:
        """Return a text about it as the client reads it."""
        moment = town.core.texts.moment(self.day, self.clock, self.client.language)
        given = {
            "met_wie": self.coach.name,
            "coach": self.coach.name,
            "plaats": self.place,
            "duur": 45,
            **moment,
            **more,
        }
        return town.words(text_id, self.client, **given)

    def invitation(self, town: Town, text_id: str = "ap.invite") -> str:
        """Return the whole invitation, with what it is about."""
        subject = plain(town.core.texts.label(f"kind.{self.kind}", self.client.language))
        lines = [
            self.words(town, text_id),
            town.words("ap.about", self.client, onderwerp=subject),
        ]
        if self.kind is AppointmentKind.HOME_VISIT:
            lines.append(town.words("ap.not_inspection", self.client))
        return "\n".join(lines)

    def dutch(self, town: Town, text_id: str, **more: str | int) -> str:
        """Return a text about it as the coach reads it."""
        moment = town.core.texts.moment(self.day, self.clock, self.coach.language)
        given = {
            "code": self.client.code,
            "voornaam": self.client.name,
            "soort": plain(town.core.texts.label(f"kind.{self.kind}", self.coach.language)),
            "plaats": self.place,
            **moment,
            **more,
        }
        return town.words(text_id, self.coach, **given)

    def stands(self, town: Town, text_id: str, state: AppointmentState) -> str:
        """Return a text for the coach that ends with how the appointment stands."""
        return self.dutch(town, text_id, stand=town.words(f"st.state_{state}", self.coach))

    def button(self, action: str) -> str:
        """Return the id of a client's button about it."""
        return f"ap:{self.id}:{self.revision}:{action}"


def day_label(day: date, person: Person) -> str:
    """Return the words of a day's button."""
    return f"{weekday(day, person.language)} {day.day}-{day.month}"


def date_line(day: date, person: Person) -> str:
    """Return the line with weekday and date, as somebody reads it."""
    return plain(f"{weekday(day, person.language)} {calendar_day(day, person.language)}")


async def number_of(town: Town, client: Person) -> ClientId:
    """Return a client's number in the database."""
    client_id, _, _ = await people.find_person(town.core, client.code)
    assert client_id is not None
    return client_id


async def kept(town: Town, client: Person) -> list[Appointment]:
    """Return every appointment of a client that has not been cancelled, in order."""
    async with town.core.database.reading() as tx:
        return await appointments.list_coming(
            tx,
            client_id=await number_of(town, client),
            now=datetime.combine(LONG_AGO, time(), tzinfo=town.now.tzinfo),
        )


async def state_of(town: Town, meeting: Meeting) -> AppointmentState:
    """Return how an appointment stands in the database."""
    async with town.core.database.reading() as tx:
        return (await appointments.get_appointment(tx, meeting.id)).state


async def begins(town: Town, coach: Person, client: Person) -> Shown:
    """Have a coach open a client from the list and start an appointment; returns the wizard."""
    await town.says(coach, town.words("st.btn_clients", coach))
    await town.taps(coach, f"{client.name} ·")
    await town.taps(coach, town.words("st.btn_appointment", coach))
    return town.last(coach)


async def chooses_day(town: Town, coach: Person, wizard: Shown, day: date) -> None:
    """Have a coach tap a day, leafing on until it is there."""
    label = day_label(day, coach)
    while label not in town.message(coach, wizard.id).labels:
        await town.taps(coach, town.words("st.btn_more_days", coach), wizard)
    await town.taps(coach, label, wizard)


async def chooses(
    town: Town, coach: Person, wizard: Shown, day: date, clock: time, place: str
) -> None:
    """Have a coach answer when and where, up to the question whether it is right."""
    await chooses_day(town, coach, wizard, day)
    await town.taps(coach, clock.strftime("%H:%M"), wizard)
    await town.taps(coach, place, wizard)


async def books(
    town: Town,
    coach: Person,
    client: Person,
    day: date,
    clock: time,
    *,
    kind: AppointmentKind = AppointmentKind.PROGRESS,
    place: str = OFFICE,
) -> Meeting:
    """Have a coach make an appointment by tapping, from the list of clients on."""
    before = {appointment.id for appointment in await kept(town, client)}
    wizard = await begins(town, coach, client)
    await town.taps(coach, town.label(f"kind.{kind}", coach), wizard)
    await chooses(town, coach, wizard, day, clock, place)
    await town.taps(coach, town.words("st.btn_ok", coach), wizard)
    (made,) = {appointment.id for appointment in await kept(town, client)} - before
    return Meeting(made, coach, client, kind, day, clock, place)


async def arranges(
    town: Town,
    coach: Person,
    client: Person,
    day: date,
    clock: time,
    *,
    kind: AppointmentKind = AppointmentKind.PROGRESS,
    place: str = OFFICE,
) -> Meeting:
    """Have the appointment made without the tapping, which takes its time."""
    client_id = await number_of(town, client)
    async with town.core.database.transaction() as tx:
        made, _ = await service.invite(
            town.core,
            tx,
            await storage.get_client(tx, client_id),
            await storage.get_coach(tx, client_id),
            kind=kind,
            local_date=day,
            local_time=clock,
            place=next(each for each in town.config.places if each.name == place),
            duration_minutes=45,
            now=town.now,
        )
    await town.settled()
    return Meeting(made.id, coach, client, kind, day, clock, place)


async def moves(
    town: Town, meeting: Meeting, day: date, clock: time, *, place: str = OFFICE
) -> Meeting:
    """Have the coach move an appointment by tapping; returns what it has become."""
    await town.forges(meeting.coach, f"sa:{meeting.id}:{meeting.revision}:move")
    wizard = town.last(meeting.coach)
    await chooses(town, meeting.coach, wizard, day, clock, place)
    await town.taps(meeting.coach, town.words("st.btn_ok", meeting.coach), wizard)
    return replace(meeting, day=day, clock=clock, place=place, revision=meeting.revision + 1)


async def cancels(town: Town, meeting: Meeting) -> None:
    """Have the coach cancel an appointment, and mean it."""
    await town.forges(meeting.coach, f"sa:{meeting.id}:{meeting.revision}:cancel")
    await town.taps(meeting.coach, f"sa:{meeting.id}:{meeting.revision}:yes")


async def taps_twice(town: Town, who: Person, button: str, on: Shown | None = None) -> Key:
    """Have somebody tap a button twice before the bot has seen the first tap."""
    message, key = town.find_key(who, button, on)
    taps = [town.phones.tap(who.chat_id, message_id=message.id, data=key.data) for _ in range(2)]
    # The second time the message may already be as it must become.
    town.expects("message is not modified")
    await town.settled()
    for tap in taps:
        answer = town.phones.callback(str(tap["callback_query_id"]))
        assert answer["answered"] is True, "A tap was never answered; the button keeps turning."
    return key
