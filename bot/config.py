"""config.toml and the environment, read once into one frozen, validated Config.

Each key may be overridden by an environment variable TAALBRUG_<SECTION>_<KEY>. Secrets come
from the environment only.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date, time
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain.appointments import Place, ReminderRules
from bot.domain.errors import ConfigError
from bot.domain.languages import KNOWN, Language
from bot.domain.localtime import Hours
from bot.domain.periods import ContactRules, Rule
from bot.domain.workdays import ClosedDays

Reader = Callable[[object], object]
Section = TypeVar("Section")
Value = TypeVar("Value")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        msg = "write a text between quotes"
        raise ValueError(msg)
    return value


def _number(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            msg = f"write a whole number from {low} to {high}"
            raise ValueError(msg)
        return value

    return read


def _yes_or_no(value: object) -> bool:
    words = {"true": True, "false": False}
    if isinstance(value, str):
        value = words.get(value.strip().lower())
    if not isinstance(value, bool):
        msg = "write true or false"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for every wrong value
    return value


def _clock(value: object) -> time:
    try:
        if isinstance(value, time):
            return value
        return time.fromisoformat(str(value)) if len(str(value)) == len("HH:MM") else _fail()
    except ValueError:
        msg = 'write a time as "HH:MM"'
        raise ValueError(msg) from None


def _fail() -> time:
    raise ValueError


def _days(value: object) -> frozenset[date]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        if not isinstance(value, list):
            raise ValueError  # noqa: TRY004, TRY301 - one sentence for every mistake
        return frozenset(
            day if type(day) is date else date.fromisoformat(str(day)) for day in value
        )
    except ValueError:
        msg = 'write a list of dates as ["YYYY-MM-DD", …]'
        raise ValueError(msg) from None


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(_text(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = 'write a time zone such as "Europe/Amsterdam"'
        raise ValueError(msg) from None


def _rule(value: object) -> Rule:
    try:
        return Rule(_text(value))
    except ValueError:
        msg = 'write "calendar" or "rolling"'
        raise ValueError(msg) from None


def _engines(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    known = ("phrasebook", "google", "none")
    if not isinstance(value, list) or not value or any(name not in known for name in value):
        msg = 'write a list with one or more of "phrasebook", "google", "none"'
        raise ValueError(msg)
    return tuple(dict.fromkeys(value))


def _languages(value: object) -> tuple[Language, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple) or any(name not in KNOWN for name in value):
        msg = f"write a list with languages of {', '.join(sorted(KNOWN))}, the best first"
        raise ValueError(msg)
    return tuple(dict.fromkeys(value))


def _url(value: object) -> str:
    msg = "write an address that begins with https:// (or http:// on this machine)"
    text = _text(value)
    try:
        parts = urlsplit(text)
        complete = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        complete = False
    if not complete or any(sign.isspace() for sign in text):
        raise ValueError(msg)
    return text.rstrip("/")


def _public_url(value: object) -> str:
    if value == "":
        return ""
    url = _url(value)
    if not url.startswith("https://"):
        msg = "write an address that begins with https://, or leave it empty to ask for updates"
        raise ValueError(msg)
    return url


def _database_url(value: object) -> str:
    text = _text(value)
    kinds = ("sqlite+aiosqlite:///", "postgresql+psycopg://")
    if not text.startswith(kinds) or text in kinds or text.endswith(":memory:"):
        msg = f"write for example {kinds[0]}data/taalbrug.db or {kinds[1]}user@host/name"
        raise ValueError(msg)
    return text


def _key(reader: Callable[[object], Value], default: object) -> Value:
    """Declare a key: how its value is read, and its default as one would write it."""
    return field(default_factory=lambda: reader(default), metadata={"reader": reader})


@dataclass(frozen=True, slots=True)
class Organisation:
    """[organisation]: whose bot this is."""

    name: str = _key(_text, "Gemeente Voorbeeldstad")
    zone: ZoneInfo = _key(_zone, "Europe/Amsterdam")
    phone: str = _key(_text, "010 000 00 00")
    doctor_phone: str = _key(_text, "010 000 00 01")
    answer_working_days: int = _key(_number(1, 30), 2)
    retention_days: int = _key(_number(1, 365), 90)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """[hours]: when somebody is there, and when clients are left in peace."""

    office_start: time = _key(_clock, "08:30")
    office_end: time = _key(_clock, "17:00")
    quiet_start: time = _key(_clock, "20:00")
    quiet_end: time = _key(_clock, "07:30")
    closed_days: frozenset[date] = _key(_days, [])
    public_holidays: bool = _key(_yes_or_no, default=True)

    @property
    def closed(self) -> ClosedDays:
        """On which days nobody is there, weekends aside."""
        return ClosedDays(self.closed_days, self.public_holidays)

    @property
    def office(self) -> Hours:
        """When the office is open."""
        return Hours(self.office_start, self.office_end)

    @property
    def quiet(self) -> Hours:
        """When nothing proactive is sent."""
        return Hours(self.quiet_start, self.quiet_end)


@dataclass(frozen=True, slots=True)
class Reminders:
    """[reminders]: when reminders of appointments go out."""

    day_before_at: time = _key(_clock, "17:00")
    hours_before: int = _key(_number(1, 12), 2)
    not_before: time = _key(_clock, "07:30")
    too_late_minutes: int = _key(_number(0, 120), 30)

    @property
    def rules(self) -> ReminderRules:
        """The same, as the rules know it."""
        return ReminderRules(
            self.day_before_at, self.hours_before, self.not_before, self.too_late_minutes
        )


@dataclass(frozen=True, slots=True)
class Contact:
    """[contact]: how often somebody is spoken with, and when staff hear of it."""

    rule: Rule = _key(_rule, "calendar")
    min_active_days: int = _key(_number(1, 28), 15)
    first_working_days: int = _key(_number(1, 30), 10)
    amber_days: int = _key(_number(1, 365), 31)
    red_days: int = _key(_number(1, 365), 45)
    freeze_working_day: int = _key(_number(1, 15), 5)
    chat_counts: bool = _key(_yes_or_no, default=False)
    digest_at: time = _key(_clock, "08:30")
    hold_months: int = _key(_number(1, 3), 3)

    @property
    def rules(self) -> ContactRules:
        """The same, as the rules know it."""
        return ContactRules(
            rule=self.rule,
            min_active_days=self.min_active_days,
            first_working_days=self.first_working_days,
            amber_days=self.amber_days,
            red_days=self.red_days,
            freeze_working_day=self.freeze_working_day,
        )


@dataclass(frozen=True, slots=True)
class Invites:
    """[invites]: personal links."""

    valid_days: int = _key(_number(1, 30), 7)


@dataclass(frozen=True, slots=True)
class Translation:
    """[translation]: who translates, and how long a message waits for it."""

    engines: tuple[str, ...] = _key(_engines, ["phrasebook"])
    time_limit_seconds: int = _key(_number(1, 120), 20)


@dataclass(frozen=True, slots=True)
class Telegram:
    """[telegram]: where the Bot API is."""

    api_url: str = _key(_url, "https://api.telegram.org")
    poll_seconds: int = _key(_number(0, 50), 30)
    webhook_url: str = _key(_public_url, "")
    webhook_host: str = _key(_text, "127.0.0.1")
    webhook_port: int = _key(_number(0, 65535), 8702)


@dataclass(frozen=True, slots=True)
class Sending:
    """[sending]: how fast Telegram lets this bot send."""

    per_second: int = _key(_number(1, 1000), 30)
    chat_per_second: int = _key(_number(1, 1000), 1)
    paid_broadcast: bool = _key(_yes_or_no, default=False)


@dataclass(frozen=True, slots=True)
class Broadcast:
    """[broadcast]: films, invitations and messages to many."""

    approval: bool = _key(_yes_or_no, default=True)
    cut_off_hours: int = _key(_number(1, 336), 48)
    fallback_languages: tuple[Language, ...] = _key(_languages, ())
    repeat_film_days: int = _key(_number(0, 3650), 90)
    check_links: bool = _key(_yes_or_no, default=True)


@dataclass(frozen=True, slots=True)
class Web:
    """[web]: the pages that say how the bot is doing, for whoever runs it."""

    host: str = _key(_text, "127.0.0.1")
    port: int = _key(_number(0, 65535), 8701)


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """[database]: where everything is kept."""

    url: str = _key(_database_url, "sqlite+aiosqlite:///data/taalbrug.db")


@dataclass(frozen=True, slots=True)
class Scheduler:
    """[scheduler]: how often the clock is looked at."""

    tick_seconds: int = _key(_number(1, 60), 1)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set; `token` comes from the environment and is never shown."""

    organisation: Organisation = field(default_factory=Organisation)
    hours: OpeningHours = field(default_factory=OpeningHours)
    reminders: Reminders = field(default_factory=Reminders)
    contact: Contact = field(default_factory=Contact)
    invites: Invites = field(default_factory=Invites)
    translation: Translation = field(default_factory=Translation)
    telegram: Telegram = field(default_factory=Telegram)
    sending: Sending = field(default_factory=Sending)
    broadcast: Broadcast = field(default_factory=Broadcast)
    web: Web = field(default_factory=Web)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    scheduler: Scheduler = field(default_factory=Scheduler)
    places: tuple[Place, ...] = (
        Place(
            key="kantoor",
            name="Stadskantoor",
            address="Raadhuisplein 1, Voorbeeldstad",
            route="Bus 4, halte Raadhuis.",
            desk="balie 2",
            latitude=52.0907,
            longitude=5.1214,
        ),
    )
    token: str | None = field(default=None, repr=False)


