"""The judge of the torture run finds each seeded crime, and accuses nobody who did nothing."""

from dataclasses import replace

import pytest

from bench.torture_judge import Call, Evidence, Planned, Shown, Sort, judge

CLIENT, COACH = 11, 12
MARK, DUTCH_MARK = "(Perhaps twice.)", "(Misschien twee keer.)"


def _planned(
    word: str, sort: Sort = Sort.CONVERSATION, chat_id: int = CLIENT, lane: str = "to client"
) -> Planned:
    return Planned(word, chat_id, lane, sort)


def _shown(number: int, *words: str, text: str = "") -> Shown:
    return Shown(number, text or " ".join(words), frozenset(words))


def _call(word: str, state: str = "sent", message_id: int | None = 1) -> Call:
    return Call(1, CLIENT, state, True, word, frozenset({word}), message_id)


def _evidence(
    *shown: Shown, planned: tuple[Planned, ...], calls: tuple[Call, ...] = ()
) -> Evidence:
    return Evidence(
        planned=planned,
        chats={CLIENT: shown, COACH: ()},
        calls=calls,
        marks={CLIENT: MARK, COACH: DUTCH_MARK},
    )


def test_what_arrived_once_and_in_order_is_no_crime() -> None:
    evidence = _evidence(
        _shown(1, "w1"),
        _shown(2, "w2"),
        planned=(_planned("w1"), _planned("w2")),
        calls=(_call("w1", message_id=1), _call("w2", message_id=2)),
    )

    verdict = judge(evidence)

    assert verdict.findings == ()
    assert (verdict.delivered, verdict.uncertain) == (2, 0)


def test_it_finds_a_message_that_is_nowhere() -> None:
    verdict = judge(_evidence(_shown(1, "w1"), planned=(_planned("w1"), _planned("w2"))))

    assert len(verdict.lost) == 1
    assert "w2" in verdict.lost[0]
    assert verdict.findings == verdict.lost


def test_a_message_in_somebody_elses_chat_is_lost() -> None:
    verdict = judge(_evidence(_shown(1, "w1"), planned=(_planned("w1", chat_id=COACH),)))

    assert len(verdict.lost) == 1


@pytest.mark.parametrize("state", ["sent", "queued", "sending", "retired", "failed"])
def test_a_state_that_admits_no_doubt_does_not_excuse_a_loss(state: str) -> None:
    verdict = judge(_evidence(planned=(_planned("w1"),), calls=(_call("w1", state),)))

    assert len(verdict.lost) == 1
    assert state in verdict.lost[0]


@pytest.mark.parametrize(
    ("sort", "state", "lost"),
    [
        (Sort.CONVERSATION, "uncertain", 0),
        (Sort.INVITATION, "uncertain", 0),
        (Sort.REMINDER, "uncertain", 1),
        (Sort.BROADCAST, "uncertain", 0),
        (Sort.BROADCAST, "failed", 0),
        (Sort.BROADCAST, "queued", 1),
    ],
)
def test_who_owns_up_has_not_lost_it_but_a_reminders_coach_must_be_told(
    sort: Sort, state: str, lost: int
) -> None:
    evidence = _evidence(planned=(_planned("w1", sort),), calls=(_call("w1", state, None),))

    assert len(judge(evidence).lost) == lost
    assert judge(replace(evidence, told=frozenset({"w1"}))).lost == ()


def test_it_finds_a_second_copy_without_a_mark() -> None:
    verdict = judge(_evidence(_shown(1, "w1"), _shown(2, "w1"), planned=(_planned("w1"),)))

    assert len(verdict.silent_duplicates) == 1
    assert "2 times without a mark" in verdict.silent_duplicates[0]


def test_a_repeat_that_says_so_is_in_doubt_and_no_crime() -> None:
    verdict = judge(
        _evidence(
            _shown(1, "w1"),
            _shown(2, "w1", text=f"w1\n{MARK}"),
            planned=(_planned("w1"),),
        )
    )

    assert verdict.findings == ()
    assert verdict.uncertain == 1


def test_a_mark_in_another_language_than_the_readers_does_not_count() -> None:
    verdict = judge(
        _evidence(
            _shown(1, "w1"),
            _shown(2, "w1", text=f"w1\n{DUTCH_MARK}"),
            planned=(_planned("w1"),),
        )
    )

    assert len(verdict.silent_duplicates) == 1


def test_of_three_copies_two_must_be_marked() -> None:
    marked = _shown(3, "w1", text=f"w1\n{MARK}")

    verdict = judge(_evidence(_shown(1, "w1"), _shown(2, "w1"), marked, planned=(_planned("w1"),)))

    assert len(verdict.silent_duplicates) == 1


def test_a_copy_that_arrives_late_after_its_marked_repeat_is_no_crime() -> None:
    marked = _shown(1, "w1", text=f"w1\n{MARK}")

    assert judge(_evidence(marked, _shown(2, "w1"), planned=(_planned("w1"),))).findings == ()


