"""An event from its making to its day: invited, full, in line, reminded, and called off."""

from dataclasses import replace
from datetime import date, datetime, time

from bot.domain.broadcasts import Audience, BroadcastKind, Repeat
from bot.domain.delivery import OutboxKind
from bot.domain.events import SignUpState
from bot.domain.ids import EventId
from bot.services import broadcasts, event_words
from bot.services.outgoing import to_client
from bot.simulator.values import as_int
from bot.storage import broadcasts as broadcast_storage
from bot.storage import events as storage
from bot.storage import people
from bot.storage.broadcast_schema import events as events_table
from bot.texts import Value
from tests.cast import BRAM, JOKE, KHALED, LAILA, MARYAM, SELAM, Person
from tests.support.town import Shown, Town, plain

MONDAY, TUESDAY = date(2026, 11, 30), date(2026, 12, 1)
CAFE = ("Taalcafé", "Bibliotheek Oost")


async def makes(town: Town, who: Person, *labels: str) -> tuple[EventId, Shown]:
    """Make an event by tapping; returns it, and the one message in which all of it happens."""
    await town.says(who, "/activiteiten")
    message = town.last(who)
    await town.taps(who, "es:new", message)
    for label in labels:
        while not any(each.startswith(label) for each in town.message(who, message.id).labels):
            await town.taps(who, "▶", message)
        await town.taps(who, label, message)
    await town.taps(who, "✅ Maak", message)
    shown = town.message(who, message.id)
    data = next(key.data for key in shown.keys if key.data.startswith("bd:new:event:"))
    return EventId(int(data.rpartition(":")[2])), shown


async def invites(town: Town, event_id: EventId, *clients: Person) -> None:
    """Send the invitation, as a broadcast does."""
    async with town.core.database.transaction() as tx:
        event = await storage.get_event(tx, event_id)
        for person in clients:
            client = await people.find_client(tx, person.code)
            assert client is not None
            await to_client(
                town.core,
                tx,
                client,
                event_words.invitation(town.core, event, client.language),
                event_words.invitation_buttons(town.core, event, client.language),
                kind=OutboxKind.BROADCAST,
                now=town.now,
            )
    await town.settled()


def about(town: Town, text_id: str, who: Person, day: date, clock: time, kind: str) -> str:
    """Return a text about a time of an event, as somebody reads it."""
    label = plain(town.core.texts.label(f"event.{kind}", who.language))
    values: dict[str, Value] = {"activiteit": label, "plaats": CAFE[1]}
    return town.words(text_id, who, **values, **town.core.texts.moment(day, clock, who.language))


def cafe(town: Town, text_id: str, who: Person) -> str:
    return about(town, text_id, who, TUESDAY, time(14), "language_cafe")


def arrived(town: Town, shown: Shown) -> str:
    at = datetime.fromtimestamp(as_int(shown.body["date"]), town.config.organisation.zone)
    return f"{at:%a %d-%m %H:%M}"


async def test_an_event_from_its_making_to_the_evening_before(town: Town) -> None:
    event_id, screen = await makes(town, JOKE, *CAFE, "dinsdag 01-12", "14:00", "90 min", "8")
    assert screen.text.split("\n")[:4] == [
        "📅 Taalcafé",
        "📍 Bibliotheek Oost",
        "dinsdag 1 december (01-12-2026), 14:00 tot 15:30",
        "Plaatsen: 8",
    ]
    async with town.core.database.transaction() as tx:  # two places are enough for a small town
        await tx.run(events_table.update().values(capacity=2))
    town.nothing_new()
    await invites(town, event_id, SELAM, KHALED, MARYAM, LAILA)

    for person, answer in ((SELAM, "yes"), (KHALED, "yes"), (MARYAM, "yes"), (LAILA, "remind")):
        (invitation,) = town.news(person)
        assert invitation.text == cafe(town, "bc.event", person)
        assert invitation.labels == [
            town.label(f"btn.{each}", person) for each in ("yes", "no", "event_remind")
        ]
        await town.taps(person, f"ev:{event_id}:{answer}", invitation)
        assert town.news(person) == [], "the invitation itself shows the answer"
    assert town.last(SELAM).text == cafe(town, "bc.coming", SELAM)
    assert town.last(KHALED).text == cafe(town, "bc.coming", KHALED)
    assert "\u2068" in str(town.last(KHALED).body["text"]), "what she reads runs from the right"
    assert town.last(MARYAM).text == town.words("bc.waiting", MARYAM)
    assert town.last(LAILA).text == town.words("bc.remind_later", LAILA)

    await town.taps(SELAM, town.label("btn.cannot", SELAM))
    assert town.last(SELAM).text == town.words("bc.not_coming", SELAM)
    (place,) = town.news(MARYAM)
    assert place.text == cafe(town, "bc.place", MARYAM)
    assert place.labels == [town.label("btn.cannot", MARYAM)]

    await town.until(MONDAY, time(16, 59))
    assert [town.texts(person) for person in (SELAM, KHALED, MARYAM, LAILA)] == [[], [], [], []]
    await town.until(MONDAY, time(17))
    for person, text_id in (
        (KHALED, "bc.event_reminder"),
        (MARYAM, "bc.event_reminder"),
        (LAILA, "bc.event"),
    ):
        (reminder,) = town.news(person)
        assert reminder.text == cafe(town, text_id, person)
        assert arrived(town, reminder) == "Mon 30-11 17:00"
    assert town.news(SELAM) == []

    await town.says(JOKE, "/activiteiten")
    await town.taps(JOKE, f"es:{event_id}:0")
    guests = [line for line in town.last(JOKE).text.split("\n") if line.startswith("✅")]
    assert guests == ["✅ Khaled · K-0002", "✅ Maryam · K-0003"]
    await town.until(TUESDAY, time(15))
    assert [town.texts(person) for person in (SELAM, KHALED, MARYAM, LAILA)] == [[], [], [], []]
    await town.taps(KHALED, f"ev:{event_id}:no")
    assert town.last(KHALED).text == town.words("bc.event_over", KHALED)
    assert await town.tasks() == []


