"""Submitting on a real chain: what is checked first, what is locked, and what a repeat does."""

import asyncio
from dataclasses import replace

import pytest
from tests.sdk.api.fake_sbatch_api import refuses
from tests.sdk.client.world import BIG, CHEAP_WEI, DEAR_WEI, HELLO, HUGE, World

from deepsquare.amounts import InvalidAmount, parse_credits
from deepsquare.api import SbatchApiUnavailable
from deepsquare.chain import JobStatus
from deepsquare.chain.errors import OutOfGasMoney, RpcUnavailable
from deepsquare.chain.sender import Sender
from deepsquare.client import (
    AllowanceTooLow,
    AsyncClient,
    CreditsTooLow,
    InsufficientCredits,
    NoCreditsGiven,
    NoProvider,
    Workflow,
)
from deepsquare.errors import Broken, DeepSquareError
from deepsquare.identifiers import parse_address
from deepsquare.keys import InvalidKey
from deepsquare.pricing import cost_per_minute
from deepsquare.testing import a_definition
from deepsquare.workflow import WorkflowInvalid, parse_workflow

pytestmark = pytest.mark.integration
WORKFLOW = Workflow.from_text(HELLO)


async def test_submit__all_well__locks_the_amount_in_one_transaction(world: World) -> None:
    key = await world.customer()
    async with world.client(key) as client:
        job = await client.submit(WORKFLOW, credits="40.5", name="exp")
        state, balance = await job.state(), await client.balance()
    assert state.status is JobStatus.PENDING
    assert (state.name, state.customer) == ("exp", key.address)
    assert state.job.cost.max_cost == parse_credits("40.5")
    assert balance.credits_wei == parse_credits("959.5")
    assert balance.allowance_wei == 0
    async with world.open() as grid:
        assert (
            int(await grid.rpc.request("eth_getTransactionCount", key.address, "latest"), 16) == 1
        )


async def test_submit__standing_allowance__is_the_same_afterwards(world: World) -> None:
    """Delegated top-ups live on the allowance: a submission must not use it up."""
    async with world.client(await world.customer()) as client:
        await client.set_allowance("25")
        await client.submit(WORKFLOW, credits=40)
        assert (await client.balance()).allowance_wei == parse_credits(25)


async def test_submit__several_at_once_by_one_customer__each_gets_its_own_id(
    world: World,
) -> None:
    """The id comes from the mined transaction, not from a simulation."""
    key, other = await world.customer(), await world.customer()
    async with world.client(key) as one, world.client(other) as two:
        jobs = [await one.submit(WORKFLOW, credits=20, name=f"n{n}") for n in range(2)]
        both = await asyncio.gather(
            one.submit(WORKFLOW, credits=20, name="n2"), two.submit(WORKFLOW, credits=20, name="m")
        )
        names = [(await job.state()).name for job in (*jobs, *both)]
    assert names == ["n0", "n1", "n2", "m"]


async def test_submit__minutes__pay_them_at_the_dearest_provider_that_fits(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, minutes=30)
        assert (await job.state()).job.cost.max_cost == 30 * DEAR_WEI


async def test_submit__minutes_worth_less_than_the_minimum__locks_the_minimum(
    world: World,
) -> None:
    """A default budget of nearly nothing must not happen."""
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, minutes=1)
        assert (await job.state()).job.cost.max_cost == parse_credits(10)


async def test_submit__same_key_again__returns_the_same_job(world: World) -> None:
    async with world.client(await world.customer()) as client:
        first = await client.submit(WORKFLOW, credits=40, idempotency_key="k")
        again = await client.submit(WORKFLOW, credits=40, idempotency_key="k")
        assert first == again
        assert len(await client.jobs()) == 1


async def test_submit__of_a_model__asks_for_what_the_model_says(world: World) -> None:
    """A workflow built in Python is submitted like one from a file."""
    model = parse_workflow(HELLO).job
    async with world.client(await world.customer()) as client:
        job = await client.submit(Workflow.from_model(model), credits=40)
        definition = (await job.state()).job.definition
    assert Workflow.from_model(model).parsed.job == model
    assert definition.ntasks == model.resources.tasks
    assert definition.mem_per_cpu == model.resources.mem_per_cpu


async def test_submit__same_key_twice_at_once__is_one_job(world: World) -> None:
    key = await world.customer()
    async with world.client(key) as one, world.client(key) as two:
        jobs = await asyncio.gather(
            one.submit(WORKFLOW, credits=40, idempotency_key="k"),
            two.submit(WORKFLOW, credits=40, idempotency_key="k"),
        )
        assert jobs[0] == jobs[1]
        assert len(await one.jobs()) == 1


