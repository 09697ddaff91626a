"""Letting time pass: event by event, so that nothing happens out of its order."""

from datetime import UTC, datetime, timedelta

from bot.simulator.errors import ControlError
from bot.simulator.exchange import Exchange
from bot.simulator.model import World
from bot.simulator.values import JsonObject


class Stepper:
    """Moves the clock and gives the program behind the bot its turn at each event."""

    def __init__(self, exchange: Exchange, zone: str, world: World | None) -> None:
        self._x = exchange
        self._zone = zone
        self.world = world
        self._busy = False
        self._kept_offset = timedelta(0)
        self._next: datetime | None = None

    async def view(self) -> JsonObject:
        """Give the clock as the control API shows it."""
        if self.world is not None and not self._busy:
            self._next = await self.world.next_event(self._x.clock.now())
        return self._view()

    def _view(self) -> JsonObject:
        return {
            "now": self._x.clock.now().isoformat(),
            "zone": self._zone,
            "next_event": None if self._next is None else self._next.astimezone(UTC).isoformat(),
            "busy": self._busy,
        }

    async def refresh(self) -> None:
        """Look at the next event again and tell the pages when it is another."""
        before = self._next
        view = await self.view()
        if before != self._next:
            self._x.hub.publish({"type": "clock", "clock": view})

    async def advance(self, step: timedelta) -> JsonObject:
        """Let `step` pass; ControlError 400 when it is negative, 409 during another step."""
        if step < timedelta(0):
            raise ControlError("The clock cannot go back; give a step forward.")
        return await self._walk(self._x.clock.now() + step)

    async def advance_to(self, moment: datetime) -> JsonObject:
        """Let time pass until `moment`; ControlError 400 when it is naive or in the past."""
        if moment.tzinfo is None:
            raise ControlError(f"The moment {moment.isoformat()} has no time zone; add one.")
        if moment < self._x.clock.now():
            raise ControlError(
                f"The clock stands at {self._x.clock.now().isoformat()} and cannot go back to "
                f"{moment.isoformat()}."
            )
        return await self._walk(moment)

    async def advance_to_next(self) -> JsonObject:
        """Let time pass until the next event; ControlError 409 when nothing is planned."""
        self._refuse_when_busy()
        if self.world is not None:
            event = await self.world.next_event(self._x.clock.now())
            if event is not None:
                return await self._walk(event)
        raise ControlError("Nothing is planned, so there is no next event to go to.", 409)

    def _refuse_when_busy(self) -> None:
        if self._busy:
            raise ControlError("The clock is already moving; wait until it stands still.", 409)

    async def _walk(self, target: datetime) -> JsonObject:
        self._refuse_when_busy()
        self._busy = True
        try:
            self._x.hub.publish({"type": "clock", "clock": self._view()})
            # What somebody wrote just now is handled first; a leap would make it expire unread.
            if self.world is not None:
                await self.world.settle()
            last: datetime | None = None
            while self.world is not None:
                event = await self.world.next_event(self._x.clock.now())
                # An event that settling does not do away with would hold the clock for ever.
                if event is None or event > target or event == last:
                    break
                await self._stand_at(event)
                last = event
            await self._stand_at(target)
        finally:
            self._busy = False
        view = await self.view()
        self._x.hub.publish({"type": "clock", "clock": view})
        return view

    async def _stand_at(self, moment: datetime) -> None:
        clock = self._x.clock
        if moment > clock.now():
            clock.set(moment)
        self.keep_offset()
        self._x.store.commit()
        self._x.hub.publish({"type": "clock", "clock": self._view()})
        if self.world is not None:
            await self.world.settle()

    def keep_offset(self) -> None:
        """Write down how far the clock runs ahead, so that a restart does not turn it back."""
        offset = self._x.clock.offset
        if offset != self._kept_offset:
            self._x.store.put("meta", "clock", {"offset_seconds": offset.total_seconds()})
            self._kept_offset = offset
