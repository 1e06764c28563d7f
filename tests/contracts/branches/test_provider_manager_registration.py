"""The branches of `register`."""

from dataclasses import replace

import pytest
from tests.contracts.branches.registrations import (
    FIRST,
    NEWCOMER,
    SECOND,
    Offer,
    Standing,
    approve,
    ban,
    join,
    listed,
    nodes,
    propose,
    standing,
    told,
)
from tests.contracts.conformance.stage import PROVIDER, Stage
from tests.contracts.invariants.world import OPERATOR

from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.structs import Label, ProviderHardware, ProviderPrices
from deepsquare.chain.contract_error import ContractError

MAX_UNITS = 2**32 - 1
MAX_TOTAL = 2**64 - 1
MAX_PRICE = 2**96 - 1
WAITING = "ProviderWaitingForApproval"


def refused(stage: Stage, offer: Offer, error: ContractError) -> None:
    stage.refused(NEWCOMER, offer.call(stage), error)
    assert standing(stage) == Standing()


def accepted(stage: Stage, offer: Offer) -> None:
    """Require that the offer waits, and that approved it is shown as it was given."""
    propose(stage, offer)
    assert standing(stage) == waiting(offer)
    approve(stage)
    assert standing(stage) == Standing(registration=offer.seen(), is_valid=True, is_joined=True)


def waiting(offer: Offer) -> Standing:
    return Standing(proposal=offer.seen(), proposal_hash=offer.hash, is_waiting=True)


def with_hardware(hardware: ProviderHardware) -> Offer:
    return replace(FIRST, hardware=hardware)


def labels(count: int, key_bytes: int = 2, value_bytes: int = 0) -> tuple[Label, ...]:
    return tuple(Label(f"{i:0{key_bytes}d}", "v" * value_bytes) for i in range(count))


FREE = ProviderPrices(9, 0, 0)
TOO_MANY_LABELS = labels(65)


def test_register__the_caller_is_banned__revert_with_banned(stage: Stage) -> None:
    ban(stage)
    stage.refused(NEWCOMER, FIRST.call(stage), er.Banned())
    assert standing(stage) == Standing(is_banned=True)


def test_register__the_caller_is_banned_and_nothing_is_right__revert_with_banned(
    stage: Stage,
) -> None:
    ban(stage)
    wrong = Offer(ProviderHardware(0, (1,), (), ()), FREE, TOO_MANY_LABELS)
    stage.refused(NEWCOMER, wrong.call(stage), er.Banned())


def test_register__there_are_0_or_1025_nodes__revert_with_invalidnodescount(stage: Stage) -> None:
    for hardware in (nodes(()), nodes((1,) * 1025)):
        refused(stage, with_hardware(hardware), er.InvalidNodesCount())


def test_register__the_nodes_are_0_and_all_else_is_wrong__revert_with_invalidnodescount(
    stage: Stage,
) -> None:
    wrong = Offer(ProviderHardware(0, (1,), (1, 2), ()), FREE, TOO_MANY_LABELS)
    refused(stage, wrong, er.InvalidNodesCount())


def test_register__there_are_1024_nodes__accept_them(stage: Stage) -> None:
    accepted(stage, with_hardware(nodes(tuple(range(1024)), tuple(range(1024)))))


def test_register__one_of_the_lists_is_not_one_entry_a_node__revert_with_arraylengthmismatch(
    stage: Stage,
) -> None:
    pair = (1, 1)
    for wrong in ((), (1,), (1, 1, 1)):
        for lists in ((wrong, pair, pair), (pair, wrong, pair), (pair, pair, wrong)):
            hardware = ProviderHardware(2, *lists)
            refused(stage, with_hardware(hardware), er.ArrayLengthMismatch())


def test_register__a_list_is_short_and_a_node_too_big__revert_with_arraylengthmismatch(
    stage: Stage,
) -> None:
    hardware = ProviderHardware(2, (0, 0), (MAX_UNITS + 1, 0), (0,))
    refused(stage, Offer(hardware, FREE, TOO_MANY_LABELS), er.ArrayLengthMismatch())


def test_register__a_node_has_2_32_cpus_or_gpus__revert_with_hardwareoutofrange(
    stage: Stage,
) -> None:
    for many in (MAX_UNITS + 1, MAX_TOTAL):
        for hardware in (nodes((8, many)), nodes((8, 8), (0, many))):
            refused(stage, with_hardware(hardware), er.HardwareOutOfRange())


