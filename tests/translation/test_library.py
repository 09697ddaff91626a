"""The goal library: which sentences of the phrasebook a coach may choose as a goal."""

from pathlib import Path

import pytest

from bot.domain.plans import GoalCategory
from bot.translation import library
from bot.translation.phrasebook import Phrasebook
from bot.translation.phrases import PhrasebookError

GOAL = """
[[phrase]]
id = "goal.work_skills.on_time"
said_by = "goal"
nl = "Ik kom elke dag op tijd."
en = "I come on time every day."
ar = "أحضر كل يوم في الوقت المحدد."
fa = "هر روز سر وقت می‌آیم."
ti = "ኩሉ መዓልቲ ኣብ ሰዓቱ እመጽእ።"
checked = "nobody"
"""
OTHER = GOAL.replace("goal.work_skills.on_time", "time.coach").replace('"goal"', '"coach"')


def load(folder: Path, text: str) -> library.Library:
    path = folder / "phrasebook.toml"
    path.write_text(text, encoding="utf-8")
    return library.load(path)


def test_goals_are_found_by_category_and_name_and_nothing_else_is_a_goal(tmp_path: Path) -> None:
    other = OTHER.replace("op tijd", "laat")
    found = load(tmp_path, GOAL + other)
    assert found[GoalCategory.WORK_SKILLS] == {"on_time": "Ik kom elke dag op tijd."}
    assert {category for category, words in found.items() if words} == {GoalCategory.WORK_SKILLS}


def test_a_goal_is_offered_to_nobody_as_a_sentence_and_is_translated_all_the_same(
    tmp_path: Path,
) -> None:
    path = tmp_path / "phrasebook.toml"
    path.write_text(GOAL, encoding="utf-8")
    book = Phrasebook.load(path)
    listed = {
        said_by: [phrase.id for phrase in book.phrases("nl", said_by)]  # type: ignore[arg-type]
        for said_by in ("client", "coach", "both", "goal")
    }
    goal = "goal.work_skills.on_time"
    assert listed == {"client": [], "coach": [], "both": [], "goal": [goal]}
    found = book.translate("Ik kom elke dag op tijd.", "nl", "en")  # type: ignore[arg-type]
    assert found is not None
    assert found.text == "I come on time every day."


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("goal.work_skills.on_time", "goal.health.on_time", "is a goal in no category"),
        ("goal.work_skills.on_time", "work_skills.on_time", "is a goal in no category"),
        ("goal.work_skills.on_time", "goal.work_skills." + "x" * 25, "is a goal in no category"),
        ("goal.work_skills.on_time", "goal.work_skills.op-tijd", "is a goal in no category"),
        ("Ik kom elke dag op tijd.", "x" * 121, "is longer than 120 characters in Dutch"),
    ],
)
def test_a_goal_that_cannot_be_chosen_is_named_with_its_remedy(
    tmp_path: Path, right: str, wrong: str, problem: str
) -> None:
    with pytest.raises(PhrasebookError, match=problem):
        load(tmp_path, GOAL.replace(right, wrong))


def test_a_goal_has_no_slots(tmp_path: Path) -> None:
    text = GOAL
    for words in ("elke dag", "every day", "كل يوم", "هر روز", "ኩሉ መዓልቲ"):
        text = text.replace(words, "{number}")
    with pytest.raises(PhrasebookError, match="has slots, which nobody fills"):
        load(tmp_path, text)
