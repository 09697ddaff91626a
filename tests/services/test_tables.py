"""Tables as spreadsheets write them, and as they open ours."""

import csv
import io

import pytest

from bot.domain.errors import ImportRowError
from bot.services.tables import read_table, write_table


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_what_is_written_can_be_read_again() -> None:
    rows = [["K-0001", 'Één; "twee"'], ["K-0002", "regel\neen"], ["", "x"]]
    content = write_table(["code", "naam"], rows)
    assert rows_of(content) == [["code", "naam"], *rows]
    found, problems = read_table(content.decode(), ["code", "naam"])
    assert problems == {}
    assert [tuple(row.values.values()) for row in found] == [
        ("K-0001", 'Één; "twee"'),
        ("K-0002", "regel een"),
        ("", "x"),
    ]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "＝", "＠"])
def test_a_value_that_would_be_calculated_stays_text(begin: str) -> None:
    value = f"{begin}cmd|' /C calc'!A0"
    assert rows_of(write_table(["a", "b"], [[value, f"x{value}"]]))[1] == [
        f"'{value}",
        f"x{value}",
    ]


def test_a_file_without_rows_has_its_heading() -> None:
    assert write_table(["code", "taal"], []) == "\ufeffcode;taal\r\n".encode()


def test_a_column_that_need_not_be_there_is_empty_when_it_is_not() -> None:
    for content, place in (("code\nK-1\n", ""), ("Place,code\n Delft ,K-1\n", "Delft")):
        (row,), problems = read_table(content, ["code"], ["place"])
        assert (dict(row.values), problems) == ({"code": "K-1", "place": place}, {})


def test_a_column_that_must_be_there_is_named_without_the_others() -> None:
    with pytest.raises(ImportRowError, match="must name the columns code; it names place"):
        read_table("place\nDelft\n", ["code"], ["place"])
