"""Menus and lists: what a client and a coach can reach by tapping."""

from dataclasses import replace
from datetime import datetime

from bot.domain.contacts import CONTACT_ROLES
from bot.domain.delivery import JsonValue, OutboxKind
from bot.domain.employers import EMPLOYER_ROLES
from bot.domain.errors import NotFoundError
from bot.domain.ids import ChatId, ClientId
from bot.domain.languages import DUTCH, OFFERED, Language
from bot.domain.people import Client, Link, LinkState, Role, Staff
from bot.services import relay
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import (
    NO_KEYBOARD,
    Button,
    Rows,
    give_task,
    in_pairs,
    keyboard,
    reachable_again,
    say,
    tell_coach,
)
from bot.storage import appointments, links, outbox, people
from bot.storage.database import Transaction
from bot.texts import LOCALES

LIST_LIMIT = 90
"""How many clients a list offers; Telegram takes at most a hundred buttons."""


async def get_client_here(tx: Transaction, turn: Turn) -> Client:
    """Return the client whose chat this is; errors: NotFoundError when it is nobody's."""
    link = await links.find_link(tx, chat_id=turn.chat_id)
    if link is not None and link.state is LinkState.UNREACHABLE and link.notice_acknowledged_at:
        # She does something here, so she can be reached again.
        link = replace(link, state=LinkState.ACTIVE)
        await reachable_again(tx, link, now=turn.now)
    if link is None or link.client_id is None or link.state is not LinkState.ACTIVE:
        msg = f"Chat {turn.chat_id} is no client's live chat; invite the person again."
        raise NotFoundError(msg)
    return await people.get_client(tx, link.client_id)


async def get_staff_here(core: Core, tx: Transaction, turn: Turn) -> Staff:
    """Return the member of staff whose chat this is; errors: NotFoundError when it is none's."""
    link = await links.find_link(tx, chat_id=turn.chat_id)
    if link is None or link.staff_id is None:
        msg = f"Chat {turn.chat_id} is no staff chat; invite the person with `taalbrug invite`."
        raise NotFoundError(msg)
    person = await people.get_staff(tx, link.staff_id)
    if not person.active:
        msg = f"Staff {person.code} is not active any more."
        raise NotFoundError(msg)
    if link.state is not LinkState.ACTIVE:
        await links.update_link(tx, link.id, state=LinkState.ACTIVE)
        await relay.bring_kept(core, tx, link, person.id, now=turn.now)
    return person


async def get_own_client(tx: Transaction, coach: Staff, client_id: ClientId) -> Client:
    """Return a client of this coach.

    Errors: NotFoundError when somebody else is her coach, so that nobody reaches a stranger.
    """
    client = await people.get_client(tx, client_id)
    if (await people.get_coach(tx, client_id)).id != coach.id:
        msg = f"Client {client.code} is not with {coach.code}; choose one of your own clients."
        raise NotFoundError(msg)
    return client


async def show_client_menu(core: Core, tx: Transaction, turn: Turn, client: Client) -> None:
    """Show a client what she can do."""
    locale = client.language
    buttons = in_pairs(
        *(
            Button(core.texts.label(f"btn.{label}", locale), f"mn:{item}")
            for label, item in (
                ("my_appointments", "appointments"),
                ("my_goals", "goals"),
                ("my_route", "route"),
                ("my_films", "films"),
                ("write_coach", "write"),
                ("language", "language"),
                ("privacy", "privacy"),
            )
        )
    )
    await say(tx, turn, core.texts.say("menu.main", locale), buttons, client=client)


def menu_keyboard(core: Core, locale: Language) -> JsonValue:
    """Return the keyboard that always stands under a client's chat."""
    return keyboard((core.texts.label("btn.menu", locale),))


