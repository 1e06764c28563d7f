// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IHardwareErrors} from "../interfaces/IHardwareErrors.sol";
import {IProviderManager} from "../interfaces/IProviderManager.sol";
import {Offer} from "../types/Offer.sol";
import {ProviderHardware, ProviderPrices} from "../types/ProviderTypes.sol";

/// @notice Checks, packs and prices what a provider offers (protocol.md 2.6, 3.3, 4.1).
/// @dev A node is 128 bits: 32 for CPUs, 32 for GPUs, 64 for MB of memory. Even nodes are the lower
///      half of a word.
library Offers {
    uint256 private constant MAX_NODES = 1024;
    uint256 private constant MAX_UNITS = type(uint32).max;
    uint256 private constant MAX_TOTAL = type(uint64).max;
    uint256 private constant MAX_PRICE = type(uint96).max;
    uint256 private constant NODE_BITS = 128;

    uint8 private constant CPUS = 0;
    uint8 private constant MEMORY = 1;
    uint8 private constant GPUS = 2;
    uint8 private constant ONE_NODE = 3;

    /// @notice What one job needs; `tasks * cpusPerTask` is at most 128 bits.
    struct Need {
        uint256 gpus;
        uint256 memPerCpu;
        uint256 cpusPerTask;
        uint256 ntasks;
    }

    function pack(
        ProviderHardware calldata hardware,
        ProviderPrices calldata prices
    ) internal pure returns (Offer memory offer) {
        _checkShape(hardware);
        _packNodes(hardware, offer);
        if (offer.totalCpus == 0) revert IProviderManager.InvalidTotalCpus();
        if (offer.totalMem == 0) revert IProviderManager.InvalidTotalMem();
        _checkPrices(prices);
        offer.gpuPricePerMin = prices.gpuPricePerMin;
        offer.cpuPricePerMin = prices.cpuPricePerMin;
        offer.memPricePerMin = prices.memPricePerMin;
    }

    function unpackHardware(
        Offer memory offer
    ) internal pure returns (ProviderHardware memory hardware) {
        uint256 nodes = offer.nodes;
        hardware.nodes = uint64(nodes);
        hardware.cpusPerNode = new uint64[](nodes);
        hardware.gpusPerNode = new uint64[](nodes);
        hardware.memPerNode = new uint64[](nodes);
        for (uint256 i = 0; i < nodes; ++i) {
            uint256 node = _node(offer, i);
            hardware.cpusPerNode[i] = uint32(node >> 96);
            hardware.gpusPerNode[i] = uint32(node >> 64);
            hardware.memPerNode[i] = uint64(node);
        }
    }

    function unpackPrices(Offer memory offer) internal pure returns (ProviderPrices memory) {
        return
            ProviderPrices({
                gpuPricePerMin: offer.gpuPricePerMin,
                cpuPricePerMin: offer.cpuPricePerMin,
                memPricePerMin: offer.memPricePerMin
            });
    }

    /// @notice Revert unless the cluster has all of it, whatever is in use.
    function checkFit(Offer memory offer, Need memory need) internal pure {
        uint256 cpus = need.ntasks * need.cpusPerTask;
        _checkEnough(CPUS, cpus, offer.totalCpus);
        _checkEnough(MEMORY, cpus * need.memPerCpu, offer.totalMem);
        _checkEnough(GPUS, need.gpus, offer.totalGpus);
        if (!_fitsOneNode(offer, need)) {
            revert IHardwareErrors.InsufficientHardware(ONE_NODE, need.cpusPerTask, 0);
        }
    }

    /// @notice Credit-wei a minute of a job that fits; a job that fits cannot overflow it.
    function costPerMinute(Offer memory offer, Need memory need) internal pure returns (uint256) {
        uint256 cpus = need.ntasks * need.cpusPerTask;
        uint256 perCpu = offer.cpuPricePerMin + need.memPerCpu * offer.memPricePerMin;
        return cpus * perCpu + need.gpus * offer.gpuPricePerMin;
    }

    function _checkShape(ProviderHardware calldata hardware) private pure {
        uint256 nodes = hardware.nodes;
        if (nodes == 0 || nodes > MAX_NODES) revert IProviderManager.InvalidNodesCount();
        if (
            hardware.cpusPerNode.length != nodes ||
            hardware.gpusPerNode.length != nodes ||
            hardware.memPerNode.length != nodes
        ) revert IProviderManager.ArrayLengthMismatch();
    }

    function _packNodes(ProviderHardware calldata hardware, Offer memory offer) private pure {
        uint256 nodes = hardware.nodes;
        uint256 totalMem = 0;
        offer.nodes = nodes;
        offer.nodePairs = new uint256[]((nodes + 1) / 2);
        for (uint256 i = 0; i < nodes; ++i) {
            uint256 cpus = hardware.cpusPerNode[i];
            uint256 gpus = hardware.gpusPerNode[i];
            uint256 mem = hardware.memPerNode[i];
            if (cpus > MAX_UNITS || gpus > MAX_UNITS) revert IProviderManager.HardwareOutOfRange();
            uint256 node = (cpus << 96) | (gpus << 64) | mem;
            offer.nodePairs[i / 2] |= node << (NODE_BITS * (i % 2));
            offer.totalCpus += uint64(cpus);
            offer.totalGpus += uint64(gpus);
            totalMem += mem;
        }
        if (totalMem > MAX_TOTAL) revert IProviderManager.HardwareOutOfRange();
        offer.totalMem = uint64(totalMem);
    }

    function _checkPrices(ProviderPrices calldata prices) private pure {
        if (
            prices.gpuPricePerMin > MAX_PRICE ||
            prices.cpuPricePerMin > MAX_PRICE ||
            prices.memPricePerMin > MAX_PRICE ||
            prices.cpuPricePerMin + prices.memPricePerMin == 0
        ) revert IProviderManager.InvalidPrices();
    }

    function _checkEnough(uint8 resource, uint256 required, uint256 available) private pure {
        if (required > available) {
            revert IHardwareErrors.InsufficientHardware(resource, required, available);
        }
    }

    function _fitsOneNode(Offer memory offer, Need memory need) private pure returns (bool) {
        uint256 memPerTask = need.cpusPerTask * need.memPerCpu;
        for (uint256 i = 0; i < offer.nodes; ++i) {
            uint256 node = _node(offer, i);
            if (uint32(node >> 96) >= need.cpusPerTask && uint64(node) >= memPerTask) return true;
        }
        return false;
    }

    function _node(Offer memory offer, uint256 index) private pure returns (uint256) {
        return uint128(offer.nodePairs[index / 2] >> (NODE_BITS * (index % 2)));
    }
}
