"""Staff and clients from a file: each good row in, each bad one named with its remedy."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from bot.domain.broadcasts import STEPS, ClientGroup
from bot.domain.errors import ImportRowError
from bot.domain.films import is_other_language
from bot.domain.ids import ClientId, StaffId
from bot.domain.languages import KNOWN, Language
from bot.domain.people import Client, Role
from bot.services.core import Core
from bot.services.tables import read_table
from bot.storage import people, tasks
from bot.storage.database import Transaction
from bot.storage.people import ClientFacts

COLUMNS = ("role", "code", "name", "language", "coach")
FACT_COLUMNS = ("municipality", "step", "group", "programme", "other_languages")
"""What a file may say of clients besides, by which broadcasts choose their readers."""
_CLIENT = "client"
_CODE_LIMIT = 40
_NAME_LIMIT = 120
_FACT_LIMIT = 80
_GROUPS = {
    **{group.value: group for group in ClientGroup},
    "participatie": ClientGroup.PARTICIPATION,
    "scholing": ClientGroup.SCHOOLING,
    "re-integratie": ClientGroup.REINTEGRATION,
    "reïntegratie": ClientGroup.REINTEGRATION,
    "reintegratie": ClientGroup.REINTEGRATION,
}
_LANGUAGES = {code.lower(): code for code in KNOWN}


@dataclass(slots=True)
class ImportReport:
    """What became of a file."""

    staff: int = 0
    clients: int = 0
    changed: int = 0
    """Clients who were known, and of whom the file says something else or more."""
    known: int = 0
    """Who was known and is left as they are."""
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    role: str
    code: str
    name: str
    language: str
    coach: str
    municipality: str
    step: str
    group: str
    programme: str
    other_languages: str


async def import_csv(core: Core, content: str, now: datetime) -> ImportReport:
    """Take staff and clients from CSV text with the columns role, code, name, language, coach.

    Roles: client, coach, coordinator, or `coach+coordinator`. The columns of FACT_COLUMNS may be
    there too, and count for clients. People whose code is known are left as they are, but for
    those facts: where the file has a value, it takes the place of the old one. So the same file
    may be imported twice. Errors: ImportRowError when the heading is not as it must be; then
    nothing is taken.
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
            about=f"staff:{report.staff} clients:{report.clients} changed:{report.changed}",
            now=now,
        )
    report.problems = [f"Line {line}: {problem}" for line, problem in sorted(problems.items())]
    return report


def _read(content: str) -> tuple[list[_Row], dict[int, str]]:
    """Return the rows that can be read, and what is wrong with the others by line."""
    found, problems = read_table(content, COLUMNS, FACT_COLUMNS)
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
    known_client = await people.find_client(tx, row.code)
    known_staff = await people.find_staff(tx, row.code)
    if known_client or known_staff:
        if (known_client is not None) != (row.role == _CLIENT):
            other = "a client" if known_client else "a member of staff"
            msg = f"the code {row.code} is that of {other}. Give each person a code of their own."
            raise ImportRowError(msg)
        if known_client and await _change_facts(tx, row, known_client):
            report.changed += 1
        else:
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
    language = Language(row.language)
    facts = _facts(row, language, ClientFacts())
    client_id = await people.insert_client(
        tx,
        code=row.code,
        name=row.name,
        language=language,
        coach_id=coach.id,
        today=today,
        now=now,
    )
    if facts != ClientFacts():
        await _keep(tx, client_id, facts)
    report.clients += 1


async def _change_facts(tx: Transaction, row: _Row, client: Client) -> bool:
    """Keep what a row says of a known client; tells whether that was something new."""
    before = await people.get_facts(tx, client.id)
    after = _facts(row, client.language, before)
    if after != before:
        await _keep(tx, client.id, after)
    return after != before


async def _keep(tx: Transaction, client_id: ClientId, facts: ClientFacts) -> None:
    await people.set_facts(
        tx,
        client_id,
        municipality=facts.municipality,
        step=facts.step,
        group=facts.group,
        programme=facts.programme,
        other_languages=facts.other_languages,
    )


def _facts(row: _Row, own: Language, known: ClientFacts) -> ClientFacts:
    """Return what is known of a client after a row; errors: ImportRowError naming the value."""
    for name, value in (("municipality", row.municipality), ("programme", row.programme)):
        if len(value) > _FACT_LIMIT:
            msg = f"the {name} of {row.code} must have at most {_FACT_LIMIT} characters. Mend it."
            raise ImportRowError(msg)
    if row.step and row.step not in map(str, STEPS):
        msg = (
            f"step {row.step!r} of {row.code} is not known. "
            f"Write one of {', '.join(map(str, STEPS))}, or nothing."
        )
        raise ImportRowError(msg)
    if row.group and row.group.lower() not in _GROUPS:
        msg = (
            f"group {row.group!r} of {row.code} is not known. "
            f"Write one of {', '.join(ClientGroup)} (in Dutch: participatie, scholing, "
            "re-integratie), or nothing."
        )
        raise ImportRowError(msg)
    return ClientFacts(
        municipality=row.municipality or known.municipality,
        step=int(row.step) if row.step else known.step,
        group=_GROUPS[row.group.lower()] if row.group else known.group,
        programme=row.programme or known.programme,
        other_languages=_others(row, own) if row.other_languages else known.other_languages,
    )


def _others(row: _Row, own: Language) -> tuple[Language, ...]:
    """Return what a client reads besides her own language, the best first."""
    others: list[Language] = []
    for word in row.other_languages.replace(",", " ").split():
        code = _LANGUAGES.get(word.lower())
        if code is None:
            msg = (
                f"other language {word!r} of {row.code} is not known. Write codes of "
                f"{', '.join(sorted(KNOWN))} with a space between, the best first."
            )
            raise ImportRowError(msg)
        if is_other_language(code, own) and code not in others:
            others.append(code)
    return tuple(others)


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
