"""Encoding, decoding, events and errors against the generated ABI."""

import re
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsquare.chain import (
    Affinity,
    Job,
    JobDefinition,
    JobStatus,
    Label,
    MetaScheduler,
    PermitSignature,
    Report,
    StorageType,
)
from deepsquare.chain import errors as chain_errors
from deepsquare.chain.abi import CODEC, InvalidArgument, UndecodableAnswer, load_abi
from deepsquare.chain.contract_error import ContractError
from deepsquare.chain.contracts.meta_scheduler import (
    InvalidJobName,
    decode_multicall,
    decode_try_multicall,
    job_name_from_bytes,
    job_name_to_bytes,
)
from deepsquare.chain.conversion import converter, to_abi
from deepsquare.chain.events import EVENTS_BY_CONTRACT, JobSettled, decode_event, topic_of
from deepsquare.chain.logs import RawLog
from deepsquare.chain.reverts import decode_revert
from deepsquare.testing import a_definition, a_job, a_job_id, an_address

JOB_TYPE = load_abi("JobRepository").function("get", 1).output_types[0]
uint64 = st.integers(0, 2**64 - 1)
labels = st.builds(Label, st.text(), st.text())
definitions = st.builds(
    JobDefinition,
    gpus=uint64,
    mem_per_cpu=uint64,
    cpus_per_task=uint64,
    ntasks=uint64,
    batch_location_hash=st.text(),
    storage_type=st.sampled_from(StorageType),
    uses=st.lists(labels, max_size=3).map(tuple),
    affinity=st.lists(
        st.builds(Affinity, labels, st.sampled_from([b"==", b"in", b"<\0"])), max_size=3
    ).map(tuple),
)


def unwired() -> MetaScheduler:
    return MetaScheduler(None, an_address(1))  # type: ignore[arg-type]


@given(definitions)
def test_job__any_definition__survives_the_wire(definition: JobDefinition) -> None:
    job = a_job(JobStatus.RUNNING, definition=definition)
    plain = list(to_abi(job))
    plain[0] = bytes.fromhex(job.job_id[2:])
    raw = CODEC.encode([JOB_TYPE], [plain])
    assert converter(Job)(load_abi("JobRepository").function("get", 1).decode(raw)) == job


def test_job__last_error_cut_inside_a_character__is_still_readable() -> None:
    """The contract cuts `lastError` at byte 256 (protocol.md 2.6)."""
    raw = CODEC.encode(["bytes"], ["é".encode()[:1] + b"abc"])
    assert CODEC.decode(["string"], raw) == ("�abc",)


def test_answer__no_code_at_the_address__is_undecodable() -> None:
    with pytest.raises(UndecodableAnswer, match="0 bytes"):
        load_abi("MetaScheduler").function("credit", 0).decode(b"")


@pytest.mark.parametrize("value", [-1, 2**256, "1", 1.5, None])
def test_encode__value_out_of_range__is_refused_f8(value: Any) -> None:
    with pytest.raises(InvalidArgument, match="topUpJob"):
        unwired().top_up_job(a_job_id(), value)


def test_calls__every_write__has_the_published_selector() -> None:
    contract, job_id, report = unwired(), a_job_id(), Report(JobStatus.FINISHED, 5, "", 0)
    permit = PermitSignature(1, 2, 27, bytes(32), bytes(32))
    selectors = {
        "d9943788": contract.request_new_job(a_definition(), 1, name="x"),
        "5fae1450": contract.cancel_job(job_id),
        "2fecc4f6": contract.top_up_job(job_id, 1),
        "5d3a7180": contract.claim_next_job(),
        "7525db60": contract.claim_next_jobs(5),
        "1bbc4374": contract.claim_next_cancelling_jobs(5),
        "0c00072f": contract.claim_next_top_up_jobs(5),
        "e1c0fdd4": contract.provider_set_job_status(job_id, report),
        "1f92a63f": contract.refuse_job(job_id),
        "d1cee546": contract.meta_schedule(job_id, an_address(2)),
        "18263c59": contract.timeout_job(job_id),
        "69ee1bf9": contract.top_up_job_delegate(job_id),
        "54b4a0d2": contract.panic_job(job_id, "why"),
        "888c4f78": contract.checkpoint_job(job_id),
        "3651588e": contract.expire_job(job_id),
        "9576faf2": contract.self_permit(permit),
        "ac9650d8": contract.multicall([contract.claim_next_job()]),
        "437b9116": contract.try_multicall([contract.claim_next_job()]),
    }
    assert {call.data[:4].hex(): call for call in selectors.values()} == selectors


