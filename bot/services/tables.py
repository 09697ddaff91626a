"""Reading a CSV file as any spreadsheet writes it, and writing one that Dutch ones open."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.errors import ImportRowError

_JOINERS = "\u200c\u200d"  # part of how Persian names are spelt
_FORMULA = tuple("=+-@\t\r＝＋－＠")
"""With these a spreadsheet begins to calculate, or to fetch what a link says."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row that could be read, with the line on which it stands in the file."""

    line: int
    values: Mapping[str, str]


def read_table(
    content: str, columns: Sequence[str], optional: Sequence[str] = ()
) -> tuple[list[TableRow], dict[int, str]]:
    """Return the rows that are not empty, and what is wrong with the others by line.

    The separator is a comma or semicolon; columns may stand in any order, and there may be more.
    An `optional` column that is not there has empty values.
    Errors: ImportRowError when the heading does not name all of `columns`.
    """
    content = content.removeprefix("\ufeff")
    first = content.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.DictReader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    rows: list[TableRow] = []
    problems: dict[int, str] = {}
    try:
        _check_heading(reader, columns)
        for entry in reader:
            values = {name: plain(entry.get(name) or "") for name in (*columns, *optional)}
            if None in entry:
                problems[reader.line_num] = (
                    "more values than columns. Put quotes around a value that holds the separator."
                )
            elif any(values.values()):
                rows.append(TableRow(reader.line_num, values))
    except csv.Error as error:
        # Not the line of the reader around it, which has not moved on from the row before.
        problems[reader.reader.line_num] = (
            f"{error}. Nothing from here on was read; mend the quotes there."
        )
    return rows, problems


def _check_heading(reader: "csv.DictReader[str]", columns: Sequence[str]) -> None:
    try:
        heading = [plain(name).lower() for name in reader.fieldnames or []]
    except csv.Error as error:
        msg = f"Line 1: {error}. Mend the quotes in the heading."
        raise ImportRowError(msg) from error
    if not set(columns) <= set(heading):
        msg = (
            f"Line 1: the heading must name the columns {', '.join(columns)}; "
            f"it names {', '.join(heading) or 'none'}. Mend the first line."
        )
        raise ImportRowError(msg)
    reader.fieldnames = heading


def plain(value: str) -> str:
    """Return a value on one line, without what cannot be seen: a name is shown in every text."""
    seen = "".join(
        " " if unicodedata.category(sign) == "Cc" else sign
        for sign in value
        if sign in _JOINERS or unicodedata.category(sign) != "Cf"
    )
    return " ".join(seen.split())


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a CSV file that a Dutch spreadsheet opens by itself, accents and all.

    A value that begins as a formula gets an apostrophe before it, so that it stays text.
    """
    return table_file([table_lines([columns]), table_lines(rows)])


def table_lines(rows: Iterable[Sequence[str]]) -> str:
    """Return a piece of such a file, for who makes it in pieces."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerows([_as_text(value) for value in row] for row in rows)
    return out.getvalue()


def table_file(pieces: Iterable[str]) -> bytes:
    """Return the whole file of these pieces, the first of which begins with the heading."""
    return ("\ufeff" + "".join(pieces)).encode()


def _as_text(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
