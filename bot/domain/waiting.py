"""The calls that are in hand and wait for their slot: who goes next, and when."""

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.domain.delivery import Priority
from bot.domain.limits import Limiter

Item = TypeVar("Item")

_LEVELS = len(Priority)
_LET_GO_FIRST = 9
"""How many more urgent calls a level lets go first; the next permit is its own."""


@dataclass(slots=True)
class _Entry(Generic[Item]):
    """One item in its place; `number` is its place in the order of coming."""

    number: int
    since: float
    item: Item
    behind: "_Entry[Item] | None" = None


@dataclass(slots=True)
class _Lane(Generic[Item]):
    """What waits for one chat with one urgency, first come first; never empty."""

    # A chain: a deque for each of 100,000 chats would take 60 megabytes before it holds anything.
    first: _Entry[Item]
    last: _Entry[Item]
    listed: bool = False
    """Whether its first item stands in the queue of its level."""


class _Chat(Generic[Item]):
    """What waits for one chat, by urgency; `parked` while the chat may not be called."""

    __slots__ = ("chat_id", "lanes", "parked")

    def __init__(self, chat_id: int) -> None:
        self.chat_id = chat_id
        self.lanes: list[_Lane[Item] | None] = [None] * _LEVELS
        self.parked = False

    def put(self, entry: _Entry[Item], level: int) -> None:
        """Let an entry wait behind the others of its level."""
        lane = self.lanes[level]
        if lane is None:
            self.lanes[level] = _Lane(entry, entry)
        else:
            lane.last.behind = entry
            lane.last = entry

    def entries(self, level: int) -> Iterator[_Entry[Item]]:
        """Go through what waits in a level, first come first."""
        lane = self.lanes[level]
        entry = lane.first if lane is not None else None
        while entry is not None:
            yield entry
            entry = entry.behind


