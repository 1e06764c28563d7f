"""What the journal promises to keep."""

from pathlib import Path

import pytest
from tests.supervisor.builders import a_batch, a_job
from tests.supervisor.doubles import CUSTOMER
from tests.supervisor.site import JOB, OTHER_JOB

from deepsquare_supervisor.adapters.journal import SqliteJournal
from deepsquare_supervisor.adapters.lock import only_one
from deepsquare_supervisor.domain.batch import SlurmId
from deepsquare_supervisor.domain.job import HandBack, Phase
from deepsquare_supervisor.ports.chain import Signed
from deepsquare_supervisor.ports.journal import (
    Intent,
    IntentKind,
    JournalLocked,
    OpenTransaction,
    Shipment,
)

RICH = a_job(
    Phase.SUBMITTED,
    batch=a_batch(),
    hand_back=HandBack.HASH_DIFFERS,
    reason='quotes " and \n lines',
    attempt=3,
    ignore_up_to=SlurmId(6),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def reopened(journal: SqliteJournal) -> SqliteJournal:
    journal.close()
    return SqliteJournal(journal.path)


def test_record__after_reopening__is_the_same(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.save_jobs([(RICH, ["BatchSeen"])])
    journal = reopened(journal)
    assert journal.open_jobs() == [RICH]
    assert journal.find_job(JOB) == RICH
    assert journal.find_job(OTHER_JOB) is None
    journal.close()


def test_closed_record__is_found_but_not_open(path: Path) -> None:
    journal = SqliteJournal(path)
    closed = a_job(Phase.CLOSED)
    journal.save_jobs([(closed, [])])
    assert journal.open_jobs() == []
    assert journal.find_job(JOB) == closed
    journal.close()


def test_intent__and_the_record_it_changes__are_kept_together(path: Path) -> None:
    journal = SqliteJournal(path)
    intent = Intent(JOB, 1, IntentKind.SUBMIT, "hash")
    number = journal.begin(intent, RICH)
    journal = reopened(journal)
    assert [entry.intent for entry in journal.open_intents()] == [intent]
    assert journal.find_job(JOB) == RICH
    journal.settle(number, "batch 7")
    assert journal.open_intents() == []
    journal.close()


def test_transaction__with_its_replacement__is_one_open_transaction(path: Path) -> None:
    journal = SqliteJournal(path)
    first, second = (Signed(4, "report", f"0x{n}", f'{{"raw": "{n}"}}') for n in (1, 2))
    journal.save_transaction(OpenTransaction((first,), block=10))
    replaced = OpenTransaction((first, second), block=20)
    journal.save_transaction(replaced)
    journal = reopened(journal)
    assert journal.open_transaction() == replaced
    journal.close_transaction(4, "mined")
    assert journal.open_transaction() is None
    journal.close()


def test_shipment__done__is_not_open(path: Path) -> None:
    journal = SqliteJournal(path)
    shipment = Shipment(JOB, SlurmId(7), CUSTOMER, base=5, offset=9)
    journal.save_shipment(shipment)
    journal = reopened(journal)
    assert journal.open_shipments() == [shipment]
    journal.save_shipment(Shipment(JOB, SlurmId(7), CUSTOMER, is_done=True))
    assert journal.open_shipments() == []
    journal.close()


def test_fault_a17__file_is_garbage__is_set_aside_and_begun_anew(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)
    journal = SqliteJournal(path)
    assert journal.was_corrupt
    assert journal.open_jobs() == []
    assert [p for p in path.parent.iterdir() if ".corrupt-" in p.name]
    journal.close()


def test_journal__is_readable_by_its_owner_only(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.probe()
    assert path.stat().st_mode & 0o077 == 0
    journal.close()


def test_fault_a18__second_supervisor__is_refused_until_the_first_is_gone(
    tmp_path: Path,
) -> None:
    with (
        only_one(tmp_path / "state"),
        pytest.raises(JournalLocked, match="another supervisor uses"),
        only_one(tmp_path / "state"),
    ):
        pass
    with only_one(tmp_path / "state"):
        pass
