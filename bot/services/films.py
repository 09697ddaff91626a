"""Films as a client meets them: her list, watching one, and wanting no films or films again."""

from bot.domain.broadcasts import Offer, Reader, language_now
from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.films import Film, FilmVersion
from bot.domain.ids import DeliveryId, FilmId, TelegramMessageId
from bot.domain.languages import Language
from bot.domain.people import Client, LinkState
from bot.services import broadcasts, menu
from bot.services.broadcast_words import Words, film_words, payload_of
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, call_here, rewrite, say
from bot.storage import deliveries, tasks
from bot.storage import films as storage
from bot.storage.database import Transaction

_MOST = 20
"""So many films a list offers, the newest."""

_LABEL = 60


# --- her list --------------------------------------------------------------------------------


async def show_films(core: Core, turn: Turn) -> None:
    """Show a client the films that she can read, in a new message."""
    async with taking(core, turn) as tx:
        await say_films(core, tx, turn, await menu.get_client_here(tx, turn))


async def say_films(core: Core, tx: Transaction, turn: Turn, client: Client) -> None:
    """Answer a client with the films that she can read."""
    text, buttons = await _list(core, tx, turn, client)
    await say(tx, turn, text, buttons, client=client)


async def show_list_here(core: Core, turn: Turn, message: TelegramMessageId) -> None:
    """Show the list in place of what was tapped."""
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        await _put_list(core, tx, turn, client, message)


async def _put_list(
    core: Core, tx: Transaction, turn: Turn, client: Client, message: TelegramMessageId
) -> None:
    text, buttons = await _list(core, tx, turn, client)
    await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.ANSWER, client=client)


async def _list(core: Core, tx: Transaction, turn: Turn, client: Client) -> tuple[str, Rows]:
    locale = client.language
    reader = await _reader(tx, client)
    found = await storage.list_films(tx, valid_on=core.today(turn.now))
    offered = sorted(
        ((film, version) for film in found if (version := _version_for(core, film, reader))),
        key=lambda each: each[0].id,
        reverse=True,
    )
    rows: Rows = tuple(
        (Button(_short(version.title), f"fi:{film.id}"),) for film, version in offered[:_MOST]
    )
    if await storage.films_opted_out(tx, client.id):
        rows = (*rows, (_again(core, locale),))
    return core.texts.say("menu.films" if offered else "menu.no_films", locale), rows


async def _reader(tx: Transaction, client: Client) -> Reader:
    """Return a client as a broadcast would see her, were she to be sent anything."""
    others = await storage.get_other_languages(tx, client.id)
    return Reader(client.language, others, LinkState.ACTIVE, acknowledged=True, opted_out=False)


def _version_for(core: Core, film: Film, reader: Reader) -> FilmVersion | None:
    """Return the version that somebody would be sent: what she was sent stands in her list."""
    fallback = core.config.broadcast.fallback_languages
    shown = Offer(film.languages, is_film=True, fallback=fallback).language_for(reader)
    return film.version(shown) if shown else None


def _short(title: str) -> str:
    return title if len(title) <= _LABEL else title[: _LABEL - 1].rstrip() + "…"


def _again(core: Core, locale: Language) -> Button:
    return Button(core.texts.label("btn.films_again", locale), "fi:again")


async def show_film(core: Core, turn: Turn, film_id: FilmId, message: TelegramMessageId) -> None:
    """Show a film of her list, with its link large; she asked, so all of it shows.

    One that she cannot be given any more makes way for the list as it is now.
    """
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        film = await storage.get_film(tx, film_id)
        version = _version_for(core, film, await _reader(tx, client))
        if version is None or await _is_gone(core, tx, turn, film):
            turn.toast = core.texts.label("bc.film_gone", client.language)
            await _put_list(core, tx, turn, client, message)
            return
        back = Button(core.texts.label("btn.my_films", client.language), "fi:list")
        text = film_words(core, film, client.language, version.language)
        payload = payload_of(Words(text, ((back,),), version.link), turn.chat_id)
        payload["message_id"] = message
        kind = OutboxKind.ANSWER
        await call_here(tx, turn, "editMessageText", payload, kind=kind, client=client)


async def _is_gone(core: Core, tx: Transaction, turn: Turn, film: Film) -> bool:
    today = core.today(turn.now)
    return not film.is_valid(today) or await storage.is_withdrawn(tx, film.id)


# --- what she was sent -----------------------------------------------------------------------


async def watch(core: Core, turn: Turn, delivery_id: DeliveryId) -> None:
    """Give a client the link of a film that she was sent; the first time is counted.

    Errors: NotFoundError when it was not sent to her, or was no film.
    """
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        delivery = await deliveries.get_delivery(tx, delivery_id)
        if delivery.client_id != client.id or delivery.film_id is None:
            msg = f"Delivery {delivery_id} is no film for client {client.code}."
            raise NotFoundError(msg)
        await deliveries.set_pressed(tx, delivery_id, turn.now)
        film = await storage.get_film(tx, delivery.film_id)
        reading = await storage.get_reading(tx, client.id)
        language = language_now(delivery, reading, film.languages)
        version = film.version(language) if language else None
        if version is None or await _is_gone(core, tx, turn, film):
            text = core.texts.say("bc.film_gone", client.language)
            await say(tx, turn, text, client=client)
            return
        text = core.texts.say(
            "bc.film_link", client.language, titel=version.title, link=version.link
        )
        payload = payload_of(Words(text, (), version.link), turn.chat_id)
        kind = OutboxKind.ANSWER
        await call_here(tx, turn, "sendMessage", payload, kind=kind, client=client)


# --- what she wants --------------------------------------------------------------------------


async def stop_films_of(core: Core, turn: Turn, delivery_id: DeliveryId) -> None:
    """Send a client no films any more, as she asked below one.

    Errors: NotFoundError when that one was not sent to her.
    """
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        delivery = await deliveries.get_delivery(tx, delivery_id)
        if delivery.client_id != client.id:
            msg = f"Delivery {delivery_id} is not for client {client.code}."
            raise NotFoundError(msg)
        await _opt_out(core, tx, turn, client)


async def stop_films(core: Core, turn: Turn) -> None:
    """Send a client no films any more, and all else as before."""
    async with taking(core, turn) as tx:
        await _opt_out(core, tx, turn, await menu.get_client_here(tx, turn))


async def _opt_out(core: Core, tx: Transaction, turn: Turn, client: Client) -> None:
    if not await storage.films_opted_out(tx, client.id):
        await storage.set_films_opted_out(tx, client.id, turn.now)
        await broadcasts.take_back_from(tx, client.id, now=turn.now)
        await _trace(tx, turn, client, "films_opted_out")
    text = core.texts.say("bc.optout", client.language)
    await say(tx, turn, text, ((_again(core, client.language),),), client=client)


async def want_again(core: Core, turn: Turn, message: TelegramMessageId) -> None:
    """Send a client films again; said in place of what was tapped."""
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        if await storage.films_opted_out(tx, client.id):
            await storage.set_films_opted_out(tx, client.id, None)
            await _trace(tx, turn, client, "films_opted_in")
        back = Button(core.texts.label("btn.my_films", client.language), "fi:list")
        text = core.texts.say("bc.optin", client.language)
        kind = OutboxKind.ANSWER
        await rewrite(tx, turn, message, text, ((back,),), kind=kind, client=client)


async def _trace(tx: Transaction, turn: Turn, client: Client, action: str) -> None:
    await tasks.insert_audit(
        tx, actor=client.code, action=action, about=f"client:{client.id}", now=turn.now
    )
