"""Appointments: made, answered, moved and cancelled, each by tapping."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

import pytest

from bot.domain.appointments import AppointmentKind, AppointmentState
from tests.cast import BRAM, CLIENTS, JOKE, KHALED, LAILA, MARYAM, SELAM
from tests.support.agenda import (
    HOME,
    LIBRARY,
    OFFICE,
    Meeting,
    arranges,
    begins,
    books,
    cancels,
    chooses,
    chooses_day,
    date_line,
    kept,
    moves,
    number_of,
    state_of,
    taps_twice,
)
from tests.support.town import Town, open_town

WEDNESDAY, THURSDAY, FRIDAY = date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27)
INVITED, CONFIRMED, CANNOT, OTHER_TIME, CANCELLED = AppointmentState
ANSWERS = ("come", "cannot", "other_time", "question")


@dataclass(frozen=True, slots=True)
class Scene:
    """A town in which Selam is invited for Thursday at two."""

    town: Town
    meeting: Meeting


@pytest.fixture(scope="session")
def selam_invited(
    tmp_path_factory: pytest.TempPathFactory, everybody_linked: Path
) -> tuple[Path, Meeting]:
    """Give the files of a town in which Selam has her invitation; made once."""
    folder = tmp_path_factory.mktemp("invited")

    async def make() -> Meeting:
        async with open_town(folder, snapshot=everybody_linked) as town:
            return await books(town, JOKE, SELAM, THURSDAY, time(14))

    return folder, asyncio.run(make())


@pytest.fixture
async def scene(tmp_path: Path, selam_invited: tuple[Path, Meeting]) -> AsyncIterator[Scene]:
    """Give a town in which Selam has her invitation and has not answered."""
    folder, meeting = selam_invited
    async with open_town(tmp_path, snapshot=folder) as town:
        yield Scene(town, meeting)


# --- made ------------------------------------------------------------------------------------


async def test_a_coach_makes_an_appointment_by_tapping_in_one_message_that_asks_each_next_thing(
    town: Town,
) -> None:
    wizard = await begins(town, JOKE, SELAM)
    now = {"code": "K-0001", "voornaam": "Selam"}

    assert wizard.text == town.words("st.ap_kind", JOKE, **now)
    assert wizard.labels == [
        *(town.label(f"kind.{kind}", JOKE) for kind in AppointmentKind),
        "Niet doen",
    ]
    await town.taps(JOKE, town.label("kind.voortgang", JOKE), wizard)
    now["soort"] = "hoe het met u gaat"
    asked = town.message(JOKE, wizard.id)
    assert asked.text == town.words("st.ap_day", JOKE, **now)
    assert asked.labels == [
        "dinsdag 24-11",
        "woensdag 25-11",
        "donderdag 26-11",
        "vrijdag 27-11",
        "maandag 30-11",
        "dinsdag 1-12",
        "woensdag 2-12",
        "donderdag 3-12",
        "Later …",
        "← Terug",
        "Niet doen",
    ]
    await town.taps(JOKE, "woensdag 25-11", wizard)
    now |= {"dag": "woensdag", "datum": "25 november (25-11-2026)"}
    asked = town.message(JOKE, wizard.id)
    assert asked.text == town.words("st.ap_time", JOKE, **now)
    assert asked.labels[0] == "09:00"
    assert asked.labels[-3:] == ["16:30", "← Terug", "Niet doen"]
    await town.taps(JOKE, "14:00", wizard)
    now |= {"tijd": "14:00", "klok": "🕑", "dagdeel": "middag"}
    asked = town.message(JOKE, wizard.id)
    assert asked.text == town.words("st.ap_place", JOKE, **now)
    assert asked.labels == [OFFICE, LIBRARY, HOME, "← Terug", "Niet doen"]
    await town.taps(JOKE, LIBRARY, wizard)
    now |= {"plaats": LIBRARY, "taal": "Tigrinya"}
    asked = town.message(JOKE, wizard.id)
    assert asked.text == town.words("st.ap_check", JOKE, **now)
    assert asked.labels == ["✅ Verstuur", "← Terug", "Niet doen"]
    assert town.texts(SELAM) == [], "nothing leaves before the coach has said that it is right"

    await town.taps(JOKE, "✅", wizard)

    now["stand"] = "uitgenodigd, nog geen antwoord"
    made = town.message(JOKE, wizard.id)
    assert made.text == town.words("st.ap_made", JOKE, **now)
    assert made.labels == ["🔁 Verzetten", "❌ Annuleren"]
    assert len(town.texts(SELAM)) == 1
    await town.says(JOKE, town.words("st.btn_clients", JOKE))
    await town.taps(JOKE, "Selam ·")
    assert (
        "📅 woensdag 25 november (25-11-2026) om 14:00, Bibliotheek Oost" in town.last(JOKE).text
    )


DATES = {
    "K-0001": "ረቡዕ 25 ሕዳር (25-11-2026, ኣቆጻጽራ ኤውሮጳ)",
    "K-0002": "الأربعاء 25 تشرين الثاني (25-11-2026)",
    "K-0003": "چهارشنبه 25 نوامبر (25-11-2026)",
    "K-0004": "چهارشنبه 25 نومبر (25-11-2026)",
}


async def test_every_client_is_invited_in_her_own_language_with_date_time_and_place_from_fields(
    town: Town,
) -> None:
    for client in CLIENTS:
        coach = BRAM if client is LAILA else JOKE
        kind = AppointmentKind.HOME_VISIT if client is MARYAM else AppointmentKind.GOALS
        meeting = await arranges(town, coach, client, WEDNESDAY, time(14, 30), kind=kind)

        (invitation,) = town.news(client)
        assert invitation.text == meeting.invitation(town)
        lines = invitation.text.split("\n")
        afternoon = town.label("time.afternoon", client)
        assert lines[1:4] == [DATES[client.code], f"🕝 14:30 ({afternoon})", f"📍 {OFFICE}"]
        assert town.label(f"kind.{kind}", client) in invitation.text
        assert invitation.labels == [town.label(f"btn.{answer}", client) for answer in ANSWERS]
        raw = str(invitation.body["text"])
        for value in (OFFICE, "14:30", coach.name, "25-11-2026"):
            isolated = f"\u2068{value}\u2069" in raw
            assert isolated == (client is not SELAM), f"{value} in {raw!r}"
        assert [town.texts(other) for other in CLIENTS] == [[], [], [], []]


async def test_an_appointment_at_friday_prayer_gets_a_hint_and_may_be_made(town: Town) -> None:
    wizard = await begins(town, JOKE, KHALED)
    await town.taps(JOKE, town.label("kind.doelen", JOKE), wizard)
    await chooses(town, JOKE, wizard, FRIDAY, time(13), OFFICE)

    hint = town.words("st.ap_hint_friday", JOKE)
    assert town.message(JOKE, wizard.id).text.endswith(hint)
    await town.taps(JOKE, "✅", wizard)
    assert date_line(FRIDAY, KHALED) in town.last(KHALED).text


async def test_back_takes_one_step_back_at_a_time_and_dropping_it_ends_it(town: Town) -> None:
    wizard = await begins(town, JOKE, SELAM)
    texts = [town.message(JOKE, wizard.id).text]
    for button in ("hoe het", "woensdag", "14:00", OFFICE):
        await town.taps(JOKE, button, wizard)
        texts.append(town.message(JOKE, wizard.id).text)

    for text in texts[-2::-1]:
        await taps_twice(town, JOKE, "← Terug", wizard)
        assert town.message(JOKE, wizard.id).text == text
    await town.taps(JOKE, "hoe het", wizard)
    await town.taps(JOKE, "Later", wizard)
    assert "vrijdag 4-12" in town.message(JOKE, wizard.id).labels
    await taps_twice(town, JOKE, "Niet doen", wizard)

    ended = town.message(JOKE, wizard.id)
    assert (ended.text, ended.keys) == (town.words("st.ap_dropped", JOKE), ())
    assert await kept(town, SELAM) == []
    assert town.texts(SELAM) == []


async def test_an_old_button_of_a_finished_appointment_says_that_the_step_has_expired(
    town: Town,
) -> None:
    wizard = await begins(town, JOKE, SELAM)
    reference = wizard.keys[0].data.rpartition(":kind:")[0]
    await town.taps(JOKE, "hoe het", wizard)
    await chooses(town, JOKE, wizard, WEDNESDAY, time(14), OFFICE)
    await town.taps(JOKE, "✅", wizard)
    made = town.message(JOKE, wizard.id)
    town.nothing_new()

    for step in ("kind:doelen", "day:2026-11-27", "time:09:00", "place:1", "back:day", "drop:"):
        bubble = await town.forges(JOKE, f"{reference}:{step}")
        assert bubble == town.words("st.ap_expired", JOKE)
    assert await town.forges(JOKE, f"{reference}:ok:") is None

    assert town.message(JOKE, wizard.id) == made
    (appointment,) = await kept(town, SELAM)
    assert (appointment.local_date, appointment.local_time) == (WEDNESDAY, time(14))
    assert town.texts(SELAM) == []


async def test_a_time_that_has_passed_is_not_offered_and_not_taken(town: Town) -> None:
    today = town.local.date()
    await town.until(today, time(16, 10))
    wizard = await begins(town, JOKE, SELAM)
    await town.taps(JOKE, "hoe het", wizard)
    await chooses_day(town, JOKE, wizard, today)
    assert town.message(JOKE, wizard.id).labels == ["16:30", "← Terug", "Niet doen"]
    await town.taps(JOKE, "16:30", wizard)
    await town.taps(JOKE, OFFICE, wizard)
    town.leaps(today, time(16, 30))
    past = town.words("st.ap_past", JOKE)

    assert await town.taps(JOKE, "✅", wizard) == past
    assert await town.taps(JOKE, "← Terug", wizard) == past
    labels = town.message(JOKE, wizard.id).labels
    assert labels[0] == "woensdag 25-11", "of today nothing is left"
    reference = wizard.keys[0].data.rpartition(":kind:")[0]
    town.expects("message is not modified")
    assert await town.forges(JOKE, f"{reference}:day:{today}") == past
    assert await kept(town, SELAM) == []
    assert town.texts(SELAM) == []


async def test_a_step_that_was_never_offered_is_refused(town: Town) -> None:
    wizard = await begins(town, JOKE, SELAM)
    await town.taps(JOKE, "hoe het", wizard)
    asked = town.message(JOKE, wizard.id)
    reference = wizard.keys[0].data.rpartition(":kind:")[0]

    for step in (
        "day:2026-11-28",
        "day:2027-11-24",
        "day:morgen",
        "time:03:00",
        "time:25:00",
        "place:3",
        "kind:feest",
        "back:up",
        "fly:away",
    ):
        old_button = town.words("st.old_button", JOKE)
        assert await town.forges(JOKE, f"{reference}:{step}") == old_button, step

    assert town.message(JOKE, wizard.id) == asked
    assert town.last(JOKE) == asked
    assert await town.tasks() == []


async def test_tapping_every_button_of_the_making_twice_makes_one_appointment(town: Town) -> None:
    await town.says(JOKE, town.words("st.btn_clients", JOKE))
    await town.taps(JOKE, "Selam ·")
    await town.taps(JOKE, town.words("st.btn_appointment", JOKE))
    wizard = town.last(JOKE)
    for button in ("hoe het", "woensdag", "14:00", OFFICE, "✅"):
        await taps_twice(town, JOKE, button, wizard)

    (appointment,) = await kept(town, SELAM)
    assert (appointment.local_date, appointment.local_time) == (WEDNESDAY, time(14))
    assert len(town.texts(SELAM)) == 1
    assert "✅ Uitnodiging verstuurd." in town.message(JOKE, wizard.id).text


async def test_what_is_made_in_the_quiet_hours_is_read_in_the_morning_and_the_coach_knows(
    town: Town,
) -> None:
    await town.until(town.local.date(), time(21))
    town.nothing_new()
    meeting = await books(town, JOKE, SELAM, THURSDAY, time(9))

    held = town.words("st.sent_held", JOKE, code="K-0001", voornaam="Selam", tijd="07:30")
    assert town.last(JOKE).text.endswith(held)
    await town.until(WEDNESDAY, time(7, 29))
    assert town.texts(SELAM) == []
    await town.until(WEDNESDAY, time(7, 30))
    assert town.texts(SELAM) == [meeting.invitation(town)]


# --- answered --------------------------------------------------------------------------------


async def test_she_comes_and_the_coach_sees_it(scene: Scene) -> None:
    town, meeting = scene.town, scene.meeting
    invitation = town.last(SELAM)

    await town.taps(SELAM, town.label("btn.come", SELAM))

    assert town.message(SELAM, invitation.id).keys == ()
    (thanks,) = town.news(SELAM)
    assert thanks.text == meeting.words(town, "ap.confirmed")
    assert thanks.labels == [town.label("btn.where", SELAM), town.label("btn.cannot", SELAM)]
    (told,) = town.news(JOKE)
    assert told.text == meeting.dutch(town, "st.ap_confirmed")
    assert told.labels == ["🔁 Verzetten", "❌ Annuleren"]
    await town.says(JOKE, town.words("st.btn_clients", JOKE))
    await town.taps(JOKE, "Selam ·")
    assert town.last(JOKE).text.endswith("om 14:00, Stadskantoor (komt)")
    assert town.texts(BRAM) == []


REASONS = (
    ("sick", "ziek", "ap.sick_ack"),
    ("work_or_class", "werk of les", "ap.cant_ack"),
    ("no_childcare", "geen oppas", "ap.childcare_ack"),
    ("no_transport", "geen vervoer", "ap.cant_ack"),
    ("other_reason", "anders", "ap.cant_ack"),
)


async def test_she_cannot_come_and_says_why_and_only_the_coach_decides(town: Town) -> None:
    for hour, (label, reason, thanks) in enumerate(REASONS, start=10):
        meeting = await arranges(town, JOKE, SELAM, WEDNESDAY, time(hour))
        town.nothing_new()

        await town.taps(SELAM, town.label("btn.cannot", SELAM))

        (asked,) = town.news(SELAM)
        assert asked.text == town.words("ap.cant", SELAM)
        assert len(asked.keys) == 5
        assert town.texts(JOKE) == [meeting.dutch(town, "st.ap_cannot")]
        assert await state_of(town, meeting) is CANNOT, "it stands until the coach decides"
        await town.taps(SELAM, town.label(f"btn.{label}", SELAM), asked)
        assert town.message(SELAM, asked.id).keys == ()
        assert town.texts(SELAM) == [town.words(thanks, SELAM, coach="Joke de Boer")]
        (told,) = town.news(JOKE)
        assert told.text == meeting.dutch(town, "st.ap_reason", reden=reason)
        assert told.labels == ["🔁 Verzetten", "❌ Annuleren"]
    assert len(await kept(town, SELAM)) == len(REASONS)


async def test_she_asks_for_another_time_and_the_old_one_stands_until_the_coach_decides(
    scene: Scene,
) -> None:
    town, meeting = scene.town, scene.meeting

    await town.taps(SELAM, town.label("btn.other_time", SELAM))

    (asked,) = town.news(SELAM)
    assert asked.text == town.words("ap.other_none", SELAM)
    assert asked.labels == ["ሰኑይ", "ሰሉስ", "ረቡዕ", "ሓሙስ", "ዓርቢ"]
    assert town.texts(JOKE) == [meeting.dutch(town, "st.ap_other_asked")]
    await town.taps(SELAM, "ሓሙስ", asked)
    asked = town.message(SELAM, asked.id)
    assert asked.text == town.words("ap.other_part", SELAM)
    assert asked.labels == [town.label(f"btn.{part}", SELAM) for part in ("morning", "afternoon")]
    await town.taps(SELAM, town.label("btn.afternoon", SELAM), asked)
    asked = town.message(SELAM, asked.id)
    assert asked.text == town.words("ap.other_ack", SELAM, coach="Joke de Boer")
    assert asked.keys == ()
    (wish,) = town.news(JOKE)
    assert wish.text == meeting.dutch(town, "st.ap_other_time", wens="donderdagmiddag")
    (appointment,) = await kept(town, SELAM)
    assert (appointment.state, appointment.local_date) == (OTHER_TIME, THURSDAY)
    await town.taps(JOKE, "🔁 Verzetten", wish)
    assert town.last(JOKE).text == meeting.dutch(town, "st.ap_day")


async def test_her_question_about_it_is_announced_and_what_she_writes_follows(
    scene: Scene,
) -> None:
    town, meeting = scene.town, scene.meeting

    await town.taps(SELAM, town.label("btn.question", SELAM))
    await town.says(SELAM, "ጽባሕ ክመጽእ እየ።")

    assert town.texts(SELAM)[0] == town.words("ap.question", SELAM, coach="Joke de Boer")
    announced, question = town.texts(JOKE)
    assert announced == meeting.dutch(town, "st.ap_question")
    assert "Ik kom morgen." in question
    assert await state_of(town, meeting) is INVITED


async def test_she_is_late_and_the_coach_knows_at_once(scene: Scene) -> None:
    town, meeting = scene.town, scene.meeting
    await town.until(THURSDAY, time(13, 50))
    reminder = town.last(SELAM)
    assert reminder.labels[0] == town.label("btn.late", SELAM)
    town.nothing_new()

    told = []
    for minutes in (10, 20, 30, "more"):
        await town.taps(SELAM, meeting.button("late"), reminder)
        asked = town.last(SELAM)
        assert asked.text == town.words("ap.late_ask", SELAM)
        assert len(asked.keys) == 4
        await town.taps(SELAM, meeting.button(f"minutes={minutes}"), asked)
        answer = town.message(SELAM, asked.id)
        assert answer.text == town.words("ap.late_ack", SELAM, coach="Joke de Boer")
        assert answer.keys == ()
        told += town.texts(JOKE)

    assert told == [
        *(meeting.dutch(town, "st.late", minuten=minutes) for minutes in (10, 20, 30)),
        meeting.dutch(town, "st.late_more"),
    ]


async def test_where_it_is_comes_in_words_with_the_desk_and_as_a_pin_on_the_map(
    town: Town,
) -> None:
    office = await arranges(town, JOKE, SELAM, WEDNESDAY, time(10))
    library = await arranges(town, JOKE, SELAM, WEDNESDAY, time(12), place=LIBRARY)
    home = await arranges(town, JOKE, SELAM, WEDNESDAY, time(14), place=HOME)
    await town.taps(SELAM, office.button("come"))
    town.nothing_new()

    await town.taps(SELAM, town.label("btn.where", SELAM))

    words, pin = town.news(SELAM)
    place = town.config.places[0]
    assert words.text.split("\n") == [
        f"📍 {OFFICE}",
        place.address,
        place.route,
        town.words("ap.desk", SELAM, naam_balie="balie 2"),
    ]
    venue = pin.body["venue"]
    assert isinstance(venue, dict)
    assert (venue["title"], venue["address"]) == (OFFICE, place.address)
    assert venue["location"] == {"latitude": place.latitude, "longitude": place.longitude}

    await town.forges(SELAM, library.button("where"))
    words, pin = town.news(SELAM)
    place = town.config.places[1]
    assert words.text.split("\n") == [f"📍 {LIBRARY}", place.address, place.route]
    assert pin.shows("venue")

    await town.forges(SELAM, home.button("where"))
    assert town.texts(SELAM) == [f"📍 {HOME}"]


async def test_my_appointments_lists_what_is_to_come_in_order(town: Town) -> None:
    await town.says(MARYAM, "/menu")
    await town.taps(MARYAM, town.label("btn.my_appointments", MARYAM))
    assert town.last(MARYAM).text == town.words("menu.no_appointments", MARYAM)
    late = await arranges(town, JOKE, MARYAM, FRIDAY, time(9), place=LIBRARY)
    gone = await arranges(town, JOKE, MARYAM, WEDNESDAY, time(16))
    early = await arranges(town, JOKE, MARYAM, WEDNESDAY, time(15, 30))
    await arranges(town, JOKE, SELAM, WEDNESDAY, time(15))
    await cancels(town, gone)
    town.nothing_new()

    await town.taps(MARYAM, town.label("btn.my_appointments", MARYAM))

    heading, *lines = town.news(MARYAM)
    assert heading.text == town.words("menu.appointments", MARYAM)
    assert [line.text for line in lines] == [
        meeting.words(town, "menu.appointment_line") for meeting in (early, late)
    ]
    await town.taps(MARYAM, town.label("btn.where", MARYAM), lines[1])
    assert town.news(MARYAM)[0].text.split("\n")[0] == f"📍 {LIBRARY}"
    await town.until(WEDNESDAY, time(15, 30))
    town.nothing_new()
    await town.says(MARYAM, "/afspraken")
    assert town.texts(MARYAM)[1:] == [late.words(town, "menu.appointment_line")]


async def test_answering_twice_tells_the_coach_once(town: Town) -> None:
    for hour, answer in enumerate(ANSWERS[:3], start=10):
        meeting = await arranges(town, JOKE, SELAM, WEDNESDAY, time(hour))

        await taps_twice(town, SELAM, meeting.button(answer))

        assert len(town.texts(JOKE)) == 1
        await town.forges(SELAM, meeting.button(answer))
        assert town.texts(JOKE) == []


@pytest.mark.parametrize(
    "buttons",
    [("cannot", "reason=sick"), ("other_time", "day=1", "part=1m"), ("late", "minutes=20")],
)
async def test_saying_why_when_or_how_late_twice_tells_the_coach_once(
    scene: Scene, buttons: tuple[str, ...]
) -> None:
    town, meeting = scene.town, scene.meeting
    for button in buttons[:-1]:
        await town.forges(SELAM, meeting.button(button))
    town.nothing_new()

    await taps_twice(town, SELAM, meeting.button(buttons[-1]))

    assert len(town.texts(JOKE)) == 1


async def test_after_the_start_her_buttons_say_that_it_is_over(scene: Scene) -> None:
    town, meeting = scene.town, scene.meeting
    await town.until(THURSDAY, time(14))
    town.nothing_new()

    for answer in ANSWERS:
        await town.forges(SELAM, meeting.button(answer))
    assert town.texts(SELAM) == [town.words("ap.past", SELAM)] * 4
    await town.forges(SELAM, meeting.button("late"))
    await town.forges(SELAM, meeting.button("where"))
    assert town.texts(SELAM)[0] == town.words("ap.late_ask", SELAM), "she may still be under way"
    await town.until(THURSDAY, time(14, 45))
    town.nothing_new()
    await town.forges(SELAM, meeting.button("minutes=10"))
    assert town.texts(SELAM) == [town.words("ap.past", SELAM)]
    assert await state_of(town, meeting) is INVITED
    assert town.texts(JOKE) == []


# --- moved and cancelled ---------------------------------------------------------------------


async def test_a_moved_appointment_is_a_new_question_and_the_old_buttons_act_on_nothing(
    scene: Scene,
) -> None:
    town, old = scene.town, scene.meeting
    await town.taps(SELAM, old.button("come"))
    town.nothing_new()

    new = await moves(town, old, FRIDAY, time(9, 30), place=LIBRARY)

    (changed,) = town.news(SELAM)
    assert changed.text == new.invitation(town, "ap.moved")
    assert date_line(FRIDAY, SELAM) in changed.text
    assert changed.labels == [town.label(f"btn.{answer}", SELAM) for answer in ANSWERS]
    assert town.find(JOKE, "Verzet.").text == new.stands(town, "st.ap_moved", INVITED)
    town.nothing_new()

    for action in (*ANSWERS, "where", "late", "reason=sick", "day=1", "part=1m", "minutes=10"):
        await town.forges(SELAM, old.button(action))
        (shown,) = town.news(SELAM)
        assert shown.text == "\n".join(
            (town.words("ap.gone", SELAM), new.words(town, "menu.appointment_line"))
        )
        assert {key.data for key in shown.keys} == {
            new.button(action) for action in ("come", "cannot", "where")
        }
    assert await state_of(town, new) is INVITED
    assert town.texts(JOKE) == []
    await town.taps(SELAM, town.label("btn.come", SELAM))
    assert town.texts(JOKE) == [new.dutch(town, "st.ap_confirmed")]


async def test_a_coachs_button_of_an_older_time_shows_how_it_stands_and_changes_nothing(
    scene: Scene,
) -> None:
    town, old = scene.town, scene.meeting
    await town.taps(JOKE, f"sa:{old.id}:1:cancel")
    question = town.last(JOKE)
    new = await moves(town, old, FRIDAY, time(9, 30))
    now = new.stands(town, "st.ap_state", INVITED)
    town.nothing_new()

    for action in ("move", "cancel"):
        await town.forges(JOKE, f"sa:{old.id}:1:{action}")
        (shown,) = town.news(JOKE)
        assert (shown.text, shown.labels) == (now, ["🔁 Verzetten", "❌ Annuleren"])
    await town.taps(JOKE, "Ja, annuleer", question)

    assert town.message(JOKE, question.id).text == now
    assert await state_of(town, new) is INVITED
    assert town.texts(SELAM) == []


async def test_of_two_moves_begun_at_once_only_the_first_that_is_finished_counts(
    scene: Scene,
) -> None:
    town, old = scene.town, scene.meeting
    button = f"sa:{old.id}:1:move"
    await taps_twice(town, JOKE, button)
    first, second = town.news(JOKE)
    await chooses(town, JOKE, first, FRIDAY, time(9), OFFICE)
    await chooses(town, JOKE, second, FRIDAY, time(16), LIBRARY)
    await taps_twice(town, JOKE, "✅", first)

    await town.taps(JOKE, "✅", second)

    (appointment,) = await kept(town, SELAM)
    assert (appointment.local_time, appointment.revision) == (time(9), 2)
    assert len(town.texts(SELAM)) == 1
    new = Meeting(old.id, JOKE, SELAM, old.kind, FRIDAY, time(9), OFFICE, 2)
    shown = town.message(JOKE, second.id)
    assert shown.text == new.stands(town, "st.ap_state", INVITED)
    assert [key.data for key in shown.keys] == [f"sa:{old.id}:2:move", f"sa:{old.id}:2:cancel"]


async def test_a_move_begun_before_the_appointment_was_cancelled_ends_in_nothing(
    scene: Scene,
) -> None:
    town, meeting = scene.town, scene.meeting
    await town.taps(JOKE, f"sa:{meeting.id}:1:move")
    wizard = town.last(JOKE)
    await chooses(town, JOKE, wizard, FRIDAY, time(9), OFFICE)
    await cancels(town, meeting)
    town.nothing_new()

    await town.taps(JOKE, "✅", wizard)

    shown = town.message(JOKE, wizard.id)
    assert shown.text == meeting.stands(town, "st.ap_state", CANCELLED)
    assert shown.keys == ()
    assert town.texts(SELAM) == []


async def test_a_cancelled_appointment_is_told_once_and_takes_no_answer(scene: Scene) -> None:
    town, meeting = scene.town, scene.meeting
    await town.taps(JOKE, f"sa:{meeting.id}:1:cancel")
    question = town.last(JOKE)
    assert question.text == meeting.dutch(town, "st.ap_cancel_ask")
    assert question.labels == ["Ja, annuleer", "Niet doen"]
    assert town.texts(SELAM) == []

    await taps_twice(town, JOKE, "Ja, annuleer", question)

    told = meeting.words(town, "ap.cancelled_org")
    (message,) = town.news(SELAM)
    assert (message.text, message.labels) == (told, [town.label("btn.understood", SELAM)])
    answered = town.message(JOKE, question.id)
    assert (answered.text, answered.keys) == (meeting.dutch(town, "st.ap_cancelled"), ())
    await town.taps(SELAM, town.label("btn.understood", SELAM))
    assert town.texts(SELAM) == []
    town.nothing_new()

    for action in (*ANSWERS, "where", "late", "reason=sick", "minutes=10"):
        await town.forges(SELAM, meeting.button(action))
        assert town.texts(SELAM) == ["\n".join((town.words("ap.gone", SELAM), told))]
    for action in ("move", "cancel"):
        await town.forges(JOKE, f"sa:{meeting.id}:1:{action}")
        (shown,) = town.news(JOKE)
        assert shown.text == meeting.stands(town, "st.ap_state", CANCELLED)
        assert shown.keys == ()
    assert await state_of(town, meeting) is CANCELLED
    assert town.texts(SELAM) == []


async def test_thinking_better_of_a_cancellation_changes_nothing(scene: Scene) -> None:
    town, meeting = scene.town, scene.meeting
    await town.taps(JOKE, "❌ Annuleren")
    question = town.last(JOKE)

    await town.taps(JOKE, "Niet doen", question)

    ended = town.message(JOKE, question.id)
    assert (ended.text, ended.keys) == (town.words("st.ap_dropped", JOKE), ())
    assert await state_of(town, meeting) is INVITED
    assert town.texts(SELAM) == []


async def test_a_cancellation_at_night_is_told_at_once_on_the_day_itself(scene: Scene) -> None:
    town, meeting = scene.town, scene.meeting
    await town.until(THURSDAY, time(0, 30))
    town.nothing_new()

    await cancels(town, meeting)

    assert town.texts(SELAM) == [meeting.words(town, "ap.cancelled_org")]
    assert town.last(JOKE).text == meeting.dutch(town, "st.ap_cancelled")


async def test_a_cancellation_at_night_waits_until_the_morning_for_another_day(
    scene: Scene,
) -> None:
    town, meeting = scene.town, scene.meeting
    await town.until(WEDNESDAY, time(23))
    town.nothing_new()

    await cancels(town, meeting)

    held = town.words("st.sent_held", JOKE, code="K-0001", voornaam="Selam", tijd="07:30")
    assert town.last(JOKE).text == f"{meeting.dutch(town, 'st.ap_cancelled')}\n{held}"
    await town.until(THURSDAY, time(7, 29))
    assert town.texts(SELAM) == []
    await town.until(THURSDAY, time(7, 30))
    assert town.texts(SELAM) == [meeting.words(town, "ap.cancelled_org")]
    await town.passes(days=1)
    assert town.texts(SELAM) == []


async def test_of_an_appointment_made_and_cancelled_in_one_night_she_hears_nothing(
    town: Town,
) -> None:
    await town.until(town.local.date(), time(21))
    meeting = await books(town, JOKE, SELAM, THURSDAY, time(14))

    await cancels(town, meeting)

    assert town.last(JOKE).text == meeting.stands(town, "st.ap_state", CANCELLED)
    await town.passes(days=3)
    assert town.texts(SELAM) == []


async def test_of_an_appointment_moved_and_cancelled_in_one_night_she_hears_both(
    scene: Scene,
) -> None:
    town, old = scene.town, scene.meeting
    await town.until(town.local.date(), time(21))
    new = await moves(town, old, FRIDAY, time(9))
    await cancels(town, new)
    await town.passes(days=4)

    assert town.texts(SELAM) == [
        f"{new.invitation(town, 'ap.moved')}\n\n{new.words(town, 'ap.cancelled_org')}"
    ], "she must not go to the old time, nor to the new one"


async def test_an_appointment_that_has_begun_is_history_to_the_coachs_old_buttons(
    scene: Scene,
) -> None:
    town, meeting = scene.town, scene.meeting
    await town.taps(JOKE, f"sa:{meeting.id}:1:cancel")
    question = town.last(JOKE)
    await town.until(THURSDAY, time(14))
    town.nothing_new()
    past = meeting.stands(town, "st.ap_state", INVITED) + "\nDeze afspraak is voorbij."

    for action in ("move", "cancel"):
        await town.taps(JOKE, f"sa:{meeting.id}:1:{action}")
        (shown,) = town.news(JOKE)
        assert (shown.text, shown.keys) == (past, ())
    await town.taps(JOKE, "Ja, annuleer", question)

    assert town.message(JOKE, question.id).text == past
    assert await state_of(town, meeting) is INVITED
    assert town.texts(SELAM) == []


# --- by whom and for whom --------------------------------------------------------------------


async def test_another_clients_appointment_cannot_be_answered_with_forged_buttons(
    scene: Scene,
) -> None:
    town, meeting = scene.town, scene.meeting

    for action in (*ANSWERS, "where", "late", "reason=sick", "day=1", "part=1m", "minutes=10"):
        bubble = await town.forges(KHALED, meeting.button(action))
        assert bubble == town.label("ch.old_button", KHALED)
    for data in (f"sa:{meeting.id}:1:yes", f"sa:{meeting.id}:1:move", "bn:1", "bk:1:ok:"):
        assert await town.forges(SELAM, data) == town.label("ch.old_button", SELAM)

    assert [town.texts(person) for person in (JOKE, SELAM, KHALED)] == [[], [], []]
    assert await state_of(town, meeting) is INVITED


async def test_another_coachs_client_and_appointment_cannot_be_reached_with_forged_buttons(
    scene: Scene,
) -> None:
    town, meeting = scene.town, scene.meeting
    wizard = await begins(town, JOKE, KHALED)
    reference = wizard.keys[0].data.rpartition(":kind:")[0]
    town.nothing_new()
    old, expired = town.words("st.old_button", BRAM), town.words("st.ap_expired", BRAM)

    for action in ("move", "cancel", "yes", "no"):
        assert await town.forges(BRAM, f"sa:{meeting.id}:1:{action}") == old
    assert await town.forges(BRAM, f"bn:{await number_of(town, SELAM)}") == old
    for step in ("kind:doelen", "drop:"):
        assert await town.forges(BRAM, f"{reference}:{step}") == expired
    assert await town.forges(BRAM, f"{reference}:ok:") is None
    assert await town.forges(JOKE, meeting.button("come")) == old

    assert [town.texts(person) for person in (JOKE, BRAM, SELAM)] == [[], [], []]
    assert town.message(JOKE, wizard.id) == wizard
    assert await state_of(town, meeting) is INVITED


async def test_nonsense_in_a_button_is_answered_and_troubles_nobody(scene: Scene) -> None:
    town, meeting = scene.town, scene.meeting
    number = meeting.id

    for data in (
        f"ap:{'9' * 30}:1:come",
        "ap:404:1:come",
        f"ap:{number}:1:part=",
        f"ap:{number}:1:part=xm",
        f"ap:{number}:1:day=9",
        f"ap:{number}:1:reason=busy",
        f"ap:{number}:1:minutes=9000",
        f"ap:{number}:1:dance",
    ):
        assert await town.forges(SELAM, data) == town.label("ch.old_button", SELAM), data
    for data in (f"bn:{'9' * 30}", f"sa:{'9' * 30}:1:move", f"bk:{'9' * 30}:ok:"):
        assert await town.forges(JOKE, data) == town.words("st.old_button", JOKE), data

    assert [town.texts(person) for person in (JOKE, SELAM)] == [[], []]
    assert await town.tasks() == [], "nobody is asked to look at an update put apart"


async def test_for_a_client_without_a_chat_the_coach_hears_that_he_must_tell_her(
    new_town: Town,
) -> None:
    town = new_town
    await town.links(JOKE)
    meeting = await books(town, JOKE, SELAM, THURSDAY, time(14))
    warned = town.words(
        "st.ap_no_chat",
        JOKE,
        code="K-0001",
        voornaam="Selam",
        stand=town.words("st.link_none", JOKE),
    )
    state = meeting.stands(town, "st.ap_state", INVITED)
    assert town.last(JOKE).text == f"{state}\n{warned}"

    meeting = await moves(town, meeting, THURSDAY, time(15))
    state = meeting.stands(town, "st.ap_state", INVITED)
    assert town.last(JOKE).text == f"{state}\n{warned}"
    await taps_twice(town, JOKE, f"sa:{meeting.id}:2:cancel")
    await cancels(town, meeting)

    told = town.last(JOKE).text.split("\n")
    assert "\n".join(told[:-1]) == meeting.stands(town, "st.ap_state", CANCELLED)
    assert told[-1] == town.words(
        "st.not_delivered",
        JOKE,
        code="K-0001",
        voornaam="Selam",
        stand=town.words("st.link_none", JOKE),
    )
    assert town.chat(SELAM) == []


async def test_a_client_who_stopped_gets_no_invitation_and_her_coach_hears_so(town: Town) -> None:
    await town.says(LAILA, "/stop")
    await town.taps(LAILA, town.label("btn.yes_stop", LAILA))
    town.nothing_new()

    meeting = await books(town, BRAM, LAILA, THURSDAY, time(14))

    assert town.words("st.link_stopped", BRAM) in town.last(BRAM).text
    await moves(town, meeting, FRIDAY, time(9))
    assert town.words("st.link_stopped", BRAM) in town.last(BRAM).text
    assert town.texts(LAILA) == []


async def test_on_a_shared_phone_no_name_no_place_and_no_subject_is_named(
    new_town: Town,
) -> None:
    town = new_town
    await town.links(JOKE)
    await town.links(KHALED, shared_phone="shared")
    town.nothing_new()
    meeting = await arranges(
        town, JOKE, KHALED, THURSDAY, time(14), kind=AppointmentKind.SITUATION
    )

    (invitation,) = town.news(KHALED)
    assert invitation.text == meeting.words(town, "ap.discreet")
    assert date_line(THURSDAY, KHALED) in invitation.text
    assert invitation.labels == [town.label(f"btn.{answer}", KHALED) for answer in ANSWERS]

    new = await moves(town, meeting, FRIDAY, time(15), place=LIBRARY)
    (changed,) = town.news(KHALED)
    assert changed.text == "\n".join(
        (town.words("ap.gone", KHALED), new.words(town, "ap.discreet"))
    ), "or it would look like a second appointment"
    for text in (invitation.text, changed.text):
        for secret in ("Joke", OFFICE, LIBRARY, town.label("kind.situatie", KHALED)):
            assert secret not in text
