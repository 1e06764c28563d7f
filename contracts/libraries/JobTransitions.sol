// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IJobErrors} from "../interfaces/IJobErrors.sol";
import {JobStatus} from "../types/JobTypes.sol";

/// @notice The transition table (protocol.md 2.3).
library JobTransitions {
    // One bit per status that may follow, bit 0 for PENDING.
    uint256 private constant AFTER_PENDING =
        (1 << uint8(JobStatus.META_SCHEDULED)) |
            (1 << uint8(JobStatus.CANCELLED)) |
            (1 << uint8(JobStatus.PANICKED));
    uint256 private constant AFTER_META_SCHEDULED =
        (1 << uint8(JobStatus.PENDING)) |
            (1 << uint8(JobStatus.SCHEDULED)) |
            (1 << uint8(JobStatus.CANCELLED)) |
            (1 << uint8(JobStatus.PANICKED));
    uint256 private constant AFTER_SCHEDULED =
        (1 << uint8(JobStatus.PENDING)) |
            (1 << uint8(JobStatus.RUNNING)) |
            (1 << uint8(JobStatus.CANCELLED)) |
            (1 << uint8(JobStatus.FAILED)) |
            (1 << uint8(JobStatus.PANICKED));
    uint256 private constant AFTER_RUNNING =
        (1 << uint8(JobStatus.CANCELLED)) |
            (1 << uint8(JobStatus.FINISHED)) |
            (1 << uint8(JobStatus.FAILED)) |
            (1 << uint8(JobStatus.OUT_OF_CREDITS)) |
            (1 << uint8(JobStatus.PANICKED));

    // The row of each hot status in its place.
    uint256 private constant STATUSES = uint256(type(JobStatus).max) + 1;
    uint256 private constant ALLOWED =
        AFTER_PENDING |
            (AFTER_META_SCHEDULED << STATUSES) |
            (AFTER_SCHEDULED << (2 * STATUSES)) |
            (AFTER_RUNNING << (3 * STATUSES));

    /// @notice Revert unless `to` may follow `from`. No change is refused first, then a cold start,
    ///         then what the table does not allow.
    function check(JobStatus from, JobStatus to) internal pure {
        if ((ALLOWED >> (uint8(from) * STATUSES + uint8(to))) & 1 == 1) return;
        if (from == to) revert IJobErrors.SameStatusError();
        if (isCold(from)) revert IJobErrors.JobHotStatusOnly(from);
        revert IJobErrors.InvalidTransition(from, to);
    }

    function isCold(JobStatus status) internal pure returns (bool) {
        return status > JobStatus.RUNNING;
    }

    /// @notice Whether a provider has the job, but has not started it.
    function isUnstarted(JobStatus status) internal pure returns (bool) {
        return status == JobStatus.META_SCHEDULED || status == JobStatus.SCHEDULED;
    }

    /// @notice Whether a provider works on the job, so that more time can be bought.
    function isScheduledOrRunning(JobStatus status) internal pure returns (bool) {
        return status == JobStatus.SCHEDULED || status == JobStatus.RUNNING;
    }
}
