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

    /// @notice Revert unless `to` may follow `from`. No change is refused first, then a cold start,
    ///         then what the table does not allow.
    function check(JobStatus from, JobStatus to) internal pure {
        if (from == to) revert IJobErrors.SameStatusError();
        if (isCold(from)) revert IJobErrors.JobHotStatusOnly(from);
        if ((_after(from) >> uint8(to)) & 1 == 0) revert IJobErrors.InvalidTransition(from, to);
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

    function _after(JobStatus from) private pure returns (uint256) {
        if (from == JobStatus.PENDING) return AFTER_PENDING;
        if (from == JobStatus.META_SCHEDULED) return AFTER_META_SCHEDULED;
        if (from == JobStatus.SCHEDULED) return AFTER_SCHEDULED;
        return AFTER_RUNNING;
    }
}
