"""The werkbak and the lists on a phone: what clients write waits there until it is answered."""

from tests.cast import BRAM, JOKE, KHALED, LAILA, SELAM, Person
from tests.support.agenda import number_of, taps_twice
from tests.support.town import Shown, Town


async def opens(town: Town, person: Person) -> Shown:
    """Have somebody open the werkbak; returns its message."""
    await town.says(person, "/werkbak")
    return town.last(person)


async def waiting(town: Town, person: Person) -> list[str]:
    """Return whom and what the werkbak shows, without the age."""
    return [line.rpartition(" · ")[0] for line in (await opens(town, person)).text.split("\n")[1:]]


# --- what clients write ----------------------------------------------------------------------


async def test_what_a_client_writes_waits_for_her_coach_until_she_is_answered(
    town: Town,
) -> None:
    await town.says(SELAM, "ሰላም።")
    asked = town.last(JOKE)
    await town.says(SELAM, "1001")
    await town.says(KHALED, "مرحبًا.")
    assert await waiting(town, JOKE) == ["Selam K-0001 · 2 berichten", "Khaled K-0002 · bericht"]
    assert await waiting(town, BRAM) == []

    await town.says(JOKE, "Dank u wel.", asked)

    assert await waiting(town, JOKE) == ["Khaled K-0002 · bericht"]
    await town.says(SELAM, "1002")
    assert await waiting(town, JOKE) == ["Khaled K-0002 · bericht", "Selam K-0001 · bericht"]


async def test_a_message_whose_client_is_chosen_afterwards_is_an_answer_once_it_goes(
    town: Town,
) -> None:
    await town.says(SELAM, "ሰላም።")
    await town.says(JOKE, "Dank u wel.")
    assert await waiting(town, JOKE) == ["Selam K-0001 · bericht"]

    await town.taps(JOKE, "Selam (K-0001)")

    assert await waiting(town, JOKE) == []


async def test_an_answer_that_cannot_reach_her_leaves_the_message_open(town: Town) -> None:
    await town.says(SELAM, "ሰላም።")
    asked = town.last(JOKE)
    await town.says(SELAM, "/stop")
    await town.taps(SELAM, town.label("btn.yes_stop", SELAM))

    await town.says(JOKE, "Dank u wel.", asked)

    assert await waiting(town, JOKE) == ["Selam K-0001 · bericht"]


async def test_a_change_of_a_message_gives_no_second_task_and_opens_none_again(
    town: Town,
) -> None:
    said = await town.says(SELAM, "1001")
    await town.edits(SELAM, said, "1002")
    assert await waiting(town, JOKE) == ["Selam K-0001 · bericht"]
    await town.says(JOKE, "Dank u wel.", town.find(JOKE, "1001"))

    await town.edits(SELAM, said, "1003")

    assert await waiting(town, JOKE) == []


async def test_correcting_an_answer_is_no_answer_to_what_came_after_it(town: Town) -> None:
    await town.says(SELAM, "1001")
    answer = await town.says(JOKE, "Dank u wel.", town.last(JOKE))
    await town.says(SELAM, "1002")

    await town.edits(JOKE, answer, "Hartelijk dank.")

    assert await waiting(town, JOKE) == ["Selam K-0001 · bericht"]


async def test_what_is_no_message_gives_no_task(town: Town) -> None:
    await town.says(SELAM, "/menu")
    await town.taps(SELAM, town.label("btn.my_appointments", SELAM))
    await town.sends_other(SELAM, kind="sticker")
    assert await waiting(town, JOKE) == []


async def test_what_she_writes_after_she_stopped_waits_as_well(town: Town) -> None:
    await town.says(SELAM, "/stop")
    await town.taps(SELAM, town.label("btn.yes_stop", SELAM))
    await town.says(SELAM, "1001")
    assert await waiting(town, JOKE) == ["Selam K-0001 · bericht"]


async def test_photos_and_voice_notes_wait_as_words_do(town: Town) -> None:
    await town.sends(SELAM, "photo", "1001")
    await town.sends(SELAM, "voice")
    shown = await opens(town, JOKE)
    await town.taps(JOKE, "Selam · 2 berichten", shown)
    assert town.message(JOKE, shown.id).text.split("\n")[1:] == ["[foto] 1001", "[spraakbericht]"]


# --- by tapping ------------------------------------------------------------------------------


async def test_everything_happens_in_one_message(town: Town) -> None:
    await town.says(SELAM, "ሰላም።")
    await town.says(KHALED, "مرحبًا.")
    shown = await opens(town, JOKE)
    town.nothing_new()

    await town.taps(JOKE, "Selam · bericht", shown)
    assert "✔ Afgehandeld" in town.message(JOKE, shown.id).labels
    await town.taps(JOKE, "📞 Bel", shown)
    await town.taps(JOKE, "👤 Klant", shown)
    assert town.message(JOKE, shown.id).text.startswith("K-0001 Selam\n")
    await town.taps(JOKE, "← Terug", shown)
    await town.taps(JOKE, "Selam · bericht", shown)
    assert await town.taps(JOKE, "✔ Afgehandeld", shown) == "Afgehandeld."
    await town.taps(JOKE, "👥 Per collega", shown)
    await town.taps(JOKE, "← Terug", shown)

    assert town.message(JOKE, shown.id).labels == ["Khaled · bericht", "👥 Per collega"]
    assert town.texts(JOKE) == []


