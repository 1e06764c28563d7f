"""Constants: the operator's tunable parameters."""

from dataclasses import dataclass

from deepsquare.chain.blocks import At
from deepsquare.chain.call import Call
from deepsquare.chain.contracts.access import Owned


@dataclass(frozen=True, slots=True)
class ConstantValues:
    """All values at one block; names and units as in protocol.md 2.5."""

    minimum_amount_wei: int
    minimum_top_up_wei: int
    deepsquare_cut_percent: int
    bill_duration_delta_minutes: int
    cancellation_fee_minutes: int
    top_up_slice_minutes: int
    claim_job_timeout_minutes: int
    start_job_timeout_minutes: int
    expire_grace_minutes: int


_GETTERS = (
    "minimumAmount",
    "minimumTopUp",
    "deepsquareCut",
    "billDurationDeltaMinute",
    "cancellationFeeMinute",
    "topUpSliceDurationMin",
    "claimJobTimeout",
    "startJobTimeout",
    "expireGraceMinute",
)


class Constants(Owned):
    """Reads all values at once and sets each by its name."""

    abi_name = "Constants"

    async def values(self, *, at: At = "latest") -> ConstantValues:
        """Return all values at one block."""
        calls = [self._call(getter) for getter in _GETTERS]
        answers = await self._reader.eth_calls(calls, at=at)
        decoded = (
            self._abi.function(getter, 0).decode(raw)
            for getter, raw in zip(_GETTERS, answers, strict=True)
        )
        return ConstantValues(*decoded)

    async def minimum_amount(self, *, at: At = "latest") -> int:
        """Return the least a request must lock, in credit-wei."""
        return await self._read(int, "minimumAmount", at=at)

    def set_value(self, getter: str, value: int) -> Call:
        """Set a value by the name of its getter, such as ``minimumAmount``; owner only."""
        return self._call(f"set{getter[0].upper()}{getter[1:]}", value)
