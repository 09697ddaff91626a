"""What is known of a client besides who she is, on both engines."""

import pytest

from bot.domain.broadcasts import ClientGroup
from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId
from bot.domain.languages import DUTCH, ENGLISH
from bot.storage import people
from bot.storage.database import Database
from bot.storage.people import ClientFacts
from tests.cast import KHALED
from tests.storage.rows import insert_cast


async def test_what_is_given_is_kept_and_the_rest_stays(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        assert await people.get_facts(tx, cast.selam) == ClientFacts()
        await people.set_facts(tx, cast.selam)
        await people.set_facts(tx, cast.selam, municipality="Delft", step=3)
        await people.set_facts(
            tx,
            cast.selam,
            group=ClientGroup.SCHOOLING,
            programme="Start",
            other_languages=(ENGLISH, DUTCH),
        )
    async with database.reading() as tx:
        assert await people.get_facts(tx, cast.selam) == ClientFacts(
            "Delft", 3, ClientGroup.SCHOOLING, "Start", (ENGLISH, DUTCH)
        )
        assert await people.get_facts(tx, cast.clients[KHALED.code]) == ClientFacts()


async def test_that_she_reads_no_other_language_can_be_said(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        await people.set_facts(tx, cast.selam, other_languages=(ENGLISH,))
        await people.set_facts(tx, cast.selam, other_languages=())
        assert (await people.get_facts(tx, cast.selam)).other_languages == ()


async def test_of_nobody_nothing_is_known(database: Database) -> None:
    async with database.reading() as tx:
        with pytest.raises(NotFoundError, match="no client 404"):
            await people.get_facts(tx, ClientId(404))
