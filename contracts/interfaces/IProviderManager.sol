// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Label} from "../types/JobTypes.sol";
import {Provider, ProviderHardware, ProviderPrices} from "../types/ProviderTypes.sol";
import {IHardwareErrors} from "./IHardwareErrors.sol";

/// @title Registration, approval and ban of providers (protocol.md 3.7).
/// @notice A registration acts when the operator has approved it. Approved data changes by approval
///         and removal only.
interface IProviderManager is IHardwareErrors {
    /// @notice A provider has proposed a registration.
    event ProviderWaitingForApproval(address addr);
    /// @notice A proposal has become the provider's registration.
    event ProviderApproved(address addr);
    /// @notice A provider is no longer joined, and its proposal is dropped.
    event ProviderRemoved(address addr);
    /// @notice A ban has begun or ended.
    event ProviderBanChanged(address addr, bool status);

    /// @notice The provider is banned.
    error Banned();
    /// @notice A cluster has 1 to 1,024 nodes.
    error InvalidNodesCount();
    /// @notice The three lists must have one entry a node.
    error ArrayLengthMismatch();
    /// @notice The cluster has no CPU.
    error InvalidTotalCpus();
    /// @notice The cluster has no memory.
    error InvalidTotalMem();
    /// @notice No proposal waits.
    error WaitingApprovalOnly();
    /// @notice The address is neither joined nor waiting.
    error NoProvider();
    /// @notice The ban is as asked already.
    error AlreadyDone();
    /// @notice A node has more than 2^32-1 CPUs or GPUs, or a total is above 2^64-1.
    error HardwareOutOfRange();
    /// @notice A price is above 2^96-1, or CPUs and memory are both free.
    error InvalidPrices();
    /// @notice The labels are too many or too long, or a key is empty.
    error LabelsTooLarge(uint256 actual, uint256 limit);
    /// @notice The proposal is no longer the one that was looked at.
    error ProposalChanged(bytes32 expected, bytes32 actual);

    /// @notice Propose the caller's registration, or withdraw a proposal by repeating what is approved.
    function register(
        ProviderHardware calldata _hardware,
        ProviderPrices calldata _prices,
        Label[] calldata _labels
    ) external;

    /// @notice Approve whatever proposal waits. Prefer `approveProposal`.
    function approve(address _providerAddr) external;

    /// @notice Approve the proposal that has this hash.
    function approveProposal(address _providerAddr, bytes32 _proposalHash) external;

    /// @notice End a membership and drop a proposal. Jobs already assigned are not touched.
    function remove(address _providerAddr) external;

    /// @notice Keep an address from new work and from registering.
    function ban(address _providerAddr) external;

    /// @notice End a ban.
    function unban(address _providerAddr) external;

    /// @notice Name the JobRepository that counts started jobs.
    function setJobCountSource(address _jobRepository) external;

    /// @notice The approved registration; empty for an address that is not joined.
    function getProvider(address _providerAddr) external view returns (Provider memory);

    /// @notice The waiting proposal; empty if none waits.
    function getWaitingForApprovalProvider(
        address _providerAddr
    ) external view returns (Provider memory);

    /// @notice The approved nodes.
    function getProviderHardware(
        address _providerAddr
    ) external view returns (ProviderHardware memory);

    /// @notice The approved prices.
    function getProviderPrices(address _providerAddr) external view returns (ProviderPrices memory);

    /// @notice The approved labels.
    function getLabels(address _providerAddr) external view returns (Label[] memory);

    /// @notice Whether a proposal waits.
    function isWaitingForApproval(address _providerAddr) external view returns (bool);

    /// @notice Whether the provider is joined and not banned.
    function isValidForScheduling(address _providerAddr) external view returns (bool);

    /// @notice Whether the address is banned, joined or not.
    function isBanned(address _providerAddr) external view returns (bool);

    /// @notice keccak256(abi.encode(hardware, prices, labels)) of the waiting proposal, or 0.
    function proposalHash(address _providerAddr) external view returns (bytes32);

    /// @notice Started jobs of the provider, by the current source; 0 without a source.
    function getJobCount(address _providerAddr) external view returns (uint64);

    /// @notice Check that a job fits the approved registration, and price it in credit-wei a minute.
    ///         Capacity in use is not considered.
    function quote(
        address _providerAddr,
        uint64 _gpus,
        uint64 _memPerCpu,
        uint64 _cpusPerTask,
        uint64 _ntasks
    ) external view returns (uint256 costPerMinute);

    /// @notice A page of the joined providers, without order.
    function getJoinedProviders(
        uint256 _cursor,
        uint256 _limit
    ) external view returns (address[] memory providers, uint256 nextCursor);

    /// @notice A page of the waiting providers, without order.
    function getWaitingProviders(
        uint256 _cursor,
        uint256 _limit
    ) external view returns (address[] memory providers, uint256 nextCursor);

    /// @notice How many providers are joined.
    function joinedCount() external view returns (uint256);

    /// @notice How many proposals wait.
    function waitingCount() external view returns (uint256);

    /// @notice The JobRepository that counts started jobs.
    function jobCountSource() external view returns (address);

    /// @notice May approve, remove, ban and unban.
    // solhint-disable-next-line func-name-mixedcase
    function PROVIDER_OPERATOR_ROLE() external view returns (bytes32);
}
