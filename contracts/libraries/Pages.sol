// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice Bounds of a page of a list (protocol.md 3.9).
library Pages {
    uint256 private constant MAX_ITEMS = 1000;

    /// @notice How many items a page has that begins at `cursor`; 0 at or beyond the end.
    function length(
        uint256 total,
        uint256 cursor,
        uint256 limit
    ) internal pure returns (uint256) {
        if (cursor >= total) return 0;
        uint256 rest = total - cursor;
        uint256 most = limit < MAX_ITEMS ? limit : MAX_ITEMS;
        return rest < most ? rest : most;
    }
}
