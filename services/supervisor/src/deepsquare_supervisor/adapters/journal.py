"""The journal in SQLite: write-ahead log, synced to disk at every commit."""

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from deepsquare.identifiers import JobId
from deepsquare_supervisor.domain.job import Job, Phase
from deepsquare_supervisor.ports.journal import (
    Intent,
    IntentKind,
    JournalUnavailable,
    OpenIntent,
    OpenTransaction,
    Shipment,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    job_id TEXT PRIMARY KEY, attempt INTEGER NOT NULL, phase INTEGER NOT NULL, record TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_open ON jobs (phase);
CREATE TABLE IF NOT EXISTS history (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, job_id TEXT NOT NULL, attempt INTEGER NOT NULL,
    phase TEXT NOT NULL, observations TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS intents (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, job_id TEXT NOT NULL, attempt INTEGER NOT NULL,
    kind TEXT NOT NULL, payload_hash TEXT NOT NULL, outcome TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS intents_open ON intents (id) WHERE outcome IS NULL;
CREATE TABLE IF NOT EXISTS transactions (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, nonce INTEGER NOT NULL, record TEXT NOT NULL,
    outcome TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS transactions_open ON transactions (nonce) WHERE outcome IS NULL;
CREATE TABLE IF NOT EXISTS heartbeat (id INTEGER PRIMARY KEY, at REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS shipments (
    job_id TEXT NOT NULL, batch_id INTEGER NOT NULL, is_done INTEGER NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (job_id, batch_id)
) STRICT;
"""

_JOB = TypeAdapter(Job)
_TRANSACTION = TypeAdapter(OpenTransaction)
_SHIPMENT = TypeAdapter(Shipment)


class SqliteJournal:
    """A `Journal` in one file; a file that cannot be read is set aside and begun anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.was_corrupt = False
        try:
            self._db = _opened(path)
        except sqlite3.DatabaseError:
            self.was_corrupt = True
            _set_aside(path)
            self._db = _opened(path)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def probe(self) -> None:
        """See `Journal`."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO heartbeat VALUES (1, ?)", (time.time(),))

    def open_jobs(self) -> list[Job]:
        """See `Journal`."""
        rows = self._db.execute("SELECT record FROM jobs WHERE phase < ?", (Phase.CLOSED,))
        return [_JOB.validate_json(record) for (record,) in rows]

    def find_job(self, job_id: JobId) -> Job | None:
        """See `Journal`."""
        row = self._db.execute("SELECT record FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
        return _JOB.validate_json(row[0]) if row else None

    def save_jobs(self, changed: Iterable[tuple[Job, Sequence[str]]]) -> None:
        """See `Journal`."""
        with self._transaction():
            for job, observations in changed:
                self._put_job(job, observations)

    def begin(self, intent: Intent, job: Job) -> int:
        """See `Journal`."""
        with self._transaction():
            self._put_job(job, [f"intent {intent.kind}"])
            row = self._db.execute(
                "INSERT INTO intents (at, job_id, attempt, kind, payload_hash)"
                " VALUES (?, ?, ?, ?, ?) RETURNING id",
                (time.time(), intent.job_id, intent.attempt, intent.kind, intent.payload_hash),
            ).fetchone()
        return int(row[0])

    def settle(self, intent_id: int, outcome: str) -> None:
        """See `Journal`."""
        with self._transaction():
            self._db.execute("UPDATE intents SET outcome = ? WHERE id = ?", (outcome, intent_id))

    def open_intents(self) -> list[OpenIntent]:
        """See `Journal`."""
        rows = self._db.execute(
            "SELECT id, job_id, attempt, kind, payload_hash FROM intents"
            " WHERE outcome IS NULL ORDER BY id"
        )
        return [
            OpenIntent(number, Intent(JobId(job_id), attempt, IntentKind(kind), payload_hash))
            for number, job_id, attempt, kind, payload_hash in rows
        ]

    def open_transaction(self) -> OpenTransaction | None:
        """See `Journal`."""
        row = self._db.execute(
            "SELECT record FROM transactions WHERE outcome IS NULL ORDER BY id DESC LIMIT 1"
        ).fetchone()
        return _TRANSACTION.validate_json(row[0]) if row else None

    def save_transaction(self, transaction: OpenTransaction) -> None:
        """See `Journal`."""
        nonce, record = transaction.newest.nonce, _TRANSACTION.dump_json(transaction).decode()
        with self._transaction():
            self._db.execute(
                "UPDATE transactions SET outcome = 'replaced' WHERE nonce = ? AND outcome IS NULL",
                (nonce,),
            )
            self._db.execute(
                "INSERT INTO transactions (at, nonce, record) VALUES (?, ?, ?)",
                (time.time(), nonce, record),
            )

    def close_transaction(self, nonce: int, outcome: str) -> None:
        """See `Journal`."""
        with self._transaction():
            self._db.execute(
                "UPDATE transactions SET outcome = ? WHERE nonce = ? AND outcome IS NULL",
                (outcome, nonce),
            )

    def open_shipments(self) -> list[Shipment]:
        """See `Journal`."""
        rows = self._db.execute("SELECT record FROM shipments WHERE is_done = 0")
        return [_SHIPMENT.validate_json(record) for (record,) in rows]

    def save_shipment(self, shipment: Shipment) -> None:
        """See `Journal`."""
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO shipments (job_id, batch_id, is_done, record)"
                " VALUES (?, ?, ?, ?)",
                (
                    shipment.job_id,
                    shipment.batch_id,
                    shipment.is_done,
                    _SHIPMENT.dump_json(shipment).decode(),
                ),
            )

    def _put_job(self, job: Job, observations: Sequence[str]) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO jobs (job_id, attempt, phase, record) VALUES (?, ?, ?, ?)",
            (job.job_id, job.attempt, job.phase, _JOB.dump_json(job).decode()),
        )
        self._db.execute(
            "INSERT INTO history (at, job_id, attempt, phase, observations) VALUES (?, ?, ?, ?, ?)",
            (time.time(), job.job_id, job.attempt, job.phase.name, " ".join(observations)),
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing; a disk that is full or gone is `JournalUnavailable`."""
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                yield
        except sqlite3.Error as error:
            raise JournalUnavailable(f"the journal cannot be written: {error}") from error


def _opened(path: Path) -> sqlite3.Connection:
    """Open with explicit transactions; ``synchronous=FULL`` syncs the log at every commit."""
    path.touch(mode=0o600)
    db = sqlite3.connect(path, isolation_level=None, timeout=10)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        _check(db)
        db.executescript(_SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    [answer] = db.execute("PRAGMA quick_check").fetchone()
    if answer != "ok":
        raise sqlite3.DatabaseError(answer)


def _set_aside(path: Path) -> None:
    suffix = f".corrupt-{int(time.time())}"
    for end in ("", "-wal", "-shm"):
        part = Path(f"{path}{end}")
        if part.exists():
            part.rename(f"{part}{suffix}")