SECTIONS: dict[str, type] = {
    spec.name: spec.default_factory  # type: ignore[misc]
    for spec in fields(Config)
    if spec.default_factory is not MISSING
}
"""The sections of config.toml and the class that holds each."""

_OTHER_VARIABLES = {"TAALBRUG_CONFIG", "TAALBRUG_TELEGRAM_TOKEN", "TAALBRUG_CHROMIUM"}
_TEST_VARIABLES = "TAALBRUG_TEST_"
_PASSWORD = re.compile(r"(://[^/@:]*):[^@]*@")


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the file and the environment.

    Errors: ConfigError, naming the file, the key, the value and the remedy.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        msg = (
            f"{path}: this configuration file does not exist. "
            "Set TAALBRUG_CONFIG to the file to use, or start from the checkout."
        )
        raise ConfigError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        msg = f"{path}: this file cannot be read: {error}. Mend it at that place."
        raise ConfigError(msg) from None
    for name in content:
        if name not in SECTIONS and name != "places":
            known = ", ".join([*SECTIONS, "places"])
            msg = f"{path}: there is no section [{name}]. Remove it; the sections are: {known}."
            raise ConfigError(msg)
    _check_variables(environment)
    sections: dict[str, object] = {
        name: _section(path, name, kind, content.get(name, {}), environment)
        for name, kind in SECTIONS.items()
    }
    places = _places(path, content.get("places"))
    token = environment.get("TAALBRUG_TELEGRAM_TOKEN") or None
    config = Config(places=places, token=token, **sections)  # type: ignore[arg-type]
    _check_hours(path, config)
    _check_reminders(path, config)
    _check_contact(path, config)
    return config


