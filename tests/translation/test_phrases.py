from pathlib import Path

import pytest

from bot.translation.phrasebook import Phrasebook
from bot.translation.phrases import PhrasebookError

GOOD = """
[[phrase]]
id = "late"
said_by = "client"
nl = "Ik ben {number} minuten te laat."
en = "I am {number} minutes late."
ar = "سأتأخر {number} دقائق."
fa = "من {number} دقیقه دیر می‌رسم."
ti = "{number} ደቒቕ ክድንጉ እየ።"
also = { nl = ["Ik kom {number} minuten later."] }
checked = "nobody"

[demo]
nl = [{ id = "late", number = 10 }]
"""


def problems(path: Path, text: str) -> tuple[str, ...]:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PhrasebookError) as caught:
        Phrasebook.load(path)
    assert str(path) in str(caught.value)
    return caught.value.problems


def test_a_right_file_loads(tmp_path: Path) -> None:
    path = tmp_path / "phrasebook.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert [phrase.id for phrase in Phrasebook.load(path).phrases("nl")] == ["late"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ('id = "late"', "", 'phrase 1 has no id. Write id = "group.name".'),
        (
            '"client"',
            '"cat"',
            "late has no valid said_by. Use one of both, client, coach, goal.",
        ),
        (
            'checked = "nobody"',
            "",
            'late does not say who checked it. Write checked = "nobody".',
        ),
        (
            'en = "I am {number} minutes late."',
            "",
            "late has no text in 'en'. Add en = ....",
        ),
        (
            '"I am {number} minutes late."',
            '""',
            "late has an empty text in 'en'. Write a sentence in quotes.",
        ),
        (
            "I am {number} minutes",
            "I am ten minutes",
            "late has other slots in 'en' than in 'nl'. Use {number} in each.",
        ),
        (
            "Ik kom {number} minuten",
            "Ik kom tien minuten",
            "late has other slots in 'nl' than in 'nl'. Use {number} in each.",
        ),
        (
            "I am {number} minutes",
            "I am {minutes} minutes",
            "late has the unknown slot {minutes}. Use one of {number}, {time}, {date}, {name},"
            " in 'en'.",
        ),
        (
            "I am {number} minutes",
            "I am {number} {number} minutes",
            "late has the same slot twice. Use each slot once, in 'en'.",
        ),
        (
            "I am {number} minutes",
            "I am {number minutes",
            "late has a loose brace. Write slots as {number}, {time}, {date}, {name}, in 'en'.",
        ),
        (
            "I am {number} minutes",
            "I am {number}0 minutes",
            "late has a digit against a slot. Put a space between them, in 'en'.",
        ),
        (
            "I am {number} minutes",
            "I am {number} {time} minutes",
            "late has two slots with nothing between. Put a word between them, in 'en'.",
        ),
        (
            'checked = "nobody"',
            'checked = "nobody"\nde = "Ich komme."',
            "late has the unknown key 'de'. Remove or correct it.",
        ),
        (
            'also = { nl = ["Ik kom {number} minuten later."] }',
            'also = { nl = "Ik kom {number} minuten later." }',
            'late has a malformed also.nl. Write also = { nl = ["..."] }.',
        ),
        (
            'also = { nl = ["Ik kom {number} minuten later."] }',
            'also = "later"',
            'late has a malformed also. Write also = { nl = ["..."] }.',
        ),
    ],
)
def test_a_malformed_entry_is_reported_with_its_id_and_remedy(
    tmp_path: Path, right: str, wrong: str, problem: str
) -> None:
    assert right in GOOD
    found = problems(tmp_path / "phrasebook.toml", GOOD.replace(right, wrong, 1))
    assert problem in found


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ('nl = [{ id = "gone" }]', "demo.nl names the unknown phrase 'gone'. Use the id of one."),
        (
            'nl = [{ id = "late" }]',
            "demo.nl fills other slots of late than it has. Give number.",
        ),
        (
            'nl = [{ id = "late", number = "tien" }]',
            "demo.nl gives late a number that is none. Correct it.",
        ),
        ('de = [{ id = "late", number = 1 }]', "demo.de is no language."),
        ("nl = 3", "demo.nl must be a list of tables."),
    ],
)
def test_a_malformed_demo_list_is_reported(tmp_path: Path, wrong: str, problem: str) -> None:
    text = GOOD.replace('nl = [{ id = "late", number = 10 }]', wrong)
    (found,) = problems(tmp_path / "phrasebook.toml", text)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[phrase]\n", "is not valid TOML"),
        ("[phrase]\nid = 1\n", "phrase must be a list of tables"),
        ("demo = 3\n", "demo must be a table"),
        ("[words]\n", "words is no part of a phrasebook"),
    ],
)
def test_a_malformed_file_is_reported(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems(tmp_path / "phrasebook.toml", text)
    assert found.startswith(problem)


def test_a_missing_file_and_one_in_another_encoding_are_reported(tmp_path: Path) -> None:
    with pytest.raises(PhrasebookError, match="cannot be read"):
        Phrasebook.load(tmp_path / "gone.toml")
    path = tmp_path / "phrasebook.toml"
    path.write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(PhrasebookError, match="is not UTF-8"):
        Phrasebook.load(path)


def test_every_problem_is_reported_at_once_and_an_id_may_be_used_once(tmp_path: Path) -> None:
    text = GOOD.replace("[demo]", GOOD.split("[demo]", maxsplit=1)[0] + "\n[demo]")
    text = text.replace('nl = [{ id = "late", number = 10 }]', 'nl = [{ id = "gone" }]')
    found = problems(tmp_path / "phrasebook.toml", text)
    assert "late is there twice. Give each phrase its own id." in found
    assert len(found) == 2
