"""Films: the library of staff, a client's own list, and the buttons below a film she was sent."""

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.domain.films import FILM_LANGUAGES, Theme
from bot.domain.ids import DeliveryId, FilmId
from bot.domain.languages import Language
from bot.services import film_screens, film_writing, films
from bot.services.core import Core
from handlers.turns import ID, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE

_THEMES = "|".join(Theme)
_LANGUAGES = "|".join(FILM_LANGUAGES)
_UNTIL = "|".join(film_screens.UNTIL)
_MINUTES = "[0-9]{1,3}"


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""
    return [*_of_clients(core), *_of_staff(core), *_adding(core)]


def _of_clients(core: Core) -> list[BaseHandler[Update, Context, None]]:
    async def on_list(update: Update, _context: Context) -> None:
        await films.show_list_here(core, turn_of(update), tapped_message(update))

    async def on_film(update: Update, _context: Context) -> None:
        film_id = FilmId(int(words_of(update)[1]))
        await films.show_film(core, turn_of(update), film_id, tapped_message(update))

    async def on_again(update: Update, _context: Context) -> None:
        await films.want_again(core, turn_of(update), tapped_message(update))

    async def on_watch(update: Update, _context: Context) -> None:
        await films.watch(core, turn_of(update), DeliveryId(int(words_of(update)[1])))

    async def on_stop(update: Update, _context: Context) -> None:
        await films.stop_films_of(core, turn_of(update), DeliveryId(int(words_of(update)[1])))

    return [
        CallbackQueryHandler(on_list, pattern=r"^fi:list$"),
        CallbackQueryHandler(on_film, pattern=rf"^fi:{ID}$"),
        CallbackQueryHandler(on_again, pattern=r"^fi:again$"),
        CallbackQueryHandler(on_watch, pattern=rf"^bc:{ID}:watch$"),
        CallbackQueryHandler(on_stop, pattern=rf"^bc:{ID}:stop$"),
    ]


def _of_staff(core: Core) -> list[BaseHandler[Update, Context, None]]:
    async def on_command(update: Update, _context: Context) -> None:
        await film_screens.open_films(core, turn_of(update))

    async def on_list(update: Update, _context: Context) -> None:
        page = int(words_of(update)[2])
        await film_screens.show_list(core, turn_of(update), page, tapped_message(update))

    async def on_gone(update: Update, _context: Context) -> None:
        page = int(words_of(update)[2])
        await film_screens.show_withdrawn(core, turn_of(update), page, tapped_message(update))

    async def on_film(update: Update, _context: Context) -> None:
        await film_screens.show_film(
            core, turn_of(update), _film_of(update), tapped_message(update)
        )

    async def on_until(update: Update, _context: Context) -> None:
        await film_screens.ask_until(
            core, turn_of(update), _film_of(update), tapped_message(update)
        )

    async def on_set_until(update: Update, _context: Context) -> None:
        await film_screens.set_until(
            core,
            turn_of(update),
            _film_of(update),
            words_of(update)[3],
            tapped_message(update),
        )

    async def on_withdraw(update: Update, _context: Context) -> None:
        await film_screens.ask_withdraw(
            core, turn_of(update), _film_of(update), tapped_message(update)
        )

    async def on_set_withdrawn(update: Update, _context: Context) -> None:
        await film_screens.set_withdrawn(
            core,
            turn_of(update),
            _film_of(update),
            tapped_message(update),
            withdrawn=words_of(update)[2] == "withdraw",
        )

    return [
        CommandHandler("filmpjes", on_command),
        CallbackQueryHandler(on_list, pattern=rf"^fl:list:{ID}$"),
        CallbackQueryHandler(on_gone, pattern=rf"^fl:gone:{ID}$"),
        CallbackQueryHandler(on_film, pattern=rf"^fl:{ID}$"),
        CallbackQueryHandler(on_until, pattern=rf"^fl:{ID}:until$"),
        CallbackQueryHandler(on_set_until, pattern=rf"^fl:{ID}:until:({_UNTIL})$"),
        CallbackQueryHandler(on_withdraw, pattern=rf"^fl:{ID}:withdraw$"),
        CallbackQueryHandler(on_set_withdrawn, pattern=rf"^fl:{ID}:(withdraw:yes|back)$"),
    ]


def _adding(core: Core) -> list[BaseHandler[Update, Context, None]]:
    async def on_language(update: Update, _context: Context) -> None:
        await film_writing.ask_language(
            core, turn_of(update), _film_of(update), tapped_message(update)
        )

    async def on_version(update: Update, _context: Context) -> None:
        language = Language(words_of(update)[3])
        await film_writing.ask_version(core, turn_of(update), _film_of(update), language)

    async def on_new(update: Update, _context: Context) -> None:
        await film_writing.ask_theme(core, turn_of(update), tapped_message(update))

    async def on_theme(update: Update, _context: Context) -> None:
        theme = Theme(words_of(update)[2])
        await film_writing.ask_minutes(core, turn_of(update), theme, tapped_message(update))

    async def on_minutes(update: Update, _context: Context) -> None:
        _, _, theme, minutes = words_of(update)
        await film_writing.ask_first_language(
            core, turn_of(update), Theme(theme), int(minutes), tapped_message(update)
        )

    async def on_first(update: Update, _context: Context) -> None:
        _, _, theme, minutes, language = words_of(update)
        await film_writing.ask_first_version(
            core, turn_of(update), Theme(theme), int(minutes), Language(language)
        )

    new = rf"^fl:new:({_THEMES})"
    return [
        CallbackQueryHandler(on_language, pattern=rf"^fl:{ID}:lang$"),
        CallbackQueryHandler(on_version, pattern=rf"^fl:{ID}:lang:({_LANGUAGES})$"),
        CallbackQueryHandler(on_new, pattern=r"^fl:new$"),
        CallbackQueryHandler(on_theme, pattern=rf"{new}$"),
        CallbackQueryHandler(on_minutes, pattern=rf"{new}:{_MINUTES}$"),
        CallbackQueryHandler(on_first, pattern=rf"{new}:{_MINUTES}:({_LANGUAGES})$"),
    ]


def _film_of(update: Update) -> FilmId:
    return FilmId(int(words_of(update)[1]))