def test_a_mark_of_its_own_counts_for_one_copy_only() -> None:
    mark = _shown(2, text=MARK)
    once = _evidence(_shown(1, "w1"), mark, _shown(3, "w1"), planned=(_planned("w1"),))
    twice = _evidence(*once.chats[CLIENT], _shown(4, "w1"), planned=(_planned("w1"),))

    assert judge(once).findings == ()
    assert judge(once).uncertain == 1
    assert len(judge(twice).silent_duplicates) == 1


def test_a_mark_that_belongs_to_another_repeat_does_not_count() -> None:
    verdict = judge(
        _evidence(
            _shown(1, "w1"),
            _shown(2, "w2"),
            _shown(3, text=MARK),
            _shown(4, "w1"),
            _shown(5, "w2"),
            planned=(_planned("w1"), _planned("w2")),
        )
    )

    assert len(verdict.silent_duplicates) == 1
    assert "w2" in verdict.silent_duplicates[0]


def test_a_broadcast_must_not_even_be_repeated_with_a_mark() -> None:
    verdict = judge(
        _evidence(
            _shown(1, "w1"),
            _shown(2, "w1", text=f"w1\n{MARK}"),
            planned=(_planned("w1", Sort.BROADCAST),),
        )
    )

    assert len(verdict.silent_duplicates) == 1


def test_it_finds_a_receipt_that_was_said_twice_in_silence() -> None:
    receipt = Call(7, CLIENT, "sent", True, "Thank you.", frozenset(), 1)
    twice = _evidence(
        _shown(1, text="Thank you."), _shown(2, text="Thank you."), planned=(), calls=(receipt,)
    )
    marked = _evidence(
        _shown(1, text="Thank you."),
        _shown(2, text=f"Thank you.\n{MARK}"),
        planned=(),
        calls=(replace(receipt, text=f"Thank you.\n{MARK}"),),
    )

    assert len(judge(twice).silent_duplicates) == 1
    assert judge(marked).silent_duplicates == ()


def test_it_finds_words_out_of_order() -> None:
    planned = (_planned("w1"), _planned("w2"), _planned("w3"))

    verdict = judge(_evidence(_shown(1, "w2"), _shown(2, "w1"), _shown(3, "w3"), planned=planned))

    assert len(verdict.order_violations) == 1
    assert "w2 stands before w1" in verdict.order_violations[0]


def test_only_the_first_delivery_counts_for_the_order() -> None:
    repeat = _shown(3, "w1", text=f"w1\n{MARK}")

    verdict = judge(
        _evidence(
            _shown(1, "w1"), _shown(2, "w2"), repeat, planned=(_planned("w1"), _planned("w2"))
        )
    )

    assert verdict.order_violations == ()


def test_what_stayed_in_doubt_and_came_after_all_is_not_out_of_order() -> None:
    planned = (_planned("w1"), _planned("w2"))
    shown = (_shown(1, "w2"), _shown(2, "w1"))

    told = _evidence(*shown, planned=planned, calls=(_call("w1", "uncertain", None),))
    silent = _evidence(*shown, planned=planned, calls=(_call("w1"),))

    assert judge(told).order_violations == ()
    assert len(judge(silent).order_violations) == 1


def test_what_never_arrived_does_not_make_the_rest_disorderly() -> None:
    planned = (_planned("w1"), _planned("w2"), _planned("w3"))

    verdict = judge(_evidence(_shown(1, "w1"), _shown(2, "w3"), planned=planned))

    assert verdict.order_violations == ()


def test_two_lanes_in_one_chat_need_not_keep_step() -> None:
    planned = (_planned("w1", lane="one"), _planned("w2", lane="two"))

    assert judge(_evidence(_shown(1, "w2"), _shown(2, "w1"), planned=planned)).findings == ()


def test_it_finds_a_call_that_says_sent_while_the_chat_has_nothing() -> None:
    evidence = _evidence(
        _shown(1, "w1"), planned=(_planned("w1"),), calls=(_call("w1", message_id=2),)
    )

    assert len(judge(evidence).sent_not_delivered) == 1
    assert len(judge(replace(evidence, chats={CLIENT: (), COACH: ()})).sent_not_delivered) == 1


def test_a_call_that_makes_no_message_need_not_stand_in_a_chat() -> None:
    reaction = replace(_call("w1", message_id=None), makes=False)

    assert judge(_evidence(planned=(), calls=(reaction,))).sent_not_delivered == ()


def test_a_kill_may_leave_one_call_in_doubt_for_each_sender_and_no_more() -> None:
    evidence = replace(_evidence(planned=()), doubtful=(0, 8, 3), senders=8)

    assert judge(evidence).too_many_in_doubt == ()
    over = judge(replace(evidence, doubtful=(0, 9, 3)))
    assert len(over.too_many_in_doubt) == 1
    assert "kill 2" in over.too_many_in_doubt[0]


def test_a_call_that_stays_in_doubt_is_counted() -> None:
    evidence = _evidence(planned=(_planned("w1"),), calls=(_call("w1", "uncertain", None),))

    assert judge(evidence).uncertain == 1
