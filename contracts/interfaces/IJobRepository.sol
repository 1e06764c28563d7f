// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ending, JobDemand, Popped, QueueKind} from "../types/JobRecord.sol";
import {Job, JobDefinition, JobStatus, JobTerms} from "../types/JobTypes.sol";
import {Terms} from "../types/Terms.sol";
import {IJobErrors} from "./IJobErrors.sol";

/// @title The jobs: their records, their state machine, their active sets and queues.
/// @notice Everybody may read. Only the bound MetaScheduler may write: it checks roles, membership and
///         amounts and moves the credits; this contract checks what the job allows to its `caller`,
///         and says what is owed.
interface IJobRepository is IJobErrors {
    /// @notice A job exists, and is pending.
    event JobCreated(bytes32 _jobId);
    /// @notice A job has changed its status.
    event JobTransitionEvent(bytes32 _jobId, JobStatus _from, JobStatus _to);

    /// @notice Only the bound MetaScheduler may call this.
    error MetaSchedulerOnly();

    /// @notice Store a new job of that customer in PENDING.
    function create(
        address customer,
        JobDefinition calldata definition,
        uint256 lockedCredits,
        bytes32 jobName,
        bool isDelegated
    ) external returns (bytes32 jobId);

    /// @notice PENDING to META_SCHEDULED at a frozen price and on frozen terms.
    function assign(
        bytes32 jobId,
        address provider,
        uint256 costPerMinute,
        Terms terms
    ) external returns (address customer);

    /// @notice Take the next claimable job of a provider to SCHEDULED, dropping at most `maxSkips`
    ///         stale entries. `popped.jobId` is 0 if none was found. The definition comes without its
    ///         labels, which are kept at `labelBlob`, so that they are unpacked where they are told.
    function claim(
        address provider,
        uint256 maxSkips
    )
        external
        returns (
            Popped memory popped,
            address customer,
            uint64 paidMinutes,
            JobDefinition memory definition,
            address labelBlob
        );

    /// @notice Take the next job to stop off the provider's cancelling queue.
    function claimCancelling(
        address provider,
        uint256 maxSkips
    ) external returns (Popped memory popped, address customer);

    /// @notice Take the next top-up off the provider's queue, and announce its whole minutes.
    function claimMinutes(
        address provider,
        uint256 maxSkips
    ) external returns (Popped memory popped, uint64 additionalMinutes);

    /// @notice SCHEDULED to RUNNING, by the job's provider.
    function setStarted(
        bytes32 jobId,
        address caller,
        string calldata lastError,
        int64 exitCode
    ) external;

    /// @notice End a job by its provider's report (protocol.md 4.2).
    function report(
        bytes32 jobId,
        address caller,
        JobStatus next,
        uint64 reportedMinutes,
        string calldata lastError,
        int64 exitCode
    ) external returns (Ending memory);

    /// @notice End a job, or ask the provider to end it, for its customer.
    function cancel(bytes32 jobId, address caller) external returns (Ending memory);

    /// @notice End a job with a full refund, whatever it does.
    function panic(bytes32 jobId, string calldata lastError) external returns (Ending memory);

    /// @notice End an overdue running job, billed up to its last checkpoint.
    function expire(bytes32 jobId) external returns (Ending memory);

    /// @notice An assigned job that does not run back to PENDING, at its provider's wish.
    function refuse(bytes32 jobId, address caller) external returns (address customer);

    /// @notice Back to PENDING without the provider; only after the deadline if `mustBeOverdue`.
    /// @return customer The job's customer.
    /// @return provider The provider that lost the job.
    /// @return isStopping Whether the job entered that provider's cancelling queue.
    function timeout(
        bytes32 jobId,
        bool mustBeOverdue
    ) external returns (address customer, address provider, bool isStopping);

    /// @notice Note that the provider attests the job still runs.
    function checkpoint(bytes32 jobId, address caller) external;

    /// @notice Raise the lock of a scheduled or running job, and queue the top-up if it pays a minute.
    function topUp(bytes32 jobId, uint256 amount) external;

    /// @notice Allow or forbid delegated top-ups of a hot job, for its customer.
    function setDelegated(bytes32 jobId, address caller, bool isDelegated) external;

    /// @notice The full record.
    function get(bytes32 _jobId) external view returns (Job memory);

    /// @notice All job ids of a customer in the order of creation. Unbounded: prefer the paged form.
    function getByCustomer(address customerAddr) external view returns (bytes32[] memory);

    /// @notice A page of the job ids of a customer, in the order of creation.
    function getByCustomer(
        address _customerAddr,
        uint256 _cursor,
        uint256 _limit
    ) external view returns (bytes32[] memory jobIds, uint256 nextCursor);

    /// @notice The id of the n-th job of a customer, counted from 0, requested or not.
    function jobIdByCustomer(address, uint256) external view returns (bytes32);

    /// @notice How many jobs the customer has requested.
    function customerNonce(address _customerAddr) external view returns (uint256);

    /// @notice A page of the hot jobs of a provider, without order; of the pending jobs for address 0.
    function getActiveByProvider(
        address _providerAddr,
        uint256 _cursor,
        uint256 _limit
    ) external view returns (bytes32[] memory jobIds, uint256 nextCursor);

    /// @notice How many hot jobs the provider has; how many jobs are pending for address 0.
    function activeJobCount(address _providerAddr) external view returns (uint256);

    /// @notice The frozen terms and the deadline of a job; all 0 if it is pending or cold.
    function getTerms(bytes32 _jobId) external view returns (JobTerms memory);

    /// @notice How many jobs of the provider have begun to run here.
    function startedJobs(address _providerAddr) external view returns (uint64);

    /// @notice The bound MetaScheduler.
    function metaScheduler() external view returns (address);

    /// @notice Who is concerned by a job, and where it stands.
    function parties(
        bytes32 jobId
    ) external view returns (address customer, address provider, JobStatus status);

    /// @notice What a job asks for, provided that it can be assigned now.
    function assignable(bytes32 jobId) external view returns (JobDemand memory);

    /// @notice The credits of the next delegated top-up, provided that it is due.
    function delegatedSlice(bytes32 jobId) external view returns (uint256 amount);

    /// @notice Whether a claim on that queue would find something to claim or to drop.
    function hasClaim(address provider, QueueKind kind) external view returns (bool);

    /// @notice All entries of a queue, stale ones too.
    function queueSize(address provider, QueueKind kind) external view returns (uint256);
}
