// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice Nodes and prices of a registration, as kept in a code blob and as quotes read them.
struct Offer {
    uint64 totalCpus;
    uint64 totalGpus;
    uint64 totalMem;
    uint256 gpuPricePerMin;
    uint256 cpuPricePerMin;
    uint256 memPricePerMin;
    uint256 nodes;
    uint256[] nodePairs; // two nodes a word, see Offers
}

/// @notice Where the two parts of a registration are kept; both 0 if there is none.
struct Registration {
    address offer;
    address labels;
}
