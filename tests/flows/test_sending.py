"""Sending over a bad line: nothing is lost, and what may come twice says so."""

import pytest

from tests.cast import BRAM, JOKE, KHALED, LAILA, SELAM
from tests.support.town import Town


async def test_slow_down_is_obeyed_and_the_order_stays(town: Town) -> None:
    town.phones.fault("429", method="sendMessage", chat_id=JOKE.chat_id, retry_after=30)
    town.writes(SELAM, "10 ደቒቕ ክድንጉ እየ።")
    town.writes(SELAM, "20 ደቒቕ ክድንጉ እየ።")
    await town.settled()
    assert town.texts(JOKE) == []

    await town.passes(seconds=31)

    minutes = [text.split("\n")[1] for text in town.texts(JOKE)]
    assert minutes == ["Ik ben 10 minuten te laat.", "Ik ben 20 minuten te laat."]


async def test_slow_down_in_one_chat_holds_up_that_chat_and_no_other(town: Town) -> None:
    town.phones.fault("429", method="sendMessage", chat_id=JOKE.chat_id, retry_after=30)
    await town.says(SELAM, "ሰላም።")
    await town.says(KHALED, "مرحبًا.")
    await town.says(LAILA, "سلام.")

    assert town.texts(JOKE) == [], "Telegram asked to leave this chat alone"
    assert [text.split(" ")[0] for text in town.texts(BRAM)] == ["K-0004"]
    await town.passes(seconds=31)
    assert sorted(text.split(" ")[0] for text in town.texts(JOKE)) == ["K-0001", "K-0002"]


async def test_slow_down_in_two_chats_holds_up_the_whole_bot(town: Town) -> None:
    for coach in (JOKE, BRAM):
        town.phones.fault("429", method="sendMessage", chat_id=coach.chat_id, retry_after=30)
    await town.says(SELAM, "ሰላም።")
    await town.says(LAILA, "سلام.")
    town.nothing_new()

    await town.presses(KHALED, town.label("btn.menu", KHALED))
    assert town.texts(KHALED) == []
    await town.passes(seconds=31)
    assert town.texts(KHALED) == [town.words("menu.main", KHALED)]
    assert len(town.texts(JOKE)) == len(town.texts(BRAM)) == 1


@pytest.mark.parametrize("fault", ["accept_then_close", "garbage", "half_response"])
async def test_what_perhaps_arrived_comes_once_more_and_says_so(town: Town, fault: str) -> None:
    town.phones.fault(fault, method="sendMessage", chat_id=JOKE.chat_id)
    await town.says(SELAM, "ሰላም።")
    await town.passes(seconds=2)

    first, second = town.texts(JOKE)
    assert second == f"{first}\n{town.words('ch.maybe_twice', JOKE)}"


async def test_a_reply_to_a_message_that_came_twice_still_finds_its_client(town: Town) -> None:
    town.phones.fault("accept_then_close", method="sendMessage", chat_id=JOKE.chat_id)
    await town.says(SELAM, "ሰላም።")
    await town.passes(seconds=2)
    town.nothing_new()

    await town.says(JOKE, "Dank u wel.", town.last(JOKE))

    assert "የቐንየለይ።" in town.last(SELAM).text


async def test_a_message_that_twice_perhaps_arrived_is_not_sent_for_ever(town: Town) -> None:
    await town.says(SELAM, "ሰላም።")
    message = town.last(JOKE)
    town.nothing_new()
    town.phones.fault("502_html", method="sendMessage", chat_id=SELAM.chat_id, times=5)
    answer = await town.says(JOKE, "Dank u wel.", message)
    await town.passes(minutes=30)

    assert town.texts(SELAM) == []
    assert town.last(JOKE).text == town.words(
        "st.perhaps_not_delivered", JOKE, code="K-0001", voornaam="Selam"
    )
    assert town.message(JOKE, answer.id).reactions == ()
    assert len(town.phones.faults()) == 1, "two attempts, and no more"


async def test_edits_and_answers_to_taps_are_repeated_without_harm(town: Town) -> None:
    town.phones.fault("500", method="editMessageText", times=2)
    await town.says(JOKE, "Hallo.")
    await town.taps(JOKE, "Selam")
    await town.passes(seconds=30)

    assert town.find(JOKE, "Voor K-0001 Selam").edited
    assert len(town.texts(SELAM)) == 1


async def test_a_message_telegram_refuses_for_good_is_reported_and_the_lane_goes_on(
    town: Town,
) -> None:
    await town.says(SELAM, "ሰላም።")
    message = town.last(JOKE)
    town.phones.fault("migrated", method="sendMessage", chat_id=SELAM.chat_id)
    await town.says(JOKE, "Dank u wel.", message)
    assert town.last(JOKE).text == town.words(
        "st.not_taken", JOKE, code="K-0001", voornaam="Selam"
    )

    await town.says(JOKE, "Tot morgen.", message)

    assert "ጽባሕ የራኽበና።" in town.last(SELAM).text


async def test_after_a_doubt_nothing_is_sent_before_telegram_answers_a_harmless_question(
    town: Town,
) -> None:
    town.phones.fault("500", method="sendMessage", chat_id=JOKE.chat_id)
    town.phones.fault("500", method="getMe")
    since = len(town.phones.requests())
    await town.says(SELAM, "ሰላም።")
    await town.says(LAILA, "سلام.")
    await town.passes(seconds=5)

    asked = [
        entry["method"]
        for entry in town.phones.requests()[since:]
        if entry["method"] in {"sendMessage", "getMe"}
    ]
    failed = asked.index("getMe")
    assert asked[failed : failed + 3] == ["getMe", "getMe", "sendMessage"]
    assert len(town.texts(BRAM)) == 1
    assert len(town.texts(JOKE)) == 1
