"""The judge: what was written against what stands on the phones; pure, and of one opinion.

Everything that was written carries a word of its own, by which it is known again wherever it
turns up. The judge knows neither how the bot works nor what was done to it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Sort(StrEnum):
    """What was written; each may be lost or repeated on terms of its own."""

    CONVERSATION = "conversation"
    INVITATION = "invitation"
    REMINDER = "reminder"
    BROADCAST = "broadcast"


@dataclass(frozen=True, slots=True)
class Planned:
    """Something that must reach one chat; what shares a `lane` must arrive in this order."""

    word: str
    chat_id: int
    lane: str
    sort: Sort


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot as it stands in a chat, without marks of direction."""

    id: int
    text: str
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Call:
    """An outgoing call as the database has it; `makes` is true when it puts a message there."""

    id: int
    chat_id: int
    state: str
    makes: bool
    text: str = ""
    words: frozenset[str] = frozenset()
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the judge may look at, once the bot has come to rest.

    `marks` says for each chat how its reader is told that a message may come twice, `told` what
    was made known to a person instead of being delivered, `doubtful` how many calls were under
    way at each kill, and `senders` how many can be.
    """

    planned: tuple[Planned, ...]
    chats: Mapping[int, tuple[Shown, ...]]
    calls: tuple[Call, ...]
    marks: Mapping[int, str]
    told: frozenset[str] = frozenset()
    doubtful: tuple[int, ...] = ()
    senders: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; each finding is a line that names the thing and where it should be."""

    lost: tuple[str, ...]
    silent_duplicates: tuple[str, ...]
    order_violations: tuple[str, ...]
    sent_not_delivered: tuple[str, ...]
    too_many_in_doubt: tuple[str, ...]
    uncertain: int
    """Calls left in doubt, and repeats that say so themselves."""
    delivered: int

    @property
    def findings(self) -> tuple[str, ...]:
        """Return everything that must not be."""
        return (
            *self.lost,
            *self.silent_duplicates,
            *self.order_violations,
            *self.sent_not_delivered,
            *self.too_many_in_doubt,
        )


_ADMITTED: Mapping[Sort, frozenset[str]] = {
    Sort.CONVERSATION: frozenset({"uncertain"}),
    Sort.INVITATION: frozenset({"uncertain"}),
    Sort.REMINDER: frozenset(),
    Sort.BROADCAST: frozenset({"uncertain", "failed"}),
}
"""States that own up to a message that did not arrive; a reminder's coach must be told."""


def judge(evidence: Evidence) -> Verdict:
    """Return what was lost, repeated in silence, put out of order, or claimed and not done."""
    copies = _copies(evidence.chats)
    repeats = _Repeats(evidence)
    duplicates = tuple(
        finding
        for planned in evidence.planned
        for finding in repeats.of(planned, copies.get((planned.chat_id, planned.word), []))
    )
    return Verdict(
        lost=tuple(_lost(evidence, copies)),
        silent_duplicates=(*duplicates, *_unplanned_repeats(evidence)),
        order_violations=tuple(_disorder(evidence, copies)),
        sent_not_delivered=tuple(_only_claimed(evidence)),
        too_many_in_doubt=tuple(
            f"kill {number}: {count} calls in doubt, {evidence.senders} senders"
            for number, count in enumerate(evidence.doubtful, start=1)
            if count > evidence.senders
        ),
        uncertain=sum(call.state == "uncertain" for call in evidence.calls) + repeats.marked,
        delivered=sum((each.chat_id, each.word) in copies for each in evidence.planned),
    )


_Copies = dict[tuple[int, str], list[int]]
"""Where in a chat each word stands: places in the chat, in order."""


def _copies(chats: Mapping[int, tuple[Shown, ...]]) -> _Copies:
    copies: _Copies = {}
    for chat_id, messages in chats.items():
        for place, message in enumerate(messages):
            for word in message.words:
                copies.setdefault((chat_id, word), []).append(place)
    return copies


