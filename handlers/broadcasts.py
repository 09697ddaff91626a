"""Broadcasts in the making: what, for whom, when, a look at each language, and a second person."""

from datetime import time

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.domain.broadcasts import AudiencePart, Repeat
from bot.domain.films import Theme
from bot.domain.ids import BroadcastId, EventId, FilmId
from bot.domain.languages import KNOWN, Language
from bot.services import (
    broadcast_approval,
    broadcast_audience,
    broadcast_home,
    broadcast_making,
    broadcast_timing,
)
from bot.services.core import Core
from handlers.turns import DAY, ID, day_of, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE
Handlers = list[BaseHandler[Update, Context, None]]

_PAGE = "[0-9]{1,4}"
_PART = "|".join(AudiencePart)
_THEME = "|".join(Theme)
_REPEAT = "|".join(Repeat)
_LANGUAGE = "|".join(sorted(KNOWN, reverse=True))
_CLOCK = "(?:[01][0-9]|2[0-3])[0-5][0-9]"


def _broadcast(update: Update) -> BroadcastId:
    return BroadcastId(int(words_of(update)[1]))


def build(core: Core) -> Handlers:
    """Return the handlers of this noun."""
    return [*_home(core), *_draft(core), *_audience(core), *_timing(core), *_approval(core)]


def _home(core: Core) -> Handlers:
    async def on_command(update: Update, _context: Context) -> None:
        await broadcast_home.open_home(core, turn_of(update))

    async def on_home(update: Update, _context: Context) -> None:
        _, which, page = words_of(update)
        await broadcast_home.show_home(
            core, turn_of(update), int(page), tapped_message(update), over=which == "over"
        )

    async def on_themes(update: Update, _context: Context) -> None:
        await broadcast_home.show_themes(core, turn_of(update), tapped_message(update))

    async def on_films(update: Update, _context: Context) -> None:
        _, _, _, theme, page = words_of(update)
        await broadcast_home.show_films(
            core, turn_of(update), Theme(theme), int(page), tapped_message(update)
        )

    async def on_events(update: Update, _context: Context) -> None:
        page = int(words_of(update)[3])
        await broadcast_home.show_events(core, turn_of(update), page, tapped_message(update))

    async def on_film(update: Update, _context: Context) -> None:
        film_id = FilmId(int(words_of(update)[3]))
        await broadcast_home.begin_film(core, turn_of(update), film_id, tapped_message(update))

    async def on_event(update: Update, _context: Context) -> None:
        event_id = EventId(int(words_of(update)[3]))
        await broadcast_home.begin_event(core, turn_of(update), event_id, tapped_message(update))

    return [
        CommandHandler("uitzenden", on_command),
        CallbackQueryHandler(on_home, pattern=rf"^bd:(home|over):{_PAGE}$"),
        CallbackQueryHandler(on_themes, pattern=r"^bd:new:films$"),
        CallbackQueryHandler(on_films, pattern=rf"^bd:new:films:({_THEME}):{_PAGE}$"),
        CallbackQueryHandler(on_events, pattern=rf"^bd:new:events:{_PAGE}$"),
        CallbackQueryHandler(on_film, pattern=rf"^bd:new:film:{ID}$"),
        CallbackQueryHandler(on_event, pattern=rf"^bd:new:event:{ID}$"),
    ]


def _draft(core: Core) -> Handlers:
    async def on_draft(update: Update, _context: Context) -> None:
        await broadcast_making.show_draft(
            core, turn_of(update), _broadcast(update), tapped_message(update)
        )

    async def on_preview(update: Update, _context: Context) -> None:
        await broadcast_making.show_preview(
            core, turn_of(update), _broadcast(update), tapped_message(update)
        )

    async def on_look(update: Update, _context: Context) -> None:
        _, _, _, language, shown, *discreet = words_of(update)
        await broadcast_making.show_sample(
            core,
            turn_of(update),
            _broadcast(update),
            Language(language),
            Language(shown),
            tapped_message(update),
            discreet=bool(discreet),
        )

    async def on_sample(update: Update, _context: Context) -> None:
        await broadcast_making.say_sample(core, turn_of(update))

    return [
        CallbackQueryHandler(on_draft, pattern=rf"^bd:{ID}$"),
        CallbackQueryHandler(on_preview, pattern=rf"^bd:{ID}:pv$"),
        CallbackQueryHandler(on_look, pattern=rf"^bd:{ID}:pv:({_LANGUAGE}):({_LANGUAGE})(:d)?$"),
        CallbackQueryHandler(on_sample, pattern=rf"^bd:{ID}:sample$"),
    ]


