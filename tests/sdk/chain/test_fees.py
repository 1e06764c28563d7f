import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsquare.chain.errors import FeeCapReached
from deepsquare.chain.fees import GWEI, FeePolicy, Fees

fees_wei = st.integers(0, 10**12)


def test_offer__usual_base_fee__stands_while_it_doubles() -> None:
    assert FeePolicy().offer(10 * GWEI, GWEI) == Fees(21 * GWEI, GWEI)


def test_offer__near_the_cap__stops_there() -> None:
    assert FeePolicy(max_fee_cap_wei=15 * GWEI).offer(10 * GWEI, GWEI).max_fee_wei == 15 * GWEI


def test_offer__above_the_cap__is_refused() -> None:
    with pytest.raises(FeeCapReached, match="more than the cap"):
        FeePolicy(max_fee_cap_wei=GWEI).offer(GWEI, 1)


@given(max_fee=fees_wei, tip=fees_wei)
def test_raised__any_fees__are_at_least_an_eighth_higher(max_fee: int, tip: int) -> None:
    raised = Fees(max_fee, tip).raised()
    assert raised.max_fee_wei * 8 >= max_fee * 9
    assert raised.priority_fee_wei * 8 >= tip * 9


@given(previous=fees_wei, current=fees_wei)
def test_replacement__any_market__outbids_and_respects_the_cap(previous: int, current: int) -> None:
    policy = FeePolicy(max_fee_cap_wei=10**12)
    try:
        fees = policy.replacement(Fees(previous, previous), Fees(current, current))
    except FeeCapReached:
        assert previous * 9 > 8 * 10**12 - 8
        return
    assert fees.max_fee_wei * 8 >= previous * 9
    assert fees.max_fee_wei <= 10**12


def test_gas_limit__estimate__has_a_margin() -> None:
    assert FeePolicy(gas_margin_percent=25).gas_limit(100_000) == 125_000
