"""Coming in: the link, the language, the notice, and everything that can go otherwise."""

import pytest

from bot.domain.languages import ENGLISH_NAMES, OFFERED
from tests.cast import BRAM, JOKE, KHALED, LAILA, MARYAM, SELAM, STRANGER, Person
from tests.support.town import OTHER_PHONE, STEPS, Town


async def test_a_client_opens_her_link_chooses_her_language_reads_the_notice_and_is_linked(
    new_town: Town,
) -> None:
    town = new_town
    await town.links(JOKE)
    await town.invites(SELAM)

    asked = town.last(SELAM)
    assert asked.labels == [name for _, name in OFFERED]
    assert town.words("on.language", SELAM) in asked.text
    assert "Choose your language" in asked.text

    await town.taps(SELAM, "ትግርኛ")
    read = [town.last(SELAM).text]
    for step in STEPS:
        await town.taps(SELAM, step)
        read.append(town.last(SELAM).text)
    organisation = town.config.organisation
    assert read == [
        town.words("on.confirm_person", SELAM, voornaam="Selam"),
        town.words(
            "on.welcome",
            SELAM,
            voornaam="Selam",
            coach="Joke de Boer",
            organisatie=organisation.name,
        ),
        town.words("on.robot", SELAM, coach="Joke de Boer"),
        town.words("on.privacy1", SELAM, bewaartermijn=organisation.retention_days),
        town.words("on.privacy2", SELAM),
        town.words("on.choice", SELAM),
        town.words("on.shared_phone", SELAM),
        town.words("on.done", SELAM),
    ]
    assert town.shown(JOKE)[-1] == town.words(
        "st.linked", JOKE, code="K-0001", voornaam="Selam", taal="Tigrinya"
    )


@pytest.mark.parametrize(
    "person", [KHALED, MARYAM, LAILA], ids=lambda p: ENGLISH_NAMES[p.language]
)
async def test_every_language_of_the_list_is_spoken_from_its_choice_on(
    new_town: Town, person: Person
) -> None:
    await new_town.links(person)

    assert new_town.shown(person)[-1] == new_town.words("on.done", person)


async def test_whoever_was_imported_with_the_wrong_language_chooses_the_right_one(
    new_town: Town,
) -> None:
    await new_town.links(SELAM, language="fa")

    assert new_town.shown(SELAM)[-1] == new_town.words("on.done", MARYAM)


async def test_an_onboarding_that_was_broken_off_goes_on_where_it_stopped(new_town: Town) -> None:
    town = new_town
    start = await town.invites(SELAM)
    await town.taps(SELAM, "on:language:ti")
    await town.taps(SELAM, "on:person:yes")
    question = town.last(SELAM)
    await town.passes(days=2)

    await town.says(SELAM, start)

    assert town.last(SELAM).text == question.text
    assert town.last(SELAM).keys == question.keys


async def test_words_instead_of_an_answer_are_met_with_the_question_again(new_town: Town) -> None:
    town = new_town
    await town.links(JOKE)
    await town.invites(SELAM)
    await town.taps(SELAM, "on:language:ti")
    question = town.last(SELAM).text
    town.nothing_new()

    await town.says(SELAM, "ሰላም።")

    assert town.texts(SELAM) == [town.words("on.first_finish", SELAM), question]
    assert town.texts(JOKE) == [], "nothing is passed on before the notice is acknowledged"


async def test_a_typed_yes_counts_as_the_button(new_town: Town) -> None:
    town = new_town
    await town.invites(SELAM)
    await town.taps(SELAM, "on:language:ti")

    await town.says(SELAM, "እወ")

    assert [key.data for key in town.last(SELAM).keys] == ["on:welcome:next"]


async def test_a_command_during_the_onboarding_is_met_with_the_question_again(
    new_town: Town,
) -> None:
    town = new_town
    await town.invites(SELAM)
    question = town.last(SELAM).text

    for command in ("/menu", "/taal", "/afspraken", "/stop"):
        await town.says(SELAM, command)
        said = town.shown(SELAM)[-2:]
        assert said == [town.words("on.first_finish", SELAM), question], command


async def test_tapping_twice_or_tapping_an_old_question_changes_nothing(new_town: Town) -> None:
    town = new_town
    await town.invites(SELAM)
    question = town.last(SELAM)
    await town.taps(SELAM, "on:language:ti")
    after = town.shown(SELAM)

    assert await town.forges(SELAM, question.keys[0].data) == town.label("ch.old_button", SELAM)

    assert town.shown(SELAM) == after


