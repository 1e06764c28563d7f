// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ProviderBook} from "../types/JobRecord.sol";
import {JobStorage} from "./JobStorage.sol";

/// @notice The hot jobs of each provider, and under address 0 the pending jobs: sets without order.
/// @dev Two ids a word. Left words are not cleared, so that the next member only rewrites them.
abstract contract ActiveSets is JobStorage {
    /// @dev Positions start at 1, so that the book of a set that ran empty is not zero.
    uint32 private constant FIRST = 1;

    mapping(address provider => uint128[2 ** 32]) private _activeIds;

    /// @dev Add a job; returns its position, which the caller keeps in the job's record.
    function _activate(address provider, bytes32 jobId) internal returns (uint32 position) {
        ProviderBook storage book = _books[provider];
        position = _end(book);
        _activeIds[provider][position] = uint128(uint256(jobId));
        book.activeEnd = position + 1;
    }

    /// @dev Remove the job at that position; the last one takes its place.
    function _deactivate(address provider, uint32 position) internal {
        ProviderBook storage book = _books[provider];
        uint32 last = book.activeEnd - 1;
        if (position != last) {
            uint128 moved = _activeIds[provider][last];
            _activeIds[provider][position] = moved;
            _jobs[bytes32(uint256(moved))].funds.activePosition = position;
        }
        book.activeEnd = last;
    }

    function _activeCount(address provider) internal view returns (uint256) {
        return _end(_books[provider]) - FIRST;
    }

    function _activeAt(address provider, uint256 index) internal view returns (bytes32) {
        return bytes32(uint256(_activeIds[provider][FIRST + index]));
    }

    function _end(ProviderBook storage book) private view returns (uint32) {
        uint32 end = book.activeEnd;
        return end == 0 ? FIRST : end;
    }
}