def variable(section: str, key: str) -> str:
    """Return the environment variable that overrides a key."""
    return f"TAALBRUG_{section}_{key}".upper()


def _check_variables(environment: Mapping[str, str]) -> None:
    known = _OTHER_VARIABLES | {
        variable(section, spec.name) for section, kind in SECTIONS.items() for spec in fields(kind)
    }
    for name in environment:
        ours = name.startswith("TAALBRUG_") and not name.startswith(_TEST_VARIABLES)
        if ours and name not in known:
            msg = (
                f"The environment sets {name}, which is no setting of Taalbrug. "
                "Unset it, or mend its name (the README has the table)."
            )
            raise ConfigError(msg)


def _check_hours(path: Path, config: Config) -> None:
    """Refuse times that each are right but together can never be kept."""
    hours, evening = config.hours, config.reminders.day_before_at
    if hours.office_start >= hours.office_end:
        msg = (
            f"{path}: [hours] office_start = {hours.office_start:%H:%M} is not before "
            f"office_end = {hours.office_end:%H:%M}. Mend one of the two."
        )
        raise ConfigError(msg)
    if hours.quiet.contains(evening):
        msg = (
            f"{path}: [reminders] day_before_at = {evening:%H:%M} falls in the quiet hours "
            f"({hours.quiet_start:%H:%M} to {hours.quiet_end:%H:%M}), when nothing is sent. "
            "Choose an earlier time, or mend [hours] quiet_start and quiet_end."
        )
        raise ConfigError(msg)


def _check_reminders(path: Path, config: Config) -> None:
    """Refuse rules by which no reminder would ever go out in time."""
    rules, hours = config.reminders, config.hours
    if rules.too_late_minutes >= rules.hours_before * 60:
        msg = (
            f"{path}: [reminders] too_late_minutes = {rules.too_late_minutes} is not less than "
            f"hours_before = {rules.hours_before}, so that every reminder would be too late. "
            "Mend one of the two."
        )
        raise ConfigError(msg)
    if hours.quiet.contains(hours.office_start) and hours.quiet.contains(hours.office_end):
        msg = (
            f"{path}: [hours] the quiet hours ({hours.quiet_start:%H:%M} to "
            f"{hours.quiet_end:%H:%M}) cover the office day. Make them shorter."
        )
        raise ConfigError(msg)


