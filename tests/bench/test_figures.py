"""Figures tell what was measured, and what judges a measurement sees what is wrong with it."""

import asyncio
import json
import math
from pathlib import Path

import pytest

from bench import figures
from bench.broadcast import talk, too_fast, too_fast_in_chats
from bench.figures import Figure
from bench.lateness import over_ideal
from bench.people import client_chat, coach_chat
from bench.processes import server
from bench.relay import CLIENTS, TRANSLATED, faults, messages
from bench.server import Send, reference
from bot.simulator.values import JsonObject, as_int, as_list, as_object


def copies(*marks: int) -> list[Send]:
    """Return the copies of these messages as the server sees them, a tenth of a second apart."""
    return [(n / 10, "sendMessage", coach_chat(mark), mark) for n, mark in enumerate(marks)]


def test_a_figure_that_must_reach_its_baseline_fails_below_it() -> None:
    figure = figures.at_least_baseline("relays", 600, "a second", 500, baseline=800)
    assert figure == Figure("relays", 600, "a second", 800, 0.75, "≥ 500 and ≥ baseline", False)
    assert figures.at_least_baseline("relays", 800, "a second", 500, baseline=800).met is True
    assert figures.at_least_baseline("relays", 499, "a second", 500, baseline=100).met is False


def test_a_figure_may_pass_its_baseline_by_the_margin_and_not_more() -> None:
    def met(value: float) -> bool | None:
        return figures.no_worse_than_baseline("p99", value, "ms", baseline=20, margin=50).met

    assert met(70) is True
    assert met(70.1) is False


def test_limits_may_be_touched() -> None:
    assert figures.at_most("violations", 0, "times", 0).met is True
    assert figures.at_most("violations", 1, "times", 0).met is False
    assert figures.at_least("paid", 1000, "a second", 1000).met is True
    assert figures.at_least("paid", 999, "a second", 1000).met is False


def test_an_aim_is_judged_before_the_value_is_rounded() -> None:
    figure = figures.at_most("over the ideal", 1.02004, "times", 1.02)
    assert (figure.value, figure.met) == (1.02, False)


def test_a_figure_without_an_aim_is_neither_met_nor_missed() -> None:
    assert figures.plain("memory", 80, "MB", baseline=40) == Figure(
        "memory", 80, "MB", 40, 2.0, "", None
    )


@pytest.mark.parametrize("baseline", [None, 0])
def test_there_is_no_ratio_to_nothing(baseline: float | None) -> None:
    assert figures.plain("memory", 80, "MB", baseline=baseline).ratio is None


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert figures.percentile(values, 0.5) == 50
    assert figures.percentile(values, 0.99) == 99
    assert figures.percentile(values, 1) == 100
    assert figures.percentile([7.0], 0.01) == 7


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="found nothing"):
        figures.percentile([], 0.99)


def test_one_wild_repeat_does_not_move_the_median() -> None:
    assert figures.median([10.0, 9_000.0, 11.0]) == 11


