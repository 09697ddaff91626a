"""What a change in the film library means for the broadcasts that are to send the film."""

from datetime import datetime

from bot.domain.broadcasts import Broadcast
from bot.domain.ids import FilmId, StaffId
from bot.domain.people import Staff
from bot.services.core import Core
from bot.services.outgoing import Button, to_staff
from bot.storage import broadcasts, films, people, prompts
from bot.storage.database import Transaction

_RUNG = "film_changed"


async def follow(core: Core, tx: Transaction, film_id: FilmId, *, now: datetime) -> None:
    """Have a film that was changed be looked at anew, or tell of it where that is over.

    What waits for approval is approved as it is now or not at all. Whoever made or approved what
    is planned already hears once a day that it goes out otherwise than they saw it.
    """
    await broadcasts.touch_reviews(tx, film_id)
    planned = await broadcasts.list_planned_of_film(tx, film_id)
    if not planned:
        return
    film = await films.get_film(tx, film_id)
    text = core.texts.staff("st.fl_changed_planned", titel=film.title)
    told: set[StaffId] = set()
    for broadcast in planned:
        for person in await _whose(tx, broadcast):
            if not await _note(core, tx, broadcast, person, now) or person.id in told:
                continue
            told.add(person.id)
            see = Button(core.texts.staff("st.bd_btn_see_draft"), f"bd:{broadcast.id}")
            await to_staff(tx, person.id, text, ((see,),), now=now)


async def _whose(tx: Transaction, broadcast: Broadcast) -> list[Staff]:
    """Return who made a broadcast and who approved it, of those who still work here."""
    ids = dict.fromkeys(
        each for each in (broadcast.author_id, broadcast.approver_id) if each is not None
    )
    found = [await people.get_staff(tx, each) for each in ids]
    return [person for person in found if person.active]


async def _note(
    core: Core, tx: Transaction, broadcast: Broadcast, person: Staff, now: datetime
) -> bool:
    """Note that somebody hears of it; False when they have heard of it today."""
    day = core.today(now)
    return await prompts.insert_prompt(
        tx,
        kind=broadcasts.PROMPT_KIND,
        object=f"{broadcast.id}:{day}",
        rung=_RUNG,
        hearer=person.code,
        day=day,
        now=now,
        staff_id=person.id,
    )
