"""`NonceStore` in SQLite."""

import sqlite3
from datetime import datetime

from deepsquare_sbatch_api.adapters.sqlite.database import Database


class SqliteNonces:
    """Nonces in one table; the expired ones go whenever a new one comes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def issue(self, nonce: str, *, expires_at: datetime) -> None:
        """Remember a new nonce."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT INTO nonces VALUES (?, ?)", (nonce, expires_at.timestamp()))

        await self._database.run(work)

    async def consume(self, nonce: str, *, now: datetime) -> bool:
        """Check and remove in one statement."""

        def work(db: sqlite3.Connection) -> bool:
            db.execute("DELETE FROM nonces WHERE expires_at <= ?", (now.timestamp(),))
            return db.execute("DELETE FROM nonces WHERE nonce = ?", (nonce,)).rowcount == 1

        return await self._database.run(work)
