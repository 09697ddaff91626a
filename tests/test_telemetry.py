"""What the bot tells about itself: sentences about silence, and figures without people."""

import asyncio
import math

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from bot.telemetry import Part, Queue, Telemetry, watch_loop


class Stopwatch:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def telemetry(watch: Stopwatch) -> Telemetry:
    return Telemetry(watch)


def value(telemetry: Telemetry, name: str, **labels: str) -> float | None:
    return telemetry.registry.get_sample_value(name, labels)


def test_a_part_that_is_silent_for_too_long_is_named_with_the_remedy(
    telemetry: Telemetry, watch: Stopwatch
) -> None:
    telemetry.expect(Part.RECEIVE, 45)
    telemetry.expect(Part.SEND, 90)
    watch.seconds += 75
    assert telemetry.stalls() == [
        "receive: nothing from Telegram for 75 s, normally within 45 s. Look at the network and "
        "at the address in [telegram]; if both are well, restart the bot."
    ]


def test_a_part_that_works_again_is_named_no_more(telemetry: Telemetry, watch: Stopwatch) -> None:
    telemetry.expect(Part.SEND, 45)
    watch.seconds += 46
    assert telemetry.stalls()
    telemetry.beat(Part.SEND)
    assert telemetry.stalls() == []
    watch.seconds += 45
    assert telemetry.stalls() == []


def test_silence_counts_only_from_when_a_part_is_expected_and_until_it_is_not(
    telemetry: Telemetry, watch: Stopwatch
) -> None:
    watch.seconds += 1000
    telemetry.expect(Part.CLOCK, 10)
    assert telemetry.stalls() == []
    watch.seconds += 11
    assert len(telemetry.stalls()) == 1
    telemetry.expect(Part.CLOCK, None)
    assert telemetry.stalls() == []
    telemetry.expect(Part.CLOCK, 10)
    assert telemetry.stalls() == []


@pytest.mark.parametrize("part", Part)
def test_every_stalled_part_has_a_remedy(
    telemetry: Telemetry, watch: Stopwatch, part: Part
) -> None:
    telemetry.expect(part, 10)
    watch.seconds += 11
    (sentence,) = telemetry.stalls()
    assert sentence.startswith(f"{part}: ")
    assert "Look at" in sentence
    assert sentence.endswith("restart the bot.")


def test_a_trouble_stands_until_it_is_over(telemetry: Telemetry) -> None:
    telemetry.trouble(Part.RECEIVE, "another program uses this token; stop one of the two")
    telemetry.beat(Part.RECEIVE)
    assert telemetry.troubles() == [
        "receive: another program uses this token; stop one of the two."
    ]
    assert value(telemetry, "taalbrug_part_trouble", part="receive") == 1
    telemetry.trouble(Part.RECEIVE, None)
    telemetry.trouble(Part.RECEIVE, None)
    assert telemetry.troubles() == []
    assert value(telemetry, "taalbrug_part_trouble", part="receive") == 0


def test_what_is_told_is_counted(telemetry: Telemetry) -> None:
    telemetry.received(3)
    telemetry.handled("done", 0.02)
    telemetry.translated("untranslated", 0.5)
    telemetry.sent("reminder", "slow_down", 0.1)
    telemetry.sent("reminder", "sent", 0.2)
    telemetry.waited(0.3)
    telemetry.ticked("reminders", 0.001)
    assert value(telemetry, "taalbrug_updates_received_total") == 3
    handled = "taalbrug_update_handling_seconds"
    assert value(telemetry, f"{handled}_bucket", result="done", le="0.01") == 0
    assert value(telemetry, f"{handled}_bucket", result="done", le="0.025") == 1
    assert value(telemetry, "taalbrug_translation_seconds_sum", result="untranslated") == 0.5
    assert value(telemetry, "taalbrug_sends_total", kind="reminder", result="slow_down") == 1
    assert value(telemetry, "taalbrug_send_seconds_sum", result="sent") == 0.2
    assert value(telemetry, "taalbrug_limiter_wait_seconds_sum") == 0.3
    assert value(telemetry, "taalbrug_tick_seconds_count", tick="reminders") == 1