async def test_tapping_done_twice_ends_it_once(town: Town) -> None:
    await town.says(SELAM, "ሰላም።")
    shown = await opens(town, JOKE)
    await town.taps(JOKE, "Selam", shown)

    await taps_twice(town, JOKE, "✔ Afgehandeld", shown)

    assert town.message(JOKE, shown.id).text == town.words("st.wb_empty", JOKE)


async def test_the_answer_button_of_a_line_leads_to_her_alone(town: Town) -> None:
    await town.says(KHALED, "مرحبًا.")
    await town.says(SELAM, "ሰላም።")
    shown = await opens(town, JOKE)
    await town.taps(JOKE, "Selam", shown)
    town.nothing_new()

    await town.taps(JOKE, "✉ Antwoord", shown)
    await town.says(JOKE, "1001", town.last(JOKE))

    assert [text for text in town.texts(SELAM) if "1001" in text]
    assert town.texts(KHALED) == []
    assert await waiting(town, JOKE) == ["Khaled K-0002 · bericht"]


async def test_a_reply_to_a_card_reaches_whom_it_shows_and_a_reply_to_a_list_nobody(
    town: Town,
) -> None:
    """The message is the same one: what counts is what it shows when it is answered."""
    await town.says(JOKE, "/klanten")
    shown = town.last(JOKE)
    await town.taps(JOKE, "Selam ·", shown)
    await town.taps(JOKE, "← Terug", shown)
    await town.taps(JOKE, "Khaled ·", shown)
    town.nothing_new()

    await town.says(JOKE, "1001", town.message(JOKE, shown.id))
    assert ([bool(town.texts(each)) for each in (SELAM, KHALED)]) == [False, True]

    await town.taps(JOKE, "← Terug", shown)
    await town.says(JOKE, "1002", town.message(JOKE, shown.id))
    assert town.last(JOKE).text == town.words("st.who_for", JOKE)
    assert [town.texts(each) for each in (SELAM, KHALED)] == [[], []]


async def test_the_list_of_clients_is_narrowed_and_opened_by_command_and_key(town: Town) -> None:
    await town.says(JOKE, "/klanten kha")
    shown = town.last(JOKE)
    assert shown.labels[0] == "Khaled · K-0002"
    await town.taps(JOKE, "Khaled", shown)
    await town.taps(JOKE, "← Terug", shown)
    assert town.message(JOKE, shown.id).text == shown.text

    await town.presses(JOKE, town.words("st.btn_clients", JOKE))
    assert "Uw klanten (3)" in town.last(JOKE).text
    await town.says(BRAM, "/klanten")
    assert town.last(BRAM).labels == ["Laila · K-0004"]


async def test_who_has_no_business_with_it_gets_nowhere_by_forged_taps(town: Town) -> None:
    await town.says(LAILA, "سلام.")
    laila = await number_of(town, LAILA)
    task = (await opens(town, BRAM)).keys[0].data.split(":")[1]
    town.nothing_new()
    forged = (f"wt:{task}:open", f"wt:{task}:call:0", f"wt:{task}:done", "wt:m1:done")

    for data in forged:
        assert await town.forges(JOKE, data) == town.words("st.old_button", JOKE), data
    for data in (*forged, "wb:0", "wb:team:0", "kl:0", "kl:late:0", f"cl:{laila}", "cl:1"):
        assert await town.forges(SELAM, data) == town.label("ch.old_button", SELAM), data
    for data in ("wb:team:0", "kl:late:0", "cl:1", "cl:1:late:0", "wb:99999", "kl:0:", "wt:1:x"):
        assert await town.forges(BRAM, data) == town.words("st.old_button", BRAM), data

    assert [town.texts(person) for person in (JOKE, BRAM, SELAM)] == [[], [], []]
    assert await waiting(town, BRAM) == ["Laila K-0004 · bericht"]


async def test_a_client_who_types_the_commands_of_staff_learns_nothing(town: Town) -> None:
    for command in ("/werkbak", "/klanten", "/klanten k"):
        await town.says(SELAM, command)
        text = town.words("ch.not_understood", SELAM, coach=JOKE.name)
        assert town.last(SELAM).text == text


async def test_many_messages_at_once_are_one_line_with_the_right_number(town: Town) -> None:
    for number in range(12):
        town.writes(SELAM, str(1000 + number))
        town.writes(KHALED, str(2000 + number))
    await town.settled()
    assert sorted(await waiting(town, JOKE)) == [
        "Khaled K-0002 · 12 berichten",
        "Selam K-0001 · 12 berichten",
    ]
