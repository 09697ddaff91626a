"""The templates of routes, as the organisation wrote them in locales/routes.toml."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from bot.domain.errors import ConfigError
from bot.domain.plans import PLAN_LIMIT_MONTHS
from bot.domain.routes import Milestone, Route, RouteStep

FILE = Path(__file__).parent.parent / "locales" / "routes.toml"

_KEY = re.compile(r"[a-z][a-z0-9_]{0,19}")
"""A key stands in a button, which holds little."""
_MOST_WEEKS = 260
_ROUTE = frozenset({"key", "name", "months", "extendable_months", "steps", "milestones"})
_STEP = frozenset({"key", "months", "weeks"})
_MILESTONE = frozenset({"key", "name", "week", "first_week", "told", "outcomes"})

_Table = Mapping[str, object]


@cache
def load() -> Mapping[str, Route]:
    """Return the routes by key, read once; errors: ConfigError."""
    return read(FILE)


def find(key: str) -> Route:
    """Return a route; one that was taken out of the file since then has only its key."""
    return load().get(key) or Route(key, key, 0, 0, ())


def read(path: Path) -> dict[str, Route]:
    """Read a file of routes; errors: ConfigError, naming the file, the entry and the remedy."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path}: this file cannot be read: {error}. Restore it from the repository."
        raise ConfigError(msg) from error
    reader = _Reader(path)
    reader.known("the file", content, frozenset({"route"}))
    found: dict[str, Route] = {}
    for number, table in enumerate(reader.tables("the file", content, "route"), 1):
        route = reader.route(f"route {number}", table)
        if route.key in found:
            raise reader.error(route.key, "is there twice. Give each route its own key")
        found[route.key] = route
    if not found:
        raise reader.error("the file", "has no routes. Add at least one [[route]]")
    return found


class _Reader:
    """Turns tables into routes; each mistake is a ConfigError with its place."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def error(self, where: str, problem: str) -> ConfigError:
        return ConfigError(f"{self._path}: {where} {problem}.")

    def route(self, where: str, table: _Table) -> Route:
        self.known(where, table, _ROUTE)
        key = self.key(where, table)
        months = self.number(key, table, "months", 1, PLAN_LIMIT_MONTHS)
        most = PLAN_LIMIT_MONTHS - months
        steps = tuple(
            self.step(f"{key}, step {number}", step)
            for number, step in enumerate(self.tables(key, table, "steps"), 1)
        )
        if not steps:
            raise self.error(key, "has no steps. Add at least one to steps")
        milestones = tuple(
            self.milestone(f"{key}, milestone {number}", milestone)
            for number, milestone in enumerate(self.tables(key, table, "milestones"), 1)
        )
        for name, keys in (
            ("step", [step.key for step in steps]),
            ("milestone", [milestone.key for milestone in milestones]),
        ):
            if len(set(keys)) < len(keys):
                raise self.error(key, f"has a {name} twice. Give each its own key")
        return Route(
            key=key,
            name=self.words(key, table, "name"),
            months=months,
            extendable_months=self.number(key, table, "extendable_months", 0, most, or_else=0),
            steps=steps,
            milestones=milestones,
        )

    def step(self, where: str, table: _Table) -> RouteStep:
        self.known(where, table, _STEP)
        months = self.number(where, table, "months", 0, PLAN_LIMIT_MONTHS, or_else=0)
        weeks = self.number(where, table, "weeks", 0, _MOST_WEEKS, or_else=0)
        if not months and not weeks:
            raise self.error(where, "does not say how long it lasts. Add months or weeks")
        return RouteStep(self.key(where, table), months, weeks)

    def milestone(self, where: str, table: _Table) -> Milestone:
        self.known(where, table, _MILESTONE)
        week = self.number(where, table, "week", 1, _MOST_WEEKS)
        told = table.get("told", False)
        if not isinstance(told, bool):
            raise self.error(where, f"has told = {told!r}. Write true or false")
        outcomes = table.get("outcomes", {})
        if not isinstance(outcomes, dict) or not all(
            _KEY.fullmatch(str(key)) and isinstance(words, str) and words.strip()
            for key, words in outcomes.items()
        ):
            remedy = 'Write for example outcomes = { work = "Werk" }'
            raise self.error(where, f"has outcomes that cannot be used. {remedy}")
        return Milestone(
            key=self.key(where, table),
            week=week,
            first_week=self.number(where, table, "first_week", 1, week, or_else=week),
            name=self.words(where, table, "name"),
            outcomes=outcomes,
            told=told,
        )

    def known(self, where: str, table: _Table, keys: frozenset[str]) -> None:
        for name in sorted(table.keys() - keys):
            wanted = ", ".join(sorted(keys))
            raise self.error(where, f"has the unknown key {name!r}. Remove it; known are {wanted}")

    def tables(self, where: str, table: _Table, name: str) -> Sequence[_Table]:
        value = table.get(name, [])
        if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
            return value
        raise self.error(where, f"has {name} that are no list of tables. Write them as the others")

    def key(self, where: str, table: _Table) -> str:
        key = table.get("key")
        if isinstance(key, str) and _KEY.fullmatch(key):
            return key
        remedy = "Write at most 20 small letters, digits or _"
        raise self.error(where, f"has key = {key!r}. {remedy}")

    def words(self, where: str, table: _Table, name: str) -> str:
        words = table.get(name)
        if isinstance(words, str) and words.strip():
            return words.strip()
        raise self.error(where, f"has {name} = {words!r}. Write a text between quotes")

    def number(
        self,
        where: str,
        table: _Table,
        name: str,
        low: int,
        high: int,
        *,
        or_else: int | None = None,
    ) -> int:
        value = table.get(name, or_else)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        remedy = f"Write a whole number from {low} to {high}"
        raise self.error(where, f"has {name} = {value!r}. {remedy}")
