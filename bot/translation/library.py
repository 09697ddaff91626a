"""The goal library: sentences of the phrasebook that a coach may choose as a goal."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bot.domain.languages import DUTCH
from bot.domain.plans import GOAL_LIMIT, GoalCategory
from bot.translation import phrases
from bot.translation.phrases import Phrase, PhrasebookError

PHRASEBOOK = Path(__file__).parents[2] / "locales" / "phrasebook.toml"

_NAME_LIMIT = 24
"""The name stands in a button, which holds little."""

Library = Mapping[GoalCategory, Mapping[str, str]]
"""The Dutch sentences of each category by the last part of their id: goal.<category>.<name>."""


@cache
def load(path: Path = PHRASEBOOK) -> Library:
    """Return the library of a phrasebook, read once; errors: PhrasebookError."""
    found: dict[GoalCategory, dict[str, str]] = {category: {} for category in GoalCategory}
    problems: list[str] = []
    for phrase in phrases.read(path).phrases:
        if phrase.said_by != "goal":
            continue
        place = _place(phrase)
        if isinstance(place, str):
            problems.append(f"{phrase.id} {place}.")
        else:
            category, name = place
            found[category][name] = phrase.texts[DUTCH]
    if problems:
        raise PhrasebookError(path, tuple(problems))
    return found


def _place(phrase: Phrase) -> tuple[GoalCategory, str] | str:
    """Return where a goal stands in the library, or what is wrong with it."""
    first, _, rest = phrase.id.partition(".")
    category, _, name = rest.partition(".")
    usable = name.isascii() and name.isidentifier() and len(name) <= _NAME_LIMIT
    if first != "goal" or category not in list(GoalCategory) or not usable:
        known = ", ".join(GoalCategory)
        return f"is a goal in no category. Write id = goal.<category>.<name> with one of {known}"
    if phrase.slots:
        return "has slots, which nobody fills in a goal. Write the sentence out"
    if len(phrase.texts[DUTCH]) > GOAL_LIMIT:
        return f"is longer than {GOAL_LIMIT} characters in Dutch. Shorten it"
    return GoalCategory(category), name