def test_register__the_memory_of_all_nodes_is_2_64_mb__revert_with_hardwareoutofrange(
    stage: Stage,
) -> None:
    for memory in ((MAX_TOTAL, 1), (MAX_TOTAL, MAX_TOTAL)):
        refused(stage, with_hardware(nodes((8, 8), mem=memory)), er.HardwareOutOfRange())


def test_register__a_node_is_too_big_and_none_has_a_cpu__revert_with_hardwareoutofrange(
    stage: Stage,
) -> None:
    hardware = nodes((0, 0), (0, MAX_UNITS + 1), (0, 0))
    refused(stage, Offer(hardware, FREE, TOO_MANY_LABELS), er.HardwareOutOfRange())


def test_register__cpus_gpus_and_memory_are_the_greatest__accept_them(stage: Stage) -> None:
    most = (MAX_UNITS, MAX_UNITS)
    accepted(stage, with_hardware(nodes(most, most, (MAX_TOTAL - 1, 1))))


def test_register__no_node_has_a_cpu__revert_with_invalidtotalcpus(stage: Stage) -> None:
    refused(stage, with_hardware(nodes((0, 0), (1, 1))), er.InvalidTotalCpus())


def test_register__cpus_memory_and_prices_are_none__revert_with_invalidtotalcpus(
    stage: Stage,
) -> None:
    wrong = Offer(nodes((0,), mem=(0,)), FREE, TOO_MANY_LABELS)
    refused(stage, wrong, er.InvalidTotalCpus())


def test_register__no_node_has_memory__revert_with_invalidtotalmem(stage: Stage) -> None:
    refused(stage, with_hardware(nodes((8, 8), mem=(0, 0))), er.InvalidTotalMem())


def test_register__memory_and_prices_are_none__revert_with_invalidtotalmem(stage: Stage) -> None:
    wrong = Offer(nodes((8,), mem=(0,)), FREE, TOO_MANY_LABELS)
    refused(stage, wrong, er.InvalidTotalMem())


def test_register__a_node_lacks_one_resource__accept_it(stage: Stage) -> None:
    accepted(stage, with_hardware(nodes((0, 8, 8), (1, 0, 1), (5, 0, 7))))


def test_register__a_price_is_above_2_96_1__revert_with_invalidprices(stage: Stage) -> None:
    for high in (MAX_PRICE + 1, 2**256 - 1):
        for prices in ((high, 1, 1), (1, high, 1), (1, 1, high)):
            refused(stage, replace(FIRST, prices=ProviderPrices(*prices)), er.InvalidPrices())


def test_register__cpus_and_memory_are_free__revert_with_invalidprices(stage: Stage) -> None:
    refused(stage, replace(FIRST, prices=FREE), er.InvalidPrices())


def test_register__prices_and_labels_are_wrong__revert_with_invalidprices(stage: Stage) -> None:
    refused(stage, replace(FIRST, prices=FREE, labels=TOO_MANY_LABELS), er.InvalidPrices())


@pytest.mark.parametrize("prices", [(MAX_PRICE,) * 3, (0, 1, 0), (0, 0, 1)])
def test_register__the_prices_are_at_a_bound__accept_them(
    stage: Stage, prices: tuple[int, int, int]
) -> None:
    accepted(stage, replace(FIRST, prices=ProviderPrices(*prices)))


def test_register__there_are_65_labels__revert_with_labelstoolarge(stage: Stage) -> None:
    refused(stage, replace(FIRST, labels=TOO_MANY_LABELS), er.LabelsTooLarge(65, 64))


def test_register__a_label_has_no_key__revert_with_labelstoolarge(stage: Stage) -> None:
    given = (Label("key", ""), Label("", "value"))
    refused(stage, replace(FIRST, labels=given), er.LabelsTooLarge(0, 64))


def test_register__a_label_key_has_65_bytes__revert_with_labelstoolarge(stage: Stage) -> None:
    for key in ("k" * 65, "é" * 32 + "k"):
        error = er.LabelsTooLarge(65, 64)
        refused(stage, replace(FIRST, labels=(Label(key, ""),)), error)


def test_register__a_label_value_has_129_bytes__revert_with_labelstoolarge(stage: Stage) -> None:
    refused(stage, replace(FIRST, labels=labels(2, 2, 129)), er.LabelsTooLarge(129, 128))


