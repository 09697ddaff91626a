"""What goes wrong between phones and the bot: faults, forged and broken updates, groups."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable

import httpx
import pytest
import sqlalchemy as sa

from bot.domain.delivery import HANDLING_ATTEMPTS, InboxState, OutboxState, Priority
from bot.domain.ids import ChatId
from bot.domain.people import LinkState
from bot.services import inbox as inboxes
from bot.storage.schema import assignments, channel_links, inbox, lanes, outbox
from tests.cast import BRAM, JOKE, KHALED, LAILA, SELAM, STRANGER, Person
from tests.support.town import TOKEN, Shown, Town

_TWICE = "(Misschien krijgt u dit bericht twee keer.)"
_GROUP = -1_001_000_000_077


def _with(town: Town, who: Person | ChatId, words: str) -> list[str]:
    return [text for text in town.shown(who) if words in text]


async def _rows(town: Town, *columns: sa.Column[object]) -> list[tuple[object, ...]]:
    async with town.core.database.reading() as tx:
        return [tuple(row.values()) for row in await tx.rows(sa.select(*columns))]


async def _errors(town: Town) -> list[str]:
    found = [*await _rows(town, inbox.c.error), *await _rows(town, outbox.c.error)]
    return [str(error) for (error,) in found if error is not None]


async def _inbox_states(town: Town) -> list[object]:
    return [state for (state,) in await _rows(town, inbox.c.state)]


async def _call_states(town: Town) -> set[object]:
    return {state for (state,) in await _rows(town, outbox.c.state)}


# -- a call that goes wrong ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "copies", "marked"),
    [
        ("429", 1, 0),
        ("500", 1, 1),
        ("502_html", 1, 1),
        ("refuse", 1, 1),
        ("accept_then_close", 2, 1),
        ("half_response", 2, 1),
        ("garbage", 2, 1),
    ],
)
async def test_a_message_survives_a_fault_and_what_may_be_double_says_so(
    town: Town, fault: str, copies: int, marked: int
) -> None:
    refused = {} if fault == "refuse" else {"chat_id": JOKE.chat_id}
    town.phones.fault(fault, method="sendMessage", retry_after=7, **refused)
    if fault == "refuse":  # it cannot be aimed at a chat, so nobody else may be spoken to
        await town.says(JOKE, "/menu")
        await town.passes(seconds=10)
        shown = [text for text in town.texts(JOKE) if "Uw klanten" in text]
    else:
        await town.says(SELAM, "1001")
        assert len(_with(town, JOKE, "1001")) == copies - 1
        await town.passes(seconds=10)
        shown = _with(town, JOKE, "1001")

    assert len(shown) == copies
    assert [_TWICE in text for text in shown] == [False] * (copies - marked) + [True] * marked
    assert OutboxState.UNCERTAIN not in await _call_states(town)


async def test_told_to_slow_down_it_waits_as_long_as_it_was_told(town: Town) -> None:
    town.phones.fault("429", method="sendMessage", chat_id=JOKE.chat_id, retry_after=60)
    await town.says(SELAM, "1001")

    await town.passes(seconds=59)
    assert _with(town, JOKE, "1001") == []

    await town.passes(seconds=2)
    assert len(_with(town, JOKE, "1001")) == 1


async def test_messages_behind_a_fault_keep_their_place(town: Town) -> None:
    town.phones.fault("502_html", method="sendMessage", chat_id=JOKE.chat_id)
    town.phones.fault("429", method="sendMessage", chat_id=JOKE.chat_id, retry_after=9, times=2)
    for words in ("1001", "1002", "1003"):
        town.writes(SELAM, words)
    await town.settled()
    await town.passes(minutes=1)

    found = [text.split("\n")[1] for text in town.texts(JOKE) if text.startswith("K-0001")]
    assert found == ["1001", "1002", "1003"]


async def test_what_a_client_said_is_repeated_to_her_coach_when_it_is_in_doubt(
    town: Town,
) -> None:
    town.phones.fault("500", method="sendMessage", chat_id=JOKE.chat_id)

    await town.says(SELAM, "1001")
    await town.passes(minutes=5)

    assert len(_with(town, JOKE, "1001")) == 1
    assert _with(town, JOKE, "1001")[0].count(_TWICE) == 1


async def test_what_a_client_said_and_stays_in_doubt_is_told_to_her_coach(town: Town) -> None:
    town.phones.fault("500", method="sendMessage", chat_id=JOKE.chat_id, times=2)

    await town.says(SELAM, "1001")
    await town.passes(minutes=5)

    assert await town.tasks() == ["quarantined_client"]
    assert "Een bericht van K-0001 Selam" in town.last(JOKE).text


async def test_an_answer_to_a_client_that_stays_in_doubt_is_told_to_the_coach(town: Town) -> None:
    message = await _asked(town)
    town.phones.fault("500", method="sendMessage", chat_id=SELAM.chat_id, times=2)

    await town.says(JOKE, "2002", message)
    await town.passes(minutes=5)

    assert _with(town, SELAM, "2002") == []
    assert town.last(JOKE).text == town.words(
        "st.perhaps_not_delivered", JOKE, code="K-0001", voornaam="Selam"
    )
    assert OutboxState.UNCERTAIN in await _call_states(town)


async def _asked(town: Town) -> Shown:
    await town.says(SELAM, "1000")
    found = town.find(JOKE, "1000")
    town.nothing_new()
    return found


@pytest.mark.parametrize("fault", ["500", "accept_then_close", "half_response", "garbage"])
async def test_edits_and_answers_to_taps_are_repeated_without_harm(town: Town, fault: str) -> None:
    town.expects("message is not modified")
    town.expects("query is too old")
    await town.says(JOKE, "2002")
    town.phones.fault(fault, method="editMessageText", chat_id=JOKE.chat_id)
    town.phones.fault(fault, method="answerCallbackQuery")
    _, key = town.find_key(JOKE, "Selam")
    town.phones.tap(JOKE.chat_id, message_id=town.last(JOKE).id, data=key.data)
    await town.settled()
    await town.passes(seconds=10)

    assert town.last(JOKE).text == town.words("st.sent_to", JOKE, code="K-0001", voornaam="Selam")
    assert len(_with(town, SELAM, "2002")) == 1
    assert not [text for text in town.shown(JOKE) if _TWICE in text]
    assert OutboxState.UNCERTAIN not in await _call_states(town)


@pytest.mark.parametrize("words", ["", "x" * 4090])
async def test_what_has_no_room_for_the_mark_gets_it_as_a_message_before_it(
    town: Town, words: str
) -> None:
    town.expects("terminated by other getUpdates")
    if words:
        # As long as Telegram takes, so that a mark inside would make it be refused.
        async with town.core.database.transaction() as tx:
            from_bot = {"chat_id": JOKE.chat_id, "text": words}
            await tx.insert(
                outbox, lane="long", seq=1, part=0, chat_id=JOKE.chat_id, kind="staff",
                method="sendMessage", payload=from_bot, state=OutboxState.SENDING, attempts=1,
                priority=Priority.CONVERSATION,
                doubts=0, not_before=town.now, created_at=town.now,
            )  # fmt: skip
        await town.stops()
        await town.starts()
    else:
        town.phones.fault("accept_then_close", method="sendLocation")
        await town.sends_other(SELAM, kind="location", latitude=52.09, longitude=5.12)
    await town.passes(seconds=10)

    *_, mark, repeat = town.news(JOKE)
    assert mark.text == _TWICE
    assert repeat.text == words
    assert repeat.shows("location") == (not words)
    assert OutboxState.FAILED not in await _call_states(town)


async def test_what_telegram_will_never_take_is_told_to_the_coach(town: Town) -> None:
    town.expects("wrong file identifier")
    async with town.core.database.transaction() as tx:
        await tx.run(
            sa.text(
                "CREATE TRIGGER spoil AFTER INSERT ON outbox WHEN NEW.method = 'sendPhoto' BEGIN "
                "UPDATE outbox SET payload = json_set(payload, '$.photo', 'gone') "
                "WHERE id = NEW.id; END"
            )
        )
    await town.sends(SELAM, "photo", "1001")
    await town.passes(seconds=10)

    assert await town.tasks() == ["quarantined_client"]
    assert "Een bericht van K-0001 Selam kon niet worden verwerkt" in town.last(JOKE).text


# -- somebody who cannot be reached -------------------------------------------------------------


async def _deactivated(town: Town) -> None:
    town.expects("user is deactivated")
    town.phones.deactivate(SELAM.chat_id)


async def _unknown_chat(town: Town) -> None:
    town.expects("chat not found")
    async with town.core.database.transaction() as tx:
        await tx.run(
            sa.update(channel_links)
            .where(channel_links.c.chat_id == SELAM.chat_id)
            .values(chat_id=7_777_777)
        )


@pytest.mark.parametrize("happens", [_deactivated, _unknown_chat])
async def test_a_client_who_cannot_be_reached_is_held_and_her_coach_told_once(
    town: Town, happens: Callable[[Town], Awaitable[None]]
) -> None:
    message = await _asked(town)
    await happens(town)

    for words in ("2001", "2002", "2003"):
        town.writes(JOKE, words, message)
    await town.settled()
    await town.passes(hours=1)

    told = _with(town, JOKE, "Een bericht aan K-0001 Selam kwam niet aan")
    assert len(told) == 1
    assert "niet bereikbaar" in told[0]
    assert await town.tasks() == ["not_delivered"]
    links = await _rows(town, channel_links.c.state)
    assert links.count((LinkState.UNREACHABLE,)) == 1
    await town.says(JOKE, "2004", message)
    assert "krijgt dit bericht niet" in town.last(JOKE).text
    assert await _call_states(town) <= {
        OutboxState.SENT,
        OutboxState.FAILED,
        OutboxState.HELD,
    }


async def test_who_comes_back_reads_what_was_written_meanwhile_in_its_order(town: Town) -> None:
    message = await _asked(town)
    town.expects("bot was blocked by the user")
    await town.stops()
    town.phones.block(SELAM.chat_id)
    town.phones._x.updates.clear()  # Telegram did not tell
    await town.starts()
    for words in ("2001", "2002", "2003"):
        town.writes(JOKE, words, message)
    await town.settled()
    await town.passes(days=2)
    town.nothing_new()

    await town.blocks(SELAM, blocked=False)
    await town.says(SELAM, "1001")

    came = [text for text in town.texts(SELAM) if "200" in text]
    assert [text.split("\n")[-1][-4:] for text in came] == ["2001", "2002", "2003"]


async def test_who_comes_back_after_a_month_is_not_told_what_is_long_past(town: Town) -> None:
    message = await _asked(town)
    town.expects("bot was blocked by the user")
    await town.stops()
    town.phones.block(SELAM.chat_id)
    town.phones._x.updates.clear()
    await town.starts()
    await town.says(JOKE, "2001", message)
    await town.passes(days=30)
    town.nothing_new()

    await town.blocks(SELAM, blocked=False)
    await town.says(SELAM, "1001")

    assert not any("2001" in text for text in town.texts(SELAM))


async def test_a_coach_who_blocked_the_bot_finds_everything_on_coming_back(town: Town) -> None:
    town.expects("bot was blocked by the user")
    await town.blocks(BRAM)
    for words in ("1001", "1002"):
        await town.says(LAILA, words)

    assert "coach_without_chat" in await town.tasks()
    await town.blocks(BRAM, blocked=False)
    assert [len(_with(town, BRAM, words)) for words in ("1001", "1002")] == [1, 1]


# -- a second poller ----------------------------------------------------------------------------


async def test_a_second_poller_is_reported_and_outlasted(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    town.expects("terminated by other getUpdates")
    url = f"{town.config.telegram.api_url}/bot{TOKEN}/getUpdates?timeout=0&offset=1"

    def ask() -> bytes:
        answer: bytes = httpx.get(url).content
        return answer

    with caplog.at_level(logging.ERROR):
        await asyncio.to_thread(ask)
        await town.says(SELAM, "1001")

    assert "receive.conflict" in caplog.text
    assert len(_with(town, JOKE, "1001")) == 1


# -- updates that cannot be read ----------------------------------------------------------------


def _from(person: Person, **more: object) -> dict[str, object]:
    user = {"id": person.chat_id, "is_bot": False, "first_name": person.name}
    chat = {"id": person.chat_id, "type": "private", "first_name": person.name}
    return {"message_id": 900, "date": 1_795_509_000, "from": user, "chat": chat} | more


BROKEN: dict[str, dict[str, object]] = {
    "a message that is a text": {"message": "Klaproos"},
    "a message that is a list": {"message": ["Klaproos"]},
    "no chat": {"message": {"message_id": 1, "date": 1, "text": "Klaproos"}},
    "a chat that is a number": {"message": {"message_id": 1, "date": 1, "chat": 5002}},
    "a chat named in letters": {
        "message": _from(SELAM, text="Klaproos", chat={"id": "5002", "type": "private"})
    },
    "a chat number beyond all bounds": {
        "message": _from(SELAM, text="Klaproos", chat={"id": 1 << 80, "type": "private"})
    },
    "a chat without a type": {"message": _from(SELAM, chat={"id": SELAM.chat_id}, text="x")},
    "no date": {"message": {"message_id": 1, "chat": {"id": SELAM.chat_id, "type": "private"}}},
    "a date in words": {"message": _from(SELAM, date="Klaproos", text="x")},
    "a text that is a number": {"message": _from(SELAM, text=12)},
    "a text that is a list": {"message": _from(SELAM, text=["Klaproos"])},
    "a tap without a person": {"callback_query": {"id": "1", "data": "mn:help"}},
    "a photo that is a text": {"message": _from(SELAM, photo="Klaproos")},
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
async def test_an_update_that_cannot_be_read_is_put_apart_and_the_rest_goes_on(
    town: Town, body: dict[str, object]
) -> None:
    town.expects("chat not found")
    town.writes(SELAM, "1001")
    town.phones.put_update(dict(body))
    town.writes(SELAM, "1002")
    await town.settled()
    await _tried_again(town)

    assert (await _inbox_states(town)).count(InboxState.QUARANTINED) == 1
    assert [kind for kind in await town.tasks() if kind.startswith("quarantined")]
    assert [len(_with(town, JOKE, words)) for words in ("1001", "1002")] == [1, 1]
    assert "kon niet worden verwerkt" in "\n".join(town.shown(JOKE))
    assert await _errors(town)
    for error in await _errors(town):
        assert "Klaproos" not in error


async def test_half_an_emoji_is_put_apart_without_holding_up_its_batch(town: Town) -> None:
    batch = [
        (number, SELAM.chat_id, json.dumps({"update_id": number, "message": message}))
        for number, message in enumerate(
            (_from(SELAM, text="1001 \ud83d"), _from(SELAM, text="1002", message_id=901)), start=1
        )
    ]
    accepted = await inboxes.accept(
        town.core, int(TOKEN.partition(":")[0]), batch, next_update_id=3, now=town.now
    )
    await town.settled()
    await _tried_again(town)

    assert accepted == 2
    assert (await _inbox_states(town)).count(InboxState.QUARANTINED) == 1
    assert len(_with(town, JOKE, "1002")) == 1


async def _tried_again(town: Town) -> None:
    """Let time pass until an update that fails every time has been given up."""
    for _ in range(HANDLING_ATTEMPTS):
        await town.passes(seconds=10)


IGNORED: dict[str, dict[str, object]] = {
    "an unknown kind": {"telepathy": {"chat": {"id": 5002, "type": "private"}, "text": "x"}},
    "an unknown kind that is a text": {"telepathy": "x"},
    "nothing at all": {},
    "an inline question": {
        "inline_query": {
            "id": "1",
            "from": {"id": 5002, "is_bot": False, "first_name": "Selam"},
            "query": "x",
            "offset": "",
        }
    },
    "a member who changed a title": {"message": _from(SELAM, new_chat_title="x")},
}


@pytest.mark.parametrize("body", IGNORED.values(), ids=IGNORED.keys())
async def test_an_update_of_no_concern_is_answered_by_nothing(
    town: Town, body: dict[str, object]
) -> None:
    await town.update(**body)
    await town.says(SELAM, "1001")

    assert set(await _inbox_states(town)) == {InboxState.DONE}
    assert await town.tasks() == []
    assert len(_with(town, JOKE, "1001")) == 1


async def test_a_message_without_a_sender_is_taken_by_its_chat(town: Town) -> None:
    body = _from(SELAM, text="1001")
    del body["from"]
    await town.update(message=body)

    assert len(_with(town, JOKE, "1001")) == 1


async def test_a_text_far_longer_than_telegram_allows_arrives_whole(town: Town) -> None:
    await town.update(message=_from(SELAM, text="1 " * 9_000 + "9999"))

    arrived = town.texts(JOKE)
    assert sum(text.count("1 ") + text.count("1\n") for text in arrived) >= 8_990
    assert "9999" in arrived[-1]


# -- a handler that fails -----------------------------------------------------------------------


async def _break_messages(town: Town) -> None:
    """Make the database refuse what says 1001, quoting it as PostgreSQL likes to do."""
    async with town.core.database.transaction() as tx:
        await tx.run(
            sa.text(
                "CREATE TRIGGER broken BEFORE INSERT ON messages WHEN NEW.text LIKE '%1001%' "
                "BEGIN SELECT RAISE(ABORT, 'Klaproos'); END"
            )
        )


async def test_a_handler_that_fails_is_tried_three_times_and_then_put_apart(town: Town) -> None:
    await _break_messages(town)
    town.writes(SELAM, "Klaproos 1001")
    town.writes(SELAM, "1002")
    await town.settled()

    async def tried() -> list[tuple[object, ...]]:
        rows = await _rows(town, inbox.c.id, inbox.c.attempts, inbox.c.state)
        return [row[1:] for row in sorted(rows)[-2:]]

    assert await tried() == [(1, InboxState.NEW), (0, InboxState.NEW)]
    assert _with(town, JOKE, "1002") == [], "the lane keeps its order while it is tried again"
    await town.passes(seconds=1)
    assert await tried() == [(2, InboxState.NEW), (0, InboxState.NEW)]
    await town.passes(seconds=2)
    assert await tried() == [(2, InboxState.QUARANTINED), (0, InboxState.DONE)]

    assert await town.tasks() == ["quarantined_client"]
    assert len(_with(town, JOKE, "1002")) == 1
    assert _with(town, JOKE, "Een bericht van K-0001 Selam kon niet worden verwerkt")
    errors = await _errors(town)
    assert errors
    assert "IntegrityError" in errors[0]
    assert "Klaproos" not in "".join(errors)


async def test_a_handler_that_works_the_second_time_leaves_no_trace(town: Town) -> None:
    await _break_messages(town)
    await town.says(SELAM, "1001")
    async with town.core.database.transaction() as tx:
        await tx.run(sa.text("DROP TRIGGER broken"))

    await town.passes(seconds=5)

    assert len(_with(town, JOKE, "1001")) == 1
    assert await town.tasks() == []


async def test_when_nobody_can_be_told_in_the_usual_way_the_lane_still_goes_on(town: Town) -> None:
    await town.says(SELAM, "1000")
    async with town.core.database.transaction() as tx:
        lane = f"chat:{JOKE.chat_id}:client:1"
        await tx.run(sa.delete(lanes).where(lanes.c.lane == lane))
        await tx.run(sa.delete(assignments).where(assignments.c.client_id == 2))

    await town.says(SELAM, "1001")
    await town.says(KHALED, "1002")
    await _tried_again(town)

    assert (await _inbox_states(town)).count(InboxState.QUARANTINED) == 2
    assert await town.tasks() == ["quarantined", "quarantined"]
    assert len([text for text in town.shown(JOKE) if "kon niet worden verwerkt" in text]) == 2
    await town.says(LAILA, "1003")
    assert len(_with(town, BRAM, "1003")) == 1


# -- buttons ------------------------------------------------------------------------------------

FORGED = (
    "?", "mn:", "mn:everything", "cl:1", "cl:2", "wr:1", "wr:1:1", "bn:1", "bk:1:kind:intake",
    "bk:999:day:x", "sa:1:1:cancel", "sa:1:1:yes", "ap:1:1:yes", "ap:999:7:where", "dr:1:1",
    "dr:999:1", "on:choice:chat", "on:language:ti", "on:shared_phone:shared", "m:1:unclear",
    "lg:xx", "st:perhaps", "x" * 64,
)  # fmt: skip


@pytest.mark.parametrize("who", [LAILA, BRAM, STRANGER], ids=["client", "coach", "stranger"])
async def test_forged_buttons_are_answered_and_lead_nowhere(
    town: Town, who: Person | ChatId
) -> None:
    await _asked(town)
    await town.says(who, "/start")
    town.nothing_new()
    chat_id = who.chat_id if isinstance(who, Person) else who
    taps = [town.phones.tap(chat_id, raw_data=data) for data in FORGED]
    await town.settled()

    for tap, data in zip(taps, FORGED, strict=True):
        answer = town.phones.callback(str(tap["callback_query_id"]))
        assert answer["answered"], f"{data} was never answered"
        assert answer["text"], f"{data} was taken for a button"

    for other in (JOKE, SELAM, KHALED):
        assert town.texts(other) == []
    assert not [text for text in town.texts(who) if "Selam" in text]
    assert set(await _inbox_states(town)) == {InboxState.DONE}


@pytest.mark.parametrize("data", [{"data": ""}, {}, {"game_short_name": "x"}])
async def test_a_button_without_an_id_is_answered(town: Town, data: dict[str, str]) -> None:
    town.expects("query is too old")
    await town.says(SELAM, "/menu")
    user = {"id": SELAM.chat_id, "is_bot": False, "first_name": "Selam"}
    query = {"id": "77", "from": user, "chat_instance": "1", "message": _from(SELAM, text="x")}
    await town.update(callback_query=query | data)

    assert set(await _inbox_states(town)) == {InboxState.DONE}
    assert [r for r in town.phones.requests() if r["method"] == "answerCallbackQuery"]


async def test_a_tap_from_a_message_of_another_chat_is_nobodys(town: Town) -> None:
    town.expects("query is too old")
    user = {"id": JOKE.chat_id, "is_bot": False, "first_name": "Joke"}
    query = {"id": "77", "from": user, "chat_instance": "1", "inline_message_id": "9"}
    await town.update(callback_query=query | {"data": "cl:1"})

    assert town.texts(JOKE) == []
    assert set(await _inbox_states(town)) == {InboxState.DONE}


async def test_a_tap_is_not_answered_once_telegram_has_forgotten_it(town: Town) -> None:
    await town.says(SELAM, "/menu")
    town.phones.fault("429", method="answerCallbackQuery", retry_after=200)
    _, key = town.find_key(SELAM, "mn:language")
    town.phones.tap(SELAM.chat_id, message_id=town.last(SELAM).id, data=key.data)
    await town.settled()
    assert town.words("on.language", SELAM) in town.last(SELAM).text, "what it asked for is there"

    await town.passes(seconds=300)

    answered = [r for r in town.phones.requests() if r["method"] == "answerCallbackQuery"]
    assert len(answered) == 1
    assert OutboxState.QUEUED not in await _call_states(town)


async def test_a_button_that_is_days_old_still_does_what_it_says(town: Town) -> None:
    await town.says(SELAM, "/menu")
    await town.passes(days=5)

    await town.taps(SELAM, "mn:language")

    assert town.words("on.language", SELAM) in town.last(SELAM).text


# -- updates twice and in the wrong order -------------------------------------------------------


async def test_an_update_that_is_delivered_twice_is_handled_once(town: Town) -> None:
    await town.says(SELAM, "1001")
    town.phones.fault("duplicate_updates", method="getUpdates")
    await town.says(SELAM, "1002")
    await town.says(SELAM, "1003")
    raw = [row for row in await _rows(town, inbox.c.update_id) if row]
    last = max(int(str(number)) for (number,) in raw)
    await town.update(update_id=last, message=_from(SELAM, text="1004"))

    assert [len(_with(town, JOKE, words)) for words in ("1001", "1002", "1003", "1004")] == [
        1, 1, 1, 0,
    ]  # fmt: skip


async def test_updates_in_the_wrong_order_are_put_right(town: Town) -> None:
    town.phones.fault("reverse_updates", method="getUpdates", times=2)
    await town.says(SELAM, "1000")
    town.nothing_new()
    for words in ("1001", "1002", "1003"):
        town.writes(SELAM, words)
    await town.settled()

    found = [text.split("\n")[1] for text in town.texts(JOKE)]
    assert found == ["1001", "1002", "1003"]


async def test_numbers_that_begin_anew_after_a_quiet_week_are_not_taken_for_old_ones(
    town: Town,
) -> None:
    await town.says(SELAM, "1001")
    await town.update(update_id=5, message=_from(SELAM, text="1002"))

    assert len(_with(town, JOKE, "1002")) == 1


# -- groups -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
async def test_in_a_group_it_says_nothing_links_nobody_and_tells_nothing(
    town: Town, kind: str
) -> None:
    token = (await town.link_for(SELAM)).partition(" ")[2]
    before = await _rows(town, channel_links.c.id, channel_links.c.chat_id)
    asked = len(town.phones.requests())
    group = {"id": _GROUP, "type": kind, "title": "Iedereen"}
    commands = [{"type": "bot_command", "offset": 0, "length": 6}]
    for who in (SELAM, JOKE):
        for text in (f"/start {token}", "/menu", "/stop", "1001"):
            entities = {"entities": commands} if text.startswith("/start") else {}
            await town.update(message=_from(who, chat=group, text=text) | entities)
        query = {"id": "77", "from": _from(who)["from"], "chat_instance": "1"}
        for data in ("cl:1", "wr:1", "mn:appointments", "mn:stop", "st:yes", "on:choice:chat"):
            message = _from(who, chat=group, text="x")
            await town.update(callback_query=query | {"message": message, "data": data})
        await town.update(
            my_chat_member={
                "chat": group,
                "from": _from(who)["from"],
                "date": 1,
                "old_chat_member": {"user": _from(who)["from"], "status": "left"},
                "new_chat_member": {"user": _from(who)["from"], "status": "member"},
            }
        )
    await town.passes(seconds=30)

    called = [r["method"] for r in town.phones.requests(after=asked)]
    assert set(called) == {"getUpdates"}
    assert await _rows(town, channel_links.c.id, channel_links.c.chat_id) == before
    assert town.texts(JOKE) == town.texts(SELAM) == []
    assert set(await _inbox_states(town)) == {InboxState.DONE}
    await town.says(SELAM, f"/start {token}")
    assert town.texts(SELAM), "the link still works where it belongs"
