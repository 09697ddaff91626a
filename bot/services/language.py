"""The client's language: chosen by herself at any time."""

from bot.domain.errors import NotFoundError
from bot.domain.languages import KNOWN, Language
from bot.services import broadcasts, goals, menu
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import say
from bot.storage import people
from bot.texts import language_name


async def ask_language(core: Core, turn: Turn) -> None:
    """Let a client choose another language."""
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        text = core.texts.say("on.language", client.language)
        await say(tx, turn, text, menu.language_buttons("lg"), client=client)


async def set_language(core: Core, turn: Turn, language: Language) -> None:
    """Give a client the language she chose; her goals come along."""
    if language not in KNOWN:
        msg = f"There is no language {language}."
        raise NotFoundError(msg)
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        await people.update_client(tx, client.id, language=language)
        await broadcasts.take_back_from(tx, client.id, now=turn.now)
        await goals.translate_goals(core, tx, client.id, language, now=turn.now)
        text = core.texts.say("pr.language_done", language, taal=language_name(language))
        await say(tx, turn, text, menu.menu_keyboard(core, language), client=client)
