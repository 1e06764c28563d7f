"""Commands that only look: tables for people, records for programs."""

import asyncio
import csv
import io
import json

import pytest
import yaml
from tests.sdk.cli.conftest import Customer
from tests.sdk.client.world import World

from deepsquare.chain import JobStatus

pytestmark = pytest.mark.integration

LOOKS = [
    ("jobs",),
    ("show", "@last"),
    ("bill", "@last"),
    ("providers",),
    ("balance",),
    ("quote", "hello.yaml"),
    ("validate", "hello.yaml"),
    ("doctor",),
    ("profile", "show"),
]


@pytest.mark.parametrize("command", LOOKS, ids=[" ".join(look) for look in LOOKS])
def test_looking__json_yaml_and_csv__parse_and_have_the_same_fields(
    customer: Customer, command: tuple[str, ...]
) -> None:
    customer.submitted()
    as_json = json.loads(customer.run(*command, "--json").out)
    as_yaml = yaml.safe_load(customer.run(*command, "-o", "yaml").out)
    rows = list(csv.DictReader(io.StringIO(customer.run(*command, "-o", "csv").out)))
    first = as_json[0] if isinstance(as_json, list) else as_json
    first_yaml = as_yaml[0] if isinstance(as_yaml, list) else as_yaml
    assert list(first) == list(first_yaml) == list(rows[0])
    assert all(name == name.lower() for name in first)


@pytest.mark.parametrize("command", LOOKS, ids=[" ".join(look) for look in LOOKS])
def test_looking__amounts__are_text_in_credits_and_in_wei(
    customer: Customer, command: tuple[str, ...]
) -> None:
    customer.submitted()
    found = json.loads(customer.run(*command, "--json").out)
    for record in found if isinstance(found, list) else [found]:
        for name, value in record.items():
            assert not isinstance(value, float), name
            if name.endswith("_wei") and value is not None:
                assert str(int(value)) == value
                assert isinstance(record[name.removesuffix("_wei")], str)


def test_jobs__table__has_a_line_a_job(customer: Customer) -> None:
    first = customer.submitted("--name", "first")
    customer.submitted("--name", "second")
    lines = customer.run("jobs").out.splitlines()
    titles = ["JOB", "NAME", "STATUS", "SUBMITTED", "RAN", "LOCKED", "COST"]
    assert lines[0].split() == [*titles, "PROVIDER"]
    assert ["second" in lines[1], "first" in lines[2]] == [True, True]
    assert first[34:42] in lines[2]
    assert "PENDING" in lines[2]


def test_jobs__none__says_so_on_stderr(customer: Customer) -> None:
    ran = customer.run("jobs")
    assert (ran.exit_code, ran.out, ran.err) == (0, "", "no jobs\n")
    assert json.loads(customer.run("jobs", "--json").out) == []


def test_jobs__hostile_name__cannot_act_on_the_terminal(customer: Customer) -> None:
    customer.submitted("--name", "\x1b]52;c;eA==\x07")
    for output in ("table", "json", "yaml", "csv"):
        ran = customer.run("jobs", "-o", output)
        assert "\x1b" not in ran.out
        assert "\x07" not in ran.out


def test_show__pending__says_why_and_since_when(customer: Customer) -> None:
    job_id = customer.submitted()
    ran = customer.run("show", job_id[34:42])
    assert "waiting for the meta-scheduler to find a provider" in ran.out
    assert job_id in ran.out
    stage = json.loads(customer.run("show", "@last", "--json").out)["stage"]
    assert stage["status"] == "PENDING"
    assert stage["since"].endswith("Z")


def test_show__unknown_job__is_exit_code_4(customer: Customer) -> None:
    ran = customer.run("show", "nothing")
    assert ran.exit_code == 4
    assert 'has no job "nothing"' in ran.err


async def play(world: World, job_id: str, status: JobStatus) -> None:
    await world.start(job_id)  # type: ignore[arg-type]
    await world.end(job_id, status)  # type: ignore[arg-type]


def test_bill__settled__adds_up_to_the_wei(world: World, customer: Customer) -> None:
    job_id = customer.submitted()
    asyncio.run(play(world, job_id, JobStatus.FINISHED))
    bill = json.loads(customer.run("bill", "@last", "--json").out)
    assert bill["is_final"]
    parts = [int(bill[f"{name}_wei"]) for name in ("provider", "fee", "refund")]
    assert sum(parts) == int(bill["locked_wei"]) == 40 * 10**18
    assert "settled" in customer.run("bill", "@last").out


def test_cancel__pending__refunds_and_a_second_time_is_a_conflict(customer: Customer) -> None:
    customer.submitted()
    ran = customer.run("cancel", "@last", "--yes")
    assert ran.exit_code == 0
    assert "CANCELLED" in ran.out
    again = customer.run("cancel", "@last", "--yes")
    assert again.exit_code == 8
    assert "has ended: it is CANCELLED" in again.err
    assert json.loads(customer.run("balance", "--json").out)["credits"] == "1000"


def test_cancel__no_terminal_and_no_yes__refuses(customer: Customer) -> None:
    customer.submitted()
    ran = customer.run("cancel", "@last")
    assert ran.exit_code == 2
    assert "40 come back" in ran.err


