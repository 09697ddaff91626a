"""Invitations and first meetings: a person becomes a chat, knowing who writes and what is kept."""

import hashlib
from datetime import timedelta

from bot.domain.contacts import CONTACT_ROLES
from bot.domain.delivery import JsonValue, OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId, StaffId, TelegramMessageId
from bot.domain.languages import DUTCH, DUTCH_NAMES, ENGLISH, KNOWN, Language
from bot.domain.people import Client, ClientStatus, Invite, Link, LinkState, Role, Staff, Step
from bot.domain.words import Word
from bot.services import caseload, menu, relay
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import (
    Button,
    Rows,
    give_task,
    in_pairs,
    keyboard,
    reachable_again,
    release_held,
    say,
    take_buttons_away,
    tell_coach,
)
from bot.storage import links, people, statuses, tasks
from bot.storage.database import Transaction

_NEXT: dict[Step, Step] = {
    Step.LANGUAGE: Step.PERSON,
    Step.PERSON: Step.WELCOME,
    Step.WELCOME: Step.ROBOT,
    Step.ROBOT: Step.PRIVACY1,
    Step.PRIVACY1: Step.PRIVACY2,
    Step.PRIVACY2: Step.CHOICE,
    Step.CHOICE: Step.SHARED_PHONE,
    Step.SHARED_PHONE: Step.DONE,
}


def token_hash(token: str) -> str:
    """Return what is stored of an invitation's token; the token itself is not."""
    return hashlib.sha256(token.encode()).hexdigest()


async def invite(
    core: Core,
    *,
    client_id: ClientId | None,
    staff_id: StaffId | None,
    token: str,
    turn: Turn,
) -> str:
    """Make a single-use invitation for one person and return its link."""
    async with taking(core, turn) as tx:
        await links.insert_invite(
            tx,
            client_id=client_id,
            staff_id=staff_id,
            token_hash=token_hash(token),
            now=turn.now,
            expires_at=turn.now + timedelta(days=core.config.invites.valid_days),
        )
        await tasks.insert_audit(
            tx,
            actor="operator",
            action="invite",
            about=f"client:{client_id}" if client_id else f"staff:{staff_id}",
            now=turn.now,
        )
    return f"https://t.me/{core.bot_username}?start={token}"


async def start(core: Core, turn: Turn, token: str) -> None:
    """Open the chat: with a token from an invitation, or (empty) without."""
    async with taking(core, turn) as tx:
        link = await links.find_link(tx, chat_id=turn.chat_id)
        found = await links.find_invite(tx, token_hash(token)) if token else None
        if link is not None:
            await _start_again(core, tx, turn, link, found)
        elif not token:
            await greet_stranger(core, tx, turn)
        elif found is None or not found.is_open(turn.now):
            await _refuse(core, tx, turn, found)
        else:
            await _bind(core, tx, turn, found)


async def greet_stranger(core: Core, tx: Transaction, turn: Turn) -> None:
    """Tell somebody without a link how to get one; in each language they may read."""
    await _say_in_many(core, tx, turn, "on.no_token")


async def _say_in_many(core: Core, tx: Transaction, turn: Turn, text_id: str) -> None:
    locales = dict.fromkeys(
        [*([turn.language_hint] if turn.language_hint else []), DUTCH, ENGLISH]
    )
    pieces = [
        core.texts.say(text_id, locale, organisatie=core.config.organisation.name)
        for locale in locales
    ]
    await say(tx, turn, "\n\n".join(pieces), kind=OutboxKind.ONBOARDING)


async def _refuse(core: Core, tx: Transaction, turn: Turn, found: Invite | None) -> None:
    await _say_in_many(core, tx, turn, "on.token_expired")
    if found is None or found.used_at is None:
        return
    key = f"{found.id}:{turn.chat_id}"
    if found.client_id is not None:
        client = await people.get_client(tx, found.client_id)
        await give_task(core, tx, "link_reused", key, client, now=turn.now)
    elif found.staff_id is not None:
        person = await people.get_staff(tx, found.staff_id)
        who = {"code": person.code, "voornaam": person.name}
        await give_task(core, tx, "link_reused", key, None, now=turn.now, **who)


