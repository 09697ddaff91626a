"""A client and her coach talk, each in their own language, and nobody else hears it."""

import random

import pytest

from tests.cast import BRAM, CLIENTS, JOKE, KHALED, LAILA, MARYAM, SELAM, Person
from tests.support.town import Town

SAID = {
    "K-0001": ("ጽባሕ ክመጽእ እየ።", "Ik kom morgen.", "የቐንየለይ።"),
    "K-0002": ("سأحضر غدًا.", "Ik kom morgen.", "شكرًا لكم."),
    "K-0003": ("فردا می‌آیم.", "Ik kom morgen.", "متشکرم."),
    "K-0004": ("آمده نمی‌توانم.", "Ik kan niet komen.", "تشکر."),
}
TONGUES = {"K-0001": "Tigrinya", "K-0002": "Arabisch", "K-0003": "Farsi", "K-0004": "Dari"}


def coach_of(person: Person) -> Person:
    return next(coach for coach in (JOKE, BRAM) if coach.code == person.coach)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
async def test_a_client_writes_her_coach_reads_dutch_answers_and_she_reads_her_own_language(
    town: Town, client: Person
) -> None:
    coach = coach_of(client)
    words, dutch, thanks = SAID[client.code]

    asked = await town.says(client, words)

    read = town.last(coach)
    assert read.text.split("\n") == [
        f"{client.code} {client.name} · {TONGUES[client.code]}",
        dutch,
        "⚙ automatisch vertaald",
        words,
    ]
    assert {"type": "blockquote"}.items() <= _entities(read.body)[-1].items()

    answer = await town.says(coach, "Dank u wel.", read)

    got = town.last(client)
    assert got.text == town.words("ch.from_coach", client, coach=coach.name, tekst=thanks)
    assert got.reply_to == asked.id, "her own words are pointed at"
    assert town.message(coach, answer.id).reactions == ("🕊",)

    again = await town.says(client, words, got)
    assert again.reply_to == got.id
    assert town.last(coach).reply_to == answer.id


def _entities(body: object) -> list[dict[str, object]]:
    assert isinstance(body, dict)
    return list(body["entities"])


async def test_who_reads_from_right_to_left_gets_the_names_and_times_isolated(town: Town) -> None:
    await town.says(KHALED, "سأتأخر 20 دقيقة.")
    message = town.find(JOKE, "Ik ben 20 minuten te laat.")

    await town.says(JOKE, "Kan het om 14:30?", message)

    raw = str(town.last(KHALED).body["text"])
    assert "\u2068Joke de Boer\u2069" in raw
    assert "14:30" in raw


async def test_the_first_message_after_a_silence_is_acknowledged_and_the_next_is_not(
    town: Town,
) -> None:
    received = town.words("ch.received", SELAM, coach="Joke de Boer", werkdagen=2)
    await town.says(SELAM, "ሰላም።")
    assert town.texts(SELAM) == [received]
    await town.says(SELAM, "ሰላም።")
    assert town.texts(SELAM) == []

    await town.passes(hours=5)
    await town.says(SELAM, "ሰላም።")
    assert town.texts(SELAM) == [received]


async def test_the_unclear_button_brings_the_coach_to_the_very_message(town: Town) -> None:
    await town.says(SELAM, "ሰላም።")
    answer = await town.says(JOKE, "Dank u wel.", town.last(JOKE))

    await town.taps(SELAM, town.label("btn.not_clear", SELAM))

    assert town.last(JOKE).text == town.words("st.unclear", JOKE, code="K-0001", voornaam="Selam")
    assert town.last(JOKE).reply_to == answer.id
    assert town.last(SELAM).text == town.words("ch.unclear_help", SELAM, coach="Joke de Boer")


# --- for whom --------------------------------------------------------------------------------


async def test_a_coachs_message_that_answers_nothing_is_sent_only_after_choosing(
    town: Town,
) -> None:
    draft = await town.says(JOKE, "Hoe gaat het met u?")

    question = town.last(JOKE)
    assert question.text == town.words("st.who_for", JOKE)
    assert question.labels == ["Khaled (K-0002)", "Maryam (K-0003)", "Selam (K-0001)"]
    assert [town.texts(client) for client in CLIENTS] == [[], [], [], []]

    await town.taps(JOKE, "Khaled")

    assert [len(town.texts(client)) for client in CLIENTS] == [0, 1, 0, 0]
    assert "كيف حالكم؟" in town.last(KHALED).text
    assert town.last(JOKE).text == town.words("st.sent_to", JOKE, code="K-0002", voornaam="Khaled")
    assert town.message(JOKE, draft.id).reactions == ("🕊",)