async def test_more_can_be_read_about_what_is_kept(new_town: Town) -> None:
    town = new_town
    await town.invites(SELAM)
    for data in ("on:language:ti", *STEPS[:3], "on:privacy1:more"):
        await town.taps(SELAM, data)

    assert town.last(SELAM).text == town.words("on.privacy_more", SELAM, coach="Joke de Boer")
    await town.taps(SELAM, "on:privacy1:next")
    assert town.last(SELAM).text == town.words("on.privacy2", SELAM)


async def test_a_link_used_on_another_phone_is_refused_and_the_coach_is_told_once(
    new_town: Town,
) -> None:
    town = new_town
    await town.links(JOKE)
    start = await town.invites(SELAM)
    town.nothing_new()

    await town.says(OTHER_PHONE, start)
    await town.says(OTHER_PHONE, start)

    expired = town.words("on.token_expired", JOKE)
    assert all(expired in text for text in town.texts(OTHER_PHONE))
    assert town.texts(JOKE) == [
        town.words("st.link_reused", JOKE, code="K-0001", voornaam="Selam")
    ]
    await town.says(OTHER_PHONE, "ሰላም።")
    assert town.texts(JOKE) == []


async def test_a_coachs_link_used_on_another_phone_is_refused_and_the_coordinator_is_told(
    new_town: Town,
) -> None:
    town = new_town
    await town.links(JOKE)
    start = await town.invites(BRAM)
    town.nothing_new()

    await town.says(STRANGER, start)

    assert town.words("on.token_expired", JOKE) in town.texts(STRANGER)[0]
    assert town.texts(JOKE) == [
        town.words("st.link_reused", JOKE, code="s-bram", voornaam="Bram Visser")
    ]
    assert town.texts(BRAM) == []


async def test_the_same_phone_may_open_its_link_again(new_town: Town) -> None:
    town = new_town
    await town.links(JOKE)
    start = await town.link_for(SELAM)
    await town.says(SELAM, start)
    for data in ("on:language:ti", *STEPS):
        await town.taps(SELAM, data)
    town.nothing_new()

    await town.says(SELAM, start)

    assert town.texts(SELAM) == [town.words("on.already", SELAM)]
    assert town.texts(JOKE) == []


async def test_a_link_works_for_seven_days_and_not_for_eight(new_town: Town) -> None:
    town = new_town
    early, late = await town.link_for(KHALED), await town.link_for(MARYAM)
    await town.passes(days=6, hours=23)
    await town.says(KHALED, early)
    assert town.last(KHALED).keys

    await town.passes(days=1)
    await town.says(MARYAM, late)

    assert town.words("on.token_expired", MARYAM) in town.last(MARYAM).text
    assert not town.last(MARYAM).keys


async def test_a_newer_invitation_makes_the_older_link_useless(new_town: Town) -> None:
    town = new_town
    older = await town.link_for(SELAM)
    newer = await town.link_for(SELAM)

    await town.says(SELAM, older)
    assert town.words("on.token_expired", JOKE) in town.last(SELAM).text
    await town.says(SELAM, newer)
    assert town.last(SELAM).keys


async def test_a_stranger_learns_how_to_get_a_link_and_nothing_else(town: Town) -> None:
    organisation = town.config.organisation.name
    for words in ("/start", "/start gokje", "hallo?", "/menu", "/taal", "/stop", "/afspraken"):
        await town.says(STRANGER, words)

        text_id = "on.token_expired" if words == "/start gokje" else "on.no_token"
        [text] = town.texts(STRANGER)
        assert town.words(text_id, JOKE, organisatie=organisation) in text, words
    assert town.texts(JOKE) == []


async def test_a_wrong_person_gets_nothing_more_and_the_coach_asks_who_got_the_link(
    new_town: Town,
) -> None:
    town = new_town
    await town.links(JOKE)
    town.nothing_new()
    await town.links(SELAM, person="no")

    assert town.last(SELAM).text == town.words("on.wrong_person", SELAM)
    assert town.texts(JOKE) == [
        town.words("st.wrong_person", JOKE, code="K-0001", voornaam="Selam")
    ]
    assert "wrong_person" in await town.tasks()
    await town.says(SELAM, "ሰላም።")
    assert town.texts(JOKE) == []


