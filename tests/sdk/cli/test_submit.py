"""`deepsquare submit` on a real chain: what a user reads, and the exit code."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.sdk.api.fake_sbatch_api import refuses
from tests.sdk.cli.conftest import Customer
from tests.sdk.client.world import HELLO, HUGE, World

from deepsquare.chain import JobStatus
from deepsquare.client import Client
from deepsquare.identifiers import JobId

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _workflow() -> None:
    Path("hello.yaml").write_text(HELLO)


Step = Callable[[JobId], object]


def live(world: World, customer: Customer, *steps: Step) -> threading.Thread:
    """Play the provider for the customer's next job, in another thread."""

    async def play() -> None:
        job_id = await asyncio.to_thread(first_job, world, customer)
        await world.start(job_id)
        for step in steps:
            result = step(job_id)
            if asyncio.iscoroutine(result):
                await result

    thread = threading.Thread(target=lambda: asyncio.run(play()))
    thread.start()
    return thread


def first_job(world: World, customer: Customer) -> JobId:
    """Wait for the customer's first job."""
    with Client(world.settings, key=customer.key) as grid:
        while not (jobs := grid.jobs()):
            time.sleep(0.1)
        return jobs[0].id


def test_submit__detached__prints_job_price_time_and_next_commands(customer: Customer) -> None:
    ran = customer.run("submit", "hello.yaml", "--credits", "40", "--yes", "--name", "exp")
    assert ran.exit_code == 0
    job_id = json.loads(customer.run("jobs", "--json").out)[0]["id"]
    assert job_id in ran.out
    assert "40 credits" in ran.out
    assert "from 0.5 credits a minute" in ran.out
    assert "It pays 20 minutes to 1 h 20 min, depending on the provider" in ran.out
    assert f"deepsquare logs -f {job_id[34:42]}" in ran.err
    assert f"deepsquare cancel {job_id[34:42]}" in ran.err


def test_submit__json__is_one_object_with_stable_names(customer: Customer) -> None:
    ran = customer.run("submit", "hello.yaml", "--credits", "40", "--yes", "--json")
    record = json.loads(ran.out)
    assert record["status"] == "PENDING"
    assert (record["locked"], record["locked_wei"]) == ("40", "40000000000000000000")
    assert record["cheapest_cost_per_minute"] == "0.5"
    assert record["cheapest_paid_minutes"] == 80
    assert record["submitted_at"].endswith("Z")


def test_submit__watch__shows_stages_log_and_bill_and_ends_with_0(
    world: World, customer: Customer
) -> None:
    def write_log(job_id: JobId) -> None:
        world.api.logs[job_id] = b"hello\n\x1b]0;owned\x07\n"

    provider = live(
        world, customer, write_log, lambda job: world.end(job, JobStatus.FINISHED, minutes=1)
    )
    ran = customer.run("submit", "hello.yaml", "--credits", "40", "--yes", "--watch")
    provider.join()
    assert ran.exit_code == 0
    assert ran.out == "hello\n\\x1b]0;owned\\x07\n"
    for stage in ("PENDING", "META_SCHEDULED", "SCHEDULED", "RUNNING", "FINISHED"):
        assert stage in ran.err
    assert "1 minute at 0.5 credits a minute" in ran.err
    assert "39.5 credits" in ran.err
    assert ran.last_line.endswith("FINISHED with exit code 0")


def test_submit__watch_and_the_job_fails__passes_its_code_and_shows_the_last_lines(
    world: World, customer: Customer
) -> None:
    def write_log(job_id: JobId) -> None:
        world.api.logs[job_id] = b"".join(b"line %d\n" % n for n in range(30))

    provider = live(
        world,
        customer,
        write_log,
        lambda job: world.end(job, JobStatus.FAILED, wait_status=3 << 8),
    )
    ran = customer.run("submit", "hello.yaml", "--credits", "40", "--yes", "--watch")
    provider.join()
    assert ran.exit_code == 3
    assert "  line 29\n" in ran.err
    assert "line 19\n" not in ran.err
    assert ran.last_line.endswith("FAILED with exit code 3; exit code 3 is the job's own")


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [
        (JobStatus.CANCELLED, 101),
        (JobStatus.OUT_OF_CREDITS, 102),
        (JobStatus.PANICKED, 103),
    ],
)
def test_submit__watch_and_no_success__is_never_exit_code_0(
    world: World, customer: Customer, status: JobStatus, exit_code: int
) -> None:
    world.api.logs.setdefault("", b"")
    provider = live(
        world,
        customer,
        lambda job: world.api.logs.__setitem__(job, b""),
        lambda job: world.end(job, status),
    )
    ran = customer.run("submit", "hello.yaml", "--credits", "40", "--yes", "--watch")
    provider.join()
    assert ran.exit_code == exit_code
    assert ran.last_line.endswith(f"{status.name}; exit code {exit_code} stands for that")


def test_submit__watch_with_json__keeps_stdout_parseable(world: World, customer: Customer) -> None:
    """Log lines on stdout must not break JSON; affinities must survive --watch."""
    provider = live(
        world,
        customer,
        lambda job: world.api.logs.__setitem__(job, b"a log line\n"),
        lambda job: world.end(job, JobStatus.FINISHED),
    )
    ran = customer.run(
        *("submit", "hello.yaml", "--credits", "40", "--yes", "--watch", "--json"),
        *("--affinity", "cpus>=4", "--uses", "name=cheap"),
    )
    provider.join()
    record = json.loads(ran.out)
    assert record["status"] == "FINISHED"
    assert record["bill"]["is_final"]
    assert record["uses"] == {"name": "cheap"}
    assert record["affinity"] == ["cpus>=4"]
    assert "a log line" in ran.err


