"""Which links may be sent, what leads into somebody's own network, and who is given which film."""

from datetime import date

import pytest

from bot.domain.films import (
    FILM_LANGUAGES,
    LINK_LIMIT,
    TITLE_LIMIT,
    Film,
    FilmVersion,
    LinkFault,
    Theme,
    TitleFault,
    fault_of_link,
    fault_of_title,
    film_language,
    is_other_language,
    is_private_address,
    is_private_host,
    language_for,
)
from bot.domain.ids import FilmId
from bot.domain.languages import (
    ARABIC,
    DARI,
    DUTCH,
    DUTCH_NAMES,
    ENGLISH,
    FARSI,
    KNOWN,
    LEVANTINE_ARABIC,
    TIGRINYA,
    Language,
)


def film(*languages: Language, valid_until: date | None = None) -> Film:
    versions = (FilmVersion(each, f"in {each}", f"https://a.nl/{each}") for each in languages)
    return Film(FilmId(1), "bus", Theme.DAILY_LIFE, 3, valid_until, tuple(versions))


# --- links -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=10s",
        "http://example.org",
        "https://example.org:443/a",
        "http://example.org:80/a",
        "HTTPS://Example.ORG/%D8%A7",
        "https://voorbeeld.nl/filmpje_één#deel-2",
        "https://例え.jp/a",
        "https://xn--r8jz45g.jp/a",
        "https://8.8.8.8/film",
        "https://foo_bar.example.org./film",
    ],
)
def test_a_link_to_the_web_may_be_sent(link: str) -> None:
    assert fault_of_link(link) is None


@pytest.mark.parametrize(
    "link",
    [
        "",
        "film",
        "www.youtube.com/watch?v=1",
        "youtube.com",
        "ftp://example.org/film",
        "javascript:alert(1)",
        "https://",
        "https:///film",
        "https:example.org",
        "https://voorbeeld",
        "https://exam ple.org",
        "https://example.org/een filmpje",
        "https://example.org/a\nb",
        "https://example.org/a\tb",
        'https://example.org/"onload=',
        "https://example.org/<b>",
        "https://example.org\\@10.0.0.1/",
        "https://exa%6Dple.org/",
        "https://a..nl/",
        "https://.nl/",
        "https://[2606:4700::1111]/",
        "https://[v1.x]/",
        "https://[v1.example.org]/",
        "https://[::1/",
        "https://example.org:poort/",
        "https://example.org:99999/",
        "https://example.org/\u202egnp.exe",
        "https://exa\u200bmple.org/",
        "https://example.org/\ud800",
    ],
)
def test_what_is_no_link_is_told_so(link: str) -> None:
    assert fault_of_link(link) is LinkFault.NO_LINK


@pytest.mark.parametrize(
    "link",
    [
        "http://localhost/film",
        "http://LOCALHOST./film",
        "https://nas.local/film",
        "https://intranet.gemeente.intranet",
        "http://a.home.arpa/",
        "http://x.localdomain/",
        "http://127.0.0.1/film",
        "http://127.1/film",
        "http://0x7f.1/film",
        "http://0x7f000001/film",
        "http://2130706433/film",
        "http://017700000001/film",
        "http://10.0.0.8/film",
        "http://192.168.1.1/",
        "http://172.16.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://[::1]/",
        "http://[fd00::1]/",
        "http://[fe80::1%25eth0]/",
        "http://[::ffff:10.0.0.1]/",
        "http://１２７.0.0.1/",
        "http://127。0。0。1/",
        "http://ｌｏｃａｌｈｏｓｔ/",
        "http://nas。local/",
        "http://127%2e0.0.1/",
    ],
)
def test_a_link_into_somebodys_own_network_is_told_so(link: str) -> None:
    assert fault_of_link(link) is LinkFault.PRIVATE


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("https://user@example.org/", LinkFault.CREDENTIALS),
        ("https://user:geheim@example.org/", LinkFault.CREDENTIALS),
        ("https://youtube.com@evil.example/", LinkFault.CREDENTIALS),
        ("https://@example.org/", LinkFault.CREDENTIALS),
        ("https://example.org:8443/", LinkFault.PORT),
        ("http://example.org:22/", LinkFault.PORT),
        ("http://example.org:0/", LinkFault.PORT),
        ("http://10.0.0.1:8080/", LinkFault.PRIVATE),
    ],
)
def test_each_other_fault_of_a_link_has_its_own_name(link: str, fault: LinkFault) -> None:
    assert fault_of_link(link) is fault


