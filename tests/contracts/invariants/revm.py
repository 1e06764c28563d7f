"""An EVM in this process: the long runs make a hundred thousand calls, of microseconds each."""

import re
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pyrevm

from deepsquare.chain.blocks import At
from deepsquare.chain.call import Call
from deepsquare.chain.events import GridEvent, decode_event
from deepsquare.chain.logs import RawLog
from deepsquare.chain.reverts import decode_revert
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import ZERO_ADDRESS, Address, parse_address

GENESIS_TIME_S = 1_700_000_000
BLOCK_TIME_S = 1
_NO_PLACE: dict[str, Any] = {
    "block_number": 0,
    "block_hash": "",
    "transaction_hash": "",
    "log_index": 0,
    "was_removed": False,
}
_REVERT_DATA = re.compile(r"output: 0x([0-9a-f]*)")


T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What a call did: its output and events, or the error it reverted with."""

    output: bytes = b""
    events: tuple[GridEvent, ...] = ()
    error: DeepSquareError | None = None
    gas_used: int = 0
    logs: tuple[RawLog, ...] = ()


class RevmChain:
    """A chain of one block per call."""

    def __init__(self, chain_id: int) -> None:
        self.chain_id = chain_id
        settings = pyrevm.CfgEnv(chain_id=chain_id, limit_contract_code_size=2**20)
        self._evm = pyrevm.EVM(env=pyrevm.Env(cfg=settings), spec_id="CANCUN")
        self._set_block(1, GENESIS_TIME_S)

    def _set_block(self, number: int, now_s: int) -> None:
        self.block, self.now_s = number, now_s
        self._evm.set_block_env(pyrevm.BlockEnv(number=number, timestamp=now_s))

    def pass_time(self, seconds: int) -> None:
        self._set_block(self.block + 1, self.now_s + seconds)

    def deploy(self, sender: Address, code: bytes) -> Address:
        return parse_address(self._evm.deploy(sender, code))

    def give_coin(self, account: Address, amount_wei: int) -> None:
        """Make native coin out of nothing."""
        self._evm.set_balance(account, self.coin_of(account) + amount_wei)

    def coin_of(self, account: Address) -> int:
        return int(self._evm.get_balance(account))

    def send(self, sender: Address, call: Call, coin_wei: int = 0) -> Outcome:
        """Send a call in a block of its own."""
        self.pass_time(BLOCK_TIME_S)
        try:
            output = bytes(self._evm.message_call(sender, call.to, call.data, value=coin_wei))
        except RuntimeError as error:
            return Outcome(error=decode_revert(_revert_data(error)))
        logs = tuple(
            RawLog(
                address=parse_address(log.address),
                topics=tuple(log.data[0]),
                data=log.data[1],
                **_NO_PLACE,
            )
            for log in self._evm.result.logs
        )
        known = (decode_event(log) for log in logs)
        events = tuple(event for event in known if event)
        return Outcome(output, events, gas_used=self._evm.result.gas_used, logs=logs)

    async def eth_call(
        self, call: Call, *, at: At = "latest", sender: Address | None = None
    ) -> bytes:
        """Answer the SDK's wrappers; see `read`."""
        assert at == "latest"
        with self.rewound():
            return bytes(self._evm.message_call(sender or ZERO_ADDRESS, call.to, call.data))

    async def eth_calls(
        self, calls: Sequence[Call], *, at: At = "latest", sender: Address | None = None
    ) -> list[bytes]:
        return [await self.eth_call(call, at=at, sender=sender) for call in calls]

    def simulate(self, sender: Address, call: Call) -> bytes:
        """Return what a call would give, and leave no trace."""
        with self.rewound():
            return bytes(self._evm.message_call(sender, call.to, call.data))

    @contextmanager
    def rewound(self) -> Iterator[None]:
        """Undo at the end all that happens inside."""
        block, now_s, checkpoint = self.block, self.now_s, self._evm.snapshot()
        try:
            yield
        finally:
            self._evm.revert(checkpoint)
            self._set_block(block, now_s)


def read(view: Coroutine[Any, Any, T]) -> T:
    """Return the answer of a wrapper's view; this chain answers at once, without an event loop."""
    try:
        view.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise AssertionError("a view waited for something")


def _revert_data(error: RuntimeError) -> bytes:
    found = _REVERT_DATA.search(str(error))
    if found is None:
        raise error
    return bytes.fromhex(found[1])
