"""Mistakes planted in the contracts, one at a time, to show that the invariant suite finds them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mistake: in one file, one piece of text that stands there once becomes another."""

    name: str
    file: str
    right: str
    wrong: str

    def apply_to(self, source: str) -> str:
        """Plant the mistake; raises ValueError unless its place is found exactly once."""
        found = source.count(self.right)
        if found != 1:
            raise ValueError(f"mutant {self.name}: its place stands {found} times in {self.file}")
        return source.replace(self.right, self.wrong)


MUTANTS = (
    Mutant(
        "refund to whoever calls",
        "MetaScheduler.sol",
        "_pay(ending.customer, ending.refund);",
        "_pay(msg.sender, ending.refund);",
    ),
    Mutant(
        "any hot job may take any status",
        "libraries/JobTransitions.sol",
        "if ((ALLOWED >> (uint8(from) * STATUSES + uint8(to))) & 1 == 1) return;",
        "if (from != to && !isCold(from)) return;",
    ),
    Mutant(
        "fee rounded up",
        "libraries/Billing.sol",
        "return (finalCost * cutPercent) / PERCENT;",
        "return (finalCost * cutPercent + PERCENT - 1) / PERCENT;",
    ),
    Mutant(
        "an entry can be popped twice",
        "repository/Queues.sol",
        "popped.isDrained = head == tail;",
        "if (popped.jobId != 0) --head;\n        popped.isDrained = head == tail;",
    ),
    Mutant(
        "billing goes on after a cancel",
        "libraries/Billing.sol",
        "if (meter.cancelSecond == 0) return meter.nowSecond;",
        "return meter.nowSecond;",
    ),
    Mutant(
        "silence is paid in full",
        "libraries/Billing.sol",
        "if (checkpointSecond == 0) return 0;",
        "if (checkpointSecond == 0) return meter.paidMinutes;",
    ),
    Mutant(
        "the rest of a top-up is lost",
        "JobRepository.sol",
        "job.funds.pendingTopUp = uint96(pending % costPerMinute);",
        "job.funds.pendingTopUp = 0;",
    ),
    Mutant(
        "fees stay in escrow",
        "MetaScheduler.sol",
        "uint120(ending.providerAmount + ending.fee + ending.refund)",
        "uint120(ending.providerAmount + ending.refund)",
    ),
    Mutant(
        "sitting on a job earns the fee",
        "JobRepository.sol",
        "if (block.timestamp >= _deadline(job, head)) return 0;",
        "",
    ),
    Mutant(
        "an ended job stays active",
        "JobRepository.sol",
        "_deactivate(ending.provider, job.funds.activePosition);",
        "",
    ),
    Mutant(
        "a top-up outlives its assignment",
        "JobRepository.sol",
        "job.funds.pendingTopUp = 0;\n        job.funds.activePosition",
        "job.funds.activePosition",
    ),
    Mutant(
        "anybody may panic a job",
        "MetaScheduler.sol",
        "string calldata _lastError\n    ) external onlyRole(METASCHEDULER_ROLE) {",
        "string calldata _lastError\n    ) external {",
    ),
    Mutant(
        "delegated credits are taken from the caller",
        "MetaScheduler.sol",
        "_topUp(_jobId, provider, customer, amount);",
        "_topUp(_jobId, provider, msg.sender, amount);",
    ),
    Mutant(
        "a deadline is a second early",
        "JobRepository.sol",
        "if (block.timestamp < deadline) revert DeadlineNotReached",
        "if (block.timestamp + 1 < deadline) revert DeadlineNotReached",
    ),
    Mutant(
        "a refused payment counts as made",
        "MetaScheduler.sol",
        "if (amount != 0) _credit.safeTransfer(receiver, amount);",
        "if (amount != 0) _credit.transfer(receiver, amount);",
    ),
    Mutant(
        "books are written after the payment",
        "MetaScheduler.sol",
        """        _ledger.escrow -= uint120(ending.providerAmount + ending.fee + ending.refund);
        _ledger.fees += uint120(ending.fee);
        emit JobSettled(
            jobId,
            ending.provider,
            ending.customer,
            ending.providerAmount,
            ending.fee,
            ending.refund
        );

        // Interactions
        _pay(ending.provider, ending.providerAmount);
        _pay(ending.customer, ending.refund);
""",
        """        Ledger memory ledger = _ledger;
        emit JobSettled(
            jobId,
            ending.provider,
            ending.customer,
            ending.providerAmount,
            ending.fee,
            ending.refund
        );

        // Interactions
        _pay(ending.provider, ending.providerAmount);
        _pay(ending.customer, ending.refund);
        ledger.escrow -= uint120(ending.providerAmount + ending.fee + ending.refund);
        ledger.fees += uint120(ending.fee);
        _ledger = ledger;
""",
    ),
    Mutant(
        "any hash confirms a proposal",
        "ProviderManager.sol",
        "if (actual != _proposalHash) revert",
        "if (_proposalHash == 0) revert",
    ),
    Mutant(
        "an approval keeps the old labels",
        "ProviderManager.sol",
        "        member.labels = member.proposal.labels;\n",
        "",
    ),
    Mutant(
        "a late permit is content with any allowance",
        "MetaScheduler.sol",
        "if (_credit.allowance(msg.sender, address(this)) < _value) {",
        "if (_credit.allowance(msg.sender, address(this)) == 0) {",
    ),
)