BAD = [
    (
        HELLO.replace("name: hello", "nam: hello"),
        ["--credits", "40"],
        2,
        'bad.yaml:3:5 Job.steps[0].nam: unknown field "nam"; did you mean "name"?',
    ),
    (HELLO, ["--credits", "9"], 5, "9 credits are too low: the grid takes at least 10 credits"),
    (HELLO, ["--credits", "5000"], 5, "you have 1000 credits and need 5000"),
    (
        HELLO,
        ["--credits", "40", "--no-permit"],
        5,
        "the grid may take 0 of your credits and needs 40",
    ),
    (HELLO, [], 2, "say how much to lock: give an amount of credits, or minutes"),
    (HELLO, ["--credits", "1e"], 2, '"1e" is no amount of credits: write it like 12.5'),
    (HELLO, ["--credits", "0x10"], 2, "is no amount of credits"),
    (HELLO, ["--credits", "-1"], 2, "must be finite and not negative"),
    (HELLO, ["--credits", "NaN"], 2, "must be finite and not negative"),
    (HELLO, ["--credits", str(2**256)], 2, "more than can exist"),
    (HELLO, ["--credits", "40", "--name", "x" * 33], 2, "use at most 32"),
    (HELLO, ["--credits", "40", "--affinity", "cpus"], 2, "is no condition: write it like"),
    (HUGE, ["--credits", "40"], 6, "no provider fits: "),
    (HELLO, ["--credits", "40", "--affinity", "cpus>64"], 6, "does not have cpus>64"),
]


@pytest.mark.parametrize(("document", "options", "exit_code", "told"), BAD)
def test_submit__bad_input__one_clear_line_nothing_locked_documented_code(
    world: World,
    customer: Customer,
    document: str,
    options: list[str],
    exit_code: int,
    told: str,
) -> None:
    Path("bad.yaml").write_text(document)
    before = world.locked_wei()
    ran = customer.run("submit", "bad.yaml", "--yes", *options)
    assert ran.exit_code == exit_code
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("deepsquare: error: ")
    assert told in ran.err
    assert world.locked_wei() == before


def test_submit__several_errors__are_all_told_one_a_line(customer: Customer) -> None:
    Path("bad.yaml").write_text(HELLO.replace("tasks: 1", "tasks: 0").replace("gpus: 0", "gpus: x"))
    ran = customer.run("submit", "bad.yaml", "--credits", "40", "--yes")
    assert ran.exit_code == 2
    assert [line.split(":")[:3] for line in ran.err.splitlines()] == [
        ["deepsquare", " error", " bad.yaml"]
    ] * 2


def test_submit__sbatch_api_down_d1__says_so_and_locks_nothing(
    world: World, customer: Customer
) -> None:
    world.api.faults = [refuses] * 99
    before = world.locked_wei()
    ran = customer.run("submit", "hello.yaml", "--credits", "40", "--yes")
    assert ran.exit_code == 7
    assert ran.err == (
        "deepsquare: error: the sbatch API at http://sbatch.test cannot be reached (ConnectError); "
        "try again later\n"
    )
    assert world.locked_wei() == before


def test_submit__no_terminal_and_no_yes__refuses_and_names_the_amount(
    world: World, customer: Customer
) -> None:
    before = world.locked_wei()
    ran = customer.run("submit", "hello.yaml", "--credits", "40")
    assert ran.exit_code == 2
    assert "Lock 40 credits for this job?" in ran.err
    assert "add --yes" in ran.err
    assert world.locked_wei() == before


def test_submit__same_idempotency_key__is_one_job(customer: Customer) -> None:
    arguments = ("submit", "hello.yaml", "--credits", "40", "--yes", "--idempotency-key", "k")
    first, again = customer.run(*arguments, "--json"), customer.run(*arguments, "--json")
    assert json.loads(first.out)["id"] == json.loads(again.out)["id"]
    assert len(json.loads(customer.run("jobs", "--json").out)) == 1


def test_submit__ctrl_c_while_watching__detaches_and_says_how_to_come_back(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepsquare._client import job

    async def interrupted(*_: object, **__: object) -> object:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(job.AsyncJob, "follow", interrupted)
    ran = customer.run("submit", "hello.yaml", "--credits", "40", "--yes", "--watch")
    assert ran.exit_code == 130
    assert "which goes on" in ran.err
    assert "follow it again:  deepsquare logs -f " in ran.err
    assert "cancel it:        deepsquare cancel " in ran.err
    assert json.loads(customer.run("jobs", "--json").out)[0]["status"] == "PENDING"


def test_submit__contact_lost_while_watching__says_that_the_code_is_not_the_jobs(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepsquare._client import job
    from deepsquare.chain.errors import RpcUnavailable

    async def lost(*_: object, **__: object) -> object:
        raise RpcUnavailable("no RPC endpoint answers")
        yield

    monkeypatch.setattr(job.AsyncJob, "follow", lost)
    ran = customer.run("submit", "hello.yaml", "--credits", "40", "--yes", "--watch")
    assert ran.exit_code == 7
    assert ran.last_line == "deepsquare: exit code 7 is not the job's: the job goes on"


def test_wait__timeout__is_124_and_the_length_is_what_was_asked(customer: Customer) -> None:
    """Minutes must not be read as seconds, nor the other way round."""
    customer.submitted()
    began = time.monotonic()
    ran = customer.run("wait", "@last", "--timeout", "1s")
    assert 0.9 < time.monotonic() - began < 50
    assert ran.exit_code == 124
    assert "goes on" in ran.last_line
