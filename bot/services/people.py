"""Staff and clients from a file: each good row in, each bad one named with its remedy."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from bot.domain.errors import ImportRowError
from bot.domain.ids import ClientId, StaffId
from bot.domain.languages import KNOWN, Language
from bot.domain.people import Role
from bot.services.core import Core
from bot.services.tables import read_table
from bot.storage import people, tasks
from bot.storage.database import Transaction

COLUMNS = ("role", "code", "name", "language", "coach")
_CLIENT = "client"
_CODE_LIMIT = 40
_NAME_LIMIT = 120


@dataclass(slots=True)
class ImportReport:
    """What became of a file."""

    staff: int = 0
    clients: int = 0
    known: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    role: str
    code: str
    name: str
    language: str
    coach: str


async def import_csv(core: Core, content: str, now: datetime) -> ImportReport:
    """Take staff and clients from CSV text with the columns role, code, name, language, coach.

    Roles: client, coach, coordinator, or `coach+coordinator`. People whose code is known are
    left as they are, so that the same file may be imported twice. Errors: ImportRowError when
    the heading is not as it must be; then nothing is taken.
    """
    report = ImportReport()
    rows, problems = _read(content)
    async with core.database.transaction() as tx:
        # Coaches first, so that a client may stand above her coach in the file.
        for row in sorted(rows, key=lambda row: (row.role == _CLIENT, row.line)):
            try:
                await _take(tx, row, report, core.today(now), now)
            except ImportRowError as error:
                problems[row.line] = str(error)
        await tasks.insert_audit(
            tx,
            actor="operator",
            action="people_import",
            about=f"staff:{report.staff} clients:{report.clients}",
            now=now,
        )
    report.problems = [f"Line {line}: {problem}" for line, problem in sorted(problems.items())]
    return report


def _read(content: str) -> tuple[list[_Row], dict[int, str]]:
    """Return the rows that can be read, and what is wrong with the others by line."""
    found, problems = read_table(content, COLUMNS)
    rows: dict[str, _Row] = {}
    for entry in found:
        values = {**entry.values, "role": entry.values["role"].lower()}
        row = _Row(line=entry.line, **values)
        earlier = rows.get(row.code)
        if row.code and earlier and replace(earlier, line=row.line) != row:
            problems[row.line] = (
                f"the code {row.code} stands on line {earlier.line} as well, for somebody "
                "else. Give each person a code of their own."
            )
        else:
            rows[row.code or f"line {row.line}"] = row
    return list(rows.values()), problems


async def _take(
    tx: Transaction, row: _Row, report: ImportReport, today: date, now: datetime
) -> None:
    roles = _check(row)
    known_client = await people.find_client(tx, row.code) is not None
    known_staff = await people.find_staff(tx, row.code) is not None
    if known_client or known_staff:
        if known_client != (row.role == _CLIENT):
            other = "a client" if known_client else "a member of staff"
            msg = f"the code {row.code} is that of {other}. Give each person a code of their own."
            raise ImportRowError(msg)
        report.known += 1
        return
    if row.role != _CLIENT:
        await people.insert_staff(tx, code=row.code, name=row.name, roles=roles, now=now)
        report.staff += 1
        return
    if row.language not in KNOWN:
        msg = (
            f"language {row.language!r} of {row.code} is not known. "
            f"Write one of {', '.join(sorted(KNOWN))}."
        )
        raise ImportRowError(msg)
    coach = await people.find_staff(tx, row.coach)
    if coach is None or Role.COACH not in coach.roles:
        msg = (
            f"there is no coach {row.coach!r} for {row.code}. "
            "Add a row with role coach and that code, or mend the code."
        )
        raise ImportRowError(msg)
    await people.insert_client(
        tx,
        code=row.code,
        name=row.name,
        language=Language(row.language),
        coach_id=coach.id,
        today=today,
        now=now,
    )
    report.clients += 1


def _check(row: _Row) -> tuple[Role, ...]:
    """Return the roles of a member of staff; none for a client."""
    for name, value, limit in (
        ("code", row.code, _CODE_LIMIT),
        ("name", row.name, _NAME_LIMIT),
    ):
        if not value or len(value) > limit:
            msg = f"the {name} must have 1 to {limit} characters. Mend it."
            raise ImportRowError(msg)
    if row.role == _CLIENT:
        return ()
    try:
        return tuple(dict.fromkeys(Role(part.strip()) for part in row.role.split("+")))
    except ValueError:
        msg = (
            f"role {row.role!r} of {row.code} is not known. "
            f"Write client, or one or more of {', '.join(Role)} joined by +."
        )
        raise ImportRowError(msg) from None


async def find_person(core: Core, code: str) -> tuple[ClientId | None, StaffId | None, str]:
    """Return who has this code: a client or a member of staff, and the name.

    Errors: ImportRowError when nobody has it.
    """
    async with core.database.reading() as tx:
        client = await people.find_client(tx, code)
        if client is not None:
            return client.id, None, client.name
        person = await people.find_staff(tx, code)
    if person is None:
        msg = f"Nobody has the code {code!r}. See the codes in the file you imported."
        raise ImportRowError(msg)
    return None, person.id, person.name
