// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {JobStatus} from "../types/JobTypes.sol";

/// @title Refusals about a job that both MetaScheduler and JobRepository can give.
interface IJobErrors {
    /// @notice No such job.
    error InvalidJob();
    /// @notice Only the job's customer may do this.
    error CustomerOnly(address current, address expected);
    /// @notice Only the job's provider may do this.
    error JobProviderOnly(address current, address expected);
    /// @notice The definition is empty where it must not be, or has an unknown operator.
    error InvalidJobDefinition();
    /// @notice A part of the definition is longer than the protocol allows.
    error JobDefinitionTooLarge(uint256 actual, uint256 limit);
    /// @notice The amount would bring the job's lock above 2^96-1 credit-wei.
    error AmountTooLarge(uint256 amount);
    /// @notice The job is in that status already.
    error SameStatusError();
    /// @notice The job has ended.
    error JobHotStatusOnly(JobStatus current);
    /// @notice The status cannot follow that status.
    error InvalidTransition(JobStatus from, JobStatus to);
    /// @notice The job must be assigned and not running.
    error MetaScheduledScheduledStatusOnly(JobStatus current);
    /// @notice A provider reports RUNNING or a cold status.
    error RunningColdStatusOnly(JobStatus current);
    /// @notice The job must be running.
    error RunningStatusOnly(JobStatus current);
    /// @notice The job must be scheduled or running.
    error RunningScheduledStatusOnly(JobStatus current);
    /// @notice The lock does not pay for one minute.
    error LockedCreditsTooLow(uint256 locked, uint256 costPerMinute);
    /// @notice It is too early: the time of the call and the deadline, in Unix seconds.
    error DeadlineNotReached(uint256 current, uint256 deadline);
    /// @notice The customer has not allowed delegated top-ups.
    error NoSpendingAuthority();
    /// @notice The paid time has run out, in minutes.
    error PaidTimeExceeded(uint256 elapsed, uint256 paid);
    /// @notice There is more paid time left than one slice, in minutes.
    error RemainingTimeAboveLimit(uint256 remaining, uint256 limit);
}
