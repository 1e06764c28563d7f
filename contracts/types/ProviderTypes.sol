// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Label} from "./JobTypes.sol";

/// @notice The nodes of a cluster, one array entry a node; memory in MB.
struct ProviderHardware {
    uint64 nodes;
    uint64[] gpusPerNode;
    uint64[] cpusPerNode;
    uint64[] memPerNode;
}

/// @notice Credit-wei a minute for one GPU, one CPU thread, one MB.
struct ProviderPrices {
    uint256 gpuPricePerMin;
    uint256 cpuPricePerMin;
    uint256 memPricePerMin;
}

/// @notice A registration as clients see it; empty for an unknown address.
struct Provider {
    address addr;
    ProviderHardware providerHardware;
    ProviderPrices providerPrices;
    Label[] labels;
    bool isBanned;
}