async def test_a_speed_date_is_chosen_by_time_and_called_off_on_the_day(town: Town) -> None:
    event_id, _ = await makes(
        town, JOKE, "Kort gesprek", "Bibliotheek Oost", "dinsdag 01-12", "14:00", "3", "1"
    )
    town.nothing_new()
    await invites(town, event_id, SELAM, KHALED)
    for person in (SELAM, KHALED):
        await town.taps(person, f"ev:{event_id}:yes")
        assert town.last(person).labels == ["14:00", "14:10", "14:20"]
    for person in (SELAM, KHALED):
        await town.taps(person, "14:10")
    assert town.last(SELAM).text == about(
        town, "bc.coming", SELAM, TUESDAY, time(14, 10), "speed_date"
    )
    assert town.last(KHALED).text == town.words("bc.full", KHALED)
    assert town.last(KHALED).labels == ["14:00", "14:20"]
    await town.taps(KHALED, "14:20")
    assert town.last(KHALED).text == about(
        town, "bc.coming", KHALED, TUESDAY, time(14, 20), "speed_date"
    )

    await town.until(TUESDAY, time(6))
    town.nothing_new()
    await town.says(JOKE, "/activiteiten")
    message = town.last(JOKE)
    await town.taps(JOKE, f"es:{event_id}:0", message)
    await town.taps(JOKE, "✖ Gaat niet door", message)
    assert town.texts(KHALED) == []
    await town.taps(JOKE, "Ja, het gaat niet door", message)
    for person, clock in ((SELAM, time(14, 10)), (KHALED, time(14, 20))):
        (off,) = town.news(person)
        assert off.text == about(town, "bc.event_cancelled", person, TUESDAY, clock, "speed_date")
        assert arrived(town, off) == "Tue 01-12 06:00", "on the day itself at any hour"
    assert town.words("st.es_off", JOKE) in town.message(JOKE, message.id).text
    await town.until(TUESDAY, time(15))
    assert town.texts(SELAM) == town.texts(KHALED) == []


async def test_a_name_is_typed_and_reaches_no_client(town: Town) -> None:
    await town.says(BRAM, "/activiteiten")
    message = town.last(BRAM)
    await town.taps(BRAM, "es:new", message)
    for label in (*CAFE, "dinsdag 24-11", "16:00", "60 min", "Geen maximum", "✏ Eigen naam"):
        await town.taps(BRAM, label, message)
    prompt = town.last(BRAM)
    town.nothing_new()
    await town.says(BRAM, "De Brug", prompt)
    check = town.last(BRAM)
    assert check.text.startswith("📅 Taalcafé · De Brug\n")
    await town.taps(BRAM, "✅ Maak", check)
    await town.says(BRAM, "De Sluis", prompt)
    assert town.last(BRAM).text == town.words("st.es_answered", BRAM)
    assert town.texts(LAILA) == []
    await invites(town, EventId(1), LAILA)
    kind = plain(town.core.texts.label("event.language_cafe", LAILA.language))
    assert town.last(LAILA).text.startswith(f"📅 {kind} · De Brug\n")
    await town.taps(LAILA, "ev:1:yes")
    await town.says(BRAM, "/activiteiten")
    await town.taps(BRAM, "es:1:0")
    await town.taps(BRAM, "📄 Wie komt er")
    file = town.last(BRAM)
    assert file.shows("document")
    assert file.text == town.words("st.es_csv", BRAM, activiteit="Taalcafé · De Brug", aantal=1)


