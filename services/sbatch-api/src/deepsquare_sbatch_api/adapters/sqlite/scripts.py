"""`ScriptStore` in SQLite."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from deepsquare.identifiers import BatchLocationHash, JobId
from deepsquare_sbatch_api.adapters.sqlite.database import Database
from deepsquare_sbatch_api.domain.errors import RequestKeyReused
from deepsquare_sbatch_api.domain.retention import JobLink, ScriptUse
from deepsquare_sbatch_api.ports.scripts import RequestKey, StoredScript

_USES = (
    "SELECT scripts.hash, stored_at, job_id, ended_at FROM scripts"
    " LEFT JOIN links ON links.hash = scripts.hash WHERE {} ORDER BY scripts.hash, job_id"
)


class SqliteScripts:
    """Scripts, request keys and links, one table each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, script: StoredScript, *, request_key: RequestKey | None) -> bytes:
        """See `ScriptStore.save`."""

        def work(db: sqlite3.Connection) -> bytes:
            known = _answer_to(db, request_key) if request_key else None
            if known is not None:
                return known
            _insert(db, script)
            if request_key:
                _insert_key(db, request_key, script.hash)
            return script.answer

        return await self._database.run(work)

    async def answer_to(self, request_key: RequestKey) -> bytes | None:
        """See `ScriptStore.answer_to`."""
        return await self._database.run(lambda db: _answer_to(db, request_key))

    async def find(self, script_hash: BatchLocationHash) -> StoredScript | None:
        """See `ScriptStore.find`."""

        def work(db: sqlite3.Connection) -> StoredScript | None:
            row = db.execute(
                "SELECT hash, content, submitter, stored_at, answer FROM scripts WHERE hash = ?",
                (script_hash,),
            ).fetchone()
            if row is None:
                return None
            return StoredScript(row[0], row[1], row[2], datetime.fromisoformat(row[3]), row[4])

        return await self._database.run(work)

    async def link(self, script_hash: BatchLocationHash, job_id: JobId) -> None:
        """See `ScriptStore.link`."""

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO links SELECT ?, hash, NULL FROM scripts WHERE hash = ?"
                " ON CONFLICT DO UPDATE SET ended_at = NULL WHERE ended_at IS NOT NULL",
                (job_id, script_hash),
            )

        await self._database.run(work)

    async def end(self, job_id: JobId, at: datetime) -> None:
        """See `ScriptStore.end`."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("UPDATE links SET ended_at = ? WHERE job_id = ?", (at.isoformat(), job_id))

        await self._database.run(work)

    async def hot_jobs(self) -> Sequence[JobId]:
        """See `ScriptStore.hot_jobs`."""

        def work(db: sqlite3.Connection) -> list[JobId]:
            rows = db.execute("SELECT DISTINCT job_id FROM links WHERE ended_at IS NULL")
            return [JobId(row[0]) for row in rows]

        return await self._database.run(work)

    async def use_of(self, script_hash: BatchLocationHash) -> ScriptUse | None:
        """See `ScriptStore.use_of`."""
        return await self._database.run(lambda db: _use_of(db, script_hash))

    async def uses(self, *, stored_by: datetime) -> Sequence[ScriptUse]:
        """See `ScriptStore.uses`."""
        moment = stored_by.isoformat()
        return await self._database.run(lambda db: _uses(db, "stored_at <= ?", moment))

    async def drop(self, use: ScriptUse) -> bool:
        """See `ScriptStore.drop`."""

        def work(db: sqlite3.Connection) -> bool:
            if _use_of(db, use.hash) != use:
                return False
            return db.execute("DELETE FROM scripts WHERE hash = ?", (use.hash,)).rowcount == 1

        return await self._database.run(work)

    async def check(self) -> None:
        """See `ScriptStore.check`."""
        await self._database.check()


def _answer_to(db: sqlite3.Connection, request_key: RequestKey) -> bytes | None:
    row = db.execute(
        "SELECT body_digest, answer FROM request_keys JOIN scripts USING (hash)"
        " WHERE scope = ? AND key = ?",
        (request_key.scope, request_key.key),
    ).fetchone()
    if row is None:
        return None
    if row[0] != request_key.body_digest:
        raise RequestKeyReused
    return bytes(row[1])


def _insert(db: sqlite3.Connection, script: StoredScript) -> None:
    values = (
        script.hash,
        script.content,
        script.submitter,
        script.stored_at.isoformat(),
        script.answer,
    )
    db.execute("INSERT INTO scripts VALUES (?, ?, ?, ?, ?)", values)


def _insert_key(
    db: sqlite3.Connection, request_key: RequestKey, script_hash: BatchLocationHash
) -> None:
    values = (request_key.scope, request_key.key, request_key.body_digest, script_hash)
    db.execute("INSERT INTO request_keys VALUES (?, ?, ?, ?)", values)


def _use_of(db: sqlite3.Connection, script_hash: BatchLocationHash) -> ScriptUse | None:
    return next(iter(_uses(db, "scripts.hash = ?", script_hash)), None)


def _uses(db: sqlite3.Connection, condition: str, value: str) -> list[ScriptUse]:
    rows = db.execute(_USES.format(condition), (value,))
    return [
        ScriptUse(
            BatchLocationHash(key[0]),
            datetime.fromisoformat(key[1]),
            tuple(JobLink(JobId(row[2]), _moment(row[3])) for row in group if row[2]),
        )
        for key, group in groupby(rows, key=itemgetter(0, 1))
    ]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
