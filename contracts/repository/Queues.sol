// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {JobFlags} from "../libraries/JobFlags.sol";
import {JobTransitions} from "../libraries/JobTransitions.sol";
import {JobHead, Popped, ProviderBook, QueueKind} from "../types/JobRecord.sol";
import {JobStatus} from "../types/JobTypes.sol";
import {JobStorage} from "./JobStorage.sol";

/// @notice The three first-in-first-out queues of each provider (protocol.md 3.4).
/// @dev An entry is a job id and nothing else; whether it still means something is judged when it
///      comes to the head. Entries are not cleared, and pointers go back to 0 when a queue runs
///      empty, so that pushes only rewrite words.
abstract contract Queues is JobStorage {
    using JobFlags for uint8;
    using JobTransitions for JobStatus;

    /// @dev So many stale entries are dropped in one call.
    uint256 internal constant MAX_SKIP = 32;

    mapping(address provider => mapping(QueueKind => uint128[2 ** 32])) private _queuedIds;

    function _push(address provider, QueueKind kind, bytes32 jobId) internal {
        (uint32 head, uint32 tail) = _bounds(_books[provider], kind);
        _queuedIds[provider][kind][tail] = uint128(uint256(jobId));
        _setBounds(_books[provider], kind, head, tail + 1);
    }

    /// @dev Take the first live entry, dropping at most `maxSkips` stale ones before it.
    function _pop(
        address provider,
        QueueKind kind,
        uint256 maxSkips
    ) internal returns (Popped memory popped) {
        (uint32 head, uint32 tail) = _bounds(_books[provider], kind);
        while (head != tail && popped.jobId == 0) {
            bytes32 candidate = _entry(provider, kind, head);
            if (_isLive(provider, kind, candidate)) popped.jobId = candidate;
            else if (popped.skipped == maxSkips) break;
            else ++popped.skipped;
            ++head;
        }
        popped.isDrained = head == tail;
        if (popped.isDrained) _setBounds(_books[provider], kind, 0, 0);
        else _setBounds(_books[provider], kind, head, tail);
    }

    function _size(address provider, QueueKind kind) internal view returns (uint256) {
        (uint32 head, uint32 tail) = _bounds(_books[provider], kind);
        return tail - head;
    }

    /// @dev Whether a claim would find a live entry, or at least stale ones to drop and more behind.
    function _hasClaim(address provider, QueueKind kind) internal view returns (bool) {
        (uint32 head, uint32 tail) = _bounds(_books[provider], kind);
        if (tail - head > MAX_SKIP) return true;
        for (; head != tail; ++head) {
            if (_isLive(provider, kind, _entry(provider, kind, head))) return true;
        }
        return false;
    }

    function _entry(
        address provider,
        QueueKind kind,
        uint32 position
    ) private view returns (bytes32) {
        return bytes32(uint256(_queuedIds[provider][kind][position]));
    }

    function _isLive(
        address provider,
        QueueKind kind,
        bytes32 jobId
    ) private view returns (bool) {
        JobHead storage head = _jobs[jobId].head;
        bool isOwn = _jobs[jobId].lease.provider == provider;
        if (kind == QueueKind.CLAIMABLE) return isOwn && head.status == JobStatus.META_SCHEDULED;
        if (kind == QueueKind.CANCELLING) return !(isOwn && _isKept(head));
        return isOwn && head.status.isScheduledOrRunning() && head.flags.has(JobFlags.TOP_UP_QUEUED);
    }

    /// @dev Whether the provider that has the job need not stop it: it may still run it, or has
    ///      reported its end itself.
    function _isKept(JobHead storage head) private view returns (bool) {
        if (head.status == JobStatus.RUNNING) return !head.flags.has(JobFlags.CANCEL_REQUESTED);
        return head.status.isUnstarted() || head.flags.has(JobFlags.REPORTED);
    }

    function _bounds(
        ProviderBook storage book,
        QueueKind kind
    ) private view returns (uint32 head, uint32 tail) {
        if (kind == QueueKind.CLAIMABLE) return (book.claimableHead, book.claimableTail);
        if (kind == QueueKind.CANCELLING) return (book.cancellingHead, book.cancellingTail);
        return (book.topUpHead, book.topUpTail);
    }

    function _setBounds(
        ProviderBook storage book,
        QueueKind kind,
        uint32 head,
        uint32 tail
    ) private {
        if (kind == QueueKind.CLAIMABLE) {
            (book.claimableHead, book.claimableTail) = (head, tail);
        } else if (kind == QueueKind.CANCELLING) {
            (book.cancellingHead, book.cancellingTail) = (head, tail);
        } else {
            (book.topUpHead, book.topUpTail) = (head, tail);
        }
    }
}
