"""The documents speak of what is there: settings, files, functions, commands and tests."""

import ast
import json
import re
import tomllib
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from bot.__main__ import parser
from bot.config import SECTIONS, variable

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
INVARIANTS = ROOT / "docs" / "invariants.md"
RULES_THAT_NEVER_BEND = 9
DOCUMENTS = (README, *sorted((ROOT / "docs").rglob("*.md")))
ROOMS = ("bot", "handlers", "scheduler", "locales", "tests", "docs", "tools")

CODE = re.compile(r"`([^`\n]+)`")
PLACE = re.compile(rf"((?:{'|'.join(ROOMS)})/[\w./*-]*)(?:(?:: |::)(\w+))?")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)")
COMMAND = re.compile(r"(?:^|[`\s/])taalbrug ((?:--verbose )?[a-z][a-z-]+(?: import)?)\b")
TEST = re.compile(r"(tests/[\w./-]+\.py)::(\w+)")


def names_of(path: Path) -> set[str]:
    """Return the functions, classes and methods of a Python file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


def documents() -> list[Path]:
    return [path for path in DOCUMENTS if path.exists()]


def title(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- settings ----------------------------------------------------------------------------


def table_of_settings() -> list[tuple[str, str, str, str]]:
    text = README.read_text(encoding="utf-8")
    _, _, rest = text.partition("<!-- configuration -->\n")
    table, _, _ = rest.partition("<!-- /configuration -->")
    rows = [tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in table.splitlines()]
    return [(key, default, name, why) for key, default, name, why in rows[2:]]


def test_the_readme_lists_every_setting_with_its_default_and_its_variable() -> None:
    shipped = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))
    assert [(key, default, name) for key, default, name, _ in table_of_settings()] == [
        (
            f"{section}.{spec.name}",
            json.dumps(shipped[section][spec.name]),
            variable(section, spec.name),
        )
        for section, kind in SECTIONS.items()
        for spec in fields(kind)
    ]


def test_the_readme_says_what_every_setting_is_for() -> None:
    assert [key for key, _, _, why in table_of_settings() if len(why.split()) < 2] == []


# --- files, functions and links ----------------------------------------------------------


def places(path: Path) -> list[tuple[str, str]]:
    """Return the files of the house that a document names, each with a name inside it or ""."""
    found = []
    for code in CODE.findall(path.read_text(encoding="utf-8")):
        match = PLACE.fullmatch(code.strip())
        if match:
            found.append((match[1], match[2] or ""))
    return found


def test_the_scan_finds_the_places_that_documents_name() -> None:
    found = places(ROOT / "docs" / "architecture.md")
    assert {("bot/storage/", ""), ("bot/adapters/loops.py", "receive")} <= set(found)


@pytest.mark.parametrize("path", documents(), ids=title)
def test_every_file_and_function_that_a_document_names_exists(path: Path) -> None:
    for place, name in places(path):
        assert any(ROOT.glob(place.rstrip("/"))), f"{place} does not exist"
        assert not name or name in names_of(ROOT / place), f"{place} has no {name}"


@pytest.mark.parametrize("path", documents(), ids=title)
def test_every_link_to_a_file_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{target} does not exist"


def test_the_floor_plan_names_every_room_of_the_house() -> None:
    named = {place.rstrip("/") for place, _ in places(ROOT / "docs" / "architecture.md")}
    rooms = {
        folder.relative_to(ROOT).as_posix()
        for folder in [*(ROOT / "bot").iterdir(), ROOT / "handlers", ROOT / "scheduler"]
        if (folder / "__init__.py").exists()
    }
    assert rooms <= named


# --- commands ----------------------------------------------------------------------------


@cache
def verbs() -> frozenset[str]:
    [action] = [action for action in parser()._actions if action.dest == "command"]
    assert action.choices is not None
    return frozenset(str(choice) for choice in action.choices)


@pytest.mark.parametrize("path", documents(), ids=title)
def test_every_command_that_a_document_shows_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    shown = "\n".join([*CODE.findall(text), *re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)])
    for command in COMMAND.findall(shown):
        assert command.removeprefix("--verbose ").split()[0] in verbs(), f"taalbrug {command}"


# --- invariants --------------------------------------------------------------------------


def test_every_test_that_the_invariants_name_exists() -> None:
    named = TEST.findall(INVARIANTS.read_text(encoding="utf-8"))
    assert len(set(named)) >= RULES_THAT_NEVER_BEND
    missing = [
        f"{place}::{name}"
        for place, name in named
        if not (ROOT / place).exists() or name not in names_of(ROOT / place)
    ]
    assert missing == []
