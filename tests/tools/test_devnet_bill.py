"""The demo shows where every wei went, and fails if one is missing."""

import pytest
from tools.devnet.demo import DemoFailed, bill_lines

BILL = {"locked_wei": "1500", "provider_wei": "800", "fee_wei": "200", "refund_wei": "500"}


def test_bill__that_adds_up__is_set_out_as_a_sum() -> None:
    assert bill_lines(BILL) == [
        "  800  provider",
        "  200  fee",
        "  500  refund",
        "-----",
        "1,500  locked",
    ]


def test_bill__with_a_wei_missing__fails_the_demo() -> None:
    with pytest.raises(DemoFailed, match="does not add up"):
        bill_lines({**BILL, "refund_wei": "499"})
