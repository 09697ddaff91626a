"""config.toml and the environment: what is documented is what holds, and every mistake is told."""

import tomllib
from dataclasses import fields
from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.config import SECTIONS, Config, load, variable
from bot.domain.appointments import Place
from bot.domain.errors import ConfigError

SHIPPED = Path(__file__).parent.parent / "config.toml"
_LISTS = ("closed_days", "fallback_languages")
"""Keys of which nothing at all is a value as well."""

KEYS = [(section, spec.name) for section, kind in SECTIONS.items() for spec in fields(kind)]


@pytest.fixture
def write(tmp_path: Path) -> "Write":
    return Write(tmp_path / "config.toml")


class Write:
    """Writes a configuration file and reads it as the program does."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, content: str, **environment: str) -> Config:
        self.path.write_text(content, encoding="utf-8")
        return load(self.path, environment)

    def refused(self, content: str, **environment: str) -> str:
        """Return the one sentence with which the file is refused."""
        with pytest.raises(ConfigError) as caught:
            self(content, **environment)
        assert "\n" not in str(caught.value)
        return str(caught.value)


# --- the file that is shipped ------------------------------------------------------------


def test_the_shipped_file_says_what_holds_without_it() -> None:
    assert load(SHIPPED, {}) == Config()


def test_the_shipped_file_names_every_key_once() -> None:
    written = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    places = written.pop("places")
    assert [(section, key) for section, keys in written.items() for key in keys] == KEYS
    assert [sorted(place) for place in places] == [sorted(spec.name for spec in fields(Place))]


def test_the_shipped_file_explains_every_key_on_its_line() -> None:
    section = ""
    explained = set()
    for line in SHIPPED.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]").split("]")[0]
        key, equals, rest = line.partition(" = ")
        if equals and section != "places":
            _, _, comment = rest.rpartition("#")
            assert len(comment.split()) >= 2, f"[{section}] {key} has no explanation"
            explained.add((section, key))
    assert explained == set(KEYS)


def test_the_shipped_file_holds_no_secret() -> None:
    assert "token" not in tomllib.loads(SHIPPED.read_text(encoding="utf-8"))["telegram"]


# --- what may be set ---------------------------------------------------------------------


def test_an_empty_file_gives_the_defaults(write: Write) -> None:
    assert write("") == Config()


def test_a_file_changes_only_what_it_names(write: Write) -> None:
    config = write('[hours]\noffice_start = "09:00"\nclosed_days = ["2026-12-25", 2026-12-28]\n')
    assert config.hours.office_start == time(9)
    assert config.hours.closed_days == frozenset({date(2026, 12, 25), date(2026, 12, 28)})
    assert config.hours.office_end == Config().hours.office_end
    assert config.organisation == Config().organisation


def test_the_rules_see_the_hours_that_were_set(write: Write) -> None:
    config = write('[hours]\nquiet_start = "21:00"\n[reminders]\nday_before_at = 16:15:00\n')
    assert config.hours.quiet.contains(time(21))
    assert not config.hours.quiet.contains(time(20, 30))
    assert config.hours.office.contains(time(8, 30))
    assert config.reminders.rules.day_before_at == time(16, 15)


@pytest.mark.parametrize(
    ("section", "key", "given", "value"),
    [
        ("organisation", "name", "Werkplein Noord", "Werkplein Noord"),
        ("organisation", "zone", "Europe/Brussels", ZoneInfo("Europe/Brussels")),
        ("organisation", "retention_days", "30", 30),
        ("hours", "office_start", "09:15", time(9, 15)),
        ("hours", "closed_days", "", frozenset()),
        (
            "hours",
            "closed_days",
            "2026-12-25, 2026-12-28",
            frozenset({date(2026, 12, 25), date(2026, 12, 28)}),
        ),
        ("translation", "engines", "phrasebook,none", ("phrasebook", "none")),
        ("translation", "engines", "google, google", ("google",)),
        ("broadcast", "fallback_languages", "en, nl, en", ("en", "nl")),
        ("telegram", "api_url", "http://127.0.0.1:8081/", "http://127.0.0.1:8081"),
        ("telegram", "poll_seconds", " 0 ", 0),
        ("telegram", "webhook_url", "https://bot.example.nl/", "https://bot.example.nl"),
        ("telegram", "webhook_url", "", ""),
        ("sending", "paid_broadcast", "TRUE", True),
        ("sending", "paid_broadcast", "false", False),
        ("web", "port", "0", 0),
        (
            "database",
            "url",
            "postgresql+psycopg://joke:geheim@db/taalbrug",
            "postgresql+psycopg://joke:geheim@db/taalbrug",
        ),
    ],
)
def test_the_environment_overrides_the_file(
    write: Write, section: str, key: str, given: str, value: object
) -> None:
    content = SHIPPED.read_text(encoding="utf-8")
    config = write(content, **{variable(section, key): given})
    assert getattr(getattr(config, section), key) == value


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_can_be_set_by_its_variable(write: Write, section: str, key: str) -> None:
    name = variable(section, key)
    assert name == f"TAALBRUG_{section.upper()}_{key.upper()}"
    shipped = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))[section][key]
    given = ",".join(shipped) if isinstance(shipped, list) else str(shipped)
    assert write("", **{name: given}) == Config()
    assert name in write.refused("", **{name: "\t"} if key not in _LISTS else {name: "kerst"})


def test_the_environment_wins_over_a_wrong_value_in_the_file(write: Write) -> None:
    config = write("[telegram]\npoll_seconds = 500\n", TAALBRUG_TELEGRAM_POLL_SECONDS="10")
    assert config.telegram.poll_seconds == 10


def test_the_token_comes_from_the_environment_and_is_never_shown(write: Write) -> None:
    config = write("", TAALBRUG_TELEGRAM_TOKEN="123456:secret")
    assert config.token == "123456:secret"
    assert "secret" not in repr(config)
    assert "secret" not in str(config)
    assert write("", TAALBRUG_TELEGRAM_TOKEN="").token is None


def test_variables_of_other_programs_are_left_alone(write: Write) -> None:
    assert write("", PATH="/bin", TAALBRUG_CONFIG="x", TAALBRUG_CHROMIUM="y") == Config()


def test_places_take_the_stead_of_the_example(write: Write) -> None:
    config = write(
        '[[places]]\nkey = "a"\nname = "Inloop"\n'
        '[[places]]\nkey = "b"\nname = "Oost"\nlatitude = 52\nlongitude = 5.1\n'
    )
    assert config.places == (
        Place(key="a", name="Inloop"),
        Place(key="b", name="Oost", latitude=52, longitude=5.1),
    )


# --- every mistake is one sentence with its remedy ---------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[organization]\nname = 'x'\n", ["no section [organization]", "Remove it", "hours"]),
        ("name = 'x'\n", ["no section [name]", "the sections are"]),
        ("telegram = 5\n", ["telegram must be a section", "write [telegram]"]),
        (
            "[telegram]\npol_seconds = 30\n",
            ["[telegram] has no key pol_seconds", "30", "the keys are: api_url, poll_seconds"],
        ),
        (
            "[telegram]\ntoken = '123:abc'\n",
            ["[telegram] has no key token", "the keys are"],
        ),
        ("[organisation]\nname = 5\n", ["name = 5", "text between quotes"]),
        ("[organisation]\nname = '  '\n", ["name = '  '", "text between quotes"]),
        ("[organisation]\nzone = 'Amsterdam'\n", ["zone = 'Amsterdam'", "Europe/Amsterdam"]),
        ("[organisation]\nzone = 'Europe'\n", ["zone = 'Europe'", "Europe/Amsterdam"]),
        ("[organisation]\nzone = '../../etc'\n", ["zone = ", "Europe/Amsterdam"]),
        ("[organisation]\nretention_days = 0\n", ["retention_days = 0", "from 1 to 365"]),
        ("[organisation]\nretention_days = 90.5\n", ["retention_days = 90.5", "whole number"]),
        ("[organisation]\nretention_days = true\n", ["retention_days = True", "whole number"]),
        ("[organisation]\nretention_days = '--9'\n", ["'--9'", "whole number from 1 to 365"]),
        ("[organisation]\nretention_days = '²'\n", ["'²'", "whole number from 1 to 365"]),
        ("[hours]\noffice_start = '8:30'\n", ["office_start = '8:30'", '"HH:MM"']),
        ("[hours]\noffice_start = '25:00'\n", ["office_start = '25:00'", '"HH:MM"']),
        ("[hours]\noffice_start = 830\n", ["office_start = 830", '"HH:MM"']),
        ("[hours]\nclosed_days = '25-12-2026'\n", ["closed_days", "YYYY-MM-DD"]),
        ("[hours]\nclosed_days = [2026]\n", ["closed_days = [2026]", "YYYY-MM-DD"]),
        ("[hours]\nclosed_days = 5\n", ["closed_days = 5", "YYYY-MM-DD"]),
        ("[broadcast]\nfallback_languages = ['de']\n", ["fallback_languages = ['de']", "fa_AF"]),
        ("[hours]\nclosed_days = [2026-12-25T00:00:00]\n", ["closed_days", "YYYY-MM-DD"]),
        ("[hours]\noffice_end = '08:00'\n", ["office_start = 08:30", "office_end = 08:00"]),
        ("[reminders]\nhours_before = 24\n", ["hours_before = 24", "from 1 to 12"]),
        (
            "[reminders]\nday_before_at = '21:00'\n",
            ["day_before_at = 21:00", "quiet hours", "Choose an earlier time"],
        ),
        ("[translation]\nengines = []\n", ["engines = []", '"phrasebook", "google", "none"']),
        ("[translation]\nengines = ['deepl']\n", ["['deepl']", '"phrasebook"']),
        ("[translation]\nengines = [['google']]\n", ["[['google']]", '"phrasebook"']),
        ("[telegram]\napi_url = 'api.telegram.org'\n", ["api_url", "begins with https://"]),
        ("[telegram]\napi_url = 'https://'\n", ["api_url = 'https://'", "https://"]),
        ("[telegram]\napi_url = 'http://a:port'\n", ["http://a:port", "https://"]),
        ("[database]\nurl = 'taalbrug.db'\n", ["url = 'taalbrug.db'", "sqlite+aiosqlite:///"]),
        ("[database]\nurl = 'sqlite+aiosqlite:///'\n", ["sqlite+aiosqlite:///data"]),
        ("places = 5\n", ["write each place as its own [[places]]"]),
        ("places = [1]\n", ["[[places]] number 1 is 1", "Write [[places]]"]),
        ("places = []\n", ["write each place as its own [[places]]"]),
        ("[places]\nkey = 'a'\n", ["write each place as its own [[places]]"]),
        ("[[places]]\nname = 'A'\n", ["number 1 has no key", 'Write key = "…"']),
        ("[[places]]\nkey = 'a'\nname = ' '\n", ["number 1 has no name", 'Write name = "…"']),
        ("[[places]]\nkey = 'a'\nname = 'A'\nadres = 'x'\n", ["has no key adres", "address"]),
        ("[[places]]\nkey = 'a'\nname = 'A'\naddress = 5\n", ["address = 5", "between quotes"]),
        ("[[places]]\nkey = 'a'\nname = 'A'\nlatitude = 91\n", ["latitude = 91", "degrees"]),
        ("[[places]]\nkey = 'a'\nname = 'A'\nlatitude = true\n", ["latitude = True", "degrees"]),
        ("[[places]]\nkey = 'a'\nname = 'A'\nlongitude = '5'\n", ["longitude = '5'", "degrees"]),
        ("[[places]]\nkey = 'a'\nname = 'A'\nlatitude = 52\n", ["only one of latitude and"]),
        (
            "[[places]]\nkey = 'a'\nname = 'A'\n[[places]]\nkey = 'a'\nname = 'B'\n",
            ["two [[places]] have the key 'a'", "Give each its own"],
        ),
        ("[hours\n", ["cannot be read", "line 1", "Mend it"]),
        ("[hours]\n[hours]\n", ["cannot be read", "line 2"]),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place_and_remedy(
    write: Write, content: str, words: list[str]
) -> None:
    sentence = write.refused(content)
    assert str(write.path) in sentence
    for word in words:
        assert word in sentence


def test_a_mistake_in_a_variable_names_the_variable(write: Write) -> None:
    sentence = write.refused("", TAALBRUG_TELEGRAM_POLL_SECONDS="soon")
    assert sentence == (
        "TAALBRUG_TELEGRAM_POLL_SECONDS = 'soon' cannot be used: "
        "write a whole number from 0 to 50."
    )


def test_a_misspelt_variable_stops_the_start(write: Write) -> None:
    sentence = write.refused("", TAALBRUG_TELEGRAM_TOKE="123:secret")
    assert "sets TAALBRUG_TELEGRAM_TOKE, which is no setting" in sentence
    assert "secret" not in sentence


def test_a_password_in_a_wrong_database_address_is_not_shown(write: Write) -> None:
    sentence = write.refused("", TAALBRUG_DATABASE_URL="postgres://joke:geheim@db/taalbrug")
    assert "'postgres://joke:***@db/taalbrug' cannot be used" in sentence
    assert "geheim" not in sentence


def test_a_token_in_the_file_is_refused_without_showing_it(write: Write) -> None:
    sentence = write.refused("[telegram]\ntoken = '123456:geheim'\n")
    assert "Secrets come from the environment only" in sentence
    assert "geheim" not in sentence


def test_a_file_that_is_missing_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: .*does not exist.*TAALBRUG_CONFIG"):
        load(tmp_path / "nowhere.toml", {})


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe[hours]")
    with pytest.raises(ConfigError, match=r"config\.toml: this file cannot be read"):
        load(path, {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, {})


@pytest.mark.parametrize(
    ("name", "given", "remedy"),
    [
        ("TAALBRUG_SENDING_PAID_BROADCAST", "ja", "write true or false"),
        ("TAALBRUG_TELEGRAM_WEBHOOK_URL", "http://bot.example.nl", "begins with https://"),
        ("TAALBRUG_SENDING_PER_SECOND", "0", "a whole number from 1 to 1000"),
    ],
)
def test_what_sending_cannot_use_is_refused_with_its_remedy(
    write: Write, name: str, given: str, remedy: str
) -> None:
    sentence = write.refused("", **{name: given})
    assert sentence.startswith(f"{name} = {given!r} cannot be used: ")
    assert remedy in sentence
