// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IJobRepository} from "./interfaces/IJobRepository.sol";
import {IProviderJobQueues} from "./interfaces/IProviderJobQueues.sol";
import {QueueKind} from "./types/JobRecord.sol";

/// @title The queues of the providers, as their services look at them.
/// @notice A window on JobRepository, which keeps queues and jobs side by side: it has no state.
contract ProviderJobQueues is IProviderJobQueues {
    address public immutable metaScheduler;
    IJobRepository private immutable _jobs;

    constructor(address metaScheduler_, IJobRepository jobs_) {
        metaScheduler = metaScheduler_;
        _jobs = jobs_;
    }

    function jobs() external view returns (address) {
        return address(_jobs);
    }

    function hasNextClaimableJob(address _providerAddr) external view returns (bool) {
        return _jobs.hasClaim(_providerAddr, QueueKind.CLAIMABLE);
    }

    function hasCancellingJob(address _providerAddr) external view returns (bool) {
        return _jobs.hasClaim(_providerAddr, QueueKind.CANCELLING);
    }

    function hasTopUpJob(address _providerAddr) external view returns (bool) {
        return _jobs.hasClaim(_providerAddr, QueueKind.TOP_UP);
    }

    function getClaimableJobQueueSize(
        address _providerAddr
    ) external view returns (uint256 length) {
        return _jobs.queueSize(_providerAddr, QueueKind.CLAIMABLE);
    }

    function getCancellingJobQueueSize(
        address _providerAddr
    ) external view returns (uint256 length) {
        return _jobs.queueSize(_providerAddr, QueueKind.CANCELLING);
    }

    function getTopUpJobQueueSize(address _providerAddr) external view returns (uint256 length) {
        return _jobs.queueSize(_providerAddr, QueueKind.TOP_UP);
    }
}
