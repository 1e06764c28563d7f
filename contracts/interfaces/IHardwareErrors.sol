// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Refusals of a job by a provider's registration.
interface IHardwareErrors {
    /// @notice The provider is not joined, or banned.
    error ProviderNotJoined();
    /// @notice The registration lacks a resource: 0 CPUs, 1 memory, 2 GPUs, 3 a node for one task.
    error InsufficientHardware(uint8 resource, uint256 required, uint256 available);
}