def test_topup__before_a_provider_has_it__is_a_conflict(customer: Customer) -> None:
    customer.submitted()
    ran = customer.run("topup", "@last", "--credits", "5", "--yes")
    assert ran.exit_code == 8
    assert "top it up once it is claimed" in ran.err


def test_providers__two__each_has_its_own_prices(customer: Customer) -> None:
    found = json.loads(customer.run("providers", "--json").out)
    prices = {p["labels"]["name"]: p["cpu_price_per_minute"] for p in found}
    assert prices == {"cheap": "0.5", "dear": "2"}
    assert "name=cheap" in customer.run("providers").out


def test_quote__nobody_fits__says_why_each_is_out(customer: Customer) -> None:
    customer.submitted()
    ran = customer.run("quote", "hello.yaml", "--affinity", "cpus>100")
    assert ran.exit_code == 6
    assert ran.out.count("does not have cpus>100") == 2


def test_quote__credits__says_how_long_they_pay(customer: Customer) -> None:
    customer.submitted()
    found = json.loads(customer.run("quote", "hello.yaml", "--credits", "10", "--json").out)
    assert [(offer["cost_per_minute"], offer["minutes"]) for offer in found] == [
        ("0.5", 20),
        ("2", 5),
    ]


def test_logs__whole_and_tail__are_neutralised(world: World, customer: Customer) -> None:
    job_id = customer.submitted()
    world.api.logs[job_id] = b"one\n\x1b[2Jtwo\n\xff three"
    assert customer.run("logs", "@last").out == "one\n\\x1b[2Jtwo\n\ufffd three\n"
    assert customer.run("logs", "@last", "--tail", "1").out == "\ufffd three\n"


def test_logs__raw__is_byte_for_byte(world: World, customer: Customer) -> None:
    job_id = customer.submitted()
    world.api.logs[job_id] = b"one\n\x1b[2Jtwo\n"
    assert customer.run("logs", "@last", "--raw").out == "one\n\x1b[2Jtwo\n"


def test_logs__of_nobody__is_exit_code_4(customer: Customer) -> None:
    customer.submitted()
    assert customer.run("logs", "@last").exit_code == 4


def test_validate__valid__contacts_nobody_and_submits_nothing(
    world: World, customer: Customer
) -> None:
    customer.submitted()
    before, asked = world.locked_wei(), list(world.api.asked)
    ran = customer.run("validate", "hello.yaml")
    assert (ran.exit_code, ran.err) == (0, "the workflow is valid\n")
    assert (world.locked_wei(), world.api.asked) == (before, asked)


def test_allowance__set__is_shown(customer: Customer) -> None:
    ran = customer.run("allowance", "12.5", "--yes", "--json")
    assert json.loads(ran.out)["allowance"] == "12.5"


def test_transfer__no_terminal__names_amount_and_receiver(customer: Customer) -> None:
    to = "0x" + "11" * 20
    ran = customer.run("transfer", to, "12.50")
    assert ran.exit_code == 2
    assert f"Send 12.5 credits to {to}?" in ran.err
    assert customer.run("transfer", to, "12.5", "--yes").exit_code == 0
    assert json.loads(customer.run("balance", to, "--json").out)["credits"] != "0"


def test_events__json__is_one_object_a_line(customer: Customer) -> None:
    customer.submitted()
    customer.run("cancel", "@last", "--yes")
    ran = customer.run("events", "@last", "--json", "--since-block", "0")
    assert [json.loads(line)["status"] for line in ran.out.splitlines()] == [
        "PENDING",
        "CANCELLED",
    ]


def test_rerun__ended__is_a_new_job_with_the_same_script(world: World, customer: Customer) -> None:
    first = customer.submitted("--name", "exp", "--affinity", "cpus>=4")
    asyncio.run(play(world, first, JobStatus.FINISHED))
    ran = customer.run("rerun", "@last", "--credits", "20", "--yes", "--json")
    again, before = json.loads(ran.out), json.loads(customer.run("show", first, "--json").out)
    assert again["id"] != first
    assert (again["status"], again["locked"], again["name"]) == ("PENDING", "20", "exp")
    assert again["batch_location_hash"] == before["batch_location_hash"]
    assert again["affinity"] == ["cpus>=4"]


def test_rerun__script_gone__locks_nothing(world: World, customer: Customer) -> None:
    customer.submitted()
    world.api.scripts.clear()
    before = world.locked_wei()
    assert customer.run("rerun", "@last", "--credits", "20", "--yes").exit_code == 4
    assert world.locked_wei() == before


def test_rerun__another_script_d6__is_refused(world: World, customer: Customer) -> None:
    customer.submitted()
    world.api.scripts = dict.fromkeys(world.api.scripts, b"rm -rf /")
    before = world.locked_wei()
    ran = customer.run("rerun", "@last", "--credits", "20", "--yes")
    assert ran.exit_code == 1
    assert "another script than" in ran.err
    assert world.locked_wei() == before


def test_spend__several__sums_up_to_the_wei(world: World, customer: Customer) -> None:
    job_id = customer.submitted()
    asyncio.run(play(world, job_id, JobStatus.FINISHED))
    customer.submitted()
    found = json.loads(customer.run("spend", "--by", "status", "--json").out)
    assert [(r["of"], r["jobs"], r["cost"], r["locked"]) for r in found] == [
        ("FINISHED", 1, "0.5", "0"),
        ("PENDING", 1, "0", "40"),
    ]
