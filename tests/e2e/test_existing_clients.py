"""Clients that were written before this grid: web3, the published ABI and GraphQL, nothing else."""

import json
from importlib.resources import files
from typing import Any

import httpx
from tests.support.grid import START_CREDITS, Actor
from tools.devnet.grid import Devnet
from tools.devnet.waiting import wait_until
from web3 import HTTPProvider, Web3
from web3.contract import Contract

from deepsquare.chain import JobStatus

SUBMIT = "mutation Submit($job: Job!) { submit(job: $job) }"
WORKFLOW = {
    "enableLogging": True,
    "resources": {"tasks": 1, "cpusPerTask": 1, "memPerCpu": 64, "gpus": 0},
    "env": [{"key": "WHO", "value": "an older client"}],
    "steps": [{"name": "greet", "run": {"command": 'echo "Hello from $WHO"'}}],
}
LOCKED_WEI = 20 * 10**18


class OlderClient:
    """Knows the address of MetaScheduler and the URL of `/graphql`, and does not sign in."""

    def __init__(self, grid: Devnet, actor: Actor) -> None:
        self.web3 = Web3(HTTPProvider(grid.chain.rpc_url))
        self.account = actor.customer.account
        self.graphql_url = f"{grid.sbatch_api.url}/graphql"
        self.meta_scheduler = self.contract("MetaScheduler", grid.chain.meta_scheduler)
        self.jobs = self.contract("JobRepository", self.meta_scheduler.functions.jobs().call())
        self.credit = self.contract("Credit", self.meta_scheduler.functions.credit().call())

    def contract(self, name: str, address: str) -> Contract:
        abi = files("deepsquare.chain._generated").joinpath("abi", f"{name}.json").read_text()
        return self.web3.eth.contract(Web3.to_checksum_address(address), abi=json.loads(abi))

    def graphql(self, query: str, **variables: object) -> dict[str, Any]:
        answer = httpx.post(self.graphql_url, json={"query": query, "variables": variables})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def send(self, function: Any) -> None:
        nonce = self.web3.eth.get_transaction_count(self.account.address)
        transaction = function.build_transaction({"from": self.account.address, "nonce": nonce})
        raw = self.account.sign_transaction(transaction).raw_transaction
        receipt = self.web3.eth.wait_for_transaction_receipt(
            self.web3.eth.send_raw_transaction(raw)
        )
        assert receipt["status"] == 1

    def request(self, batch_location_hash: str) -> bytes:
        definition: tuple[Any, ...] = (0, 64, 1, 1, batch_location_hash, 0, [], [])
        request = self.meta_scheduler.functions.requestNewJob(
            definition, LOCKED_WEI, b"older".ljust(32, b"\0"), False
        )
        job_id: bytes = request.call({"from": self.account.address})
        self.send(request)
        return job_id

    def status(self, job_id: bytes) -> JobStatus:
        return JobStatus(self.jobs.functions.get(job_id).call()[1])


def test_older_client__submits_pays_and_waits__without_signing_in(
    grid: Devnet, actor: Actor
) -> None:
    """api.md 2: the workflow as GraphQL variables, and nothing else is required."""
    client = OlderClient(grid, actor)
    batch_location_hash = client.graphql(SUBMIT, job=WORKFLOW)["data"]["submit"]
    client.send(client.credit.functions.approve(client.meta_scheduler.address, LOCKED_WEI))
    job_id = client.request(batch_location_hash)
    wait_until(
        lambda: client.status(job_id) > JobStatus.RUNNING, what="the job ended", timeout_s=60
    )
    assert client.status(job_id) is JobStatus.FINISHED
    job = actor.client.job("0x" + job_id.hex())
    assert "Hello from an older client" in list(job.logs(follow=True))
    assert actor.credits_wei() < START_CREDITS


def test_older_client__with_a_wrong_workflow__gets_an_entry_for_each_problem(
    grid: Devnet, actor: Actor
) -> None:
    """api.md 2: HTTP 200, an empty text as data, the problems in `errors`."""
    wrong = {
        **WORKFLOW,
        "steps": [{"run": {"command": "true", "shell": "/bin/fish"}}, {"if": "(("}],
    }
    answer = OlderClient(grid, actor).graphql(SUBMIT, job=wrong)
    assert answer["data"]["submit"] == ""
    assert answer["errors"][0]["extensions"]["type"] == "validation"