def test_no_word_that_is_not_on_a_list_becomes_a_label(telemetry: Telemetry) -> None:
    telemetry.handled("Selam", 0.1)
    telemetry.translated("K-0001", 0.1)
    telemetry.ticked("5002", 0.1)
    telemetry.sent("Selam", "sent", 0.1)
    telemetry.sent("reminder", "Selam", 0.1)
    telemetry.sent("Selam", "Selam", 0.1)
    telemetry.beat("Selam")
    telemetry.trouble("Selam", "x")
    text = telemetry.exposition()[0].decode()
    assert not any(word in text for word in ("Selam", "K-0001", "5002"))
    assert value(telemetry, "taalbrug_sends_total", kind="other", result="sent") == 1
    assert value(telemetry, "taalbrug_sends_total", kind="reminder", result="other") == 1
    assert value(telemetry, "taalbrug_sends_total", kind="other", result="other") == 1


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf])
def test_a_time_that_cannot_be_spoils_no_sum(telemetry: Telemetry, seconds: float) -> None:
    telemetry.waited(seconds)
    telemetry.handled("done", seconds)
    telemetry.sent("staff", "sent", seconds)
    telemetry.late(seconds)
    telemetry.received(-2)
    telemetry.waited(2)
    assert value(telemetry, "taalbrug_limiter_wait_seconds_sum") == 2
    assert value(telemetry, "taalbrug_update_handling_seconds_sum", result="done") == 0
    assert value(telemetry, "taalbrug_event_loop_lag_seconds") == 0
    assert value(telemetry, "taalbrug_updates_received_total") == 0


def test_names_follow_the_convention_and_prometheus_reads_them(telemetry: Telemetry) -> None:
    telemetry.show([Queue("outbox", "reminder", "due", 2, 7.5)], ready=True)
    body, content_type = telemetry.exposition()
    assert content_type.startswith("text/plain; version=")
    families = list(text_string_to_metric_families(body.decode()))
    ours = [family for family in families if family.name.startswith("taalbrug_")]
    assert len(ours) > 10
    for family in families:
        assert family.name.startswith(("taalbrug_", "process_"))
        assert family.documentation
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
        if family.type == "counter":
            assert any(sample.name.endswith("_total") for sample in family.samples)


def test_two_bots_in_one_process_share_no_figure_and_nothing_is_global() -> None:
    one, other = Telemetry(), Telemetry()
    one.received(1)
    assert value(other, "taalbrug_updates_received_total") == 0
    assert not [name for name in REGISTRY._names_to_collectors if name.startswith("taalbrug")]


def test_what_is_no_longer_read_is_no_longer_shown(telemetry: Telemetry) -> None:
    telemetry.show([Queue("outbox", "reminder", "due", 2, 7.5)], ready=True)
    labels = {"queue": "outbox", "kind": "reminder", "state": "due"}
    assert value(telemetry, "taalbrug_queue_length", **labels) == 2
    assert value(telemetry, "taalbrug_queue_oldest_seconds", **labels) == 7.5
    assert value(telemetry, "taalbrug_ready") == 1
    telemetry.show([], ready=False)
    assert value(telemetry, "taalbrug_queue_length", **labels) is None
    assert value(telemetry, "taalbrug_queue_oldest_seconds", **labels) is None
    assert value(telemetry, "taalbrug_ready") == 0


async def test_a_loop_that_comes_back_late_is_noticed_and_forgotten_after_a_while(
    telemetry: Telemetry, watch: Stopwatch
) -> None:
    stopping = asyncio.Event()
    seen: list[float] = []

    async def sleep(seconds: float) -> None:
        seen.append(telemetry.worst_lateness())
        if len(seen) == 100:
            stopping.set()
        watch.seconds += seconds + (2.5 if len(seen) == 3 else 0)

    await watch_loop(telemetry, stopping, sleep=sleep)

    assert seen[2] == pytest.approx(0)
    assert seen[3] == seen[62] == pytest.approx(2.5)
    assert seen[63] == pytest.approx(0)
