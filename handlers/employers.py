"""Companies: an account manager's list, recording a contact, and how the placements go."""

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.domain.employers import EmployerChannel, PlacementOutcome
from bot.domain.ids import EmployerId, PlacementId
from bot.services import employer_screens, employer_talks
from bot.services.core import Core
from handlers.turns import DAY, ID, day_of, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE

_CHANNELS = "|".join(EmployerChannel)
_OUTCOMES = "|".join(PlacementOutcome)


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""

    async def on_command(update: Update, _context: Context) -> None:
        await employer_screens.show_companies(core, turn_of(update))

    async def on_list(update: Update, _context: Context) -> None:
        page = int(words_of(update)[2])
        await employer_screens.show_companies(core, turn_of(update), page, tapped_message(update))

    async def on_open(update: Update, _context: Context) -> None:
        _, employer_id, _, *given = words_of(update)
        await employer_screens.show_company(
            core,
            turn_of(update),
            EmployerId(int(employer_id)),
            tapped_message(update),
            day_of(given[0]) if given else None,
        )

    async def on_days(update: Update, _context: Context) -> None:
        employer_id = EmployerId(int(words_of(update)[1]))
        await employer_screens.ask_day(core, turn_of(update), employer_id, tapped_message(update))

    async def on_contact(update: Update, _context: Context) -> None:
        _, employer_id, channel, day = words_of(update)
        await employer_talks.log(
            core,
            turn_of(update),
            EmployerId(int(employer_id)),
            EmployerChannel(channel),
            day_of(day),
            tapped_message(update),
        )

    async def on_ask(update: Update, _context: Context) -> None:
        _, employer_id, _, day = words_of(update)
        await employer_talks.ask(
            core,
            turn_of(update),
            EmployerId(int(employer_id)),
            day_of(day),
            tapped_message(update),
        )

    async def on_note(update: Update, _context: Context) -> None:
        _, employer_id, _, day, placement_id, outcome = words_of(update)
        await employer_talks.note(
            core,
            turn_of(update),
            EmployerId(int(employer_id)),
            day_of(day),
            PlacementId(int(placement_id)),
            PlacementOutcome(outcome),
            tapped_message(update),
        )

    return [
        CommandHandler("bedrijven", on_command),
        CallbackQueryHandler(on_list, pattern=rf"^em:list:{ID}$"),
        CallbackQueryHandler(on_open, pattern=rf"^em:{ID}:open(:{DAY})?$"),
        CallbackQueryHandler(on_days, pattern=rf"^em:{ID}:days$"),
        CallbackQueryHandler(on_contact, pattern=rf"^em:{ID}:({_CHANNELS}):{DAY}$"),
        CallbackQueryHandler(on_ask, pattern=rf"^em:{ID}:ask:{DAY}$"),
        CallbackQueryHandler(on_note, pattern=rf"^em:{ID}:note:{DAY}:{ID}:({_OUTCOMES})$"),
    ]