async def show_appointments(core: Core, turn: Turn) -> None:
    """List a client's coming appointments."""
    async with taking(core, turn) as tx:
        client = await get_client_here(tx, turn)
        locale = client.language
        coming = await appointments.list_coming(tx, client_id=client.id, now=turn.now)
        if not coming:
            text = core.texts.say("menu.no_appointments", locale)
            await say(tx, turn, text, client=client)
            return
        await say(tx, turn, core.texts.say("menu.appointments", locale), client=client)
        for appointment in coming:
            staff = await people.get_staff(tx, appointment.staff_id)
            text = core.texts.say(
                "menu.appointment_line",
                locale,
                met_wie=staff.name,
                plaats=appointment.place.name,
                **core.texts.moment(appointment.local_date, appointment.local_time, locale),
            )
            button = Button(
                core.texts.label("btn.where", locale),
                f"ap:{appointment.id}:{appointment.revision}:where",
            )
            await say(tx, turn, text, in_pairs(button), client=client)


async def show_privacy(core: Core, turn: Turn) -> None:
    """Repeat what is kept and who reads it."""
    async with taking(core, turn) as tx:
        client = await get_client_here(tx, turn)
        coach = await people.get_coach(tx, client.id)
        days = core.config.organisation.retention_days
        pieces = [
            core.texts.say(text_id, client.language, coach=coach.name, bewaartermijn=days)
            for text_id in ("on.privacy1", "on.privacy2", "on.privacy_more")
        ]
        stop = Button(core.texts.label("btn.stop", client.language), "mn:stop")
        await say(tx, turn, "\n\n".join(pieces), in_pairs(stop), client=client)


def language_buttons(prefix: str) -> Rows:
    """Return a button for each language, in its own script and name."""
    return in_pairs(*(Button(name, f"{prefix}:{language}") for language, name in OFFERED))


async def ask_stop(core: Core, tx: Transaction, turn: Turn, client: Client) -> None:
    """Ask a client who wants to stop whether she means it."""
    locale = client.language
    buttons = in_pairs(
        Button(core.texts.label("btn.yes_stop", locale), "st:yes"),
        Button(core.texts.label("btn.no", locale), "st:no"),
        Button(core.texts.label("btn.only_no_films", locale), "st:films"),
    )
    await say(tx, turn, core.texts.say("pr.stop_ask", locale), buttons, client=client)


async def open_stop(core: Core, turn: Turn) -> None:
    """Ask the client of this chat whether she wants to stop."""
    async with taking(core, turn) as tx:
        await ask_stop(core, tx, turn, await get_client_here(tx, turn))


async def stop(core: Core, turn: Turn, *, confirmed: bool) -> None:
    """Stop all messages to a client who said so; her guidance goes on without the chat."""
    async with taking(core, turn) as tx:
        client = await get_client_here(tx, turn)
        coach = await people.get_coach(tx, client.id)
        locale = client.language
        if not confirmed:
            await say(tx, turn, core.texts.say("pr.stop_kept", locale), client=client)
            return
        link = await links.find_link(tx, client_id=client.id)
        assert link is not None  # noqa: S101 - she has just tapped in it
        await links.update_link(tx, link.id, state=LinkState.STOPPED)
        await outbox.retire_client(tx, client.id, now=turn.now)
        text = core.texts.say("pr.stop_done", locale, coach=coach.name)
        await say(tx, turn, text, NO_KEYBOARD, kind=OutboxKind.ONBOARDING, client=client)
        await tell_coach(core, tx, client, "st.stopped", now=turn.now)


async def link_words(core: Core, tx: Transaction, client: Client) -> str:
    """Return in Dutch whether a client can be reached in the chat."""
    link = await links.find_link(tx, client_id=client.id)
    return core.texts.staff(f"st.link_{link.state if link else 'none'}")


async def acknowledge(core: Core, turn: Turn) -> None:
    """Take note of a tap that asks for nothing more."""
    async with taking(core, turn):
        pass