async def test_submit__answer_of_the_chain_lost_d7__a_repeat_returns_the_same_job(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Sender.send

    async def sends_and_fails(self: Sender, call: object) -> None:
        await send(self, call)  # type: ignore[arg-type]
        raise RpcUnavailable("the connection broke")

    async with world.client(await world.customer()) as client:
        with monkeypatch.context() as broken:
            broken.setattr(Sender, "send", sends_and_fails)
            first = await client.submit(WORKFLOW, credits=40, idempotency_key="k")
        again = await client.submit(WORKFLOW, credits=40, idempotency_key="k")
        assert first == again
        assert len(await client.jobs()) == 1


BAD = [
    (HELLO.replace("command", "comand"), {"credits": 40}, WorkflowInvalid),
    (HELLO, {"credits": 9}, CreditsTooLow),
    (HELLO, {"credits": 2000}, InsufficientCredits),
    (HELLO, {"credits": 40, "signs_permit": False}, AllowanceTooLow),
    (HELLO, {}, NoCreditsGiven),
    (HELLO, {"credits": 1.5}, InvalidAmount),
    (HELLO, {"credits": -1}, InvalidAmount),
    (HELLO, {"credits": "NaN"}, InvalidAmount),
    (HELLO, {"credits": 2**256}, InvalidAmount),
    (HUGE, {"credits": 40}, NoProvider),
    (BIG, {"credits": 11}, CreditsTooLow),
    (HELLO, {"credits": 40, "affinity": ["cpus>=64"]}, NoProvider),
    (HELLO, {"credits": 40, "uses": ["name=none"]}, NoProvider),
]


@pytest.mark.parametrize(("document", "options", "kind"), BAD)
async def test_submit__bad_input_f8__is_refused_before_anything_is_sent(
    world: World, document: str, options: dict[str, object], kind: type[DeepSquareError]
) -> None:
    async with world.client(await world.customer()) as client:
        with pytest.raises(kind):
            await client.submit(Workflow.from_text(document), **options)  # type: ignore[arg-type]
        assert (await client.balance()).credits_wei == parse_credits(1000)
    assert world.api.asked == []


async def test_submit__sbatch_api_down_d1__locks_nothing(world: World) -> None:
    world.api.faults = [refuses] * 99
    async with world.client(await world.customer()) as client:
        with pytest.raises(SbatchApiUnavailable, match=r"the sbatch API at .* cannot be reached"):
            await client.submit(WORKFLOW, credits=40)
        assert (await client.balance()).credits_wei == parse_credits(1000)
        assert await client.jobs() == []


async def test_submit__no_coin_for_gas__says_so_before_uploading(world: World) -> None:
    async with world.client(await world.customer(has_coin=False)) as client:
        with pytest.raises(OutOfGasMoney, match="no native coin"):
            await client.submit(WORKFLOW, credits=40)
    assert world.api.asked == []


async def test_submit__provider_affinity__is_in_the_definition(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40, affinity=["cpus>=8"], uses=["name=dear"])
        definition = (await job.state()).job.definition
    assert [(a.label.key, a.op, a.label.value) for a in definition.affinity] == [
        ("cpus", b">=", "8")
    ]
    assert [(label.key, label.value) for label in definition.uses] == [("name", "dear")]


async def test_submit__server_answers_other_resources__is_refused(world: World) -> None:
    world.api.resources_of = lambda _: {"tasks": 9, "cpusPerTask": 1, "memPerCpu": 1, "gpus": 0}
    async with world.client(await world.customer()) as client:
        with pytest.raises(Broken, match="other resources"):
            await client.submit(WORKFLOW, credits=40)
        assert await client.jobs() == []


async def test_quote__two_providers__ranks_each_by_its_own_price(world: World) -> None:
    """One provider's price must not be shown for all."""
    async with world.client(await world.customer()) as client:
        quote = await client.quote(WORKFLOW, minutes=60)
        big = await client.quote(Workflow.from_text(BIG), credits=120)
    cheap, dear = parse_address(world.cheap.address), parse_address(world.dear.address)
    assert [(o.provider, o.cost_per_minute_wei, o.cost_wei) for o in quote.offers] == [
        (cheap, CHEAP_WEI, 60 * CHEAP_WEI),
        (dear, DEAR_WEI, 60 * DEAR_WEI),
    ]
    assert [(o.provider, o.minutes) for o in big.offers] == [(dear, 10)]
    assert big.reasons == {cheap: "has 4 CPUs, the job needs 6"}


async def test_quote__cost__is_that_of_the_one_formula(world: World) -> None:
    """Estimate and bill must not have two cost functions that disagree."""
    workflow = Workflow.from_text(HELLO.replace("tasks: 1", "tasks: 3"))
    async with world.client(await world.customer()) as client:
        quote, infos = await client.quote(workflow, minutes=7), await client.providers()
    definition = a_definition(ntasks=3, mem_per_cpu_mb=100)
    prices = {info.provider.addr: info.provider.provider_prices for info in infos}
    for offer in quote.offers:
        assert offer.cost_per_minute_wei == cost_per_minute(definition, prices[offer.provider])
        assert offer.cost_wei == 7 * offer.cost_per_minute_wei


async def test_transfer__credits__arrive(world: World) -> None:
    key, other = await world.customer(), await world.customer(credits_=0)
    async with world.client(key) as client:
        await client.transfer(other.address, "12.5")
        assert (await client.balance(other.address)).credits_wei == parse_credits("12.5")
        with pytest.raises(InsufficientCredits, match=r"you have 987\.5 credits and need 988"):
            await client.transfer(other.address, 988)


async def test_submit__key_of_another_account_than_looked_at__is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = await world.customer(), await world.customer()
    monkeypatch.setenv("DEEPSQUARE_PRIVATE_KEY", key.secret.hex())
    settings = replace(world.settings, address=other.address)
    async with AsyncClient(settings) as client:
        with pytest.raises(InvalidKey, match=f"the key is that of {key.address}, not of"):
            await client.submit(WORKFLOW, credits=40)