def _audience(core: Core) -> Handlers:
    async def on_parts(update: Update, _context: Context) -> None:
        await broadcast_audience.show_parts(
            core, turn_of(update), _broadcast(update), tapped_message(update)
        )

    async def on_part(update: Update, _context: Context) -> None:
        _, _, _, part, page = words_of(update)
        await broadcast_audience.show_values(
            core,
            turn_of(update),
            _broadcast(update),
            AudiencePart(part),
            int(page),
            tapped_message(update),
        )

    async def on_choice(update: Update, _context: Context) -> None:
        _, _, _, part, digest, wanted, page = words_of(update)
        await broadcast_audience.choose(
            core,
            turn_of(update),
            _broadcast(update),
            AudiencePart(part),
            digest,
            int(page),
            tapped_message(update),
            wanted=wanted == "1",
        )

    async def on_all(update: Update, _context: Context) -> None:
        part = AudiencePart(words_of(update)[3])
        await broadcast_audience.choose_all(
            core, turn_of(update), _broadcast(update), part, tapped_message(update)
        )

    return [
        CallbackQueryHandler(on_parts, pattern=rf"^bd:{ID}:who$"),
        CallbackQueryHandler(on_part, pattern=rf"^bd:{ID}:who:({_PART}):{_PAGE}$"),
        CallbackQueryHandler(
            on_choice, pattern=rf"^bd:{ID}:set:({_PART}):[0-9a-f]{{12}}:[01]:{_PAGE}$"
        ),
        CallbackQueryHandler(on_all, pattern=rf"^bd:{ID}:all:({_PART})$"),
    ]


def _timing(core: Core) -> Handlers:
    async def on_days(update: Update, _context: Context) -> None:
        page = int(words_of(update)[3])
        await broadcast_timing.show_days(
            core, turn_of(update), _broadcast(update), page, tapped_message(update)
        )

    async def on_day(update: Update, _context: Context) -> None:
        day = day_of(words_of(update)[3])
        await broadcast_timing.show_times(
            core, turn_of(update), _broadcast(update), day, tapped_message(update)
        )

    async def on_time(update: Update, _context: Context) -> None:
        _, _, _, day, clock = words_of(update)
        await broadcast_timing.choose_time(
            core,
            turn_of(update),
            _broadcast(update),
            day_of(day),
            time(int(clock[:2]), int(clock[2:])),
            tapped_message(update),
        )

    async def on_now(update: Update, _context: Context) -> None:
        await broadcast_timing.choose_now(
            core, turn_of(update), _broadcast(update), tapped_message(update)
        )

    async def on_repeats(update: Update, _context: Context) -> None:
        await broadcast_timing.show_repeats(
            core, turn_of(update), _broadcast(update), tapped_message(update)
        )

    async def on_repeat(update: Update, _context: Context) -> None:
        repeat = Repeat(words_of(update)[3])
        await broadcast_timing.choose_repeat(
            core, turn_of(update), _broadcast(update), repeat, tapped_message(update)
        )

    return [
        CallbackQueryHandler(on_days, pattern=rf"^bd:{ID}:days:{_PAGE}$"),
        CallbackQueryHandler(on_day, pattern=rf"^bd:{ID}:day:{DAY}$"),
        CallbackQueryHandler(on_time, pattern=rf"^bd:{ID}:at:{DAY}:{_CLOCK}$"),
        CallbackQueryHandler(on_now, pattern=rf"^bd:{ID}:now$"),
        CallbackQueryHandler(on_repeats, pattern=rf"^bd:{ID}:rep$"),
        CallbackQueryHandler(on_repeat, pattern=rf"^bd:{ID}:rep:({_REPEAT})$"),
    ]


def _approval(core: Core) -> Handlers:
    async def on_submit(update: Update, _context: Context) -> None:
        _, _, step, revision = words_of(update)
        await broadcast_approval.submit(
            core,
            turn_of(update),
            _broadcast(update),
            int(revision),
            tapped_message(update),
            sure=step == "go",
        )

    async def on_withdraw(update: Update, _context: Context) -> None:
        await broadcast_approval.withdraw(
            core, turn_of(update), _broadcast(update), tapped_message(update)
        )

    async def on_verdict(update: Update, _context: Context) -> None:
        _, _, step, revision = words_of(update)
        take = {
            "ok": broadcast_approval.approve,
            "return": broadcast_approval.give_back,
            "drop": broadcast_approval.ask_drop,
            "gone": broadcast_approval.drop,
        }[step]
        await take(
            core, turn_of(update), _broadcast(update), int(revision), tapped_message(update)
        )

    return [
        CallbackQueryHandler(on_submit, pattern=rf"^bd:{ID}:(ask|go):{ID}$"),
        CallbackQueryHandler(on_withdraw, pattern=rf"^bd:{ID}:back$"),
        CallbackQueryHandler(on_verdict, pattern=rf"^bd:{ID}:(ok|return|drop|gone):{ID}$"),
    ]
