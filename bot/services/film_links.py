"""The links of films: which are to be tried, and what follows from what was seen."""

from datetime import datetime, timedelta

from bot.domain.films import FilmVersionId, LinkHealth
from bot.domain.languages import DUTCH_NAMES
from bot.domain.worklist import TaskKind
from bot.services.core import Core
from bot.services.outgoing import give_task
from bot.storage import films as storage
from bot.storage.films import LinkToTry

TRIED_EVERY = timedelta(days=7)
UNSURE_EVERY = timedelta(days=1)
"""What could not be told is looked at again sooner."""


async def list_due(core: Core, now: datetime, limit: int) -> list[LinkToTry]:
    """Return which links are to be tried now, at most so many; those never tried come first."""
    async with core.database.reading() as tx:
        return await storage.list_due_links(
            tx, tried_before=now - TRIED_EVERY, unsure_before=now - UNSURE_EVERY, limit=limit
        )


async def record(
    core: Core, version_id: FilmVersionId, link: str, health: LinkHealth, now: datetime
) -> None:
    """Keep what was seen of a link; the coordinators hear of one that is gone, once.

    Ignored when the version has another link by now, or its film is withdrawn.
    """
    async with core.database.transaction() as tx:
        version = await storage.find_tried(tx, version_id, link)
        if version is None:
            return
        if not await storage.set_health(tx, version_id, link, health, now):
            return
        if health is LinkHealth.WORKS:
            await storage.close_link_tasks(tx, version.film_id, now=now)
        if health is not LinkHealth.GONE or version.health is LinkHealth.GONE:
            return
        if not await storage.has_link_task(tx, version_id):
            film = await storage.get_film(tx, version.film_id)
            await give_task(
                core,
                tx,
                TaskKind.LINK_GONE,
                f"{version_id}:{now.isoformat()}",
                None,
                now=now,
                titel=film.title,
                taal=DUTCH_NAMES[version.language],
            )
