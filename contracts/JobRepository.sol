// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Billing} from "./libraries/Billing.sol";
import {CodeBlob} from "./libraries/CodeBlob.sol";
import {Definitions} from "./libraries/Definitions.sol";
import {JobFlags} from "./libraries/JobFlags.sol";
import {JobIds} from "./libraries/JobIds.sol";
import {JobTransitions} from "./libraries/JobTransitions.sol";
import {Labels} from "./libraries/Labels.sol";
import {JobViews} from "./repository/JobViews.sol";
import {
    Ending,
    JobDemand,
    JobFunds,
    JobHead,
    JobLease,
    JobProgress,
    JobRecord,
    Popped,
    ProviderBook,
    QueueKind
} from "./types/JobRecord.sol";
import {JobDefinition, JobStatus} from "./types/JobTypes.sol";
import {Terms} from "./types/Terms.sol";

/// @title The state machine of the jobs, with their records, active sets and queues.
/// @notice The interface documents the functions.
contract JobRepository is JobViews {
    using JobFlags for uint8;
    using JobTransitions for JobStatus;

    uint256 private constant MAX_LAST_ERROR_BYTES = 256;

    address public immutable metaScheduler;

    modifier onlyMetaScheduler() {
        if (msg.sender != metaScheduler) revert MetaSchedulerOnly();
        _;
    }

    constructor(address metaScheduler_) {
        metaScheduler = metaScheduler_;
    }

    function create(
        address customer,
        JobDefinition calldata definition,
        uint256 lockedCredits,
        bytes32 jobName,
        bool isDelegated
    ) external onlyMetaScheduler returns (bytes32 jobId) {
        // Checks
        Definitions.check(definition);
        if (lockedCredits > MAX_AMOUNT) revert AmountTooLarge(lockedCredits);
        jobId = JobIds.derive(customer, _nonces[customer]);
        JobRecord storage job = _jobs[jobId];
        if (job.head.customer != address(0)) revert InvalidJob();

        // Effects
        ++_nonces[customer];
        uint8 flags = _storeLabels(jobId, definition);
        job.head.customer = customer;
        job.head.storageType = definition.storageType;
        job.head.flags = flags.set(JobFlags.DELEGATED, isDelegated);
        job.head.since = uint40(block.timestamp);
        job.head.blockNumber = uint32(block.number);
        job.demand = JobDemand({
            gpus: definition.gpus,
            memPerCpu: definition.memPerCpu,
            cpusPerTask: definition.cpusPerTask,
            ntasks: definition.ntasks
        });
        job.batchLocationHash = definition.batchLocationHash;
        job.name = jobName;
        job.funds = JobFunds({
            maxCost: uint96(lockedCredits),
            pendingTopUp: 0,
            submit: uint32(block.timestamp),
            activePosition: _activate(address(0), jobId)
        });
        emit JobCreated(jobId);
    }

    function assign(
        bytes32 jobId,
        address provider,
        uint256 costPerMinute,
        Terms terms
    ) external onlyMetaScheduler returns (address customer) {
        // Checks
        JobRecord storage job = _known(jobId);
        uint256 locked = job.funds.maxCost;
        if (locked < costPerMinute) revert LockedCreditsTooLow(locked, costPerMinute);

        // Effects
        _move(jobId, job, JobStatus.META_SCHEDULED);
        job.lease = JobLease({provider: provider, costPerMinute: uint96(costPerMinute)});
        job.progress.termsOrFinalCost = Terms.unwrap(terms);
        _deactivate(address(0), job.funds.activePosition);
        job.funds.activePosition = _activate(provider, jobId);
        _push(provider, QueueKind.CLAIMABLE, jobId);
        return job.head.customer;
    }

    function claim(
        address provider,
        uint256 maxSkips
    )
        external
        onlyMetaScheduler
        returns (
            Popped memory popped,
            address customer,
            uint64 paidMinutes,
            JobDefinition memory definition,
            address labelBlob
        )
    {
        popped = _pop(provider, QueueKind.CLAIMABLE, maxSkips);
        if (popped.jobId != 0) {
            JobRecord storage job = _jobs[popped.jobId];
            _move(popped.jobId, job, JobStatus.SCHEDULED);
            customer = job.head.customer;
            paidMinutes = _toUint64Saturated(_paidMinutes(job));
            definition = _definition(job);
            labelBlob = _labelBlob(popped.jobId, job);
        }
    }

    function claimCancelling(
        address provider,
        uint256 maxSkips
    ) external onlyMetaScheduler returns (Popped memory popped, address customer) {
        popped = _pop(provider, QueueKind.CANCELLING, maxSkips);
        customer = _jobs[popped.jobId].head.customer;
    }

    function claimMinutes(
        address provider,
        uint256 maxSkips
    ) external onlyMetaScheduler returns (Popped memory popped, uint64 additionalMinutes) {
        popped = _pop(provider, QueueKind.TOP_UP, maxSkips);
        if (popped.jobId != 0) {
            JobRecord storage job = _jobs[popped.jobId];
            uint256 pending = job.funds.pendingTopUp;
            uint256 costPerMinute = job.lease.costPerMinute;
            additionalMinutes = _toUint64Saturated(
                Billing.paidMinutesRoundedDown(pending, costPerMinute)
            );
            job.funds.pendingTopUp = uint96(pending % costPerMinute);
            job.head.flags = job.head.flags.set(JobFlags.TOP_UP_QUEUED, false);
        }
    }

    function setStarted(
        bytes32 jobId,
        address caller,
        string calldata lastError,
        int64 exitCode
    ) external onlyMetaScheduler {
        // Checks
        JobRecord storage job = _ofProvider(jobId, caller);

        // Effects
        _move(jobId, job, JobStatus.RUNNING);
        _setLastError(jobId, lastError);
        if (exitCode != 0) job.progress.exitCode = exitCode;
        _countStart(_books[caller]);
    }

    function report(
        bytes32 jobId,
        address caller,
        JobStatus next,
        uint64 reportedMinutes,
        string calldata lastError,
        int64 exitCode
    ) external onlyMetaScheduler returns (Ending memory ending) {
        // Checks
        JobRecord storage job = _ofProvider(jobId, caller);
        if (!next.isCold()) revert RunningColdStatusOnly(next);

        // Effects
        JobHead memory head = job.head;
        _move(jobId, job, next);
        uint256 billed = 0;
        if (head.status == JobStatus.RUNNING) {
            (billed, ending.isOverbilled) = Billing.billedByReport(
                _meter(job, head),
                reportedMinutes
            );
        }
        _setLastError(jobId, lastError);
        job.progress.exitCode = exitCode;
        job.head.flags = head.flags.set(JobFlags.REPORTED, true);
        _settleWithFee(job, head, billed, ending);
    }

    function cancel(
        bytes32 jobId,
        address caller
    ) external onlyMetaScheduler returns (Ending memory ending) {
        // Checks
        JobRecord storage job = _ofCustomer(jobId, caller);
        JobHead memory head = job.head;
        if (head.flags.has(JobFlags.CANCEL_REQUESTED)) return ending;

        // Effects
        uint8 flags = head.flags.set(JobFlags.CANCEL_REQUESTED, true);
        ending.isStopping = head.status.isScheduledOrRunning();
        if (ending.isStopping) _push(job.lease.provider, QueueKind.CANCELLING, jobId);
        if (head.status == JobStatus.RUNNING) {
            job.head.flags = flags.set(JobFlags.DELEGATED, false);
            job.progress.cancelRequestTimestamp = uint40(block.timestamp);
            ending.provider = job.lease.provider;
        } else {
            _move(jobId, job, JobStatus.CANCELLED);
            job.head.flags = flags;
            _settle(job, head, _cancellationFee(job, head), 0, ending);
        }
    }

    function panic(
        bytes32 jobId,
        string calldata lastError
    ) external onlyMetaScheduler returns (Ending memory ending) {
        // Checks
        JobRecord storage job = _known(jobId);
        JobHead memory head = job.head;

        // Effects
        _move(jobId, job, JobStatus.PANICKED);
        _setLastError(jobId, lastError);
        _stopUnlessAsked(jobId, job, head, ending);
        _settle(job, head, 0, 0, ending);
    }

    function expire(bytes32 jobId) external onlyMetaScheduler returns (Ending memory ending) {
        // Checks
        JobRecord storage job = _known(jobId);
        JobHead memory head = job.head;
        if (head.status != JobStatus.RUNNING) revert RunningStatusOnly(head.status);
        _checkOverdue(job, head);

        // Effects
        _move(jobId, job, JobStatus.PANICKED);
        uint256 billed = Billing.billedByCheckpoint(
            _meter(job, head),
            job.progress.checkpointOrStart
        );
        job.head.flags = head.flags.set(JobFlags.EXPIRED, true);
        _stopUnlessAsked(jobId, job, head, ending);
        _settleWithFee(job, head, billed, ending);
    }

    function refuse(
        bytes32 jobId,
        address caller
    ) external onlyMetaScheduler returns (address customer) {
        // Checks
        JobRecord storage job = _ofProvider(jobId, caller);
        JobStatus status = job.head.status;
        if (!status.isUnstarted()) revert MetaScheduledScheduledStatusOnly(status);

        // Effects
        _unassign(jobId, job);
        return job.head.customer;
    }

    function timeout(
        bytes32 jobId,
        bool mustBeOverdue
    )
        external
        onlyMetaScheduler
        returns (address customer, address provider, bool isStopping)
    {
        // Checks
        JobRecord storage job = _known(jobId);
        JobHead memory head = job.head;
        JobTransitions.check(head.status, JobStatus.PENDING);
        if (mustBeOverdue) _checkOverdue(job, head);

        // Effects
        customer = head.customer;
        provider = job.lease.provider;
        isStopping = head.status == JobStatus.SCHEDULED;
        if (isStopping) _push(provider, QueueKind.CANCELLING, jobId);
        _unassign(jobId, job);
    }

    function checkpoint(bytes32 jobId, address caller) external onlyMetaScheduler {
        // Checks
        JobRecord storage job = _ofProvider(jobId, caller);
        JobStatus status = job.head.status;
        if (status != JobStatus.RUNNING) revert RunningStatusOnly(status);

        // Effects
        job.progress.checkpointOrStart = uint40(block.timestamp);
    }

    function topUp(bytes32 jobId, uint256 amount) external onlyMetaScheduler {
        // Checks
        JobRecord storage job = _known(jobId);
        JobFunds memory funds = job.funds;
        if (amount > MAX_AMOUNT - funds.maxCost) revert AmountTooLarge(amount);

        // Effects
        funds.maxCost += uint96(amount);
        funds.pendingTopUp += uint96(amount);
        job.funds.maxCost = funds.maxCost;
        job.funds.pendingTopUp = funds.pendingTopUp;
        uint8 flags = job.head.flags;
        JobLease memory lease = job.lease;
        if (funds.pendingTopUp >= lease.costPerMinute && !flags.has(JobFlags.TOP_UP_QUEUED)) {
            job.head.flags = flags.set(JobFlags.TOP_UP_QUEUED, true);
            _push(lease.provider, QueueKind.TOP_UP, jobId);
        }
    }

    function setDelegated(
        bytes32 jobId,
        address caller,
        bool isDelegated
    ) external onlyMetaScheduler {
        // Checks
        JobRecord storage job = _ofCustomer(jobId, caller);

        // Effects
        job.head.flags = job.head.flags.set(JobFlags.DELEGATED, isDelegated);
    }

    /// @dev TRANSITION of protocol.md 2.3, and the only place that changes a status.
    function _move(bytes32 jobId, JobRecord storage job, JobStatus to) private {
        JobStatus from = job.head.status;
        JobTransitions.check(from, to);
        emit JobTransitionEvent(jobId, from, to);
        job.head.status = to;
        job.head.since = uint40(block.timestamp);
        job.head.blockNumber = uint32(block.number);
    }

    /// @dev UNASSIGN of protocol.md 3.1: the credits stay, everything of the provider goes.
    function _unassign(bytes32 jobId, JobRecord storage job) private {
        _move(jobId, job, JobStatus.PENDING);
        job.head.flags = job.head.flags.set(JobFlags.TOP_UP_QUEUED, false);
        _deactivate(job.lease.provider, job.funds.activePosition);
        job.funds.pendingTopUp = 0;
        job.funds.activePosition = _activate(address(0), jobId);
        delete job.lease;
        delete job.progress;
    }

    /// @dev `head` is that from before the end, here and in what follows.
    function _settleWithFee(
        JobRecord storage job,
        JobHead memory head,
        uint256 billedMinutes,
        Ending memory ending
    ) private {
        uint256 finalCost = billedMinutes * job.lease.costPerMinute;
        uint256 cut = Terms.wrap(job.progress.termsOrFinalCost).deepsquareCut();
        uint256 fee = Billing.feeRoundedDown(finalCost, cut);
        _settle(job, head, finalCost, fee, ending);
    }

    /// @dev SETTLE of protocol.md 3.1, as far as it concerns the record, after the TRANSITION. What
    ///      the fee leaves of the final cost is the provider's, what the final cost leaves of the
    ///      lock is the customer's.
    function _settle(
        JobRecord storage job,
        JobHead memory head,
        uint256 finalCost,
        uint256 fee,
        Ending memory ending
    ) private {
        ending.customer = head.customer;
        ending.provider = job.lease.provider;
        ending.providerAmount = finalCost - fee;
        ending.fee = fee;
        ending.refund = job.funds.maxCost - finalCost;
        ending.isSettled = true;
        _deactivate(ending.provider, job.funds.activePosition);
        job.funds.pendingTopUp = 0;
        if (ending.provider != address(0)) _storeOutcome(job, head, finalCost);
    }

    function _storeOutcome(
        JobRecord storage job,
        JobHead memory head,
        uint256 finalCost
    ) private {
        job.progress.termsOrFinalCost = uint96(finalCost);
        job.progress.checkpointOrStart = head.status == JobStatus.RUNNING ? head.since : 0;
    }

    /// @dev Tell the provider to stop, unless a cancel request has told it already.
    function _stopUnlessAsked(
        bytes32 jobId,
        JobRecord storage job,
        JobHead memory head,
        Ending memory ending
    ) private {
        ending.isStopping =
            head.status.isScheduledOrRunning() &&
            !head.flags.has(JobFlags.CANCEL_REQUESTED);
        if (ending.isStopping) _push(job.lease.provider, QueueKind.CANCELLING, jobId);
    }

    function _setLastError(bytes32 jobId, string calldata lastError) private {
        bytes calldata text = bytes(lastError);
        if (text.length == 0) return;
        uint256 length = text.length < MAX_LAST_ERROR_BYTES ? text.length : MAX_LAST_ERROR_BYTES;
        _lastErrors[jobId] = string(text[:length]);
    }

    /// @dev Stands still at its greatest value, so that counting never stops a report.
    function _countStart(ProviderBook storage book) private {
        uint32 started = book.startedJobs;
        if (started != type(uint32).max) book.startedJobs = started + 1;
    }

    function _storeLabels(
        bytes32 jobId,
        JobDefinition calldata definition
    ) private returns (uint8 flags) {
        if (definition.uses.length + definition.affinity.length == 0) return 0;
        _labelBlobs[jobId] = CodeBlob.store(
            bytes.concat(Labels.pack(definition.uses), Labels.pack(definition.affinity))
        );
        return JobFlags.LABELLED;
    }

    function _ofProvider(
        bytes32 jobId,
        address caller
    ) private view returns (JobRecord storage job) {
        job = _known(jobId);
        address provider = job.lease.provider;
        if (caller != provider) revert JobProviderOnly(caller, provider);
    }

    /// @dev A hot job of that customer.
    function _ofCustomer(
        bytes32 jobId,
        address caller
    ) private view returns (JobRecord storage job) {
        job = _known(jobId);
        address customer = job.head.customer;
        if (caller != customer) revert CustomerOnly(caller, customer);
        JobStatus status = job.head.status;
        if (status.isCold()) revert JobHotStatusOnly(status);
    }

    function _checkOverdue(JobRecord storage job, JobHead memory head) private view {
        uint256 deadline = _deadline(job, head);
        if (block.timestamp < deadline) revert DeadlineNotReached(block.timestamp, deadline);
    }

    /// @dev The price of a place that was reserved in time: only for a scheduled job that its
    ///      provider may still start.
    function _cancellationFee(
        JobRecord storage job,
        JobHead memory head
    ) private view returns (uint256) {
        if (head.status != JobStatus.SCHEDULED) return 0;
        if (block.timestamp >= _deadline(job, head)) return 0;
        uint256 feeMinutes = Terms
            .wrap(job.progress.termsOrFinalCost)
            .cancellationFeeMinute();
        uint256 paid = _paidMinutes(job);
        return (feeMinutes < paid ? feeMinutes : paid) * job.lease.costPerMinute;
    }

    function _meter(
        JobRecord storage job,
        JobHead memory head
    ) private view returns (Billing.Meter memory) {
        JobProgress memory progress = job.progress;
        Terms terms = Terms.wrap(progress.termsOrFinalCost);
        return
            Billing.Meter({
                startSecond: head.since,
                nowSecond: block.timestamp,
                cancelSecond: progress.cancelRequestTimestamp,
                graceMinutes: terms.expireGraceMinute(),
                deltaMinutes: terms.billDurationDeltaMinute(),
                paidMinutes: _paidMinutes(job)
            });
    }
}