async def chat_blocked(core: Core, turn: Turn) -> None:
    """Note that somebody blocked the bot: nothing more is sent, and a colleague phones."""
    async with taking(core, turn) as tx:
        link = await links.find_link(tx, chat_id=turn.chat_id)
        if link is not None:
            await set_unreachable(core, tx, link, str(turn.inbox_id), now=turn.now)


async def set_unreachable(
    core: Core, tx: Transaction, link: Link, key: str, *, now: datetime
) -> None:
    """Note that a live chat cannot be reached; `key` tells one such time from the next."""
    if link.state is not LinkState.ACTIVE:
        return
    await links.update_link(tx, link.id, state=LinkState.UNREACHABLE)
    if link.client_id is not None:
        client = await people.get_client(tx, link.client_id)
        await outbox.hold_client(tx, client.id)
        stand = core.texts.staff(f"st.link_{LinkState.UNREACHABLE}")
        await give_task(
            core, tx, "not_delivered", f"{client.id}:{key}", client, now=now, stand=stand
        )
    elif link.staff_id is not None:
        # What clients write is kept, and brought when the colleague is back.
        person = await people.get_staff(tx, link.staff_id)
        await give_task(
            core, tx, "coach_without_chat", f"{person.id}:{key}", None, now=now, naam=person.name
        )


async def chat_unblocked(core: Core, turn: Turn) -> None:
    """Note that somebody let the bot in again."""
    async with taking(core, turn) as tx:
        link = await links.find_link(tx, chat_id=turn.chat_id)
        if link is None or link.state is not LinkState.UNREACHABLE:
            return
        if link.staff_id is not None:
            await get_staff_here(core, tx, turn)
        else:
            client = await get_client_here(tx, turn)
            await tell_coach(core, tx, client, "st.back", now=turn.now)


_COMMANDS = ("menu", "afspraken", "doelen", "route", "filmpjes", "taal", "stop")
_OF_CLIENTS = ("werkbak", "klanten", "maand")
_OF_COMPANIES = ("werkbak", "bedrijven", "activiteiten")
_TO_MANY = ("uitzenden", "filmpjes", "activiteiten")


async def announce_staff_commands(
    core: Core, tx: Transaction, chat_id: ChatId, person: Staff, *, now: datetime
) -> None:
    """Have Telegram show a member of staff the commands of their roles."""
    roles = set(person.roles)
    commands = dict.fromkeys(
        (
            *(_OF_CLIENTS if roles & {*CONTACT_ROLES, Role.COORDINATOR} else ()),
            *(_OF_COMPANIES if roles & set(EMPLOYER_ROLES) else ()),
            *(_TO_MANY if roles & {Role.COACH, Role.COORDINATOR} else ()),
        )
    )
    await outbox.insert_call(
        tx,
        lane=f"setup:{chat_id}",
        chat_id=chat_id,
        kind=OutboxKind.SET,
        method="setMyCommands",
        payload={
            "commands": [
                {"command": command, "description": core.texts.label(f"st.cmd_{command}", DUTCH)}
                for command in commands
            ],
            "scope": {"type": "chat", "chat_id": chat_id},
        },
        now=now,
    )


async def announce_commands(core: Core, now: datetime) -> None:
    """Have Telegram show the commands in each language; the Dutch ones where none fits."""
    async with core.database.transaction() as tx:
        for locale in (None, *(locale for locale in LOCALES if "_" not in locale)):
            payload: dict[str, JsonValue] = {
                "commands": [
                    {
                        "command": command,
                        "description": core.texts.label(f"cmd.{command}", locale or DUTCH),
                    }
                    for command in _COMMANDS
                ]
            }
            if locale is not None:
                payload["language_code"] = locale
            await outbox.insert_call(
                tx,
                lane="setup",
                chat_id=ChatId(0),
                kind=OutboxKind.SET,
                method="setMyCommands",
                payload=payload,
                now=now,
            )