def test_results_hold_exactly_the_promised_fields(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    figures.write_json(
        file,
        [
            figures.at_most("violations", 0, "times", 0, baseline=3),
            figures.plain("memory", 80.123456, "MB"),
        ],
    )
    assert json.loads(file.read_text(encoding="utf-8")) == [
        {
            "name": "violations",
            "value": 0,
            "unit": "times",
            "baseline": 3,
            "ratio": 0.0,
            "aim": "≤ 0",
            "met": True,
        },
        {
            "name": "memory",
            "value": 80.12,
            "unit": "MB",
            "baseline": None,
            "ratio": None,
            "aim": "",
            "met": None,
        },
    ]


def test_what_could_not_be_measured_is_no_number_in_the_results(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        figures.write_json(
            tmp_path / "results.json", [figures.plain("rate", math.nan, "a second")]
        )


def test_the_table_shows_a_missed_aim_in_capitals() -> None:
    lines = figures.table(
        [
            figures.at_least("relays", 1234.5, "a second", 500, baseline=1000),
            figures.at_most("violations", 2, "times", 0),
        ]
    ).splitlines()
    assert lines[0].split() == ["figure", "value", "unit", "baseline", "ratio", "aim", "met"]
    assert lines[2].split() == [
        "relays",
        "1,234",
        "a",
        "second",
        "1,000",
        "1.23",
        "≥",
        "500",
        "yes",
    ]
    assert lines[3].split() == ["violations", "2", "times", "≤", "0", "NO"]


def test_a_relay_that_is_lost_doubled_or_overtaken_is_a_fault() -> None:
    first, later = 1, 1 + CLIENTS
    assert faults(copies(first, 2, later), 1, 2) == 1  # a mark that nobody sent
    assert faults(copies(1, 2, 3), 1, 3) == 0
    assert faults(copies(1, 3), 1, 3) == 1
    assert faults(copies(1, 2, 2, 3), 1, 3) == 1
    everything = list(range(1, later + 1))
    assert faults(copies(*everything), 1, later) == 0
    swapped = [later, *everything[1:-1], first]
    assert faults(copies(*swapped), 1, later) == 1


def test_a_copy_at_the_wrong_coach_is_a_fault() -> None:
    assert faults([(0.0, "sendMessage", coach_chat(2), 1)], 1, 1) == 1


def test_a_window_that_begins_anywhere_counts() -> None:
    steady = [n / 32 for n in range(96)]
    assert too_fast(steady, 32) == 0
    assert too_fast([*steady, 1.51], 32) > 0
    assert too_fast([0.9 + n / 1000 for n in range(32)], 32) == 0
    assert too_fast([0.9 + n / 1000 for n in range(33)], 32) == 1


def test_a_chat_may_get_three_at_once_and_then_one_a_second() -> None:
    def sends(*times: float) -> list[Send]:
        return [(at, "sendMessage", 7, 0) for at in times]

    assert too_fast_in_chats(sends(0, 0, 0, 1, 2, 3)) == 0
    assert too_fast_in_chats(sends(0, 0, 0, 0)) == 1
    assert too_fast_in_chats(sends(0, 0, 0, 0.5)) == 1
    assert too_fast_in_chats([*sends(0, 0, 0), (0, "sendMessage", 8, 0)]) == 0


def test_lateness_is_counted_from_the_moment_the_limiter_allows() -> None:
    assert over_ideal([11.0, 10.5, 10.0], 10.0, 2) == [0.0, 0.0, 0.0]
    assert over_ideal([10.0, 12.0], 10.0, 2) == [0.0, 1.5]


def test_people_talk_at_the_same_moments_in_every_run() -> None:
    plan = talk(100.0, 20.0, 1)
    assert plan == talk(100.0, 20.0, 1)
    assert all(100 < at < 120 for _, _, at in plan)
    assert len({text for _, text, _ in plan}) == len(plan) > 50


async def test_the_server_hands_out_again_what_was_not_confirmed() -> None:
    async with server() as answering:
        await answering.load(messages(TRANSLATED, range(1, 151)))
        first = await ask(answering.port, "getUpdates", "timeout=5")
        again = await ask(answering.port, "getUpdates", "timeout=5&offset=1")
        rest = await ask(answering.port, "getUpdates", "timeout=5&offset=101")
        assert [as_int(each["update_id"]) for each in first] == list(range(1, 101))
        assert again == first
        assert [as_int(each["update_id"]) for each in rest] == list(range(101, 151))
        assert await ask(answering.port, "getUpdates", "timeout=0&offset=151") == []
        assert (await answering.stats())["left"] == 0


async def test_the_server_knows_a_message_again_in_its_copy() -> None:
    async with server() as answering:
        await answering.load(messages(TRANSLATED, [5]))
        (update,) = await ask(answering.port, "getUpdates", "timeout=5")
        number = as_int(as_object(update["message"])["message_id"])
        await ask(
            answering.port,
            "copyMessage",
            f"chat_id={coach_chat(5)}&from_chat_id={client_chat(5)}&message_id={number}",
        )
        await ask(answering.port, "sendMessage", f"chat_id={coach_chat(5)}&text=a+{reference(5)}")
        await ask(answering.port, "setMyCommands", "commands=[]")
        sends = await answering.until_sent(2, patience=5)
        assert [(name, chat, mark) for _, name, chat, mark in sends] == [
            ("copyMessage", coach_chat(5), 5),
            ("sendMessage", coach_chat(5), 5),
        ]


async def ask(port: int, method: str, form: str) -> list[JsonObject]:
    """Call the Bot API over a connection of one's own; returns the result if it is a list."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = f"POST /bot1:a/{method} HTTP/1.1\r\nContent-Length: {len(form)}\r\n\r\n"
        writer.write(f"{head}{form}".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        size = int(answer.partition(b"Content-Length: ")[2].split()[0])
        done = as_object(json.loads(await reader.readexactly(size)))
    finally:
        writer.close()
        await writer.wait_closed()
    assert done["ok"] is True
    return [as_object(each) for each in as_list(done["result"])]
