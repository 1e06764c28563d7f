// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Refusals of the provider queues.
interface IQueueErrors {
    /// @notice The queue has nothing to claim.
    error NoJob();
}