@pytest.mark.parametrize(
    ("answer", "choice"), [("phone", "st.choice_phone"), ("letter", "st.choice_letter")]
)
async def test_somebody_may_decline_the_chat_and_come_back_later(
    new_town: Town, answer: str, choice: str
) -> None:
    town = new_town
    await town.links(JOKE)
    town.nothing_new()
    await town.links(SELAM, choice=answer)

    assert town.last(SELAM).text == town.words("on.declined", SELAM, coach="Joke de Boer")
    keuze = town.words(choice, JOKE)
    assert town.texts(JOKE) == [
        town.words("st.declined", JOKE, code="K-0001", voornaam="Selam", keuze=keuze)
    ]
    await town.says(SELAM, "ሰላም።")
    assert town.texts(JOKE) == [], "who declined the chat does not talk through it"

    await town.says(SELAM, "/start")
    for data in ("on:language:ti", *STEPS):
        await town.taps(SELAM, data)
    assert town.last(SELAM).text == town.words("on.done", SELAM)


async def test_who_shares_the_phone_gets_appointments_without_names_and_places(
    new_town: Town,
) -> None:
    town = new_town
    await town.links(JOKE)
    await town.links(SELAM, shared_phone="shared")

    assert town.words("on.shared_ok", SELAM) in town.shown(SELAM)
    assert town.shown(JOKE)[-1] == town.words(
        "st.shared_phone", JOKE, code="K-0001", voornaam="Selam"
    )


async def test_coaches_and_coordinators_come_in_by_invitation(new_town: Town) -> None:
    town = new_town
    await town.links(JOKE)
    await town.links(BRAM)

    assert town.shown(JOKE) == [
        town.words("st.welcome", JOKE, naam="Joke de Boer", rol="coach, coördinator"),
        town.words("st.coordinator", JOKE),
    ]
    assert town.shown(BRAM) == [town.words("st.welcome", BRAM, naam="Bram Visser", rol="coach")]


async def test_what_clients_wrote_before_the_coach_came_is_brought_then(new_town: Town) -> None:
    town = new_town
    await town.links(LAILA)
    await town.says(LAILA, "سلام.")
    await town.says(LAILA, "نفهمیدم.")

    await town.links(BRAM)

    texts = [text for text in town.shown(BRAM) if text.startswith("K-0004")]
    assert [text.split("\n")[1] for text in texts] == ["Hallo.", "Ik begrijp het niet."]


async def test_a_telegram_name_makes_nobody_a_coach(town: Town) -> None:
    town._put_phone(OTHER_PHONE, "Joke de Boer", JOKE, 1)

    await town.says(OTHER_PHONE, "/start")
    await town.says(OTHER_PHONE, town.words("st.btn_clients", JOKE))
    await town.forges(OTHER_PHONE, "cl:1")

    assert not [text for text in town.shown(OTHER_PHONE) if "Selam" in text]
    assert len(town.shown(OTHER_PHONE)) == 2


async def test_an_invitation_for_a_new_phone_ends_the_old_chat(town: Town) -> None:
    await town.links(SELAM, OTHER_PHONE)
    town.nothing_new()

    await town.says(SELAM, "ሰላም።")
    assert town.texts(JOKE) == []
    assert town.words("on.no_token", JOKE, organisatie=town.config.organisation.name) in (
        town.last(SELAM).text
    )
    await town.says(OTHER_PHONE, "ሰላም።")
    message = town.find(JOKE, "Hallo.")
    town.nothing_new()
    await town.says(JOKE, "Dank u wel.", message)
    assert "የቐንየለይ።" in town.last(OTHER_PHONE).text
    assert town.texts(SELAM) == []


async def test_a_phone_that_is_somebodys_cannot_become_somebody_elses(town: Town) -> None:
    await town.invites(MARYAM, SELAM)

    assert town.words("on.other_person_here", JOKE) in town.last(SELAM).text
    await town.says(SELAM, "ሰላም።")
    assert town.last(JOKE).text.startswith("K-0001 Selam")


async def test_a_coach_with_a_new_phone_is_reached_there_and_nowhere_else(town: Town) -> None:
    await town.links(JOKE, OTHER_PHONE)
    town.nothing_new()

    await town.says(SELAM, "ሰላም።")

    assert "Hallo." in town.last(OTHER_PHONE).text
    assert town.texts(JOKE) == []