def test_a_link_may_be_as_long_as_the_table_holds() -> None:
    stem = "https://example.org/"
    assert fault_of_link(stem + "a" * (LINK_LIMIT - len(stem))) is None
    assert fault_of_link(stem + "a" * (LINK_LIMIT - len(stem) + 1)) is LinkFault.TOO_LONG


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert not is_private_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "239.255.255.250",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:a00:1::1",
        "2002:7f00:1::1",
        "2001::1",
        "2001:db8::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "4000::1",
        "no address",
        "",
    ],
)
def test_every_other_address_is_private_and_so_is_what_is_none(address: str) -> None:
    assert is_private_address(address)


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("example.org", False),
        ("locals.org", False),
        ("mylocalhost.nl", False),
        ("8.8.8.8", False),
        ("LocalHost.", True),
        ("nas.LAN", True),
        ("[::1]", True),
        ("0x7f.1", True),
    ],
)
def test_a_host_that_leads_inside_is_known_by_its_name(host: str, private: bool) -> None:
    assert is_private_host(host) is private


# --- titles and languages --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "fault"),
    [
        ("Met de bus", None),
        ("بالحافلة", None),
        ("ብኣውቶቡስ", None),
        ("t" * TITLE_LIMIT, None),
        ("t" * (TITLE_LIMIT + 1), TitleFault.TITLE_TOO_LONG),
        ("", TitleFault.NO_TITLE),
        ("🎬 …", TitleFault.NO_TITLE),
    ],
)
def test_a_title_has_words_and_fits(title: str, fault: TitleFault | None) -> None:
    assert fault_of_title(title) is fault


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("ar", ARABIC),
        ("AR", ARABIC),
        ("ar_SY", ARABIC),
        ("fa", FARSI),
        ("fa-AF", DARI),
        ("fa_af", DARI),
        ("nl", DUTCH),
        ("xx", None),
        ("", None),
        ("Arabisch", None),
    ],
)
def test_a_version_is_in_a_language_and_not_in_names_of_months(
    code: str, language: Language | None
) -> None:
    assert film_language(code) == language


def test_there_is_a_version_for_each_language_that_staff_have_a_name_for() -> None:
    assert {DUTCH_NAMES[each] for each in FILM_LANGUAGES} == set(DUTCH_NAMES.values())
    assert len(FILM_LANGUAGES) == len(set(DUTCH_NAMES.values()))
    assert all(film_language(each) in FILM_LANGUAGES for each in KNOWN)


@pytest.mark.parametrize(
    ("offered", "reads", "given"),
    [
        ((ARABIC, DUTCH), (ARABIC,), ARABIC),
        ((ARABIC, DUTCH), (LEVANTINE_ARABIC,), ARABIC),
        ((FARSI, DARI), (DARI,), DARI),
        ((FARSI,), (DARI,), FARSI),
        ((DARI,), (FARSI,), DARI),
        ((DARI, ENGLISH), (FARSI, ENGLISH), DARI),
        ((ENGLISH, DUTCH), (TIGRINYA, DUTCH, ENGLISH), DUTCH),
        ((ENGLISH,), (TIGRINYA,), None),
        ((), (TIGRINYA,), None),
    ],
)
def test_a_reader_is_given_the_first_of_her_languages_that_there_is(
    offered: tuple[Language, ...], reads: tuple[Language, ...], given: Language | None
) -> None:
    assert language_for(offered, reads) == given


@pytest.mark.parametrize(
    ("shown", "own", "other"),
    [
        (ARABIC, LEVANTINE_ARABIC, False),
        (FARSI, FARSI, False),
        (FARSI, DARI, True),
        (DARI, FARSI, True),
        (ENGLISH, TIGRINYA, True),
    ],
)
def test_a_reader_is_told_when_something_is_not_in_her_language(
    shown: Language, own: Language, other: bool
) -> None:
    assert is_other_language(shown, own) is other


# --- films -----------------------------------------------------------------------------------


def test_a_film_is_valid_up_to_and_including_its_last_day() -> None:
    day = date(2026, 11, 24)
    assert film(valid_until=day).is_valid(day)
    assert not film(valid_until=day).is_valid(date(2026, 11, 25))
    assert film().is_valid(date(2126, 1, 1))


def test_a_film_gives_the_version_in_exactly_one_language() -> None:
    both = film(ARABIC, DUTCH)
    version = both.version(DUTCH)
    assert version is not None
    assert version.title == "in nl"
    assert both.version(LEVANTINE_ARABIC) is None
    assert both.languages == {ARABIC, DUTCH}
