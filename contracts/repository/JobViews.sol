// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IJobRepository} from "../interfaces/IJobRepository.sol";
import {Definitions} from "../libraries/Definitions.sol";
import {JobFlags} from "../libraries/JobFlags.sol";
import {JobIds} from "../libraries/JobIds.sol";
import {JobTransitions} from "../libraries/JobTransitions.sol";
import {Pages} from "../libraries/Pages.sol";
import {
    JobDemand,
    JobFunds,
    JobHead,
    JobProgress,
    JobRecord,
    QueueKind
} from "../types/JobRecord.sol";
import {
    Job,
    JobCost,
    JobDefinition,
    JobStatus,
    JobTerms,
    JobTime
} from "../types/JobTypes.sol";
import {Terms} from "../types/Terms.sol";
import {ActiveSets} from "./ActiveSets.sol";
import {Queues} from "./Queues.sol";

/// @notice Everything that can be read of the jobs.
abstract contract JobViews is IJobRepository, ActiveSets, Queues {
    using JobFlags for uint8;
    using JobTransitions for JobStatus;

    function get(bytes32 _jobId) external view returns (Job memory) {
        Job memory job;
        JobRecord storage record = _known(_jobId);
        JobHead memory head = record.head;
        job.jobId = _jobId;
        job.status = head.status;
        job.customerAddr = head.customer;
        job.providerAddr = record.lease.provider;
        job.definition = _definition(record);
        Definitions.addLabels(job.definition, _labelBlob(_jobId, record));
        job.cost = _cost(record, head);
        job.time = _time(record, head);
        job.jobName = record.name;
        job.hasCancelRequest = head.flags.has(JobFlags.CANCEL_REQUESTED);
        job.lastError = head.flags.has(JobFlags.EXPIRED) ? "expired" : _lastErrors[_jobId];
        job.exitCode = record.progress.exitCode;
        return job;
    }

    function getTerms(bytes32 _jobId) external view returns (JobTerms memory) {
        JobTerms memory result;
        JobRecord storage record = _known(_jobId);
        JobHead memory head = record.head;
        if (head.status == JobStatus.PENDING || head.status.isCold()) return result;
        JobProgress memory progress = record.progress;
        Terms terms = Terms.wrap(progress.termsOrFinalCost);
        result.costPerMinute = record.lease.costPerMinute;
        result.deepsquareCut = terms.deepsquareCut();
        result.billDurationDeltaMinute = terms.billDurationDeltaMinute();
        result.cancellationFeeMinute = terms.cancellationFeeMinute();
        result.topUpSliceDurationMin = terms.topUpSliceDurationMin();
        result.claimJobTimeout = terms.claimJobTimeout();
        result.startJobTimeout = terms.startJobTimeout();
        result.expireGraceMinute = terms.expireGraceMinute();
        result.lastCheckpoint = progress.checkpointOrStart;
        result.deadline = _toUint64Saturated(_deadline(record, head));
        return result;
    }

    function parties(
        bytes32 jobId
    ) external view returns (address customer, address provider, JobStatus status) {
        JobRecord storage record = _known(jobId);
        return (record.head.customer, record.lease.provider, record.head.status);
    }

    function assignable(bytes32 jobId) external view returns (JobDemand memory) {
        JobRecord storage record = _known(jobId);
        JobTransitions.check(record.head.status, JobStatus.META_SCHEDULED);
        return record.demand;
    }

    function delegatedSlice(bytes32 jobId) external view returns (uint256 amount) {
        JobRecord storage record = _known(jobId);
        JobHead memory head = record.head;
        if (!head.flags.has(JobFlags.DELEGATED)) revert NoSpendingAuthority();
        if (!head.status.isScheduledOrRunning()) revert RunningScheduledStatusOnly(head.status);
        bool isRunning = head.status == JobStatus.RUNNING;
        uint256 elapsed = isRunning ? (block.timestamp - head.since) / 1 minutes : 0;
        uint256 paid = _paidMinutes(record);
        if (elapsed > paid) revert PaidTimeExceeded(elapsed, paid);
        uint256 slice = Terms.wrap(record.progress.termsOrFinalCost).topUpSliceDurationMin();
        if (paid - elapsed > slice) revert RemainingTimeAboveLimit(paid - elapsed, slice);
        return slice * record.lease.costPerMinute;
    }

    function getByCustomer(address customerAddr) external view returns (bytes32[] memory) {
        return _idsFrom(customerAddr, 0, _nonces[customerAddr]);
    }

    function getByCustomer(
        address _customerAddr,
        uint256 _cursor,
        uint256 _limit
    ) external view returns (bytes32[] memory jobIds, uint256 nextCursor) {
        uint256 length = Pages.length(_nonces[_customerAddr], _cursor, _limit);
        return (_idsFrom(_customerAddr, _cursor, length), _cursor + length);
    }

    /// @dev The parameters have no names in the published ABI, so they are read from the call data.
    function jobIdByCustomer(address, uint256) external view returns (bytes32) {
        (address customer, uint256 nonce) = abi.decode(msg.data[4:], (address, uint256));
        return JobIds.derive(customer, nonce);
    }

    function customerNonce(address _customerAddr) external view returns (uint256) {
        return _nonces[_customerAddr];
    }

    function getActiveByProvider(
        address _providerAddr,
        uint256 _cursor,
        uint256 _limit
    ) external view returns (bytes32[] memory jobIds, uint256 nextCursor) {
        uint256 length = Pages.length(_activeCount(_providerAddr), _cursor, _limit);
        jobIds = new bytes32[](length);
        for (uint256 i = 0; i < length; ++i) {
            jobIds[i] = _activeAt(_providerAddr, _cursor + i);
        }
        nextCursor = _cursor + length;
    }

    function activeJobCount(address _providerAddr) external view returns (uint256) {
        return _activeCount(_providerAddr);
    }

    function startedJobs(address _providerAddr) external view returns (uint64) {
        return _books[_providerAddr].startedJobs;
    }

    function hasClaim(address provider, QueueKind kind) external view returns (bool) {
        return _hasClaim(provider, kind);
    }

    function queueSize(address provider, QueueKind kind) external view returns (uint256) {
        return _size(provider, kind);
    }

    /// @dev All of the definition but its labels.
    function _definition(
        JobRecord storage record
    ) internal view returns (JobDefinition memory definition) {
        JobDemand memory demand = record.demand;
        definition.gpus = demand.gpus;
        definition.memPerCpu = demand.memPerCpu;
        definition.cpusPerTask = demand.cpusPerTask;
        definition.ntasks = demand.ntasks;
        definition.batchLocationHash = record.batchLocationHash;
        definition.storageType = record.head.storageType;
    }

    /// @dev Where the labels are kept; 0 if there are none.
    function _labelBlob(
        bytes32 jobId,
        JobRecord storage record
    ) internal view returns (address) {
        return record.head.flags.has(JobFlags.LABELLED) ? _labelBlobs[jobId] : address(0);
    }

    function _cost(
        JobRecord storage record,
        JobHead memory head
    ) private view returns (JobCost memory) {
        JobFunds memory funds = record.funds;
        return
            JobCost({
                maxCost: funds.maxCost,
                finalCost: head.status.isCold() ? record.progress.termsOrFinalCost : 0,
                pendingTopUp: funds.pendingTopUp,
                delegateSpendingAuthority: head.flags.has(JobFlags.DELEGATED)
            });
    }

    /// @dev Only what cannot be told from the last transition is stored: a running job started then,
    ///      a cold one ended then, and one that never ran also started then.
    function _time(
        JobRecord storage record,
        JobHead memory head
    ) private view returns (JobTime memory time) {
        JobProgress memory progress = record.progress;
        bool isCold = head.status.isCold();
        bool hasRun = isCold && progress.checkpointOrStart != 0;
        time.submit = record.funds.submit;
        if (isCold) time.end = head.since;
        if (hasRun) time.start = progress.checkpointOrStart;
        else if (isCold || head.status == JobStatus.RUNNING) time.start = head.since;
        if (progress.cancelRequestTimestamp != 0) {
            time.cancelRequestTimestamp = progress.cancelRequestTimestamp;
        } else if (head.flags.has(JobFlags.CANCEL_REQUESTED)) {
            time.cancelRequestTimestamp = head.since;
        }
        time.blockNumberStateChange = head.blockNumber;
        if (head.status == JobStatus.PANICKED) time.panicTimestamp = head.since;
    }

    function _idsFrom(
        address customer,
        uint256 first,
        uint256 length
    ) private view returns (bytes32[] memory jobIds) {
        jobIds = new bytes32[](length);
        for (uint256 i = 0; i < length; ++i) {
            jobIds[i] = JobIds.derive(customer, first + i);
        }
    }
}
