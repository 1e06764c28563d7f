"""One SQLite connection on a thread of its own, shared by every store.

Statements that wait at the same time are committed together: one fsync serves all of them, so the
store stays durable (``synchronous=FULL``) without a disk flush per request.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from deepsquare_sbatch_api.domain.errors import StoreUnavailable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_MAX_BATCH = 128
_SCHEMA = """
CREATE TABLE IF NOT EXISTS scripts (
    hash TEXT PRIMARY KEY,
    content BLOB NOT NULL,
    submitter TEXT,
    stored_at TEXT NOT NULL,
    answer BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS scripts_by_age ON scripts(stored_at);
CREATE TABLE IF NOT EXISTS request_keys (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    body_digest TEXT NOT NULL,
    hash TEXT NOT NULL REFERENCES scripts(hash) ON DELETE CASCADE,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS request_keys_by_hash ON request_keys(hash);
CREATE TABLE IF NOT EXISTS links (
    job_id TEXT NOT NULL,
    hash TEXT NOT NULL REFERENCES scripts(hash) ON DELETE CASCADE,
    ended_at TEXT,
    PRIMARY KEY (job_id, hash)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS links_by_hash ON links(hash);
CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, expires_at REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS nonces_by_expiry ON nonces(expires_at);
"""


@dataclass(frozen=True)
class _Ask:
    work: Work[Any]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]


class Database:
    """Runs short pieces of work on the connection, off the event loop. Close it after use.

    Raises `StoreUnavailable` when the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asks: SimpleQueue[_Ask | None] = SimpleQueue()
        self._connection = _open(path)
        self._identity = _identity(path)
        self._thread = threading.Thread(target=self._serve, name="sqlite", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish what was asked and close the file."""
        self._asks.put(None)
        self._thread.join()
        self._connection.close()

    async def run(self, work: Work[T]) -> T:
        """Return what `work` returns, once it is on disk.

        Its exceptions pass through and undo its changes; SQLite's become `StoreUnavailable`.
        """
        if not self._thread.is_alive():
            raise StoreUnavailable("the database is closed")
        loop = asyncio.get_running_loop()
        ask = _Ask(work, loop, loop.create_future())
        self._asks.put(ask)
        answer: T = await ask.answer
        return answer

    async def check(self) -> None:
        """Raise `StoreUnavailable` when nothing can be written, or what is would be lost: a file
        that was deleted or replaced takes writes until it is closed.
        """
        await self.run(self._check)

    def _check(self, connection: sqlite3.Connection) -> None:
        if _identity(self._path) != self._identity:
            raise StoreUnavailable(
                "the database file was deleted or replaced: the next start will lack what comes now"
            )
        connection.execute("REPLACE INTO nonces VALUES ('', 0)")

    def _serve(self) -> None:
        while (first := self._asks.get()) is not None:
            batch, is_last = self._gather(first)
            self._commit(batch)
            if is_last:
                return

    def _gather(self, first: _Ask) -> tuple[list[_Ask], bool]:
        batch = [first]
        while len(batch) < _MAX_BATCH:
            try:
                ask = self._asks.get_nowait()
            except Empty:
                return batch, False
            if ask is None:
                return batch, True
            batch.append(ask)
        return batch, False

    def _commit(self, batch: list[_Ask]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            results = [_attempt(self._connection, ask.work) for ask in batch]
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            results = [(None, _unavailable(error))] * len(batch)
        for ask, (value, failure) in zip(batch, results, strict=True):
            ask.loop.call_soon_threadsafe(_settle, ask.answer, value, failure)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one of its name; None when there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _open(path: Path) -> sqlite3.Connection:
    try:
        return _opened(path)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"the database {path} cannot be opened: {error}") from error


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    path.chmod(0o600)
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        "PRAGMA secure_delete=ON;" + _SCHEMA
    )
    return connection


def _attempt(connection: sqlite3.Connection, work: Work[Any]) -> tuple[Any, Exception | None]:
    """Run one piece of work; raises `sqlite3.Error` when it took the whole batch with it."""
    connection.execute("SAVEPOINT work")
    value: Any = None
    failure: Exception | None = None
    try:
        value = work(connection)
    except sqlite3.Error as error:
        if not connection.in_transaction:  # a full disk, for one, ends the transaction
            raise
        failure = _unavailable(error)
    except Exception as error:  # noqa: BLE001 - the asker's own: the others' work goes on
        failure = error
    if failure:
        connection.execute("ROLLBACK TO work")
    connection.execute("RELEASE work")
    return value, failure


def _unavailable(error: sqlite3.Error) -> StoreUnavailable:
    failure = StoreUnavailable(f"the database does not answer: {error}")
    failure.__cause__ = error
    return failure


def _settle(answer: asyncio.Future[Any], value: object, failure: Exception | None) -> None:
    if answer.done():
        return
    if failure is None:
        answer.set_result(value)
    else:
        answer.set_exception(failure)