async def test_a_client_who_sends_the_command_or_a_staff_button_learns_nothing(
    town: Town,
) -> None:
    event_id, _ = await makes(town, JOKE, *CAFE, "dinsdag 01-12", "14:00", "90 min", "8")
    town.nothing_new()
    await town.says(SELAM, "/activiteiten")
    for data in ("es:new", f"es:{event_id}:0", f"es:{event_id}:csv", f"es:{event_id}:yes"):
        await town.forges(SELAM, data)
    assert not any("Stadskantoor" in text or "Oost" in text for text in town.texts(SELAM))
    for data in ("ev:99:yes", f"ev:{event_id}:at=1", f"ev:{event_id}:maybe"):
        assert await town.forges(SELAM, data) == town.label("ch.old_button", SELAM)
    for data in ("es:make:1:ok:", "es:99:0", f"ev:{event_id}:yes"):
        refused = await town.forges(BRAM, data)
        assert refused in {None, town.words("st.old_button", BRAM)}, data
    async with town.core.database.reading() as tx:
        assert len(await storage.list_events(tx, now=town.now)) == 1


# --- typed answers ---------------------------------------------------------------------------


async def goes_out(town: Town, event_id: EventId) -> None:
    """Send the invitation to everybody, as a broadcast that needs nobody's approval."""
    core = town.core
    free = replace(core.config, broadcast=replace(core.config.broadcast, approval=False))
    async with core.database.transaction() as tx:
        person = await people.find_staff(tx, JOKE.code)
        assert person is not None
        number = await broadcast_storage.insert_broadcast(
            tx,
            kind=BroadcastKind.EVENT,
            author_id=person.id,
            event_id=event_id,
            audience=Audience({}),
            now=town.now,
        )
        draft = await broadcast_storage.get_broadcast(tx, number)
        draft = await broadcast_storage.change_broadcast(tx, draft, repeat=Repeat.NEVER)
        await broadcasts.submit(replace(core, config=free), tx, draft, person, now=town.now)
    await town.settled()


async def state_of(town: Town, event_id: EventId, who: Person) -> SignUpState | None:
    async with town.core.database.reading() as tx:
        client = await people.find_client(tx, who.code)
        assert client is not None
        mine = await storage.find_sign_up(tx, event_id, client.id)
    return mine.state if mine else None


async def test_a_typed_yes_or_no_that_answers_an_invitation_counts_as_the_tap(
    town: Town,
) -> None:
    event_id, _ = await makes(town, JOKE, *CAFE, "dinsdag 01-12", "14:00", "90 min", "8")
    town.nothing_new()
    await goes_out(town, event_id)
    invitation = {who: town.news(who)[-1] for who in (SELAM, KHALED, MARYAM, LAILA)}
    town.nothing_new()

    await town.says(SELAM, "እወ።", invitation[SELAM])
    assert town.texts(SELAM) == [cafe(town, "bc.coming", SELAM)]
    assert town.last(SELAM).labels == [town.label("btn.cannot", SELAM)]
    await town.says(KHALED, "لا", invitation[KHALED])
    assert town.texts(KHALED) == [town.words("bc.not_coming", KHALED)]
    assert town.texts(JOKE) == [], "it is no message for her coach"
    # A message that answers nothing, or says more, is what it always was.
    await town.says(MARYAM, "بله")
    await town.says(MARYAM, "بله، اما دیر می‌آیم", invitation[MARYAM])
    assert await state_of(town, event_id, MARYAM) is None
    assert len(town.texts(JOKE)) == 2
    assert town.texts(LAILA) == []

    await town.taps(KHALED, f"ev:{event_id}:yes", town.message(KHALED, invitation[KHALED].id))
    await town.until(MONDAY, time(17))
    reminder = town.find(KHALED, "⏰")
    for who, message in ((KHALED, reminder), (SELAM, invitation[SELAM])):
        await town.says(who, "nee", message)
        assert town.last(who).text == town.words("bc.not_coming", who)
        assert await state_of(town, event_id, who) is SignUpState.DECLINED


async def test_on_a_shared_phone_a_typed_yes_counts_once_she_has_read_to_what(
    town: Town,
) -> None:
    event_id, _ = await makes(town, JOKE, *CAFE, "dinsdag 01-12", "14:00", "90 min", "8")
    async with town.core.database.transaction() as tx:
        client = await people.find_client(tx, SELAM.code)
        assert client is not None
        await people.update_client(tx, client.id, discreet=True)
    town.nothing_new()
    await goes_out(town, event_id)
    (covered,) = town.news(SELAM)
    await town.says(SELAM, "እወ", covered)
    assert await state_of(town, event_id, SELAM) is None
    await town.taps(SELAM, town.label("btn.read", SELAM), covered)
    assert town.message(SELAM, covered.id).text == cafe(town, "bc.event", SELAM)
    await town.says(SELAM, "እወ", covered)
    assert await state_of(town, event_id, SELAM) is SignUpState.COMING
    assert town.last(SELAM).text == cafe(town, "bc.coming", SELAM)
