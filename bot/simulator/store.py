"""Where the simulator keeps everything: one SQLite file, or memory when no file is named."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from bot.simulator.values import JsonObject, as_object

Kind = Literal["meta", "phone", "chat", "message", "update", "callback", "file"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS item (
  kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS content (name TEXT PRIMARY KEY, bytes BLOB NOT NULL);
"""


class Store:
    """Named JSON values and file contents; nothing is kept before `commit` returns."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._db = self._connect()
        self._is_open = True

    def open(self) -> None:
        """Open again after `close`; a store in memory starts empty then."""
        if not self._is_open:
            self._db = self._connect()
            self._is_open = True

    def _connect(self) -> sqlite3.Connection:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path or ":memory:", isolation_level="DEFERRED")
        # WAL with NORMAL survives the death of the process, which is what is promised here;
        # waiting for the disk at each tap would only guard against the death of the machine.
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(SCHEMA)
        return db

    def put(self, kind: Kind, key: str | int, value: JsonObject) -> None:
        """Write one value; it counts from the next `commit`."""
        self._db.execute(
            "INSERT OR REPLACE INTO item (kind, key, value) VALUES (?, ?, ?)",
            (kind, str(key), json.dumps(value, ensure_ascii=False)),
        )

    def drop(self, kind: Kind, key: str | int) -> None:
        """Forget one value; it counts from the next `commit`."""
        self._db.execute("DELETE FROM item WHERE kind = ? AND key = ?", (kind, str(key)))

    def load(self, kind: Kind) -> Iterator[tuple[str, JsonObject]]:
        """Give every value of a kind with its key."""
        rows = self._db.execute("SELECT key, value FROM item WHERE kind = ?", (kind,))
        for key, value in rows.fetchall():
            yield key, as_object(json.loads(value))

    def put_content(self, name: str, content: bytes) -> None:
        """Write the bytes of a file; they count from the next `commit`."""
        self._db.execute(
            "INSERT OR REPLACE INTO content (name, bytes) VALUES (?, ?)", (name, content)
        )

    def content(self, name: str) -> bytes | None:
        """Read the bytes of a file, or None when there is none of that name."""
        row = self._db.execute("SELECT bytes FROM content WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def commit(self) -> None:
        """Make everything written so far last."""
        if self._is_open and self._db.in_transaction:
            self._db.commit()

    def close(self) -> None:
        """Commit and let go of the file."""
        self.commit()
        if self._is_open:
            self._db.close()
            self._is_open = False
