"""A pause: begun with a reason and a day to decide again, ended or extended by tapping."""

from bot.domain.delivery import OutboxKind
from bot.domain.ids import ClientId, TelegramMessageId
from bot.domain.languages import DUTCH
from bot.domain.months import add_months
from bot.domain.people import Client, ClientStatus, HoldReason
from bot.services import menu, statuses
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, in_pairs, rewrite, say
from bot.storage import people
from bot.storage import statuses as storage
from bot.storage.database import Transaction
from bot.texts import calendar_day


async def show(core: Core, turn: Turn, client_id: ClientId) -> None:
    """Ask for the reason of a pause; of one that lasts, what is to become of it."""
    async with taking(core, turn) as tx:
        coach = await menu.get_staff_here(core, tx, turn)
        client = await menu.get_own_client(tx, coach, client_id)
        text, buttons = await _question(core, tx, client)
        await say(tx, turn, text, buttons, kind=OutboxKind.STAFF, client=client)


async def _question(core: Core, tx: Transaction, client: Client) -> tuple[str, Rows]:
    who = {"code": client.code, "voornaam": client.name}
    if client.status is ClientStatus.ON_HOLD:
        hold = (await storage.list_holds(tx, [client.id]))[0]
        text = core.texts.staff(
            "st.hold_review",
            datum=calendar_day(hold.first_day, DUTCH),
            datum2=calendar_day(hold.review_on or hold.first_day, DUTCH),
            **who,
        )
        buttons = in_pairs(
            Button(core.texts.staff("st.btn_resume"), f"hd:{client.id}:resume"),
            Button(core.texts.staff("st.btn_extend"), f"hd:{client.id}:extend"),
        )
        return text, buttons
    if client.status not in {ClientStatus.ACTIVE, ClientStatus.INVITED}:
        return core.texts.staff("st.hold_not_now", **who), ()
    buttons = in_pairs(
        *(
            Button(core.texts.staff(f"st.hold_{reason}"), f"hd:{client.id}:{reason}")
            for reason in HoldReason
        )
    )
    return core.texts.staff("st.hold_why", **who), buttons


async def choose(
    core: Core, turn: Turn, client_id: ClientId, what: str, message: TelegramMessageId
) -> None:
    """Ask for how long, or do what was chosen: `resume`, `extend` or `<reason>:<months>`."""
    async with taking(core, turn) as tx:
        coach = await menu.get_staff_here(core, tx, turn)
        client = await menu.get_own_client(tx, coach, client_id)
        verb, _, months = what.partition(":")
        paused = client.status is ClientStatus.ON_HOLD
        buttons: Rows = ()
        if verb == "resume" and paused:
            await statuses.change(core, tx, client, ClientStatus.ACTIVE, staff=coach, now=turn.now)
        elif verb == "extend" and paused:
            reason = (await storage.list_holds(tx, [client.id]))[0].reason
            await statuses.extend_hold(
                core,
                tx,
                client,
                staff=coach,
                reason=reason or HoldReason.OTHER_PROBLEMS,
                now=turn.now,
            )
        elif verb in set(HoldReason) and not paused and months:
            await statuses.change(
                core,
                tx,
                client,
                ClientStatus.ON_HOLD,
                staff=coach,
                reason=HoldReason(verb),
                review_on=add_months(core.today(turn.now), int(months)),
                now=turn.now,
            )
        elif verb in set(HoldReason) and not paused:
            text = core.texts.staff("st.hold_how_long", code=client.code, voornaam=client.name)
            buttons = (
                tuple(
                    Button(
                        core.texts.staff("st.btn_months", aantal=count),
                        f"hd:{client.id}:{verb}:{count}",
                    )
                    for count in range(1, core.config.contact.hold_months + 1)
                ),
            )
            await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=client)
            return
        text = await _now(core, tx, await people.get_client(tx, client.id))
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=client)


async def _now(core: Core, tx: Transaction, client: Client) -> str:
    """Return how things stand, also for the second of two taps."""
    who = {"code": client.code, "voornaam": client.name}
    if client.status is not ClientStatus.ON_HOLD:
        return core.texts.staff("st.hold_ended", **who)
    hold = (await storage.list_holds(tx, [client.id]))[0]
    day = calendar_day(hold.review_on or hold.first_day, DUTCH)
    return core.texts.staff("st.hold_begun", datum=day, **who)
