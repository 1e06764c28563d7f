// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IQueueErrors} from "./IQueueErrors.sol";

/// @title The three queues of a provider, to be looked at (protocol.md 3.4).
/// @notice Claimable jobs, jobs to stop, and top-ups to announce. The claims themselves are made on
///         MetaScheduler.
interface IProviderJobQueues is IQueueErrors {
    /// @notice Whether `claimNextJob` by that provider would not find the queue empty.
    function hasNextClaimableJob(address _providerAddr) external view returns (bool);

    /// @notice Whether `claimNextCancellingJob` by that provider would not find the queue empty.
    function hasCancellingJob(address _providerAddr) external view returns (bool);

    /// @notice Whether `claimNextTopUpJob` by that provider would not find the queue empty.
    function hasTopUpJob(address _providerAddr) external view returns (bool);

    /// @notice All entries of the claimable queue, stale ones too.
    function getClaimableJobQueueSize(address _providerAddr) external view returns (uint256 length);

    /// @notice All entries of the cancelling queue, stale ones too.
    function getCancellingJobQueueSize(
        address _providerAddr
    ) external view returns (uint256 length);

    /// @notice All entries of the top-up queue, stale ones too.
    function getTopUpJobQueueSize(address _providerAddr) external view returns (uint256 length);

    /// @notice The JobRepository that holds the queues.
    function jobs() external view returns (address);

    /// @notice The MetaScheduler that works on them.
    function metaScheduler() external view returns (address);
}
