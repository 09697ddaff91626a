"""How columns are kept: instants as UTC, words from a list, places in an order."""

from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

E = TypeVar("E", bound=StrEnum)

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class UtcTime(TypeDecorator[datetime]):
    """An instant: aware UTC in Python, whatever the engine keeps."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time; SQLite keeps UTC without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "A naive time cannot be stored; pass an aware one."
            raise ValueError(msg)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Word(TypeDecorator[E], Generic[E]):
    """A word from a fixed list, kept as text so that a person can read the table."""

    impl = sa.String(32)
    cache_ok = True
    words: type[E]

    def __init__(self, words: type[E]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base class names it
        """Keep the word itself."""
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:  # noqa: ARG002 - the base class names it
        """Give back the enum; an unknown word means a newer program wrote it."""
        return None if value is None else self.words(value)


R = TypeVar("R", bound=IntEnum)


class Rank(TypeDecorator[R], Generic[R]):
    """A place in an order, kept as a number so that the database can sort by it."""

    impl = sa.SmallInteger
    cache_ok = True
    ranks: type[R]

    def __init__(self, ranks: type[R]) -> None:
        super().__init__()
        self.ranks = ranks

    def process_bind_param(self, value: R | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - the base class names it
        """Keep the number itself."""
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> R | None:  # noqa: ARG002 - the base class names it
        """Give back the enum."""
        return None if value is None else self.ranks(value)


def id_column() -> sa.Column[int]:
    """Return the primary key that the database counts."""
    return sa.Column("id", BigId, primary_key=True, autoincrement=True)


def ref(name: str, target: str, *, nullable: bool = False) -> sa.Column[int]:
    """Return a column that names a row of another table."""
    return sa.Column(name, BigId, sa.ForeignKey(f"{target}.id"), nullable=nullable)


def instant(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    """Return a column with an instant."""
    return sa.Column(name, UtcTime, nullable=nullable)