async def _start_again(
    core: Core, tx: Transaction, turn: Turn, link: Link, found: Invite | None
) -> None:
    """Answer somebody who is known here already."""
    same = found is None or (found.client_id == link.client_id and found.staff_id == link.staff_id)
    if not same:
        await _say_in_many(core, tx, turn, "on.other_person_here")
    elif link.staff_id is not None:
        person = await menu.get_staff_here(core, tx, turn)
        text = core.texts.staff("st.already")
        await say(tx, turn, text, _staff_keyboard(core, person), kind=OutboxKind.STAFF)
        if Role.COACH in person.roles:
            await caseload.show_clients(core, tx, turn, person)
    elif link.client_id is not None:
        client = await people.get_client(tx, link.client_id)
        if link.state is LinkState.ONBOARDING:
            await _ask(core, tx, turn, client, link.step)
        elif link.state is LinkState.ACTIVE:
            text = core.texts.say("on.already", client.language)
            markup = menu.menu_keyboard(core, client.language)
            await say(tx, turn, text, markup, client=client)
        else:
            await _come_back(core, tx, turn, link, client)


async def _come_back(core: Core, tx: Transaction, turn: Turn, link: Link, client: Client) -> None:
    """Take up the chat again with somebody who had stopped or declined."""
    if link.notice_acknowledged_at is None:
        await links.update_link(tx, link.id, state=LinkState.ONBOARDING, step=Step.LANGUAGE)
        await _ask(core, tx, turn, client, Step.LANGUAGE)
        return
    await reachable_again(tx, link, now=turn.now)
    text = core.texts.say("pr.welcome_back", client.language)
    markup = menu.menu_keyboard(core, client.language)
    await say(tx, turn, text, markup, client=client)
    await tell_coach(core, tx, client, "st.back", now=turn.now)


async def _bind(core: Core, tx: Transaction, turn: Turn, found: Invite) -> None:
    """Use an invitation: from now on this chat is this person's."""
    if not await links.use_invite(tx, found.id, chat_id=turn.chat_id, now=turn.now):
        await _refuse(core, tx, turn, found)
        return
    old = await links.find_link(tx, client_id=found.client_id, staff_id=found.staff_id)
    if old is not None:  # a new phone: the old chat hears nothing more
        await links.update_link(tx, old.id, ended_at=turn.now)
        if found.client_id is not None:
            # What was held for the old phone is looked at, and its writer told.
            await release_held(tx, found.client_id, now=turn.now)
    is_staff = found.staff_id is not None
    await links.insert_link(
        tx,
        chat_id=turn.chat_id,
        client_id=found.client_id,
        staff_id=found.staff_id,
        state=LinkState.ACTIVE if is_staff else LinkState.ONBOARDING,
        step=Step.DONE if is_staff else Step.LANGUAGE,
        now=turn.now,
    )
    if found.client_id is not None:
        client = await people.get_client(tx, found.client_id)
        await _ask(core, tx, turn, client, Step.LANGUAGE)
    elif found.staff_id is not None:
        await _welcome_staff(core, tx, turn, found.staff_id)


async def _welcome_staff(core: Core, tx: Transaction, turn: Turn, staff_id: StaffId) -> None:
    """Greet a colleague, and bring what clients wrote before this chat was there."""
    person = await people.get_staff(tx, staff_id)
    roles = ", ".join(core.texts.staff(f"st.role_{role}") for role in person.roles)
    text = core.texts.staff("st.welcome", naam=person.name, rol=roles)
    await say(tx, turn, text, _staff_keyboard(core, person), kind=OutboxKind.STAFF)
    if Role.COORDINATOR in person.roles:
        await say(tx, turn, core.texts.staff("st.coordinator"), kind=OutboxKind.STAFF)
    link = await links.find_link(tx, staff_id=staff_id)
    assert link is not None  # noqa: S101 - made just now
    await relay.bring_kept(core, tx, link, staff_id, now=turn.now)
    await menu.announce_staff_commands(core, tx, turn.chat_id, person, now=turn.now)


