"""EIP-1559 fees: what to offer, and how to outbid an own transaction that is stuck."""

from dataclasses import dataclass

from deepsquare.chain.errors import FeeCapReached

GWEI = 10**9
_STEP_NUMERATOR, _STEP_DENOMINATOR = 9, 8
"""Nodes take a replacement that offers 12.5 % more of both fees."""


@dataclass(frozen=True, slots=True)
class Fees:
    """The two fees of a transaction, in wei of native coin per gas."""

    max_fee_wei: int
    priority_fee_wei: int

    def raised(self) -> "Fees":
        """Return both fees one step of 12.5 % higher, rounded up."""
        return Fees(_step(self.max_fee_wei), _step(self.priority_fee_wei))


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """How much to offer, and when to stop."""

    base_fee_multiple: int = 2
    """The offer stands while the base fee doubles: about six full blocks."""

    max_fee_cap_wei: int = 500 * GWEI
    """Never offer more per gas than this."""

    gas_margin_percent: int = 25
    """Added to the estimate: state may move between estimate and inclusion."""

    replace_after_s: float = 30
    """How long a transaction may wait before it is replaced by one with higher fees."""

    def offer(self, base_fee_wei: int, priority_fee_wei: int) -> Fees:
        """Return the fees for a new transaction; raises `FeeCapReached` when gas costs too much."""
        if base_fee_wei + priority_fee_wei > self.max_fee_cap_wei:
            raise _cap_reached(base_fee_wei + priority_fee_wei, self.max_fee_cap_wei)
        wanted = self.base_fee_multiple * base_fee_wei + priority_fee_wei
        return Fees(min(wanted, self.max_fee_cap_wei), priority_fee_wei)

    def replacement(self, previous: Fees, current: Fees) -> Fees:
        """Return fees that replace ``previous`` and suit the ``current`` offer.

        Raises `FeeCapReached` when a step up would exceed the cap.
        """
        raised = previous.raised()
        fees = Fees(
            max(raised.max_fee_wei, current.max_fee_wei),
            max(raised.priority_fee_wei, current.priority_fee_wei),
        )
        if fees.max_fee_wei > self.max_fee_cap_wei:
            fees = Fees(raised.max_fee_wei, raised.priority_fee_wei)
        if fees.max_fee_wei > self.max_fee_cap_wei:
            raise _cap_reached(fees.max_fee_wei, self.max_fee_cap_wei)
        return fees

    def gas_limit(self, estimate: int) -> int:
        """Return the gas limit for an estimate."""
        return estimate + estimate * self.gas_margin_percent // 100


def _step(fee_wei: int) -> int:
    return -(-fee_wei * _STEP_NUMERATOR // _STEP_DENOMINATOR)


def _cap_reached(wanted_wei: int, cap_wei: int) -> FeeCapReached:
    return FeeCapReached(
        f"gas would cost {wanted_wei} wei, more than the cap of {cap_wei} wei:"
        " wait for lower fees or raise the cap",
        details={"wanted_wei": wanted_wei, "cap_wei": cap_wei},
    )