def test_multicall__results__come_back_by_call() -> None:
    assert decode_multicall(CODEC.encode(["bytes[]"], [[b"", b"\x01"]])) == (b"", b"\x01")
    raw = CODEC.encode(["bool[]", "bytes[]"], [[True, False], [b"", b"\x02"]])
    assert decode_try_multicall(raw) == ((True, b""), (False, b"\x02"))


@pytest.mark.parametrize("name", ["", "exp", "ü" * 16])
def test_job_name__fits__comes_back(name: str) -> None:
    assert job_name_from_bytes(job_name_to_bytes(name)) == name


def test_job_name__too_long__says_how_long() -> None:
    with pytest.raises(InvalidJobName, match="33 bytes: use at most 32"):
        job_name_to_bytes("x" * 33)


EVENT_KINDS = [(c, kind) for c, kinds in EVENTS_BY_CONTRACT.items() for kind in kinds]


def snake(name: str) -> str:
    plain = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name.lstrip("_")).lower()
    return plain + "_" if plain == "from" else plain


@pytest.mark.parametrize(
    ("contract", "kind"), EVENT_KINDS, ids=[kind.__name__ for _, kind in EVENT_KINDS]
)
def test_event__fields__are_those_of_the_abi(contract: str, kind: type) -> None:
    event = load_abi(contract).events[topic_of(kind)]
    assert [field.name for field in fields(kind)] == [snake(name) for name, _, _ in event.inputs]


def test_event__job_settled__is_decoded_from_topics_and_data() -> None:
    topics = (
        topic_of(JobSettled),
        a_job_id(5).encode() and bytes.fromhex(a_job_id(5)[2:]),
        bytes(12) + bytes.fromhex(an_address(2)[2:]),
        bytes(12) + bytes.fromhex(an_address(3)[2:]),
    )
    data = CODEC.encode(["uint256"] * 3, [80, 20, 900])
    log = RawLog(an_address(1), topics, data, 1, "0x", "0x", 0, was_removed=False)
    assert decode_event(log) == JobSettled(
        a_job_id(5), an_address(2), an_address(3), provider_amount=80, fee=20, refund=900
    )


def test_event__unknown_topic__is_none() -> None:
    log = RawLog(an_address(1), (bytes(32),), b"", 1, "0x", "0x", 0, was_removed=False)
    assert decode_event(log) is None


def test_event__too_few_topics__is_undecodable() -> None:
    data = CODEC.encode(["uint256"] * 3, [80, 20, 900])
    log = RawLog(an_address(1), (topic_of(JobSettled),), data, 1, "0x", "0x", 0, was_removed=False)
    with pytest.raises(UndecodableAnswer, match="JobSettled"):
        decode_event(log)


@pytest.mark.parametrize("error", chain_errors.CONTRACT_ERRORS, ids=lambda error: error.__name__)
def test_revert__every_custom_error__is_its_class(error: type[ContractError]) -> None:
    inside = error.signature.partition("(")[2].removesuffix(")")
    types = inside.split(",") if inside else []
    values = [_sample(kind) for kind in types]
    decoded = decode_revert(error.selector + CODEC.encode(types, values))
    assert type(decoded) is error
    assert is_dataclass(decoded)
    assert len(decoded.details) == len(types)
    assert error.__name__ in decoded.message


def test_contract_errors__by_name__are_in_the_errors_module() -> None:
    for error in chain_errors.CONTRACT_ERRORS:
        assert getattr(chain_errors, error.__name__) is error


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no reason"),
        (bytes.fromhex("08c379a0") + CODEC.encode(["string"], ["too late"]), "too late"),
        (bytes.fromhex("4e487b71") + CODEC.encode(["uint256"], [0x11]), "code 0x11"),
        (b"\xde\xad\xbe\xef", "0xdeadbeef"),
        (bytes.fromhex("03eb8b54"), "0x03eb8b54"),
        (bytes.fromhex("8c6824c2") + CODEC.encode(["uint8"], [77]), "0x8c6824c2"),
    ],
)
def test_revert__no_custom_error__says_what_it_can(data: bytes, message: str) -> None:
    assert message in str(decode_revert(data))


@given(st.binary(max_size=200))
def test_revert__any_bytes__never_raises(data: bytes) -> None:
    assert decode_revert(data).message


def _sample(kind: str) -> Any:
    samples = {"address": an_address(9), "string": "text", "bool": True}
    if kind.startswith("bytes"):
        return bytes(int(kind.removeprefix("bytes")))
    return samples.get(kind, 3)