async def test_a_kept_message_is_sent_once_however_often_its_button_is_tapped(town: Town) -> None:
    await town.says(JOKE, "Hoe gaat het met u?")
    _, key = town.find_key(JOKE, "Selam")
    await town.taps(JOKE, "Selam")

    assert await town.forges(JOKE, key.data) == town.words("st.draft_gone", JOKE)

    assert len(town.texts(SELAM)) == 1


async def test_a_kept_message_that_is_corrected_goes_out_corrected(town: Town) -> None:
    draft = await town.says(JOKE, "Hoe gaat het met u?")
    await town.edits(JOKE, draft, "Dank u wel.")

    await town.taps(JOKE, "Selam")

    assert [text.split("\n")[1] for text in town.texts(SELAM)] == ["የቐንየለይ።"]


async def test_a_coach_opens_a_client_from_the_list_and_writes_first(town: Town) -> None:
    await town.presses(JOKE, town.words("st.btn_clients", JOKE))
    assert town.last(JOKE).labels == [
        "Khaled · K-0002",
        "Maryam · K-0003",
        "Selam · K-0001",
        town.words("st.kl_btn_late", JOKE),
    ]
    await town.taps(JOKE, "Maryam")
    card = town.last(JOKE)
    assert "K-0003 Maryam" in card.text
    assert town.words("st.link_active", JOKE) in card.text
    await town.taps(JOKE, town.words("st.btn_write", JOKE))
    prompt = town.last(JOKE)
    assert prompt.text == town.words(
        "st.write_prompt", JOKE, code="K-0003", voornaam="Maryam", taal="Farsi"
    )
    assert town.phones.phone(JOKE.chat_id)["force_reply"]

    await town.says(JOKE, "Dank u wel.", prompt)

    assert "متشکرم." in town.last(MARYAM).text
    assert town.texts(SELAM) == town.texts(KHALED) == []


async def test_a_reply_to_any_part_of_what_is_said_about_a_client_goes_to_her(town: Town) -> None:
    await town.says(KHALED, "مرحبًا.")
    await town.says(SELAM, "ሰላም።")
    own = await town.says(JOKE, "Dank u wel.", town.find(JOKE, "K-0002"))
    town.nothing_new()

    await town.says(JOKE, "Tot morgen.", own)

    assert len(town.texts(KHALED)) == 1
    assert town.texts(SELAM) == []


async def test_a_one_word_answer_to_a_client_is_not_taken_for_a_command(town: Town) -> None:
    await town.says(SELAM, "ሰላም።")
    town.nothing_new()

    await town.says(JOKE, "Start", town.last(JOKE))

    assert [text.split("\n")[1] for text in town.texts(SELAM)] == ["Start"]


# --- nobody is mixed up ------------------------------------------------------------------------


async def test_clients_who_write_at_once_are_never_mixed(town: Town) -> None:
    chance = random.Random(20261124)  # noqa: S311 - any order will do, but the same each time
    numbers: dict[str, list[int]] = {client.code: [] for client in CLIENTS}
    texts = {
        "K-0001": "{} ደቒቕ ክድንጉ እየ።",
        "K-0002": "سأتأخر {} دقيقة.",
        "K-0003": "{} دقیقه دیر می‌رسم.",
        "K-0004": "{} دقیقه ناوقت می‌رسم.",
    }
    for number in range(1, 25):
        client = chance.choice(CLIENTS)
        numbers[client.code].append(number)
        town.writes(client, texts[client.code].format(number))
    await town.settled()

    for client in CLIENTS:
        seen = {
            code: [
                int(message.text.split("Ik ben ")[1].split()[0])
                for message in town.chat(coach)
                if message.text.startswith(code)
            ]
            for coach in (JOKE, BRAM)
            for code in [client.code]
            if coach.code == client.coach
        }
        assert seen == {client.code: numbers[client.code]}, "each one whole and in order"
    assert not [text for text in town.shown(BRAM) if "K-0001" in text or "K-0002" in text]
    assert not [text for text in town.shown(JOKE) if "K-0004" in text]

    town.nothing_new()
    asked = [message for message in town.chat(JOKE) if message.keys]
    chance.shuffle(asked)
    for number, message in enumerate(asked):
        town.writes(JOKE, f"Kan het om 14:{number:02}?", message)
    await town.settled()
    for client in (SELAM, KHALED, MARYAM):
        expected = [
            f"14:{number:02}"
            for number, message in enumerate(asked)
            if message.text.startswith(client.code)
        ]
        got = [text.split("14:")[1][:2] for text in town.texts(client)]
        assert [f"14:{minute}" for minute in got] == expected
    assert town.texts(LAILA) == []


