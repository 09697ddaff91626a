"""What the bot says about itself: name, descriptions, commands and menu button."""

from bot.simulator import utf16
from bot.simulator.errors import bad_request
from bot.simulator.store import Store
from bot.simulator.values import JsonObject, as_list, as_object, as_text

_LIMITS = {"name": 64, "description": 512, "short_description": 120}
_SCOPES = frozenset(
    {"default", "all_private_chats", "all_group_chats", "all_chat_administrators", "chat",
     "chat_administrators", "chat_member"}
)  # fmt: skip
MAX_COMMANDS = 100
MAX_COMMAND = 32
MAX_COMMAND_DESCRIPTION = 256
_COMMAND_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


class Profile:
    """The bot's texts per language and its commands per scope and language."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        meta = dict(store.load("meta"))
        self._given_name = name
        self._texts = {k: as_text(v) for k, v in meta.get("texts", {}).items()}
        self._commands = {k: as_list(v) for k, v in meta.get("commands", {}).items()}
        self.menu_button: JsonObject = meta.get("menu_button", {"type": "default"})

    def name(self, language: str = "") -> str:
        """Give the bot's name in a language, or the one for everybody."""
        return self.text("name", language) or self._given_name

    def text(self, what: str, language: str = "") -> str:
        """Give a text of the bot in a language; without one, the text for everybody."""
        return self._texts.get(f"{what}:{language}") or self._texts.get(f"{what}:", "")

    def set_text(self, what: str, text: str, language: str) -> None:
        """Change a text of the bot; ApiError 400 when it is too long."""
        if utf16.units(text) > _LIMITS[what]:
            raise bad_request(f"bot {what.replace('_', ' ')} is too long")
        _check_language(language)
        self._texts[f"{what}:{language}"] = text
        self._store.put("meta", "texts", dict(self._texts))

    def set_menu_button(self, button: JsonObject) -> None:
        """Change the menu button of every chat that has none of its own."""
        self.menu_button = button
        self._store.put("meta", "menu_button", button)

    def set_commands(self, commands: list[object], scope: JsonObject, language: str) -> None:
        """Change the commands of a scope and language; ApiError 400 when one cannot be."""
        if len(commands) > MAX_COMMANDS:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        kept: list[object] = []
        for item in map(as_object, commands):
            command, words = as_text(item.get("command")), as_text(item.get("description"))
            command = command.removeprefix("/")
            if not 1 <= len(command) <= MAX_COMMAND or set(command) - _COMMAND_LETTERS:
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= utf16.units(words) <= MAX_COMMAND_DESCRIPTION:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
            kept.append({"command": command, "description": words})
        key = _key(scope, language)
        if kept:
            self._commands[key] = kept
        else:
            self._commands.pop(key, None)
        self._store.put("meta", "commands", dict(self._commands))

    def commands(self, scope: JsonObject, language: str) -> list[object]:
        """Give the commands of exactly this scope and language."""
        return self._commands.get(_key(scope, language), [])

    def commands_for(self, chat_id: int, language: str) -> list[object]:
        """Give the commands a person sees, by the order in which Telegram looks."""
        primary = language.replace("_", "-").partition("-")[0]
        if len(primary) != 2:  # noqa: PLR2004  # what a phone is set to need not be a code Telegram takes
            primary = ""
        for scope in (
            {"type": "chat", "chat_id": chat_id},
            {"type": "all_private_chats"},
            {"type": "default"},
        ):
            for spoken in (primary, ""):
                found = self._commands.get(_key(dict(scope), spoken))
                if found:
                    return found
        return []


def _key(scope: JsonObject, language: str) -> str:
    kind = as_text(scope.get("type")) or "default"
    if kind not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    _check_language(language)
    return f"{kind}:{scope.get('chat_id', '')}:{scope.get('user_id', '')}:{language}"


def _check_language(language: str) -> None:
    if language and not (len(language) == 2 and language.isascii() and language.islower()):  # noqa: PLR2004
        raise bad_request("invalid language code specified")
