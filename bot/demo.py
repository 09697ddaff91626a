"""The demo: a simulator, the real bot, and an invented organisation in which to look around."""

import asyncio
import io
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Literal

import segno

from bot.application import PHRASEBOOK, House
from bot.config import (
    Broadcast,
    Config,
    DatabaseSettings,
    Organisation,
    Sending,
    Telegram,
    Translation,
    Web,
)
from bot.domain.appointments import Place
from bot.domain.errors import TaalbrugError
from bot.domain.ids import ChatId
from bot.domain.languages import Language
from bot.domain.localtime import SATURDAY, to_utc
from bot.services import film_import, onboarding, people
from bot.services.core import Turn
from bot.simulator import Clock, Letter, Phone, Phrase, Simulator
from bot.translation.phrasebook import Phrasebook

FOLDER = Path(".demo")
PORT = 8700
TOKEN = "100000001:demo-token-for-this-machine-only"  # noqa: S105 - opens nothing but the demo
BOT_NAME = "taalbrug_demo_bot"

_OPENED = "opened"
"""Stands in the folder once the first scene has been played to its end."""

PEOPLE = """role,code,name,language,coach
coach+coordinator,s-joke,Joke de Boer,,
client,K-0001,Selam,ti,s-joke
client,K-0002,Khaled,ar_SY,s-joke
client,K-0003,Maryam,fa,s-joke
"""

FILMS = """film,theme,minutes,valid_until,language,title,link
werken,work,3,,nl,Werken in Nederland,https://films.example.org/werken/nl
werken,,,,en,Working in the Netherlands,https://films.example.org/werken/en
werken,,,,ar,العمل في هولندا,https://films.example.org/werken/ar
werken,,,,fa,کار در هلند,https://films.example.org/werken/fa
werken,,,,fa_AF,کار در هالند,https://films.example.org/werken/fa-af
werken,,,,ti,ስራሕ ኣብ ሆላንድ,https://films.example.org/werken/ti
taal,language,5,,nl,Nederlands leren: zo doet u dat,https://films.example.org/taal/nl
taal,,,,ar,تعلم اللغة الهولندية,https://films.example.org/taal/ar
"""
"""The library of films; the second does not exist in every language."""

COACH, SELAM, KHALED, MARYAM = 5001, 5002, 5003, 5004

PLACES = (
    *Config().places,
    Place(
        key="bibliotheek",
        name="Bibliotheek Oost",
        address="Lindelaan 12, Voorbeeldstad",
        route="Bus 7, halte Lindelaan.",
        latitude=52.0951,
        longitude=5.1402,
    ),
    Place(key="thuis", name="Bij u thuis"),
)

_PHONES: tuple[tuple[int, str, str, str, Literal["ltr", "rtl"], str], ...] = (
    (COACH, "Joke", "Coach · Nederlands", "nl", "ltr", "#2f6f9f"),
    (SELAM, "Selam", "Cliënt · Tigrinya", "ti", "ltr", "#b4552d"),
    (KHALED, "Khaled", "Cliënt · Arabisch", "ar", "rtl", "#3d7d5a"),
    (MARYAM, "Maryam", "Cliënt · Farsi", "fa", "rtl", "#7a4f93"),
)


def first_moment(now: datetime, config: Config) -> datetime:
    """Return when a fresh demo begins: the next half past nine of a working day."""
    zone = config.organisation.zone
    day = now.astimezone(zone).date()
    while day.weekday() >= SATURDAY or to_utc(day, time(9, 30), zone) < now:
        day += timedelta(days=1)
    return to_utc(day, time(9, 30), zone)


def demo_config(folder: Path, api_url: str) -> Config:
    """Return the settings of the invented organisation."""
    config = Config(
        organisation=Organisation(name="Gemeente Voorbeeldstad"),
        translation=Translation(engines=("phrasebook", "google"), time_limit_seconds=6),
        telegram=Telegram(api_url=api_url, poll_seconds=20),
        database=DatabaseSettings(url=f"sqlite+aiosqlite:///{folder / 'taalbrug.db'}"),
        sending=Sending(per_second=1000, chat_per_second=1000),  # nobody to be slow for
        web=Web(port=0),
        # Joke is alone, and there is no network.
        broadcast=Broadcast(approval=False, check_links=False),
        places=PLACES,
        token=TOKEN,
    )
    return replace(config, scheduler=replace(config.scheduler, tick_seconds=1))


