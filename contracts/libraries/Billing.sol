// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice What a job costs and who gets it (protocol.md 4). Minutes to credits multiplies, credits
///         to minutes rounds down; nothing here can pay more than the lock.
library Billing {
    uint256 private constant PERCENT = 100;

    /// @notice The facts a bill is made of; minutes unless named otherwise.
    struct Meter {
        uint256 startSecond;
        uint256 nowSecond;
        uint256 cancelSecond; // 0 without a cancel request
        uint256 graceMinutes;
        uint256 deltaMinutes;
        uint256 paidMinutes;
    }

    /// @notice How many whole minutes a lock pays for.
    function paidMinutesRoundedDown(
        uint256 maxCost,
        uint256 costPerMinute
    ) internal pure returns (uint256) {
        return maxCost / costPerMinute;
    }

    /// @notice Minutes to bill for a report, and whether the report claimed more than can be.
    function billedByReport(
        Meter memory meter,
        uint256 reported
    ) internal pure returns (uint256 billed, bool isOverbilled) {
        uint256 elapsed = _minutesRoundedDown(meter.startSecond, horizon(meter));
        isOverbilled = reported > elapsed + meter.deltaMinutes;
        billed = isOverbilled ? elapsed : _max(reported, 1);
        billed = _min(billed, meter.paidMinutes);
    }

    /// @notice Minutes to bill without a report: those proven by the last checkpoint, 0 without one.
    function billedByCheckpoint(
        Meter memory meter,
        uint256 checkpointSecond
    ) internal pure returns (uint256) {
        if (checkpointSecond == 0) return 0;
        uint256 provenSecond = _min(checkpointSecond, horizon(meter));
        return _min(_minutesRoundedDown(meter.startSecond, provenSecond), meter.paidMinutes);
    }

    /// @notice The second at which billing ends: now, or one grace after a cancel request.
    function horizon(Meter memory meter) internal pure returns (uint256) {
        if (meter.cancelSecond == 0) return meter.nowSecond;
        return _min(meter.nowSecond, meter.cancelSecond + meter.graceMinutes * 1 minutes);
    }

    /// @notice The platform's share of a bill, in its disfavour by less than one wei.
    function feeRoundedDown(
        uint256 finalCost,
        uint256 cutPercent
    ) internal pure returns (uint256) {
        return (finalCost * cutPercent) / PERCENT;
    }

    function _minutesRoundedDown(uint256 from, uint256 to) private pure returns (uint256) {
        return (to - from) / 1 minutes;
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    function _max(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }
}
