// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {JobDefinition, JobStatus} from "../types/JobTypes.sol";
import {ICreditErrors} from "./ICreditErrors.sol";
import {IHardwareErrors} from "./IHardwareErrors.sol";
import {IJobErrors} from "./IJobErrors.sol";
import {IQueueErrors} from "./IQueueErrors.sol";

/// @title The entry point for everything that happens to a job; holds the escrow and the fees.
/// @notice See protocol.md for the rules. Amounts are credit-wei, times Unix seconds.
interface IMetaScheduler is IJobErrors, IQueueErrors, IHardwareErrors, ICreditErrors {
    /// @notice A customer has requested a job.
    event NewJobRequestEvent(bytes32 _jobId, address _customerAddr);
    /// @notice A provider has claimed a job, which may run for so many minutes.
    event ClaimJobEvent(
        address customerAddr,
        address providerAddr,
        bytes32 jobId,
        uint64 maxDurationMinute,
        JobDefinition jobDefinition
    );
    /// @notice A provider has taken note that it must stop a job.
    event ClaimNextCancellingJobEvent(address customerAddr, address providerAddr, bytes32 jobId);
    /// @notice A provider has taken note of so many additional minutes.
    event ClaimNextTopUpJobEvent(bytes32 _jobId, address _providerAddr, uint64 maxDurationMinute);
    /// @notice A job went back to PENDING: refused by the provider, or taken from it.
    event JobRefusedEvent(bytes32 _jobId, address _providerAddr, address _customerAddr);
    /// @notice A provider has reported more minutes than can have passed; they are not billed.
    event BilledTooMuchEvent(bytes32 _jobId, address _providerAddr, uint256 _billingAmount);
    /// @notice A provider has something to claim, at this price.
    event JobAssigned(
        bytes32 indexed _jobId,
        address indexed _providerAddr,
        address indexed _customerAddr,
        uint256 _costPerMinute
    );
    /// @notice A job has ended, and its lock is paid out. Once a job.
    event JobSettled(
        bytes32 indexed _jobId,
        address indexed _providerAddr,
        address indexed _customerAddr,
        uint256 _providerAmount,
        uint256 _fee,
        uint256 _refund
    );
    /// @notice The lock of a job has been raised.
    event JobToppedUp(
        bytes32 indexed _jobId,
        address indexed _providerAddr,
        address indexed _payer,
        uint256 _amount
    );
    /// @notice A provider has something to stop.
    event JobStopRequested(bytes32 indexed _jobId, address indexed _providerAddr);
    /// @notice An item of `tryMulticall` failed and was undone.
    event CallFailed(uint256 indexed _index, bytes _reason);
    /// @notice New requests are allowed, or stopped.
    event RequestNewJobEnabled(bool _enabled);
    /// @notice Fees have been paid out.
    event FeesWithdrawn(address indexed _to, uint256 _amount);

    /// @notice New requests are stopped.
    error NewJobRequestDisabled();
    /// @notice The amount is too small, or more than there is.
    error InsufficientFunds(uint256 available, uint256 required);
    /// @notice Only the customer, the provider or a meta-scheduler may do this.
    error CustomerMetaSchedulerProviderOnly();
    /// @notice The given contracts were not deployed for each other.
    error WiringMismatch();

    /// @notice Lock credits of the caller and request a job.
    function requestNewJob(
        JobDefinition calldata _definition,
        uint256 _lockedCredits,
        bytes32 _jobName,
        bool _delegateSpendingAuthority
    ) external returns (bytes32);

    /// @notice End the caller's job: at once, or once the provider has stopped it.
    function cancelJob(bytes32 _jobId) external;

    /// @notice Raise the lock of a scheduled or running job from the caller's allowance. Unused
    ///         credits go back to the customer, whoever paid.
    function topUpJob(bytes32 _jobId, uint256 _amount) external;

    /// @notice Raise the lock by one slice from the customer's allowance, as the customer allowed.
    function topUpJobDelegate(bytes32 _jobId) external;

    /// @notice Allow or forbid `topUpJobDelegate`.
    function setDelegateSpendingAuthority(bytes32 _jobId, bool _delegateSpendingAuthority) external;

    /// @notice Claim the next assigned job of the caller.
    function claimNextJob() external;

    /// @notice Claim up to `_max` jobs; does not revert when there are none.
    function claimNextJobs(uint256 _max) external returns (uint256 claimed);

    /// @notice Learn of the next job that the caller must stop.
    function claimNextCancellingJob() external;

    /// @notice Learn of up to `_max` jobs to stop; does not revert when there are none.
    function claimNextCancellingJobs(uint256 _max) external returns (uint256 claimed);

    /// @notice Learn of the next job of the caller that has got more minutes.
    function claimNextTopUpJob() external;

    /// @notice Learn of up to `_max` top-ups; does not revert when there are none.
    function claimNextTopUpJobs(uint256 _max) external returns (uint256 claimed);

    /// @notice Report that the caller's job runs, or how it ended after how many minutes.
    function providerSetJobStatus(
        bytes32 _jobId,
        JobStatus _nextJobStatus,
        uint64 _jobDurationMinute,
        string calldata _lastError,
        int64 _exitCode
    ) external;

    /// @notice Give an assigned job back.
    function refuseJob(bytes32 _jobId) external;

    /// @notice Attest that the caller's job has run until now; counts in `expireJob`.
    function checkpointJob(bytes32 _jobId) external;

    /// @notice Assign a pending job to a provider, at that provider's prices and today's terms.
    function metaSchedule(bytes32 _jobId, address _providerAddr) external;

    /// @notice Take an unstarted job from its provider; open to anyone after the deadline.
    function timeoutJob(bytes32 _jobId) external;

    /// @notice End a job with a full refund.
    function panicJob(bytes32 _jobId, string calldata _lastError) external;

    /// @notice End an overdue running job; the provider is paid up to its last checkpoint.
    function expireJob(bytes32 _jobId) external;

    /// @notice Allow or stop new requests, and nothing else.
    function setEnableRequestNewJob(bool _enable) external;

    /// @notice Pay accrued fees to the caller.
    function withdrawAdmin(uint256 _amount) external;

    /// @notice Do several calls as the caller; the first failure undoes all.
    function multicall(bytes[] calldata data) external returns (bytes[] memory results);

    /// @notice Do several calls as the caller; a failing one is undone alone.
    function tryMulticall(
        bytes[] calldata data
    ) external returns (bool[] memory success, bytes[] memory results);

    /// @notice Allow this contract to spend the caller's credits, by the caller's signature.
    function selfPermit(
        uint256 _value,
        uint256 _deadline,
        uint8 _v,
        bytes32 _r,
        bytes32 _s
    ) external;

    /// @notice The token.
    function credit() external view returns (address);

    /// @notice The tunable parameters.
    function constants() external view returns (address);

    /// @notice The registry of providers.
    function providerManager() external view returns (address);

    /// @notice The queues.
    function providerJobQueues() external view returns (address);

    /// @notice The jobs.
    function jobs() external view returns (address);

    /// @notice Whether new requests are allowed.
    function enableRequestNewJob() external view returns (bool);

    /// @notice Fees settled and not yet withdrawn.
    function accruedFees() external view returns (uint256);

    /// @notice The sum of the locks of all hot jobs.
    function totalEscrow() external view returns (uint256);

    /// @notice May assign, take back and panic jobs.
    // solhint-disable-next-line func-name-mixedcase
    function METASCHEDULER_ROLE() external view returns (bytes32);
}