class World:
    """The house as the simulator's clock knows it: done when every update is fetched too."""

    def __init__(self, house: House, simulator: Simulator) -> None:
        self._house = house
        self._simulator = simulator

    async def next_event(self, after: datetime) -> datetime | None:
        """Return when something will next happen by itself."""
        return await self._house.next_event(after)

    async def settle(self) -> None:
        """Return when everything that is due at the present clock has been done."""
        await self._simulator.until_polled()
        await self._house.settle()


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo while it runs."""

    url: str
    simulator: Simulator
    world: World
    now: Callable[[], datetime]


@asynccontextmanager
async def open_demo(
    folder: Path = FOLDER,
    *,
    port: int = PORT,
    fresh: bool = False,
    opened: Callable[[str], None] = lambda _url: None,
) -> AsyncIterator[Demo]:
    """Run the demo; in a fresh one two clients come in by themselves.

    `opened` gets the address as soon as the page and the bot are there, so that whoever looks
    sees them come in.

    Errors: TaalbrugError when the port is taken.
    """
    _prepare(folder, fresh=fresh)
    clock = Clock()
    simulator = Simulator(
        token=TOKEN,
        bot_username=BOT_NAME,
        bot_name="Taalbrug",
        clock=clock,
        store=folder / "simulator.db",
    )
    first_time = not simulator.phones
    try:
        url = await simulator.start(port=port)
    except OSError as error:
        msg = (
            f"Port {port} on this machine is in use, perhaps by another demo. Stop that one, "
            f"or choose another port: make demo ARGS='--port {port + 1}'."
        )
        raise TaalbrugError(msg) from error
    try:
        config = demo_config(folder, url)
        if first_time:
            clock.set(first_moment(clock.now(), config))
        _put_phones(simulator)
        house = await House.open(config, clock.now, stepping=True)
        try:
            async with asyncio.TaskGroup() as group:
                running = asyncio.Event()
                group.create_task(house.run(running.set))
                await running.wait()
                world = World(house, simulator)
                simulator.set_world(world)
                opened(url)
                if first_time:
                    await _open_scene(house, simulator, world, clock)
                    _mark_opened(folder)
                yield Demo(url, simulator, world, clock.now)
                house.stop()
        finally:
            await house.close()
    finally:
        await simulator.stop()


async def run_demo(
    stop: asyncio.Event, *, port: int, fresh: bool, say: Callable[[str], None]
) -> None:
    """Run the demo until `stop` is set; `say` prints the address to open."""

    def opened(url: str) -> None:
        say(f"\n  Taalbrug draait. Open deze pagina:  {url}\n\n  Stoppen: Ctrl-C\n")

    async with open_demo(port=port, fresh=fresh, opened=opened):
        await stop.wait()


def _prepare(folder: Path, *, fresh: bool) -> None:
    """Make the folder; begin anew when asked, or when an earlier opening was cut off."""
    if folder.exists() and (fresh or not (folder / _OPENED).exists()):
        shutil.rmtree(folder)
    folder.mkdir(exist_ok=True)


def _mark_opened(folder: Path) -> None:
    (folder / _OPENED).touch()


def _put_phones(simulator: Simulator) -> None:
    """Lay the phones out, each with sentences of the phrasebook to tap."""
    book = Phrasebook.load(PHRASEBOOK)
    letters = {phone.user_id: phone.letter for phone in simulator.phones}
    for user_id, name, subtitle, code, direction, colour in _PHONES:
        phrases = tuple(Phrase(text, meaning) for text, meaning in book.demo(Language(code)))
        simulator.put_phone(
            Phone(
                user_id=user_id,
                first_name=name,
                subtitle=subtitle,
                language_code=code,
                dir=direction,
                colour=colour,
                phrases=phrases,
                letter=letters.get(user_id),
            )
        )


async def _open_scene(house: House, simulator: Simulator, world: World, clock: Clock) -> None:
    """Let the coach, Khaled and Maryam come in by their invitations; Selam's letter waits."""
    await people.import_csv(house.core, PEOPLE, clock.now())
    await film_import.import_films(house.core, FILMS, clock.now())
    links: dict[str, str] = {}
    for code in ("s-joke", "K-0001", "K-0002", "K-0003"):
        client_id, staff_id, _ = await people.find_person(house.core, code)
        links[code] = await onboarding.invite(
            house.core,
            client_id=client_id,
            staff_id=staff_id,
            token=secrets.token_urlsafe(24),
            turn=Turn(now=clock.now(), chat_id=ChatId(0)),
        )
    simulator.say(COACH, _start(links["s-joke"]))
    await world.settle()
    for chat_id, code, language in ((KHALED, "K-0002", "ar_SY"), (MARYAM, "K-0003", "fa")):
        simulator.say(chat_id, _start(links[code]))
        await world.settle()
        for data in (
            f"on:language:{language}",
            "on:person:yes",
            "on:welcome:next",
            "on:robot:next",
            "on:privacy1:next",
            "on:privacy2:next",
            "on:choice:chat",
            "on:shared_phone:alone",
        ):
            last = simulator.messages(chat_id)[-1]
            simulator.tap(chat_id, message_id=int(str(last["message_id"])), data=data)
            await world.settle()
    phone = next(phone for phone in simulator.phones if phone.user_id == SELAM)
    simulator.put_phone(replace(phone, letter=_letter(links["K-0001"])))


def _start(link: str) -> str:
    return "/start " + link.rpartition("=")[2]


def _letter(link: str) -> Letter:
    code = io.BytesIO()
    segno.make(link, error="m").save(code, kind="svg", scale=4, border=2, xmldecl=False)
    return Letter(
        title="Gemeente Voorbeeldstad",
        text="Beste Selam, met deze persoonlijke link kunt u met Joke de Boer praten, "
        "in uw eigen taal. Scan de code of tik op de link.",
        url=link,
        qr_svg=code.getvalue().decode(),
    )
