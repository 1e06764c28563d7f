// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice Gives memory back, which Solidity by itself never does. The price of memory grows with its
///         square, so a loop over large values would pay for all of them at once (ADR 0011).
library ScratchMemory {
    /// @notice Where the next value will be placed.
    function mark() internal pure returns (uint256 place) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            place := mload(0x40)
        }
    }

    /// @notice Give back what was placed since the mark: no value made since then may be used again.
    /// @dev Solidity does not rely on new memory being zero.
    function releaseSince(uint256 place) internal pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(0x40, place)
        }
    }
}