def _staff_keyboard(core: Core, person: Staff) -> JsonValue:
    """Return what always stands under a colleague's chat, by what the colleague works with."""
    first = "st.btn_clients"
    if not {*CONTACT_ROLES, Role.COORDINATOR} & set(person.roles):
        first = "st.btn_employers"
    return keyboard((core.texts.staff(first), core.texts.staff("st.btn_worklist")))


async def typed(
    core: Core, tx: Transaction, turn: Turn, link: Link, client: Client, word: Word | None
) -> None:
    """Answer words typed in a chat that is not live: a yes or no counts as the button."""
    if link.state is not LinkState.ONBOARDING:
        if word is Word.START:
            await _come_back(core, tx, turn, link, client)
            return
        coach = await people.get_coach(tx, client.id)
        text = core.texts.say("on.declined", client.language, coach=coach.name)
        await say(tx, turn, text, kind=OutboxKind.ONBOARDING, client=client)
    elif word is Word.STOP:
        await _decline(core, tx, turn, link, client, "phone")
    elif link.step is Step.PERSON and word in {Word.YES, Word.NO}:
        await _answer(core, tx, turn, link, client, str(word))
    else:
        text = core.texts.say("on.first_finish", client.language)
        await say(tx, turn, text, kind=OutboxKind.ONBOARDING, client=client)
        await _ask(core, tx, turn, client, link.step)


async def refuse(core: Core, turn: Turn) -> None:
    """Say in the person's own language that a button or a command leads nowhere here."""
    async with taking(core, turn) as tx:
        link = await links.find_link(tx, chat_id=turn.chat_id)
        tapped = turn.callback_id is not None
        if link is None or link.client_id is None:
            if tapped:
                turn.toast = core.texts.staff("st.old_button")
            elif link is None:
                await greet_stranger(core, tx, turn)
            else:
                await say(tx, turn, core.texts.staff("st.unknown"), kind=OutboxKind.STAFF)
            return
        client = await people.get_client(tx, link.client_id)
        if tapped:
            turn.toast = core.texts.label("ch.old_button", client.language)
        elif link.state is not LinkState.ACTIVE:
            await typed(core, tx, turn, link, client, None)
        else:
            coach = await people.get_coach(tx, client.id)
            text = core.texts.say("ch.not_understood", client.language, coach=coach.name)
            await say(tx, turn, text, client=client)


async def choose(
    core: Core, turn: Turn, step: Step, answer: str, question: TelegramMessageId
) -> None:
    """Take the answer to a question of the first meeting; an old question changes nothing."""
    async with taking(core, turn) as tx:
        link = await links.find_link(tx, chat_id=turn.chat_id)
        if link is None or link.client_id is None:
            msg = f"Chat {turn.chat_id} is not being introduced to anybody."
            raise NotFoundError(msg)
        client = await people.get_client(tx, link.client_id)
        if link.step is not step:
            turn.toast = core.texts.label("ch.old_button", client.language)
            return
        if answer != "more":
            await take_buttons_away(tx, turn, question, kind=OutboxKind.ONBOARDING)
        await _answer(core, tx, turn, link, client, answer)


async def _answer(
    core: Core, tx: Transaction, turn: Turn, link: Link, client: Client, answer: str
) -> None:
    locale = client.language
    step = link.step
    if step is Step.LANGUAGE:
        if answer not in KNOWN:
            msg = f"There is no language {answer}."
            raise NotFoundError(msg)
        await people.update_client(tx, client.id, language=Language(answer))
        client = await people.get_client(tx, client.id)
    elif step is Step.PERSON and answer == "no":
        await links.update_link(tx, link.id, state=LinkState.DECLINED, ended_at=turn.now)
        text = core.texts.say("on.wrong_person", locale)
        await say(tx, turn, text, kind=OutboxKind.ONBOARDING)
        await give_task(core, tx, "wrong_person", str(link.id), client, now=turn.now)
        return
    elif step is Step.PRIVACY1 and answer == "more":
        coach = await people.get_coach(tx, client.id)
        text = core.texts.say("on.privacy_more", locale, coach=coach.name)
        await say(tx, turn, text, _next(core, client, step), kind=OutboxKind.ONBOARDING)
        return
    elif step is Step.CHOICE and answer in {"phone", "letter"}:
        await _decline(core, tx, turn, link, client, answer)
        return
    elif step is Step.CHOICE:
        await links.update_link(
            tx, link.id, state=LinkState.ACTIVE, notice_acknowledged_at=turn.now
        )
        # Until she has said that nobody shares her phone, nothing gives details.
        await people.update_client(tx, client.id, discreet=True)
        if client.status is ClientStatus.INVITED:
            await statuses.change_status(
                tx, client.id, ClientStatus.ACTIVE, today=core.today(turn.now), now=turn.now
            )
        await tell_coach(core, tx, client, "st.linked", taal=DUTCH_NAMES[locale], now=turn.now)
    elif step is Step.SHARED_PHONE:
        await _finish(core, tx, turn, link, client, shared=answer == "shared")
        return
    await links.update_link(tx, link.id, step=_NEXT[step])
    await _ask(core, tx, turn, client, _NEXT[step])


