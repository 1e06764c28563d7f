// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Terms} from "../types/Terms.sol";

/// @title The tunable parameters (protocol.md 2.5).
/// @notice The minimum amounts act at once; all other values act on assignments made later.
interface IConstants {
    /// @notice A value has changed; the name is that of its getter.
    event ConstantChanged(string _name, uint256 _previous, uint256 _current);

    /// @notice The value is outside what the protocol allows.
    error ConstantOutOfRange(uint256 value, uint256 min, uint256 max);

    /// @notice The smallest lock of a new job, in credit-wei.
    function minimumAmount() external view returns (uint256);

    /// @notice The smallest top-up by anybody but the customer, in credit-wei.
    function minimumTopUp() external view returns (uint256);

    /// @notice The platform's share of a bill, in percent.
    function deepsquareCut() external view returns (uint256);

    /// @notice How many minutes a report may exceed the time on chain.
    function billDurationDeltaMinute() external view returns (uint256);

    /// @notice Minutes billed for cancelling a scheduled job in time.
    function cancellationFeeMinute() external view returns (uint256);

    /// @notice Minutes of one delegated top-up.
    function topUpSliceDurationMin() external view returns (uint64);

    /// @notice Minutes a provider has for claiming an assigned job.
    function claimJobTimeout() external view returns (uint64);

    /// @notice Minutes a provider has for starting a claimed job; 0 means as for claiming.
    function startJobTimeout() external view returns (uint64);

    /// @notice Minutes after the paid time at which anyone may expire a running job.
    function expireGraceMinute() external view returns (uint64);

    /// @notice The values that an assignment freezes, with a start timeout of 0 already replaced.
    function terms() external view returns (Terms);

    /// @notice Set `minimumAmount`.
    function setMinimumAmount(uint256 _minimumAmount) external;

    /// @notice Set `minimumTopUp`.
    function setMinimumTopUp(uint256 _minimumTopUp) external;

    /// @notice Set `deepsquareCut`.
    function setDeepsquareCut(uint256 _deepsquareCut) external;

    /// @notice Set `billDurationDeltaMinute`.
    function setBillDurationDeltaMinute(uint256 _billDurationDeltaMinute) external;

    /// @notice Set `cancellationFeeMinute`.
    function setCancellationFeeMinute(uint256 _cancellationFeeMinute) external;

    /// @notice Set `topUpSliceDurationMin`.
    function setTopUpSliceDurationMin(uint64 _topUpSliceDurationMin) external;

    /// @notice Set `claimJobTimeout`.
    function setClaimJobTimeout(uint64 _claimJobTimeout) external;

    /// @notice Set `startJobTimeout`.
    function setStartJobTimeout(uint64 _startJobTimeout) external;

    /// @notice Set `expireGraceMinute`.
    function setExpireGraceMinute(uint64 _expireGraceMinute) external;
}
