"""The routes as the organisation wrote them: what is shipped can be used, mistakes are named."""

from pathlib import Path

import pytest

from bot import routes
from bot.domain.errors import ConfigError
from bot.domain.languages import DUTCH
from bot.domain.routes import Route
from bot.texts import LOCALES, Texts

GOOD = """
[[route]]
key = "short"
name = "Kort"
months = 6
extendable_months = 3
steps = [{ key = "language", months = 2 }, { key = "practice", weeks = 26 }]

[[route.milestones]]
key = "halfway"
name = "Tussengesprek"
week = 13
"""


def read(folder: Path, text: str) -> dict[str, Route]:
    path = folder / "routes.toml"
    path.write_text(text, encoding="utf-8")
    return routes.read(path)


def test_a_right_file_gives_its_routes(tmp_path: Path) -> None:
    route = read(tmp_path, GOOD)["short"]
    assert (route.name, route.months, route.extendable_months) == ("Kort", 6, 3)
    assert [(step.key, step.months, step.weeks) for step in route.steps] == [
        ("language", 2, 0),
        ("practice", 0, 26),
    ]
    (milestone,) = route.milestones
    assert (milestone.week, milestone.first_week, milestone.told) == (13, 13, False)


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ('key = "short"', 'key = "Too long a key for a button"', "at most 20 small letters"),
        (
            "months = 6",
            "months = 240",
            "short has months = 240. Write a whole number from 1 to 60",
        ),
        ("months = 6", "", "short has months = None"),
        ("extendable_months = 3", "extendable_months = 55", "from 0 to 54"),
        ("extendable_months = 3", 'extendable = "3"', "has the unknown key 'extendable'. Remove"),
        ('name = "Kort"', 'name = " "', "has name = ' '. Write a text between quotes"),
        ("months = 2 }", "weeks = true }", "step 1 has weeks = True. Write a whole number"),
        ("months = 2 }", "months = 0 }", "step 1 does not say how long it lasts"),
        ('{ key = "practice", weeks = 26 }', '{ key = "language", weeks = 26 }', "a step twice"),
        (
            '[{ key = "language", months = 2 }, { key = "practice", weeks = 26 }]',
            "[]",
            "short has no steps. Add at least one",
        ),
        ("week = 13", "week = 13\nfirst_week = 14", "first_week = 14. Write a whole number"),
        ("week = 13", "week = 13\ntold = 1", "told = 1. Write true or false"),
        ("week = 13", 'week = 13\noutcomes = { "Aan het werk" = "x" }', "cannot be used. Write"),
        ("week = 13", "week = 13\noutcomes = 3", "outcomes that cannot be used"),
        ("[[route.milestones]]", "[route.milestones]", "no list of tables"),
        ("[[route]]", "[[rout]]", "the file has the unknown key 'rout'. Remove it"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(
    tmp_path: Path, right: str, wrong: str, problem: str
) -> None:
    assert right in GOOD
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, GOOD.replace(right, wrong))
    assert str(caught.value).startswith(str(tmp_path / "routes.toml"))
    assert problem in str(caught.value)


def test_a_route_stands_in_the_file_once_and_a_file_holds_at_least_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"short is there twice\. Give each"):
        read(tmp_path, GOOD + GOOD)
    with pytest.raises(ConfigError, match="the file has no routes"):
        read(tmp_path, "")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"routes\.toml: this file cannot be read.*Restore it"):
        routes.read(tmp_path / "routes.toml")
    with pytest.raises(ConfigError, match=r"routes\.toml: this file cannot be read"):
        read(tmp_path, "[[route")


def test_a_route_that_was_taken_out_leaves_a_name_and_can_be_extended_no_more() -> None:
    gone = routes.find("gone")
    assert (gone.name, gone.steps, gone.extendable_months) == ("gone", (), 0)


@pytest.mark.parametrize("route", routes.load().values(), ids=lambda route: route.key)
def test_every_step_of_a_shipped_route_has_its_words_in_every_language(
    route: Route,
) -> None:
    texts = Texts.load()
    for step in route.steps:
        dutch = texts.label(f"route.{step.key}", DUTCH)
        others = [texts.label(f"route.{step.key}", locale) for locale in LOCALES]
        assert others.count(dutch) == 1, f"route.{step.key} is not translated"
