"""The grid over a token that serves the MetaScheduler badly: what protocol.md 1.5 still promises.

A call that the token refuses leaves no trace. A call that the token makes from inside a transfer is
an ordinary call of the token, after all that the outer call has done to jobs and books. The books
say what was agreed, even when the token delivers less.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from tests.contracts.invariants.reference_grid import Reference

from deepsquare.chain._generated import errors as er
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import ZERO_ADDRESS, Address


class Vice(IntEnum):
    """As in HostileCredit.sol."""

    NONE = 0
    LIES = 1
    REVERTS = 2
    SKIMS = 3
    CALLS_BEFORE = 4
    CALLS_AFTER = 5


@dataclass
class Attack:
    """A vice that shows once, after ``patience`` transfers; ``inner`` is the call made from it."""

    vice: Vice
    patience: int
    inner: Callable[[Reference], object]


@dataclass
class HostileReference(Reference):
    """A grid whose token may be under attack, is a party itself, and holds a scheduler's role.

    ``surplus`` is what the MetaScheduler holds beyond its books; it may be negative.
    """

    token: Address = ZERO_ADDRESS
    attack: Attack | None = None
    surplus: int = 0

    def is_scheduler(self, account: Address) -> bool:
        return account == self.token or super().is_scheduler(account)

    def transfer(self, sender: Address, to: Address, amount: int) -> None:
        super().transfer(sender, to, amount)
        if to == self.meta_scheduler:
            self.surplus += amount

    def _check_payment(self, payer: Address, amount: int) -> None:
        """Under attack the token says what it wants, and only when it is asked to pay."""
        if self.attack is None:
            super()._check_payment(payer, amount)

    def _lock(self, payer: Address, amount: int) -> None:
        self.escrow += amount
        self._serve(payer, self.meta_scheduler, amount)

    def _pay(self, receiver: Address, amount: int) -> None:
        if amount:
            self._serve(self.meta_scheduler, receiver, amount)

    def _serve(self, payer: Address, to: Address, amount: int) -> None:
        attack = self._due_attack()
        vice = attack.vice if attack else Vice.NONE
        if vice == Vice.LIES:
            raise er.SafeERC20FailedOperation(self.token)
        if vice == Vice.REVERTS:
            raise er.ERC20InsufficientBalance(payer, 0, amount)
        if attack and vice == Vice.CALLS_BEFORE:
            self._call_back(attack)
        self._spend(payer, amount)
        self._move_within_balance(payer, to, amount)
        if vice == Vice.SKIMS:
            self._skim(to, amount // 10 + 1)
        if attack and vice == Vice.CALLS_AFTER:
            self._call_back(attack)

    def _due_attack(self) -> Attack | None:
        attack = self.attack
        if attack is None:
            return None
        if attack.patience:
            attack.patience -= 1
            return None
        self.attack = None
        return attack

    def _spend(self, payer: Address, amount: int) -> None:
        allowance = self.allowances[payer]
        if payer == self.meta_scheduler or allowance == 2**256 - 1:
            return
        if allowance < amount:
            raise er.ERC20InsufficientAllowance(self.meta_scheduler, allowance, amount)
        self.allowances[payer] -= amount

    def _move_within_balance(self, payer: Address, to: Address, amount: int) -> None:
        if self.balances[payer] < amount:
            raise er.ERC20InsufficientBalance(payer, self.balances[payer], amount)
        self._move(payer, to, amount)

    def _skim(self, victim: Address, amount: int) -> None:
        self._move(victim, self.token, amount)
        if victim == self.meta_scheduler:
            self.surplus -= amount

    def _call_back(self, attack: Attack) -> None:
        before = copy.deepcopy(self.__dict__)
        try:
            attack.inner(self)
        except DeepSquareError:
            self.__dict__.update(before)