class Waiting(Generic[Item]):
    """The queue before the limiter: the most urgent first, then first come first served.

    A chat that must wait is put aside until it may go and never blocks another. No level starves:
    one that has let nine more urgent calls go first gets the next permit. Two such turns never
    follow each other, so that the most urgent call loses one slot at most. Every step costs
    O(log n), but `remove`, `clear` and `waited_seconds`, which look at everything.
    """

    def __init__(self) -> None:
        self._number = 0
        self._counts = [0] * _LEVELS
        self._chats: dict[int, _Chat[Item]] = {}
        # A chat that may go stands in the queue of each level with the number of its first item.
        self._queues: tuple[list[tuple[int, _Chat[Item]]], ...] = tuple([] for _ in range(_LEVELS))
        self._parked: list[tuple[float, int]] = []
        self._uncounted: tuple[deque[_Entry[Item]], ...] = tuple(deque() for _ in range(_LEVELS))
        self._let_go_first = [0] * _LEVELS
        self._was_own_turn = False

    def __len__(self) -> int:
        return sum(self._counts)

    def count(self, priority: Priority) -> int:
        """Return how many items of this urgency wait."""
        return self._counts[priority]

    def waited_seconds(self, priority: Priority, now: float) -> float:
        """Return how long the first of this urgency has waited; 0.0 when none waits."""
        firsts = [lane.first for c in self._chats.values() if (lane := c.lanes[priority])]
        firsts.extend(list(self._uncounted[priority])[:1])
        return max((now - entry.since for entry in firsts), default=0.0)

    def push(
        self, item: Item, chat_id: int, priority: Priority, now: float, *, counted: bool = True
    ) -> None:
        """Let an item wait for its slot.

        `counted=False` is for calls that Telegram does not count as messages, such as a tap
        acknowledged: they go at once and cost nothing, unless the whole token is paused.
        """
        self._number += 1
        self._put(_Entry(self._number, now, item), chat_id, priority, counted=counted)

    def pop(self, limiter: Limiter, now: float) -> Item | None:
        """Return the item that goes now, with its permit taken; None when none may go yet."""
        free = self._first_uncounted()
        if free is not None and limiter.paused_until <= now:
            self._counts[free] -= 1
            return self._uncounted[free].popleft().item
        if limiter.token_at() > now:
            return None
        self._unpark(limiter, now)
        ready = [n for n, q in enumerate(self._queues) if q and self._has_ready(n, limiter, now)]
        if not ready:
            return None
        level = self._whose_turn(ready)
        chat = self._queues[level][0][1]
        limiter.take(chat.chat_id, now)
        return self._take_first(chat, level)

    def next_at(self, limiter: Limiter, now: float) -> float | None:
        """Return the moment from which `pop` gives something: `now` or later; None when empty."""
        moments = []
        if self._first_uncounted() is not None:
            moments.append(max(limiter.paused_until, now))
        if self._chats:
            self._unpark(limiter, now)
            ready = any(self._has_ready(level, limiter, now) for level in range(_LEVELS))
            chat_at = now if ready else self._parked[0][0]
            moments.append(max(chat_at, limiter.token_at(), now))
        return min(moments, default=None)

    def remove(self, predicate: Callable[[Item], bool]) -> list[Item]:
        """Take out the items for which this is true, in the order in which they came."""
        out: list[_Entry[Item]] = []
        keep: list[tuple[_Entry[Item], int, Priority, bool]] = []
        for entry, chat_id, priority, counted in self._everything():
            if predicate(entry.item):
                out.append(entry)
            else:
                keep.append((entry, chat_id, priority, counted))
        self._counts = [0] * _LEVELS
        self._chats.clear()
        self._parked.clear()
        for level in range(_LEVELS):
            self._queues[level].clear()
            self._uncounted[level].clear()
        for entry, chat_id, priority, counted in keep:
            entry.behind = None
            self._put(entry, chat_id, priority, counted=counted)
        return [entry.item for entry in sorted(out, key=lambda entry: entry.number)]

    def clear(self) -> list[Item]:
        """Take out everything, in the order in which it came."""
        return self.remove(lambda _: True)

    def _put(
        self, entry: _Entry[Item], chat_id: int, priority: Priority, *, counted: bool
    ) -> None:
        self._counts[priority] += 1
        if not counted:
            self._uncounted[priority].append(entry)
            return
        chat = self._chats.get(chat_id)
        if chat is None:
            chat = self._chats[chat_id] = _Chat(chat_id)
        chat.put(entry, priority)
        if not chat.parked:
            self._list(chat, priority)

    def _everything(self) -> list[tuple[_Entry[Item], int, Priority, bool]]:
        return [
            (entry, chat.chat_id, priority, True)
            for chat in self._chats.values()
            for priority in Priority
            for entry in chat.entries(priority)
        ] + [
            (entry, 0, priority, False)
            for priority in Priority
            for entry in self._uncounted[priority]
        ]

    def _first_uncounted(self) -> int | None:
        return next((level for level, lane in enumerate(self._uncounted) if lane), None)

    def _list(self, chat: _Chat[Item], level: int) -> None:
        lane = chat.lanes[level]
        if lane is not None and not lane.listed:
            lane.listed = True
            heapq.heappush(self._queues[level], (lane.first.number, chat))

    def _unpark(self, limiter: Limiter, now: float) -> None:
        """Bring back the chats that may go by now; leave the next one's true moment in front."""
        while self._parked:
            _, chat_id = self._parked[0]
            free_at = limiter.chat_at(chat_id)
            if free_at <= now:
                heapq.heappop(self._parked)
                chat = self._chats[chat_id]
                chat.parked = False
                for level in range(_LEVELS):
                    self._list(chat, level)
            elif free_at > self._parked[0][0]:  # refused once more since it was put aside
                heapq.heapreplace(self._parked, (free_at, chat_id))
            else:
                return

    def _has_ready(self, level: int, limiter: Limiter, now: float) -> bool:
        """Return whether the first of a level may go; puts aside the chats that may not."""
        queue = self._queues[level]
        while queue:
            chat = queue[0][1]
            if not chat.parked:
                free_at = limiter.chat_at(chat.chat_id)
                if free_at <= now:
                    return True
                chat.parked = True
                heapq.heappush(self._parked, (free_at, chat.chat_id))
            heapq.heappop(queue)
            lane = chat.lanes[level]
            if lane is not None:
                lane.listed = False
        return False

    def _whose_turn(self, ready: list[int]) -> int:
        """Choose the level that gets this permit; `ready` is the most urgent first."""
        passed = self._let_go_first
        due = [level for level in ready[1:] if passed[level] >= _LET_GO_FIRST]
        own_turn = bool(due) and not self._was_own_turn
        chosen = due[0] if own_turn else ready[0]
        self._was_own_turn = own_turn
        for level in ready:
            if level > chosen:
                passed[level] += 1
        passed[chosen] = 0
        return chosen

    def _take_first(self, chat: _Chat[Item], level: int) -> Item | None:
        """Take what stands in front of a level, which is this chat's."""
        lane = chat.lanes[level]
        if lane is None:
            return None
        entry = lane.first
        self._counts[level] -= 1
        if entry.behind is not None:
            lane.first = entry.behind
            heapq.heapreplace(self._queues[level], (lane.first.number, chat))
        else:
            heapq.heappop(self._queues[level])
            chat.lanes[level] = None
            if not any(chat.lanes):
                del self._chats[chat.chat_id]
        return entry.item