def test_register__all_labels_have_8193_bytes__revert_with_labelstoolarge(stage: Stage) -> None:
    given = (*labels(63, 10, 118), Label("k", "v" * 128))
    refused(stage, replace(FIRST, labels=given), er.LabelsTooLarge(63 * 128 + 129, 8192))


def test_register__64_labels_have_8192_bytes__accept_them(stage: Stage) -> None:
    accepted(stage, replace(FIRST, labels=labels(64, 64, 64)))


def test_register__key_and_value_of_a_label_are_the_longest__accept_it(stage: Stage) -> None:
    accepted(stage, replace(FIRST, labels=(*labels(1, 64, 128), Label("é", "ü" * 64))))


def test_register__there_are_no_labels__accept_them(stage: Stage) -> None:
    accepted(stage, replace(FIRST, labels=()))


def test_register__the_caller_never_registered__keep_the_proposal_with_its_hash_and_tell_of_it(
    stage: Stage,
) -> None:
    outcome = propose(stage)
    assert told(stage, outcome) == [(WAITING, NEWCOMER.lower())]
    assert standing(stage) == waiting(FIRST)
    assert listed(stage, "Joined") == (PROVIDER,)


def test_register__another_proposal_of_the_caller_waits__replace_it_and_tell_of_it(
    stage: Stage,
) -> None:
    propose(stage)
    outcome = propose(stage, SECOND)
    assert told(stage, outcome) == [(WAITING, NEWCOMER.lower())]
    assert standing(stage) == waiting(SECOND)


def test_register__the_same_proposal_of_the_caller_waits__keep_it_and_tell_of_it_again(
    stage: Stage,
) -> None:
    propose(stage)
    assert told(stage, propose(stage)) == [(WAITING, NEWCOMER.lower())]
    assert standing(stage) == waiting(FIRST)


@pytest.mark.parametrize(
    "changed",
    [
        replace(FIRST, hardware=nodes((8, 16), (0, 1))),
        replace(FIRST, prices=ProviderPrices(5, 3, 2)),
        replace(FIRST, labels=FIRST.labels[::-1]),
    ],
    ids=["hardware", "prices", "labels"],
)
def test_register__anything_differs_from_what_is_approved__let_it_wait_and_keep_what_is_approved(
    stage: Stage, changed: Offer
) -> None:
    join(stage)
    outcome = propose(stage, changed)
    assert told(stage, outcome) == [(WAITING, NEWCOMER.lower())]
    joined = Standing(registration=FIRST.seen(), is_valid=True, is_joined=True)
    assert standing(stage) == replace(
        joined, proposal=changed.seen(), proposal_hash=changed.hash, is_waiting=True
    )


def test_register__it_is_what_is_approved__change_nothing_and_tell_nothing(stage: Stage) -> None:
    join(stage)
    before = standing(stage)
    assert told(stage, propose(stage)) == []
    assert standing(stage) == before


def test_register__a_change_waits_and_it_is_what_is_approved__withdraw_the_change_telling_nothing(
    stage: Stage,
) -> None:
    join(stage)
    before = standing(stage)
    propose(stage, SECOND)
    assert told(stage, propose(stage)) == []
    assert standing(stage) == before
    call = stage.world.providers.approve(NEWCOMER)
    stage.refused(OPERATOR, call, er.WaitingApprovalOnly())


def test_register__the_caller_was_removed__let_the_same_registration_wait_again(
    stage: Stage,
) -> None:
    join(stage)
    stage.must(OPERATOR, stage.world.providers.remove(NEWCOMER))
    assert told(stage, propose(stage)) == [(WAITING, NEWCOMER.lower())]
    assert standing(stage) == waiting(FIRST)


def test_register__the_caller_was_unbanned__accept_the_proposal(stage: Stage) -> None:
    ban(stage)
    stage.must(OPERATOR, stage.world.providers.unban(NEWCOMER))
    accepted(stage, FIRST)


def test_register__others_have_registered_the_same__keep_both_apart(stage: Stage) -> None:
    stage.must(PROVIDER, FIRST.call(stage))
    propose(stage)
    assert set(listed(stage, "Waiting")) == {PROVIDER, NEWCOMER}
    approve(stage)
    assert standing(stage) == Standing(registration=FIRST.seen(), is_valid=True, is_joined=True)
    assert standing(stage, PROVIDER).proposal == FIRST.seen(PROVIDER)
