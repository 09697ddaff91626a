"""Companies and placements from a file: each good row in, each bad one named with its remedy."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from bot.domain.employers import Employer, Placement, PlacementKind
from bot.domain.errors import ImportRowError
from bot.domain.ids import ClientId, EmployerId
from bot.domain.people import Role, Staff
from bot.services.core import Core
from bot.services.employers import refresh_employers
from bot.services.tables import TableRow, read_table
from bot.storage import employers, people, tasks
from bot.storage.database import Transaction

COLUMNS = (
    "company",
    "name",
    "sector",
    "account_manager",
    "client",
    "kind",
    "first_day",
    "last_day",
    "hours",
)
_OF_COMPANY = ("name", "sector", "account_manager")
_OF_PLACEMENT = ("kind", "first_day", "last_day", "hours")
_LIMITS = {"company": 40, "name": 120, "sector": 40}
_MOST_HOURS = 60
_DAY_FORMATS = ("%Y-%m-%d", "%d-%m-%Y")


@dataclass(slots=True)
class EmployerReport:
    """What became of a file: how many are new, changed or known already, and what is wrong."""

    companies: int = 0
    placements: int = 0
    changed: int = 0
    known: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Company:
    """What a row says of its company; an empty value leaves what is known."""

    code: str
    name: str
    sector: str
    manager: Staff | None


@dataclass(frozen=True, slots=True)
class _Place:
    """What a row says of a placement there."""

    client_id: ClientId
    client: str
    kind: PlacementKind
    first_day: date
    last_day: date | None
    hours: int | None


async def import_employers(core: Core, content: str, now: datetime) -> EmployerReport:
    """Take companies and placements from CSV text with the columns of COLUMNS, a row a placement.

    A row without a client is only a company; on further rows of a company its own columns may
    stay empty. What is known is changed where the file says otherwise, so that the same file
    twice changes nothing. Errors: ImportRowError when the heading is not as it must be.
    """
    report = EmployerReport()
    rows, problems = read_table(content, COLUMNS)
    said: dict[tuple[str, str], tuple[int, str]] = {}
    async with core.database.transaction() as tx:
        for row in rows:
            try:
                _check_agrees(row, said)
                await _take(tx, row, report, now)
            except ImportRowError as error:
                problems[row.line] = str(error)
            else:
                _remember(row, said)
        await refresh_employers(core, tx, today=core.today(now), now=now)
        await tasks.insert_audit(
            tx,
            actor="operator",
            action="employers_import",
            about=f"companies:{report.companies} placements:{report.placements}",
            now=now,
        )
    report.problems = [f"Line {line}: {problem}" for line, problem in sorted(problems.items())]
    return report


# --- what a row says -------------------------------------------------------------------------


def _facts(row: TableRow) -> dict[tuple[str, str], tuple[str, str]]:
    """Return what a row says that no other row may contradict: by object, what of it and how."""
    values = row.values
    company = values["company"]
    facts = {
        (f"company {company}", name): (name.replace("_", " "), values[name])
        for name in _OF_COMPANY
        if values[name]
    }
    if values["client"]:
        place = " ".join(values[name] for name in ("client", "kind", "first_day"))
        facts |= {
            (f"company {company} {place}", name): (name.replace("_", " "), values[name])
            for name in ("last_day", "hours")
        }
    return facts


def _check_agrees(row: TableRow, said: dict[tuple[str, str], tuple[int, str]]) -> None:
    for key, (name, value) in _facts(row).items():
        line, earlier = said.get(key, (row.line, value))
        if earlier != value:
            msg = (
                f"the {name} of {key[0]} stands on line {line} as {earlier or 'empty'!r}, and "
                f"here as {value or 'empty'!r}. Write the same on both, or remove one."
            )
            raise ImportRowError(msg)


def _remember(row: TableRow, said: dict[tuple[str, str], tuple[int, str]]) -> None:
    for key, (_, value) in _facts(row).items():
        said.setdefault(key, (row.line, value))


async def _take(tx: Transaction, row: TableRow, report: EmployerReport, now: datetime) -> None:
    """Take a whole row, or raise ImportRowError before anything of it is taken."""
    company = await _read_company(tx, row)
    place = await _read_place(tx, row)
    employer = await employers.find_employer(tx, company.code)
    _check_company(company, employer)
    known = await _find_known(tx, employer, company, place) if place else None
    outcomes = [await _put_company(tx, company, employer, report, now=now)]
    if place is not None:
        employer = employer or await employers.find_employer(tx, company.code)
        assert employer is not None  # noqa: S101 - it has just been put there
        outcomes.append(await _put_place(tx, employer.id, place, known, report, now=now))
    report.changed += "changed" in outcomes
    report.known += not any(outcomes)


async def _read_company(tx: Transaction, row: TableRow) -> _Company:
    values = row.values
    for name, limit in _LIMITS.items():
        if len(values[name]) > limit or (name == "company" and not values[name]):
            least = 1 if name == "company" else 0
            msg = f"the {name} must have {least} to {limit} characters. Mend it."
            raise ImportRowError(msg)
    manager = None
    code = values["account_manager"]
    if code:
        manager = await people.find_staff(tx, code)
        if manager is None or Role.ACCOUNT_MANAGER not in manager.roles or not manager.active:
            msg = (
                f"there is no account manager {code!r} for {values['company']}. Add a row with "
                "role account_manager and that code by `taalbrug people import`, or mend the code."
            )
            raise ImportRowError(msg)
    return _Company(values["company"], values["name"], values["sector"], manager)


def _check_company(company: _Company, employer: Employer | None) -> None:
    if employer is None and not (company.name and company.manager):
        msg = (
            f"company {company.code} is new, so it needs a name and an account manager. "
            "Write both on its first row."
        )
        raise ImportRowError(msg)


async def _read_place(tx: Transaction, row: TableRow) -> _Place | None:
    values = row.values
    if not values["client"]:
        for name in _OF_PLACEMENT:
            if values[name]:
                msg = (
                    f"{name} has a value, but there is no client. Write her code, or leave "
                    f"{', '.join(_OF_PLACEMENT)} empty for a company alone."
                )
                raise ImportRowError(msg)
        return None
    client = await people.find_client(tx, values["client"])
    if client is None:
        msg = (
            f"there is no client {values['client']!r}. "
            "Add her by `taalbrug people import`, or mend the code."
        )
        raise ImportRowError(msg)
    try:
        kind = PlacementKind(values["kind"].lower())
    except ValueError:
        msg = f"kind {values['kind']!r} is not known. Write one of {', '.join(PlacementKind)}."
        raise ImportRowError(msg) from None
    first_day, last_day = _day(values, "first_day"), None
    if values["last_day"]:
        last_day = _day(values, "last_day")
        if last_day < first_day:
            msg = f"the last day {last_day} is before the first, {first_day}. Mend one of the two."
            raise ImportRowError(msg)
    return _Place(client.id, client.code, kind, first_day, last_day, _hours(values["hours"]))


def _day(values: Mapping[str, str], name: str) -> date:
    written = values[name]
    for form in _DAY_FORMATS:
        with suppress(ValueError):
            return datetime.strptime(written, form).replace(tzinfo=UTC).date()
    msg = f"the {name} {written!r} is no day. Write it as 2026-11-24 or 24-11-2026."
    raise ImportRowError(msg)


def _hours(written: str) -> int | None:
    if not written:
        return None
    if not written.isascii() or not written.isdigit() or not 1 <= int(written) <= _MOST_HOURS:
        msg = f"hours {written!r} must be a whole number from 1 to {_MOST_HOURS}, or empty."
        raise ImportRowError(msg)
    return int(written)


# --- what is kept ----------------------------------------------------------------------------


async def _find_known(
    tx: Transaction, employer: Employer | None, company: _Company, place: _Place
) -> Placement | None:
    """Return the same placement as it is known; errors: ImportRowError when another overlaps."""
    if employer is None:
        return None
    same = None
    for each in await employers.list_placements(tx, employer.id, place.client_id):
        if each.kind is not place.kind:
            continue
        if each.first_day == place.first_day:
            same = each
        elif (each.last_day or date.max) >= place.first_day and each.first_day <= (
            place.last_day or date.max
        ):
            msg = (
                f"{place.client} has a {place.kind} at {company.code} from {each.first_day} "
                f"{f'to {each.last_day}' if each.last_day else 'on'} already, which overlaps. "
                "Write that first day, or import that placement with an earlier last day first."
            )
            raise ImportRowError(msg)
    return same


async def _put_company(
    tx: Transaction,
    company: _Company,
    employer: Employer | None,
    report: EmployerReport,
    *,
    now: datetime,
) -> str:
    """Add or change a company; returns "new", "changed", or nothing when it was known so."""
    if employer is None:
        assert company.manager is not None  # noqa: S101 - checked before
        await employers.insert_employer(
            tx,
            code=company.code,
            name=company.name,
            sector=company.sector,
            manager_id=company.manager.id,
            now=now,
        )
        report.companies += 1
        return "new"
    name, sector = company.name or employer.name, company.sector or employer.sector
    manager_id = company.manager.id if company.manager else employer.manager_id
    if (name, sector, manager_id) == (employer.name, employer.sector, employer.manager_id):
        return ""
    await employers.update_employer(
        tx, employer.id, name=name, sector=sector, manager_id=manager_id
    )
    return "changed"


async def _put_place(
    tx: Transaction,
    employer_id: EmployerId,
    place: _Place,
    known: Placement | None,
    report: EmployerReport,
    *,
    now: datetime,
) -> str:
    if known is None:
        await employers.insert_placement(
            tx,
            employer_id=employer_id,
            client_id=place.client_id,
            kind=place.kind,
            first_day=place.first_day,
            last_day=place.last_day,
            hours=place.hours,
            now=now,
        )
        report.placements += 1
        return "new"
    if (known.last_day, known.hours) == (place.last_day, place.hours):
        return ""
    await employers.update_placement(tx, known.id, last_day=place.last_day, hours=place.hours)
    return "changed"
