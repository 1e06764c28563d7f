"""ERC-2612 permits as their owners sign them."""

from dataclasses import asdict, dataclass

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_account.signers.local import LocalAccount
from tests.contracts.branches.facts import UNLIMITED, call_of
from tests.contracts.conformance.stage import Stage
from tests.contracts.invariants.world import CHAIN_ID, STRANGER

from deepsquare.chain.call import Call
from deepsquare.chain.contracts import Credit
from deepsquare.identifiers import Address, parse_address

Signature = tuple[int, bytes, bytes]
"""v, r and s."""

SIGNER: LocalAccount = Account.from_key("0x" + "11" * 32)
OTHER_SIGNER: LocalAccount = Account.from_key("0x" + "22" * 32)
OWNER = parse_address(SIGNER.address)
OTHER = parse_address(OTHER_SIGNER.address)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of the curve's group; a signature is canonical if s is in its lower half."""
FIELDS = [
    {"name": "owner", "type": "address"},
    {"name": "spender", "type": "address"},
    {"name": "value", "type": "uint256"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
]


@dataclass(frozen=True)
class Permit:
    """What a permit says."""

    owner: Address = OWNER
    spender: Address = STRANGER
    value: int = 7
    nonce: int = 0
    deadline: int = UNLIMITED

    def typed(self, credit: Credit) -> SignableMessage:
        domain = {
            "name": "DeepSquare Credit",
            "version": "1",
            "chainId": CHAIN_ID,
            "verifyingContract": credit.address,
        }
        return encode_typed_data(domain, {"Permit": FIELDS}, asdict(self))

    def signed(self, stage: Stage, signer: LocalAccount = SIGNER) -> Signature:
        made = signer.sign_message(self.typed(stage.world.credit))
        return made.v, made.r.to_bytes(32, "big"), made.s.to_bytes(32, "big")

    def signer_of(self, stage: Stage, signature: Signature) -> Address:
        """Whom the contract must take for the signer of these values."""
        v, r, s = signature
        vrs = (v, int.from_bytes(r, "big"), int.from_bytes(s, "big"))
        message = self.typed(stage.world.credit)
        return parse_address(Account.recover_message(message, vrs=vrs))

    def call(self, stage: Stage, signature: Signature) -> Call:
        values = (self.owner, self.spender, self.value, self.deadline, *signature)
        return call_of(stage.world.credit, "permit", *values)


def mirrored(signature: Signature) -> Signature:
    """The other signature of the same signer: s is in the upper half, which is not canonical."""
    v, r, s = signature
    return 55 - v, r, (ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