def _check_contact(path: Path, config: Config) -> None:
    """Refuse lights in the wrong order, and a digest in the dead of night."""
    contact = config.contact
    if contact.amber_days >= contact.red_days:
        msg = (
            f"{path}: [contact] amber_days = {contact.amber_days} is not less than "
            f"red_days = {contact.red_days}. Mend one of the two."
        )
        raise ConfigError(msg)
    if time(1, 59) < contact.digest_at < time(3, 1):
        msg = (
            f"{path}: [contact] digest_at = {contact.digest_at:%H:%M} does not exist on the day "
            "the clock goes forward. Choose a time before 02:00 or after 03:00."
        )
        raise ConfigError(msg)


def _section(
    path: Path, name: str, kind: type[Section], given: object, environment: Mapping[str, str]
) -> Section:
    if not isinstance(given, dict):
        msg = f"{path}: {name} must be a section: write [{name}] on a line of its own."
        raise ConfigError(msg)
    specs = {spec.name: spec for spec in fields(kind)}  # type: ignore[arg-type]
    for key in given:
        if key not in specs:
            # It may be a token that somebody thought belongs here.
            shown = "" if "token" in key else f" (value {given[key]!r})"
            msg = (
                f"{path}: [{name}] has no key {key}{shown}. "
                f"Remove it; the keys are: {', '.join(specs)}. "
                "Secrets come from the environment only."
            )
            raise ConfigError(msg)
    values: dict[str, object] = {}
    for key, spec in specs.items():
        where, value = f"{path}: [{name}] {key}", given.get(key)
        if variable(name, key) in environment:
            where, value = variable(name, key), environment[variable(name, key)]
        if value is None:
            continue
        reader: Reader = spec.metadata["reader"]
        try:
            values[key] = reader(value)
        except (ValueError, TypeError) as error:
            shown = _PASSWORD.sub(r"\1:***@", repr(value))
            msg = f"{where} = {shown} cannot be used: {error}."
            raise ConfigError(msg) from None
    return kind(**values)


def _places(path: Path, given: object) -> tuple[Place, ...]:
    if given is None:
        return Config().places
    if not isinstance(given, list) or not given:
        msg = f"{path}: write each place as its own [[places]] with at least a key and a name."
        raise ConfigError(msg)
    specs = {spec.name for spec in fields(Place)}
    places: list[Place] = []
    for number, entry in enumerate(given, start=1):
        where = f"{path}: [[places]] number {number}"
        if not isinstance(entry, dict):
            msg = f"{where} is {entry!r}. Write [[places]] on a line of its own, then its keys."
            raise ConfigError(msg)
        places.append(_place(where, entry, specs))
    keys = [place.key for place in places]
    for key in keys:
        if keys.count(key) > 1:
            msg = f"{path}: two [[places]] have the key {key!r}. Give each its own."
            raise ConfigError(msg)
    return tuple(places)


def _place(where: str, entry: Mapping[str, object], specs: set[str]) -> Place:
    for key, value in entry.items():
        limit = {"latitude": 90, "longitude": 180}.get(key)
        if key not in specs:
            msg = f"{where} has no key {key}. The keys are: {', '.join(sorted(specs))}."
            raise ConfigError(msg)
        if limit is None and not isinstance(value, str):
            msg = f"{where}: {key} = {value!r} cannot be used: write a text between quotes."
            raise ConfigError(msg)
        if limit is not None and not _is_degrees(value, limit):
            msg = f"{where}: {key} = {value!r} cannot be used: write degrees such as 52.1."
            raise ConfigError(msg)
    for key in ("key", "name"):
        if not str(entry.get(key, "")).strip():
            msg = f'{where} has no {key}. Write {key} = "…".'
            raise ConfigError(msg)
    if ("latitude" in entry) != ("longitude" in entry):
        msg = f"{where} has only one of latitude and longitude. Write both, or neither."
        raise ConfigError(msg)
    return Place(**entry)  # type: ignore[arg-type]


def _is_degrees(value: object, limit: int) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and -limit <= value <= limit
    )
