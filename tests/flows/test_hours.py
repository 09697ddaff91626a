"""Outside office hours and in quiet hours: peace for the client, except where peace would harm."""

from datetime import date, time

from tests.cast import JOKE, SELAM
from tests.support.town import Town

TODAY, TOMORROW = date(2026, 11, 24), date(2026, 11, 25)


async def test_who_writes_in_the_evening_learns_when_it_is_read_and_whom_to_call(
    town: Town,
) -> None:
    await town.until(TODAY, time(19, 0))
    town.nothing_new()

    await town.says(SELAM, "ሰላም።")

    closed = town.last(SELAM)
    for figures in ("112", "113", "0800-2000", town.config.organisation.doctor_phone):
        assert figures in closed.text
    assert "25-11-2026" in closed.text
    assert "Hallo." in town.last(JOKE).text, "staff get it at once all the same"
    await town.taps(SELAM, town.label("btn.help_numbers", SELAM))
    assert town.last(SELAM).text == town.words("ch.emergency", SELAM, taal_en="Tigrinya")
    await town.taps(SELAM, town.label("btn.call_me", SELAM))
    assert town.last(JOKE).text == town.words("st.call_me", JOKE, code="K-0001", voornaam="Selam")


async def test_on_a_friday_evening_monday_is_named(town: Town) -> None:
    await town.until(date(2026, 11, 27), time(18, 0))
    await town.says(SELAM, "ሰላም።")

    assert "30-11-2026" in town.last(SELAM).text


async def test_a_coachs_message_waits_for_the_morning_and_the_coach_is_told(town: Town) -> None:
    await town.says(SELAM, "ሰላም።")
    message = town.last(JOKE)
    await town.until(TODAY, time(20, 0))
    town.nothing_new()

    said = await town.says(JOKE, "Dank u wel.", message)

    assert town.texts(JOKE) == [
        town.words("st.sent_held", JOKE, code="K-0001", voornaam="Selam", tijd="07:30")
    ]
    await town.until(TOMORROW, time(7, 29))
    assert town.texts(SELAM) == []
    assert town.message(JOKE, said.id).reactions == ()
    await town.until(TOMORROW, time(7, 30))
    assert [text.split("\n")[1] for text in town.texts(SELAM)] == ["የቐንየለይ።"]
    assert town.message(JOKE, said.id).reactions == ("🕊",)


async def test_just_before_the_quiet_hours_a_message_goes_out(town: Town) -> None:
    await town.says(SELAM, "ሰላም።")
    message = town.last(JOKE)
    await town.until(TODAY, time(19, 59))
    town.nothing_new()

    await town.says(JOKE, "Dank u wel.", message)

    assert len(town.texts(SELAM)) == 1


async def test_who_wrote_less_than_fifteen_minutes_ago_is_answered_in_quiet_hours(
    town: Town,
) -> None:
    await town.until(TODAY, time(23, 0))
    await town.says(SELAM, "ሰላም።")
    message = town.last(JOKE)
    await town.until(TODAY, time(23, 15))
    town.nothing_new()
    await town.says(JOKE, "Dank u wel.", message)
    assert len(town.texts(SELAM)) == 1

    await town.until(TODAY, time(23, 16))
    await town.says(JOKE, "Tot morgen.", message)
    assert town.texts(SELAM) == []


async def test_an_answer_at_night_does_not_wait_behind_what_is_held(town: Town) -> None:
    await town.says(SELAM, "ሰላም።")
    message = town.last(JOKE)
    await town.until(TODAY, time(22, 0))
    await town.says(JOKE, "Tot morgen.", message)
    await town.says(SELAM, "ሓሚመ ኣለኹ።")
    town.nothing_new()

    await town.says(JOKE, "Dank u wel.", town.last(JOKE))

    assert [text.split("\n")[1] for text in town.texts(SELAM)] == ["የቐንየለይ።"]
    await town.until(TOMORROW, time(7, 30))
    assert [text.split("\n")[1] for text in town.texts(SELAM)] == ["ጽባሕ የራኽበና።"]


async def test_her_own_taps_are_answered_at_any_hour(town: Town) -> None:
    await town.until(TODAY, time(23, 30))
    town.nothing_new()

    await town.presses(SELAM, town.label("btn.menu", SELAM))

    assert town.texts(SELAM) == [town.words("menu.main", SELAM)]


async def test_who_stops_at_night_does_not_get_what_was_held_for_the_morning(town: Town) -> None:
    await town.says(SELAM, "ሰላም።")
    await town.until(TODAY, time(22, 0))
    await town.says(JOKE, "Tot morgen.", town.find(JOKE, "Hallo."))
    await town.says(SELAM, "stop")
    await town.taps(SELAM, "st:yes")
    town.nothing_new()

    await town.until(TOMORROW, time(12, 0))

    assert town.texts(SELAM) == []
