"""What the product kept of a year beside what the recount found, line by line."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import sqlalchemy as sa

from bench.recount import Final, Prompt, Recount
from bench.recount_days import DAY
from bot.services.core import Core
from bot.storage.care_schema import check_ins, contact_moments, contact_periods, prompts
from bot.storage.database import Transaction
from bot.storage.schema import clients

Talked = tuple[str, date]
Asked = tuple[str, str, date]


@dataclass(frozen=True)
class Ledger:
    """A year on the books: frozen months, prompts, talks on record, questions to clients."""

    months: Sequence[Final]
    prompts: Sequence[Prompt]
    talks: Sequence[Talked]
    questions: Sequence[Asked]


async def of_product(core: Core) -> Ledger:
    """Read what the product kept."""
    async with core.database.reading() as tx:
        codes = {row["id"]: row["code"] for row in await tx.rows(sa.select(clients))}
        return Ledger(
            months=await _months(tx, codes),
            prompts=await _prompts(tx, codes),
            talks=[
                (codes[row["client_id"]], row["day"])
                for row in await tx.rows(
                    sa.select(contact_moments).where(
                        contact_moments.c.counts.is_(True),
                        contact_moments.c.withdrawn_at.is_(None),
                    )
                )
            ],
            questions=[
                (codes[row["client_id"]], row["month"], core.today(row["asked_at"]))
                for row in await tx.rows(sa.select(check_ins))
            ],
        )


async def _months(tx: Transaction, codes: dict[int, str]) -> list[Final]:
    rows = await tx.rows(
        sa.select(contact_periods).where(contact_periods.c.frozen_at.is_not(None))
    )
    return [
        Final(
            codes[row["client_id"]],
            row["month"],
            str(row["state"]),
            row["satisfied_on"],
            row["exclusion"] and str(row["exclusion"]),
            row["active_days"],
        )
        for row in rows
    ]


async def _prompts(tx: Transaction, codes: dict[int, str]) -> list[Prompt]:
    rows = await tx.rows(sa.select(prompts).where(prompts.c.kind == "contact"))
    return [
        Prompt(
            codes[row["client_id"]],
            row["object"].partition(":")[2],
            row["rung"],
            row["hearer"],
            row["day"],
        )
        for row in rows
    ]


def of_recount(recount: Recount, first: date, last: date) -> Ledger:
    """Count the same again."""
    end = datetime.combine(last + DAY, datetime.min.time(), recount.office.zone).astimezone(UTC)
    talks = [
        (client, day) for client in recount.clients for day in recount.known(client, end).talks
    ]
    return Ledger(
        recount.finals(end), recount.prompts(first, last), talks, recount.questions(first, last)
    )


def differences(product: Ledger, recount: Ledger) -> list[str]:
    """Return what only one of the two has, each in words; a thing kept twice is one as well."""
    found: list[str] = []
    for name in ("months", "prompts", "talks", "questions"):
        kept: Sequence[Hashable] = getattr(product, name)
        counted: Sequence[Hashable] = getattr(recount, name)
        for label, some, others in (("product", kept, counted), ("recount", counted, kept)):
            only = set(some) - set(others)
            found += sorted(f"{name}: only the {label} has {each}" for each in only)
            if len(set(some)) != len(some):
                found.append(f"{name}: the {label} has {len(some) - len(set(some))} of them twice")
    return found
