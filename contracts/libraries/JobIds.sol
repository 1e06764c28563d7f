// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice Job ids (protocol.md 2.2): 128 bits, known before the request is mined.
library JobIds {
    /// @notice The id of the `nonce`-th job of a customer in this repository.
    function derive(address customer, uint256 nonce) internal view returns (bytes32) {
        bytes32 hash = keccak256(abi.encode(block.chainid, address(this), customer, nonce));
        return bytes32(uint256(hash) >> 128);
    }
}
