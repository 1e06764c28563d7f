// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IJobErrors} from "../interfaces/IJobErrors.sol";
import {JobHead, JobProgress, JobRecord, ProviderBook} from "../types/JobRecord.sol";
import {JobStatus} from "../types/JobTypes.sol";
import {Terms} from "../types/Terms.sol";
import {Billing} from "../libraries/Billing.sol";

/// @notice The state of JobRepository, and the facts that several of its parts derive from it.
abstract contract JobStorage is IJobErrors {
    /// @dev No lock exceeds it, which is also the cap of the token.
    uint256 internal constant MAX_AMOUNT = type(uint96).max;
    /// @dev A cancel request brings the deadline forward to so many graces.
    uint256 private constant CANCEL_GRACES = 24;

    mapping(bytes32 jobId => JobRecord) internal _jobs;
    mapping(bytes32 jobId => string) internal _lastErrors;
    mapping(bytes32 jobId => address) internal _labelBlobs;
    mapping(address customer => uint256) internal _nonces;
    mapping(address provider => ProviderBook) internal _books;

    /// @dev The record of an existing job.
    function _known(bytes32 jobId) internal view returns (JobRecord storage job) {
        job = _jobs[jobId];
        if (job.head.customer == address(0)) revert InvalidJob();
    }

    /// @dev The second from which anyone may use the exit of a job that stands still; 0 if there is
    ///      none (protocol.md 3.6).
    function _deadline(JobRecord storage job, JobHead memory head) internal view returns (uint256) {
        JobProgress memory progress = job.progress;
        Terms terms = Terms.wrap(progress.termsOrFinalCost);
        if (head.status == JobStatus.META_SCHEDULED) {
            return head.since + uint256(terms.claimJobTimeout()) * 1 minutes;
        }
        if (head.status == JobStatus.SCHEDULED) {
            return head.since + uint256(terms.startJobTimeout()) * 1 minutes;
        }
        if (head.status != JobStatus.RUNNING) return 0;
        uint256 grace = uint256(terms.expireGraceMinute()) * 1 minutes;
        uint256 paidUntil = head.since + _paidMinutes(job) * 1 minutes + grace;
        if (progress.cancelRequestTimestamp == 0) return paidUntil;
        uint256 afterCancel = progress.cancelRequestTimestamp + CANCEL_GRACES * grace;
        return afterCancel < paidUntil ? afterCancel : paidUntil;
    }

    /// @dev How many whole minutes the lock of an assigned job pays for.
    function _paidMinutes(JobRecord storage job) internal view returns (uint256) {
        return Billing.paidMinutesRoundedDown(job.funds.maxCost, job.lease.costPerMinute);
    }

    function _toUint64Saturated(uint256 value) internal pure returns (uint64) {
        return value > type(uint64).max ? type(uint64).max : uint64(value);
    }
}