async def _decline(
    core: Core, tx: Transaction, turn: Turn, link: Link, client: Client, answer: str
) -> None:
    coach = await people.get_coach(tx, client.id)
    await links.update_link(tx, link.id, state=LinkState.DECLINED)
    text = core.texts.say("on.declined", client.language, coach=coach.name)
    await say(tx, turn, text, kind=OutboxKind.ONBOARDING, client=client)
    choice = core.texts.staff(f"st.choice_{answer}")
    await tell_coach(core, tx, client, "st.declined", keuze=choice, now=turn.now)


async def _finish(
    core: Core, tx: Transaction, turn: Turn, link: Link, client: Client, *, shared: bool
) -> None:
    locale = client.language
    await links.update_link(tx, link.id, step=Step.DONE)
    await people.update_client(tx, client.id, discreet=shared)
    if shared:
        await say(tx, turn, core.texts.say("on.shared_ok", locale), client=client)
        await tell_coach(core, tx, client, "st.shared_phone", now=turn.now)
    text = core.texts.say("on.done", locale)
    await say(tx, turn, text, menu.menu_keyboard(core, locale), client=client)


def _next(core: Core, client: Client, step: Step) -> Rows:
    return in_pairs(Button(core.texts.label("btn.next", client.language), f"on:{step}:next"))


async def _ask(core: Core, tx: Transaction, turn: Turn, client: Client, step: Step) -> None:
    """Put the question of a step."""
    locale = client.language
    coach = await people.get_coach(tx, client.id)
    organisation = core.config.organisation
    if step is Step.LANGUAGE:
        pieces = dict.fromkeys(
            core.texts.say("on.language", each) for each in (locale, DUTCH, ENGLISH)
        )
        text = "\n".join(pieces)
    else:
        text_id = {
            Step.PERSON: "on.confirm_person",
            Step.SHARED_PHONE: "on.shared_phone",
        }.get(step, f"on.{step}")
        text = core.texts.say(
            text_id,
            locale,
            voornaam=client.name,
            coach=coach.name,
            organisatie=organisation.name,
            bewaartermijn=organisation.retention_days,
        )
    await say(
        tx,
        turn,
        text,
        _answers(core, client, step),
        kind=OutboxKind.ONBOARDING,
        client=client,
    )


def _answers(core: Core, client: Client, step: Step) -> Rows:
    """Return the buttons under the question of a step."""
    if step is Step.LANGUAGE:
        return menu.language_buttons("on:language")
    choices: dict[Step, tuple[tuple[str, str], ...]] = {
        Step.PERSON: (("yes", "yes"), ("no", "no")),
        Step.PRIVACY1: (("next", "next"), ("read_more", "more")),
        Step.CHOICE: (
            ("use_chat", "chat"),
            ("rather_phone", "phone"),
            ("rather_letter", "letter"),
        ),
        Step.SHARED_PHONE: (("only_me", "alone"), ("also_others", "shared")),
    }
    return in_pairs(
        *(
            Button(core.texts.label(f"btn.{label}", client.language), f"on:{step}:{answer}")
            for label, answer in choices.get(step, (("next", "next"),))
        )
    )