async def test_a_coach_cannot_reach_somebody_elses_client_not_even_with_forged_taps(
    town: Town,
) -> None:
    await town.says(LAILA, "سلام.")
    await town.says(SELAM, "ሰላም።")
    await town.says(JOKE, "Dank u wel.", town.last(JOKE))
    await town.says(JOKE, "Hallo.")
    draft = town.last(JOKE).keys[0].data.split(":")[1]
    before = town.shown(LAILA)
    town.nothing_new()
    refused = town.words("st.old_button", JOKE)

    for data in ("wr:4", "wr:4:1", "bn:4", f"dr:{draft}:4"):
        assert await town.forges(JOKE, data) == refused, data

    assert town.texts(JOKE) == []
    assert town.shown(LAILA) == before


async def test_a_client_cannot_tap_anything_of_another_client_or_of_staff(town: Town) -> None:
    await town.says(KHALED, "مرحبًا.")
    await town.says(JOKE, "Dank u wel.", town.last(JOKE))
    town.nothing_new()
    refused = town.label("ch.old_button", SELAM)

    for data in ("m:2:unclear", "cl:2", "wr:2", "bn:1", "bk:1:kind:doelen", "sa:1:1:yes",
                 "dr:1:1", "ap:1:1:come", "zzz", "ap:", "m:x:reply", "lg:xx"):  # fmt: skip
        assert await town.forges(SELAM, data) == refused, data

    assert town.texts(JOKE) == []
    assert town.texts(KHALED) == []


async def test_a_button_that_does_not_exist_is_answered_and_does_nothing(town: Town) -> None:
    for data in ("cl:99", "wr:99", "bn:99", "bk:99:kind:x", "sa:99:1:move", "dr:99:1",
                 "sa:1:1:explode", "\u2068", "x" * 64):  # fmt: skip
        assert await town.forges(JOKE, data), data

    assert town.texts(JOKE) == []
    assert await town.tasks() == []


async def test_in_a_group_the_bot_says_nothing_at_all(town: Town) -> None:
    await town.update(
        message={
            "message_id": 1,
            "date": 0,
            "chat": {"id": -100, "type": "group", "title": "Groep"},
            "from": {"id": SELAM.chat_id, "is_bot": False, "first_name": "Selam"},
            "text": "/start",
        }
    )

    assert [town.texts(person) for person in (JOKE, *CLIENTS)] == [[], [], [], [], []]
    assert not [each for each in town.phones.requests() if "-100" in str(each["params"])]


# --- edits -------------------------------------------------------------------------------------


async def test_a_client_who_corrects_herself_is_read_corrected_under_the_first_version(
    town: Town,
) -> None:
    said = await town.says(SELAM, "20 ደቒቕ ክድንጉ እየ።")
    first = town.last(JOKE)

    await town.edits(SELAM, said, "30 ደቒቕ ክድንጉ እየ።")

    corrected = town.last(JOKE)
    assert corrected.text.split("\n")[1:3] == ["✏ gewijzigd", "Ik ben 30 minuten te laat."]
    assert corrected.reply_to == first.id
    assert "20" in town.message(JOKE, first.id).text, "what was read before stays"


async def test_a_coach_who_corrects_a_message_sends_the_correction_too(town: Town) -> None:
    await town.says(SELAM, "ሰላም።")
    said = await town.says(JOKE, "Kan het om 14:30?", town.last(JOKE))
    first = town.last(SELAM)

    await town.edits(JOKE, said, "Kan het om 15:30?")

    assert "15:30" in town.last(SELAM).text
    assert town.last(SELAM).reply_to == first.id


async def test_an_edit_of_a_command_disturbs_nobody(town: Town) -> None:
    menu = await town.says(JOKE, "menu")
    town.nothing_new()

    await town.edits(JOKE, menu, "Dank u wel.")

    assert [town.texts(person) for person in (JOKE, *CLIENTS)] == [[], [], [], [], []]