def _lost(evidence: Evidence, copies: _Copies) -> Iterator[str]:
    states: dict[str, set[str]] = {}
    for call in evidence.calls:
        for word in call.words:
            states.setdefault(word, set()).add(call.state)
    for planned in evidence.planned:
        here = states.get(planned.word, set())
        arrived = (planned.chat_id, planned.word) in copies
        if arrived or planned.word in evidence.told or here & _ADMITTED[planned.sort]:
            continue
        stands = ", ".join(sorted(here)) or "unknown"
        yield (
            f"{planned.sort} {planned.word} never reached chat {planned.chat_id}; "
            f"in the outbox it is {stands}"
        )


class _Repeats:
    """Looks for second copies without a mark; a mark of its own counts for one copy."""

    def __init__(self, evidence: Evidence) -> None:
        self._chats = evidence.chats
        self._marks = evidence.marks
        self._used: set[tuple[int, int]] = set()
        self.marked = 0

    def of(self, planned: Planned, places: list[int]) -> Iterator[str]:
        """Find what is wrong with the copies of one message."""
        where = f"{planned.sort} {planned.word} stands in chat {planned.chat_id}"
        if planned.sort is Sort.BROADCAST and len(places) > 1:
            yield f"{where} {len(places)} times; a broadcast is never repeated"
            return
        # A copy that was long under way may arrive after its repeat, so any one goes unmarked.
        silent = sum(not self._is_marked(planned.chat_id, place) for place in places)
        self.marked += max(0, len(places) - max(silent, 1))
        if silent > 1:
            yield f"{where} {silent} times without a mark"

    def _is_marked(self, chat_id: int, place: int) -> bool:
        messages, mark = self._chats[chat_id], self._marks[chat_id]
        if mark in messages[place].text:
            return True
        # What has no words carries the mark as a message of its own, shortly before it.
        for before in range(place - 1, -1, -1):
            if messages[before].words & messages[place].words:
                return False
            if messages[before].text == mark and (chat_id, before) not in self._used:
                self._used.add((chat_id, before))
                return True
        return False


def _unplanned_repeats(evidence: Evidence) -> Iterator[str]:
    """Find receipts and notices that stand in a chat more often than the bot meant to say them."""
    for chat_id, messages in evidence.chats.items():
        mark = evidence.marks[chat_id]
        meant = Counter(
            _unmarked(call.text, mark)
            for call in evidence.calls
            if call.chat_id == chat_id and call.makes and not call.words
        )
        seen = Counter(
            message.text for message in messages if not message.words and mark not in message.text
        )
        for text, count in (seen - meant).items():
            yield (
                f"in chat {chat_id} a text of {len(text)} signs stands {count} times "
                "more than it was to be said"
            )


def _unmarked(text: str, mark: str) -> str:
    return text.removesuffix(mark).rstrip("\n")


def _disorder(evidence: Evidence, copies: _Copies) -> Iterator[str]:
    """Find first deliveries that stand before something that was written earlier.

    What stayed in doubt was told to a person and held up nobody; if its words come after all,
    with a translation that was late, they stand where they came.
    """
    given_up = {
        word for call in evidence.calls if call.state == "uncertain" for word in call.words
    }
    last: dict[tuple[str, int], tuple[int, str]] = {}
    for each in evidence.planned:
        places = copies.get((each.chat_id, each.word))
        if not places or each.word in given_up:
            continue
        lane = (each.lane, each.chat_id)
        place, before = last.get(lane, (-1, ""))
        if places[0] < place:
            yield (
                f"{each.sort} {each.word} stands before {before} in chat {each.chat_id} "
                f"(lane {each.lane})"
            )
        else:
            last[lane] = (places[0], each.word)


def _only_claimed(evidence: Evidence) -> Iterator[str]:
    there = {
        (chat_id, message.id)
        for chat_id, messages in evidence.chats.items()
        for message in messages
    }
    for call in evidence.calls:
        if call.state != "sent" or not call.makes:
            continue
        if (call.chat_id, call.message_id) not in there:
            yield f"call {call.id} is sent, but chat {call.chat_id} has no {call.message_id}"
