"""Goals of three months: made by the coach, sent to the client, read and answered by her."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from bot.domain.appointments import AppointmentKind
from bot.domain.languages import Language
from bot.domain.plans import GoalView
from bot.services import goals
from bot.services.goals import digit
from bot.storage import people
from bot.translation.model import Result, Translated
from tests.cast import BRAM, JOKE, KHALED, SELAM
from tests.support.agenda import arranges, date_line, number_of
from tests.support.engines import ReadyEngine
from tests.support.goals import (
    END,
    LESSONS,
    ON_TIME,
    TODAY,
    adds,
    deeds,
    fills,
    goals_of,
    make_planned,
    open_tasks,
    opens,
    plan_of,
    plans_ahead,
    shares_her_phone,
    tigrinya,
    writes_goal,
)
from tests.support.town import Town, open_town


class LongEngine(ReadyEngine):
    """Needs three times as many words as there were."""

    async def translate(self, text: str, source: Language, target: Language) -> Result:
        return Translated(f"{source}>{target} {text} {text} {text}", self.name)


@pytest.fixture(scope="session")
def selam_planned(tmp_path_factory: pytest.TempPathFactory, everybody_linked: Path) -> Path:
    """Give the files of a town in which Selam has a plan; made once."""
    folder = tmp_path_factory.mktemp("planned")
    asyncio.run(make_planned(folder, everybody_linked))
    return folder


@pytest.fixture
async def planned(tmp_path: Path, selam_planned: Path) -> AsyncIterator[Town]:
    """Give a town in which Selam has a plan that began today, with two goals."""
    async with open_town(tmp_path, snapshot=selam_planned) as town:
        yield town


# --- a plan is made --------------------------------------------------------------------------


async def test_a_coach_makes_a_plan_with_three_taps_and_is_told_that_goals_are_missing(
    town: Town,
) -> None:
    shown = await opens(town)
    who = {"code": "K-0001", "voornaam": "Selam"}
    assert shown.text == town.words("st.plan_none", JOKE, **who)
    assert shown.labels == ["Ontwikkelplan", "Ondersteuningsplan", "Trajectplan", "← Klant"]

    await town.taps(JOKE, "Trajectplan", shown)
    routes = town.message(JOKE, shown.id)
    assert routes.labels == [
        "Drie stappen",
        "Voltijd (2 × 20 weken)",
        "Deeltijd (3 jaar)",
        "Coaching (8 maanden)",
        "← Terug",
    ]
    await town.taps(JOKE, "Coaching", shown)
    assert town.message(JOKE, shown.id).labels == ["Vandaag", "1-12-2026", "← Terug"]
    assert await deeds(town) == [], "nothing is made before the last tap"
    await town.taps(JOKE, "1-12-2026", shown)

    plan = town.message(JOKE, shown.id)
    assert plan.text.split("\n") == [
        town.words("st.plan_made", JOKE),
        "",
        "🎯 K-0001 Selam · trajectplan, Coaching (8 maanden)",
        "1-12-2026 tot 1-8-2027",
        "",
        "Blok 1 van 3: 1-12-2026 tot 1-3-2027",
        town.words("st.plan_no_goals", JOKE),
    ]
    assert plan.labels == ["➕ Doel toevoegen", "Meer …", "← Klant"]
    assert (await plan_of(town)).lengths == (8,)
    assert await deeds(town) == ["plan.made"]
    assert town.news(SELAM) == [], "the client hears nothing of an empty plan"


async def test_a_plan_is_made_once_however_often_and_wherever_it_is_tapped(town: Town) -> None:
    first, second = await opens(town), await opens(town)
    for shown in (first, second):
        for button in ("Ontwikkelplan", "Deeltijd"):
            await town.taps(JOKE, button, shown)
    await town.taps(JOKE, "Vandaag", first)
    plan = await plan_of(town)

    assert await town.taps(JOKE, "Vandaag", second) == town.words("st.plan_exists", JOKE)

    assert await plan_of(town) == plan
    assert "Blok 1 van 12" in town.message(JOKE, second.id).text
    assert await deeds(town) == ["plan.made"]


async def test_nobody_but_her_own_coach_reaches_a_clients_plan(planned: Town) -> None:
    town = planned
    number, plan = await number_of(town, SELAM), await plan_of(town)
    before = await goals_of(town)
    town.nothing_new()
    for data in (
        f"pl:{number}:open",
        f"pl:{number}",
        f"pl:{number}:rev",
        f"pl:{number}:set={before[0].id}.bereikt",
        f"pl:{number}:ended={plan.id}",
    ):
        await town.forges(BRAM, data)
    await town.forges(SELAM, f"pl:{number}:open")
    assert not any("Selam" in text or ON_TIME in text for text in town.texts(BRAM))
    assert not any(ON_TIME in text for text in town.texts(SELAM))
    assert await goals_of(town) == before
    assert await plan_of(town) == plan


@pytest.mark.parametrize(
    "data",
    [
        "kind=pip",
        "kind=ontwikkelplan.nowhere",
        "kind=ontwikkelplan.coaching.yesterday",
        "add=health",
        "lib=1.language.nothing",
        "tool=99999999999999999999.none",
        "tool=1.hammer",
        "set=1.lost",
        "set=99999999999999999999.bereikt",
        "out=x",
        "close=1.1.maybe",
    ],
)
async def test_a_forged_button_about_a_plan_changes_nothing(town: Town, data: str) -> None:
    await town.forges(JOKE, f"pl:{await number_of(town, SELAM)}:{data}")
    assert town.texts(JOKE) == [], "who taps it is told in a bubble"
    assert await deeds(town) == []


# --- goals are added -------------------------------------------------------------------------


async def test_a_goal_of_the_library_is_added_with_what_helps_and_is_there_in_her_language(
    town: Town,
) -> None:
    screen = await plans_ahead(town)
    await town.taps(JOKE, "➕", screen)
    assert town.message(JOKE, screen.id).labels == [
        "Taal",
        "Communicatie",
        "Werknemersvaardigheden",
        "Opleiding en ervaring",
        "Werk zoeken",
        "Netwerk",
        "← Terug",
    ]
    await town.taps(JOKE, "Werknemersvaardigheden", screen)
    assert town.message(JOKE, screen.id).labels[0] == ON_TIME
    await town.taps(JOKE, ON_TIME, screen)
    asked = town.message(JOKE, screen.id)
    assert asked.labels[-2:] == ["Niets daarvan", "Niet doen"]
    assert len(asked.labels) == 11
    await town.taps(JOKE, "Taalmaatje", screen)

    shown = town.message(JOKE, screen.id).text
    assert shown.startswith(town.words("st.goal_added", JOKE))
    assert f"1. {ON_TIME}\nwerknemersvaardigheden · taalmaatje · open" in shown
    assert town.words("st.plan_no_goals", JOKE) not in shown
    assert await deeds(town) == ["plan.made", "goal.added"]
    assert town.texts(SELAM) == [], "nothing goes to the client by itself"

    await town.says(SELAM, "/doelen")
    listed = town.last(SELAM).text
    assert f"{digit(1)} ⬜ {tigrinya(ON_TIME)}" in listed
    assert ON_TIME not in listed


async def test_a_coach_writes_a_goal_as_an_answer_to_the_prompt_and_it_never_goes_out_as_a_message(
    town: Town,
) -> None:
    screen = await plans_ahead(town)
    words = "Ik bel   elke week\nmet de school."
    asked = await writes_goal(town, screen, words)

    assert asked.text.startswith("🎯 K-0001 Selam: Ik bel elke week met de school.\n")
    assert await goals_of(town) == [], "it is no goal before the last question is answered"
    await town.taps(JOKE, "Niets daarvan", asked)
    (goal,) = await goals_of(town)
    assert (goal.text, goal.block) == ("Ik bel elke week met de school.", 1)
    assert town.texts(SELAM) == []


async def test_a_goal_of_2000_characters_is_refused_in_one_sentence_and_the_prompt_stands(
    town: Town,
) -> None:
    screen = await plans_ahead(town)
    refused = await writes_goal(town, screen, "x" * 2000)
    assert refused.text == town.words("st.goal_too_long", JOKE, lengte=2000, aantal=120)

    await town.says(JOKE, "Ik kom naar de les.", refused)
    await town.taps(JOKE, "Niets daarvan", town.last(JOKE))

    assert [goal.text for goal in await goals_of(town)] == ["Ik kom naar de les."]
    assert town.texts(SELAM) == []


async def test_the_first_prompt_goes_on_to_stand_after_a_refusal(town: Town) -> None:
    screen = await plans_ahead(town)
    await town.taps(JOKE, "➕", screen)
    await town.taps(JOKE, "Taal", screen)
    await town.taps(JOKE, "✍", screen)
    prompt = town.last(JOKE)
    await town.sends(JOKE, "voice", to=prompt)
    assert town.last(JOKE).text == town.words("st.goal_no_words", JOKE, aantal=120)
    said = await town.says(JOKE, "Ik kom naar de lees.", prompt)
    await town.edits(JOKE, said, "Ik kom naar de les.")
    await town.taps(JOKE, "Niets daarvan", town.last(JOKE))
    assert [goal.text for goal in await goals_of(town)] == ["Ik kom naar de les."]


async def test_a_late_or_second_answer_to_the_prompt_makes_nothing_and_reaches_nobody(
    town: Town,
) -> None:
    screen = await plans_ahead(town)
    asked = await writes_goal(town, screen, "Ik kom naar de les.")
    prompt = town.find(JOKE, "Schrijf hier het doel")
    await town.taps(JOKE, "Niets daarvan", asked)

    await town.says(JOKE, "En ik bel op tijd.", prompt)

    assert town.last(JOKE).text == town.words("st.goal_answered", JOKE)
    assert len(await goals_of(town)) == 1
    assert town.texts(SELAM) == []


async def test_words_that_are_corrected_after_the_goal_was_made_change_nothing_and_stay_here(
    town: Town,
) -> None:
    asked = await writes_goal(town, await plans_ahead(town), "Ik kom naar de lees.")
    await town.taps(JOKE, "Niets daarvan", asked)
    said = next(each for each in town.chat(JOKE) if each.text == "Ik kom naar de lees.")
    await town.edits(JOKE, said, "Ik kom naar de les.")
    assert town.last(JOKE).text == town.words("st.goal_answered", JOKE)
    assert [goal.text for goal in await goals_of(town)] == ["Ik kom naar de lees."]
    assert town.texts(SELAM) == []


async def test_a_second_tap_on_what_helps_adds_no_second_goal(town: Town) -> None:
    screen = await plans_ahead(town)
    asked = await writes_goal(town, screen, "Ik kom naar de les.")
    _, key = town.find_key(JOKE, "Taalstage", asked)
    await town.taps(JOKE, "Taalstage", asked)
    await town.forges(JOKE, key.data)
    assert len(await goals_of(town)) == 1


async def test_a_fourth_goal_is_said_to_be_many_and_is_added_all_the_same(planned: Town) -> None:
    town = planned
    screen = await opens(town)
    many = town.words("st.plan_many_goals", JOKE, aantal=3)
    await adds(town, screen, "Taal", "Ik haal het examen spreken.")
    assert many not in town.message(JOKE, screen.id).text
    await town.taps(JOKE, "➕", screen)
    assert many in town.message(JOKE, screen.id).text
    await town.taps(JOKE, "← Terug", screen)
    await adds(town, screen, "Netwerk", "Ik praat met een werkgever.")
    assert many in town.message(JOKE, screen.id).text
    assert len(await goals_of(town)) == 4


async def test_ten_goals_are_as_many_as_a_block_holds(planned: Town) -> None:
    town = planned
    await fills(town, 8, "Ik leer woorden ")
    screen = await opens(town)
    town.expects("message is not modified")
    assert await town.taps(JOKE, "➕", screen) == town.words("st.goal_no_room", JOKE, aantal=10)
    await town.says(SELAM, "/doelen")
    assert [len(message.keys) for message in town.news(SELAM)] == [3, 3, 3, 2]


async def test_what_is_typed_in_answer_to_a_screen_of_the_plan_goes_to_nobody_unasked(
    planned: Town,
) -> None:
    town = planned
    screen = await opens(town)
    asked = await writes_goal(town, screen, "Ik kom naar de les.")
    for message in (screen, asked):
        await town.says(JOKE, "Ik bedoel een ander doel.", message)
        assert town.last(JOKE).text == town.words("st.who_for", JOKE)
    assert town.texts(SELAM) == []


# --- sent to the client ----------------------------------------------------------------------


async def test_the_coach_sees_the_translation_of_each_goal_before_it_is_sent(
    planned: Town,
) -> None:
    town = planned
    screen = await opens(town)
    asked = await writes_goal(town, screen, "Ik bel elke week met de school.")
    await town.taps(JOKE, "Niets daarvan", asked)
    await town.taps(JOKE, "✉ Stuur", asked)

    preview = town.message(JOKE, asked.id).text
    assert preview.split("\n") == [
        town.words("st.goals_preview", JOKE, code="K-0001", voornaam="Selam", taal="Tigrinya"),
        f"1. {ON_TIME}",
        f"    {tigrinya(ON_TIME)}",
        f"2. {LESSONS}",
        f"    {tigrinya(LESSONS)}",
        "3. Ik bel elke week met de school.",
        town.words("st.goal_untranslated", JOKE),
    ]
    assert town.texts(SELAM) == []
    await town.taps(JOKE, "✅ Verstuur", asked)

    (sent,) = town.news(SELAM)
    assert sent.text.split("\n") == [
        town.words("go.new", SELAM, coach="Joke de Boer"),
        f"{digit(1)} {tigrinya(ON_TIME)}",
        f"{digit(2)} {tigrinya(LESSONS)}",
        f"{digit(3)} Ik bel elke week met de school.",
        town.words("go.untranslated", SELAM, coach="Joke de Boer"),
    ]
    assert sent.labels == [town.label("btn.goal_read", SELAM), town.label("btn.not_clear", SELAM)]
    assert town.message(JOKE, asked.id).text.startswith("✅ De doelen zijn naar K-0001 Selam")


async def test_a_preview_of_many_long_goals_fits_one_message(
    tmp_path: Path, selam_planned: Path
) -> None:
    async with open_town(tmp_path, snapshot=selam_planned, engines=[LongEngine()]) as town:
        await fills(town, 8, "W" * 119)
        screen = await opens(town)
        await town.taps(JOKE, "✉ Stuur", screen)
        shown = town.message(JOKE, screen.id)
        assert shown.text.endswith("\n…")
        assert "✅ Verstuur" in shown.labels
        await town.taps(JOKE, "✅ Verstuur", screen)
        assert sum(each.text.count("nl>ti") for each in town.news(SELAM)) == 8


async def test_each_preview_sends_once(planned: Town) -> None:
    town = planned
    screen = await opens(town)
    await town.taps(JOKE, "✉ Stuur", screen)
    _, key = town.find_key(JOKE, "✅ Verstuur", screen)
    for _ in range(2):
        town.phones.tap(JOKE.chat_id, message_id=screen.id, data=key.data)
    await town.settled()
    assert len(town.news(SELAM)) == 1


async def test_what_a_machine_translated_is_marked(tmp_path: Path, selam_planned: Path) -> None:
    async with open_town(tmp_path, snapshot=selam_planned, engines=[ReadyEngine()]) as town:
        asked = await writes_goal(town, await opens(town), "Ik bel elke week met de school.")
        await town.taps(JOKE, "Niets daarvan", asked)
        await town.says(SELAM, "/doelen")
        lines = town.last(SELAM).text.split("\n")
        assert lines[1].endswith(tigrinya(ON_TIME))
        assert lines[3] == f"{digit(3)} ⬜ [nl>ti] Ik bel elke week met de school. ⚙"


async def test_at_night_the_goals_wait_until_the_morning(planned: Town) -> None:
    town = planned
    await town.until(TODAY, time(21))
    screen = await opens(town)
    await town.taps(JOKE, "✉ Stuur", screen)
    await town.taps(JOKE, "✅ Verstuur", screen)
    assert "om 07:30: nu is het rusttijd" in town.message(JOKE, screen.id).text
    assert town.news(SELAM) == []
    await town.until(TODAY + timedelta(days=1), time(7, 30))
    assert ON_TIME not in town.last(SELAM).text
    assert tigrinya(ON_TIME) in town.last(SELAM).text


async def test_on_a_shared_phone_only_the_heading_is_sent_and_she_opens_her_goals_herself(
    planned: Town,
) -> None:
    town = planned
    await shares_her_phone(town, SELAM)
    screen = await opens(town)
    await town.taps(JOKE, "✉ Stuur", screen)
    assert town.words("st.goals_discreet", JOKE) in town.message(JOKE, screen.id).text
    await town.taps(JOKE, "✅ Verstuur", screen)
    (sent,) = town.news(SELAM)
    assert sent.text == town.words("go.new", SELAM, coach="Joke de Boer")
    assert [key.data for key in sent.keys] == ["mn:goals"]


# --- what the client does --------------------------------------------------------------------


async def test_her_list_has_a_line_with_a_mark_for_each_goal_and_a_tap_asks_how_it_goes(
    planned: Town,
) -> None:
    town = planned
    await town.says(SELAM, "/doelen")
    listed = town.last(SELAM)
    until = date_line(END, SELAM).partition(" ")[2]
    assert listed.text.split("\n") == [
        town.words("go.list", SELAM, datum=until),
        f"{digit(1)} ⬜ {tigrinya(ON_TIME)}",
        f"{digit(2)} ⬜ {tigrinya(LESSONS)}",
    ]
    assert listed.labels == [digit(1), digit(2), town.label("btn.goal_question", SELAM)]

    await town.taps(SELAM, digit(2), listed)
    asked = town.message(SELAM, listed.id)
    assert asked.text.split("\n") == [town.words("go.self", SELAM), f"⬜ {tigrinya(LESSONS)}"]
    assert asked.labels == [town.label(f"btn.goal_{view}", SELAM) for view in GoalView]
    await town.taps(SELAM, town.label("btn.goal_busy", SELAM), listed)

    answered = town.message(SELAM, listed.id)
    assert answered.text.split("\n") == [
        f"🔄 {tigrinya(LESSONS)}",
        town.words("go.self_thanks_soon", SELAM, coach="Joke de Boer"),
    ]
    assert len(town.news(SELAM)) == 1, "the same message is edited all along"
    assert [goal.view for goal in await goals_of(town)] == [None, GoalView.BUSY]
    assert "klant zelf: 🔄 bezig (24-11)" in (await opens(town)).text
    await town.says(SELAM, "/doelen")
    assert f"{digit(2)} 🔄 {tigrinya(LESSONS)}" in town.last(SELAM).text


async def test_when_the_talk_has_a_date_she_is_told_it(planned: Town) -> None:
    town = planned
    day = date(2026, 11, 26)
    await arranges(town, JOKE, SELAM, day, time(14), kind=AppointmentKind.GOALS)
    goal = (await goals_of(town))[0]
    await town.says(SELAM, "/doelen")
    listed = town.last(SELAM)
    await town.taps(SELAM, digit(1), listed)
    await town.taps(SELAM, f"go:{goal.id}:done", listed)
    when = date_line(day, SELAM).partition(" ")[2]
    assert town.message(SELAM, listed.id).text.split("\n")[1] == town.words(
        "go.self_thanks", SELAM, coach="Joke de Boer", datum=when
    )


async def test_a_call_for_help_is_a_task_and_a_word_to_the_coach_once(planned: Town) -> None:
    town = planned
    goal = (await goals_of(town))[0]
    await town.says(SELAM, "/doelen")
    listed = town.last(SELAM)
    await town.taps(SELAM, digit(1), listed)
    town.nothing_new()
    town.expects("message is not modified")
    for _ in range(2):
        town.phones.tap(SELAM.chat_id, message_id=listed.id, data=f"go:{goal.id}:help")
    await town.settled()

    assert (
        town.words("go.self_help", SELAM, coach="Joke de Boer")
        in town.message(SELAM, listed.id).text
    )
    (told,) = town.news(JOKE)
    assert told.text == town.words(
        "st.goal_help", JOKE, code="K-0001", voornaam="Selam", doel=ON_TIME
    )
    assert await open_tasks(town, "goal_help") == [f"goal_help:{goal.id}"]
    await town.taps(JOKE, "🎯 Open het plan", told)
    assert "klant zelf: 🆘 hulp nodig" in town.last(JOKE).text
    assert town.message(JOKE, told.id).text == told.text, "the call for help stays readable"


async def test_a_question_goes_to_the_coach_and_her_next_words_too(planned: Town) -> None:
    town = planned
    await town.says(SELAM, "/doelen")
    town.nothing_new()
    await town.taps(SELAM, town.label("btn.goal_question", SELAM))
    assert town.texts(SELAM) == [town.words("go.question", SELAM, coach="Joke de Boer")]
    assert town.texts(JOKE) == [
        town.words("st.goal_question", JOKE, code="K-0001", voornaam="Selam")
    ]


@pytest.mark.parametrize("word", ["read", "unclear"])
async def test_what_she_says_of_new_goals_reaches_the_coach_once(planned: Town, word: str) -> None:
    town = planned
    screen = await opens(town)
    await town.taps(JOKE, "✉ Stuur", screen)
    await town.taps(JOKE, "✅ Verstuur", screen)
    town.nothing_new()
    sent = town.last(SELAM)
    data = f"go:{(await plan_of(town)).id}:{word}"
    town.expects("message is not modified")
    for _ in range(2):
        town.phones.tap(SELAM.chat_id, message_id=sent.id, data=data)
    await town.settled()
    assert town.message(SELAM, sent.id).keys == ()
    assert town.texts(JOKE) == [
        town.words(f"st.goal_{word}", JOKE, code="K-0001", voornaam="Selam")
    ]
    unclear = [town.words("ch.unclear_help", SELAM, coach="Joke de Boer")]
    assert town.texts(SELAM) == (unclear if word == "unclear" else [])


async def test_another_client_reaches_neither_goal_nor_plan_of_hers(planned: Town) -> None:
    town = planned
    goal, plan = (await goals_of(town))[0], await plan_of(town)
    for data in (f"go:{goal.id}:done", f"go:{goal.id}:ask", f"go:{plan.id}:question"):
        await town.forges(KHALED, data)
    assert not any(ON_TIME in text for text in town.texts(KHALED))
    assert town.texts(JOKE) == []
    assert (await goals_of(town))[0].view is None


async def test_who_has_no_goals_or_route_yet_is_told_so_in_her_language(town: Town) -> None:
    for command, text_id in (("/doelen", "go.none"), ("/route", "go.route_none")):
        await town.says(KHALED, command)
        assert town.last(KHALED).text == town.words(text_id, KHALED, coach="Joke de Boer")


async def test_five_goals_come_in_messages_of_at_most_four_buttons(planned: Town) -> None:
    town = planned
    screen = await opens(town)
    await adds(town, screen, "Taal", "Ik haal het examen spreken.")
    await adds(town, screen, "Netwerk", "Ik praat met een werkgever.")
    await adds(town, screen, "Werk zoeken", "Ik maak mijn cv af.")
    await town.says(SELAM, "/doelen")
    first, second = town.news(SELAM)[-2:]
    assert first.labels == [digit(1), digit(2), digit(3)]
    assert second.labels == [digit(4), digit(5), town.label("btn.goal_question", SELAM)]


async def test_goals_are_ready_in_a_language_that_was_just_chosen(planned: Town) -> None:
    town = planned
    number = await number_of(town, SELAM)
    async with town.core.database.transaction() as tx:
        await people.update_client(tx, number, language=KHALED.language)
        await goals.translate_goals(town.core, tx, number, KHALED.language, now=town.now)
    await town.settled()
    await town.says(SELAM, "/doelen")
    assert ON_TIME not in town.last(SELAM).text


async def test_a_new_language_has_the_goals_the_second_time_she_looks(planned: Town) -> None:
    town = planned
    async with town.core.database.transaction() as tx:
        await people.update_client(tx, await number_of(town, SELAM), language=KHALED.language)
    await town.says(SELAM, "/doelen")
    assert ON_TIME in town.last(SELAM).text
    await town.says(SELAM, "/doelen")
    assert ON_TIME not in town.last(SELAM).text
    assert "أحضر كل يوم في الوقت المحدد." in town.last(SELAM).text


async def test_her_route_shows_what_is_done_what_is_now_and_what_comes(town: Town) -> None:
    await plans_ahead(town, KHALED, route="Drie stappen")

    def route(*marks: str) -> str:
        steps = ("language", "practice", "paid_work")
        names = [town.label(f"route.{step}", KHALED) for step in steps]
        now = town.words("go.now", KHALED, stap=names[marks.index("▶")])
        shown = [now if mark == "▶" else name for mark, name in zip(marks, names, strict=True)]
        lines = [f"{mark} {words}" for mark, words in zip(marks, shown, strict=True)]
        return "\n".join([town.words("go.route", KHALED), *lines])

    await town.says(KHALED, "/route")
    assert town.last(KHALED).text == route("▶", "○", "○")
    town.leaps(date(2027, 3, 24), time(10))
    await town.says(KHALED, "/route")
    assert town.last(KHALED).text == route("✔", "▶", "○")
