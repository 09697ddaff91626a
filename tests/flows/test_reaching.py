"""Who stops, blocks the bot or changes language: what still reaches whom."""

import pytest

from tests.cast import BRAM, JOKE, KHALED, LAILA, SELAM
from tests.support.town import Town

# --- words that ask for something --------------------------------------------------------------


async def test_who_stops_hears_nothing_more_and_still_reaches_the_coach(town: Town) -> None:
    await town.says(SELAM, "stop")
    await town.taps(SELAM, town.label("btn.yes_stop", SELAM))
    stopped = town.words("pr.stop_done", SELAM, coach="Joke de Boer")
    assert town.last(SELAM).text == stopped
    assert town.last(JOKE).text == town.words("st.stopped", JOKE, code="K-0001", voornaam="Selam")
    town.nothing_new()

    await town.says(SELAM, "ሰላም።")

    message = town.last(JOKE)
    assert "Hallo." in message.text
    assert town.texts(SELAM) == [stopped]
    await town.says(JOKE, "Dank u wel.", message)
    assert town.texts(SELAM) == []
    assert town.last(JOKE).text == town.words(
        "st.cannot_reach", JOKE, code="K-0001", voornaam="Selam",
        stand=town.words("st.link_stopped", JOKE),
    )  # fmt: skip


@pytest.mark.parametrize("word", ["START", "/start", "ጀምር"])
async def test_who_stopped_may_start_again(town: Town, word: str) -> None:
    await town.says(SELAM, "/stop")
    await town.taps(SELAM, "st:yes")

    await town.says(SELAM, word)

    assert town.last(SELAM).text == town.words("pr.welcome_back", SELAM)
    assert town.last(JOKE).text == town.words("st.back", JOKE, code="K-0001", voornaam="Selam")
    await town.says(SELAM, "ሰላም።")
    await town.says(JOKE, "Dank u wel.", town.last(JOKE))
    assert "የቐንየለይ።" in town.last(SELAM).text


async def test_who_does_not_really_want_to_stop_goes_on(town: Town) -> None:
    await town.says(KHALED, "توقف")
    await town.taps(KHALED, "st:no")

    assert town.last(KHALED).text == town.words("pr.stop_kept", KHALED)
    await town.says(KHALED, "مرحبًا.")
    assert "Hallo." in town.last(JOKE).text


async def test_a_client_who_changes_her_language_is_spoken_to_in_it(town: Town) -> None:
    await town.presses(SELAM, town.label("btn.menu", SELAM))
    await town.taps(SELAM, town.label("btn.language", SELAM))
    await town.taps(SELAM, "العربية")

    assert town.last(SELAM).text == town.words("pr.language_done", KHALED, taal="العربية")
    await town.says(SELAM, "مرحبًا.")
    assert town.last(JOKE).text.startswith("K-0001 Selam · Arabisch\nHallo.")
    await town.says(JOKE, "Dank u wel.", town.last(JOKE))
    assert "شكرًا لكم." in town.last(SELAM).text
    await town.presses(SELAM, town.label("btn.menu", KHALED))
    assert town.last(SELAM).text == town.words("menu.main", KHALED)


async def test_everything_on_the_clients_menu_answers(town: Town) -> None:
    for item, text_id in (
        ("appointments", "menu.no_appointments"),
        ("write", "menu.write"),
        ("language", "on.language"),
        ("privacy", "on.privacy1"),
    ):
        await town.presses(SELAM, town.label("btn.menu", SELAM))
        await town.taps(SELAM, f"mn:{item}")
        expected = town.words(text_id, SELAM, coach="Joke de Boer", bewaartermijn=90)
        assert town.last(SELAM).text.startswith(expected), item


# --- a chat that cannot be reached -------------------------------------------------------------


async def test_a_client_who_blocks_the_bot_is_held_and_the_coach_is_told(town: Town) -> None:
    await town.blocks(SELAM)

    told = town.words("st.link_unreachable", JOKE)
    assert told in town.last(JOKE).text
    assert await town.tasks() == ["not_delivered"]
    await town.says(JOKE, "Hoe gaat het met u?")
    await town.taps(JOKE, "Selam")
    assert town.last(JOKE).text.endswith(f"krijgt dit bericht niet: {told}.")
    assert town.texts(SELAM) == []
    await town.taps(JOKE, "Khaled")
    assert len(town.texts(KHALED)) == 1, "the message was kept for another choice"


async def test_a_block_that_telegram_did_not_tell_is_noticed_at_the_next_message(
    town: Town,
) -> None:
    await town.says(SELAM, "ሰላም።")
    message = town.last(JOKE)
    await town.stops()
    town.phones.block(SELAM.chat_id)
    _drop_block_notice(town)
    await town.starts()
    town.expects("bot was blocked by the user")

    answer = await town.says(JOKE, "Dank u wel.", message)

    assert town.words("st.link_unreachable", JOKE) in town.last(JOKE).text
    assert town.message(JOKE, answer.id).reactions == ()
    assert await town.tasks() == ["not_delivered"]


def _drop_block_notice(town: Town) -> None:
    town.phones._x.updates.clear()


async def test_a_client_who_writes_after_blocking_can_be_reached_again(town: Town) -> None:
    await town.blocks(SELAM)
    town.phones.block(SELAM.chat_id, blocked=False)
    await town.says(SELAM, "ሰላም።")
    assert "Hallo." in town.last(JOKE).text

    await town.says(JOKE, "Dank u wel.", town.last(JOKE))

    assert "የቐንየለይ።" in town.last(SELAM).text


async def test_a_client_who_lets_the_bot_in_again_is_live_at_once(town: Town) -> None:
    await town.blocks(SELAM)
    await town.blocks(SELAM, blocked=False)

    assert town.last(JOKE).text == town.words("st.back", JOKE, code="K-0001", voornaam="Selam")


async def test_what_clients_write_to_a_coach_who_blocked_the_bot_is_kept_for_her(
    town: Town,
) -> None:
    await town.says(LAILA, "سلام.")
    await town.blocks(BRAM)
    assert "Bram Visser" in town.last(JOKE).text, "the coordinator hears of it"
    await town.says(LAILA, "نفهمیدم.")
    town.nothing_new()

    await town.blocks(BRAM, blocked=False)

    assert [text.split("\n")[1] for text in town.texts(BRAM)] == ["Ik begrijp het niet."]


async def test_a_message_refused_because_the_coach_blocked_the_bot_is_brought_later(
    town: Town,
) -> None:
    await town.stops()
    town.phones.block(BRAM.chat_id)
    _drop_block_notice(town)
    await town.starts()
    town.expects("bot was blocked by the user")
    await town.says(LAILA, "نفهمیدم.")
    town.phones.block(BRAM.chat_id, blocked=False)
    _drop_block_notice(town)
    town.nothing_new()

    await town.says(BRAM, "/start")

    assert "Ik begrijp het niet." in "\n".join(town.texts(BRAM))
