"""The queue of updates for the bot: kept until a later offset confirms them or they expire."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.simulator.clock import Clock
from bot.simulator.events import Signal
from bot.simulator.store import Store
from bot.simulator.values import JsonObject, as_int, as_list, as_object, as_text

DAY = 24 * 3600
LIFETIME = {
    "callback_query": 150,
    "inline_query": 30,
    "chosen_inline_result": 600,
    "shipping_query": 150,
    "pre_checkout_query": 150,
}
"""Seconds of the simulator's clock that an update waits; every other kind waits 24 hours."""

ASKED_FOR = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Kinds that are delivered only to a bot that names them in allowed_updates."""


@dataclass(slots=True)
class Entry:
    """An update that waits; `lane` is the chat whose order must be kept."""

    seq: int
    update_id: int
    body: JsonObject
    expires_at: float
    lane: int
    raw: bool = False
    handed_out: bool = False


class UpdateQueue:
    """Updates in order of arrival, written to the store before anybody hears of them."""

    def __init__(self, store: Store, clock: Clock, first_id: int) -> None:
        self._store = store
        self._clock = clock
        self._entries: list[Entry] = []
        self._seq = 0
        self.arrived = Signal()
        meta = dict(store.load("meta")).get("updates", {})
        self._next_id = as_int(meta.get("next_id"), first_id)
        self._allowed = [as_text(kind) for kind in as_list(meta.get("allowed"))]
        for key, value in store.load("update"):
            expires = value["expires_at"]
            self._entries.append(
                Entry(
                    seq=int(key),
                    update_id=as_int(value["update_id"]),
                    body=as_object(value["body"]),
                    expires_at=float(expires) if isinstance(expires, int | float) else 0.0,
                    lane=as_int(value["lane"]),
                    raw=value["raw"] is True,
                )
            )
        self._entries.sort(key=lambda entry: entry.seq)
        if self._entries:
            self._seq = self._entries[-1].seq
        self._keep()

    def _keep(self) -> None:
        self._store.put("meta", "updates", {"next_id": self._next_id, "allowed": self._allowed})

    @property
    def allowed(self) -> list[str]:
        """The kinds the bot asked for; empty means all but those that must be asked for."""
        return list(self._allowed)

    def allow(self, kinds: Sequence[object] | None) -> None:
        """Take over allowed_updates; None leaves it as it was."""
        if kinds is not None:
            self._allowed = sorted({as_text(kind) for kind in kinds} - {""})
            self._keep()

    def wants(self, kind: str) -> bool:
        """Say whether the bot receives updates of this kind."""
        return kind in self._allowed if self._allowed else kind not in ASKED_FOR

    def add(self, kind: str, content: JsonObject, lane: int) -> int | None:
        """Queue an update and give its id, or None when the bot did not ask for its kind."""
        if not self.wants(kind):
            return None
        body: JsonObject = {"update_id": self._next_id, kind: content}
        return self._append(body, LIFETIME.get(kind, DAY), lane, raw=False)

    def add_raw(self, body: JsonObject, lane: int) -> int:
        """Queue an update exactly as it is given; an id is added only when it has none."""
        whole = body if isinstance(body.get("update_id"), int) else {
            **body, "update_id": self._next_id
        }  # fmt: skip
        return self._append(whole, DAY, lane, raw=True)

    def _append(self, body: JsonObject, lifetime: int, lane: int, *, raw: bool) -> int:
        self._seq += 1
        update_id = as_int(body["update_id"])
        self._next_id = max(self._next_id, update_id + 1)
        expires = self._clock.now().timestamp() + lifetime
        entry = Entry(self._seq, update_id, body, expires, lane, raw=raw)
        self._entries.append(entry)
        self._store.put(
            "update",
            entry.seq,
            {
                "update_id": update_id,
                "body": body,
                "expires_at": expires,
                "lane": lane,
                "raw": raw,
            },
        )
        self._keep()
        self.arrived.fire()
        return update_id

    def pending(self) -> list[Entry]:
        """Give what waits, after dropping what expired by the simulator's clock."""
        now = self._clock.now().timestamp()
        self._forget([entry for entry in self._entries if entry.expires_at <= now])
        return list(self._entries)

    def confirm(self, offset: int) -> None:
        """Forget what an offset confirms; a negative one keeps only the last of the queue."""
        if offset < 0:
            self._forget(self._entries[:offset])
            return
        # A raw update may carry an id that was confirmed long ago; it is still shown once,
        # or a test could never send a duplicate.
        self._forget(
            [
                entry
                for entry in self._entries
                if entry.update_id < offset and (entry.handed_out or not entry.raw)
            ]
        )

    def clear(self) -> None:
        """Forget everything that waits."""
        self._forget(list(self._entries))

    def done(self, entry: Entry) -> None:
        """Forget one update, because a webhook accepted it."""
        self._forget([entry])

    def _forget(self, entries: list[Entry]) -> None:
        gone = {entry.seq for entry in entries}
        if gone:
            self._entries = [entry for entry in self._entries if entry.seq not in gone]
            for seq in gone:
                self._store.drop("update", seq)
