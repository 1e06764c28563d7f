// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IConstants} from "./interfaces/IConstants.sol";
import {Terms, TermsLibrary} from "./types/Terms.sol";

/// @title The tunable parameters, with the defaults and bounds of protocol.md 2.5.
/// @notice The interface documents the functions.
contract Constants is IConstants, Ownable2Step {
    /// @dev One word, as requests and assignments read it.
    struct Values {
        uint96 minimumAmount;
        uint8 deepsquareCut;
        uint16 billDurationDeltaMinute;
        uint8 cancellationFeeMinute;
        uint16 topUpSliceDurationMin;
        uint16 claimJobTimeout;
        uint16 startJobTimeout;
        uint16 expireGraceMinute;
    }

    Values private _values =
        Values({
            minimumAmount: 100e18,
            deepsquareCut: 20,
            billDurationDeltaMinute: 15,
            cancellationFeeMinute: 5,
            topUpSliceDurationMin: 30,
            claimJobTimeout: 10,
            startJobTimeout: 1440,
            expireGraceMinute: 60
        });
    uint96 private _topUpMinimum = 10e18;

    constructor() Ownable(msg.sender) {}

    function setMinimumAmount(uint256 _minimumAmount) external onlyOwner {
        _announce("minimumAmount", _values.minimumAmount, _minimumAmount, 1, type(uint96).max);
        _values.minimumAmount = uint96(_minimumAmount);
    }

    function setMinimumTopUp(uint256 _minimumTopUp) external onlyOwner {
        _announce("minimumTopUp", _topUpMinimum, _minimumTopUp, 1, type(uint96).max);
        _topUpMinimum = uint96(_minimumTopUp);
    }

    function setDeepsquareCut(uint256 _deepsquareCut) external onlyOwner {
        _announce("deepsquareCut", _values.deepsquareCut, _deepsquareCut, 0, 100);
        _values.deepsquareCut = uint8(_deepsquareCut);
    }

    function setBillDurationDeltaMinute(uint256 _billDurationDeltaMinute) external onlyOwner {
        _announce("billDurationDeltaMinute", _values.billDurationDeltaMinute, _billDurationDeltaMinute, 0, 1440);
        _values.billDurationDeltaMinute = uint16(_billDurationDeltaMinute);
    }

    function setCancellationFeeMinute(uint256 _cancellationFeeMinute) external onlyOwner {
        _announce("cancellationFeeMinute", _values.cancellationFeeMinute, _cancellationFeeMinute, 0, 60);
        _values.cancellationFeeMinute = uint8(_cancellationFeeMinute);
    }

    function setTopUpSliceDurationMin(uint64 _topUpSliceDurationMin) external onlyOwner {
        _announce("topUpSliceDurationMin", _values.topUpSliceDurationMin, _topUpSliceDurationMin, 1, 1440);
        _values.topUpSliceDurationMin = uint16(_topUpSliceDurationMin);
    }

    function setClaimJobTimeout(uint64 _claimJobTimeout) external onlyOwner {
        _announce("claimJobTimeout", _values.claimJobTimeout, _claimJobTimeout, 1, 10080);
        _values.claimJobTimeout = uint16(_claimJobTimeout);
    }

    function setStartJobTimeout(uint64 _startJobTimeout) external onlyOwner {
        _announce("startJobTimeout", _values.startJobTimeout, _startJobTimeout, 0, 43200);
        _values.startJobTimeout = uint16(_startJobTimeout);
    }

    function setExpireGraceMinute(uint64 _expireGraceMinute) external onlyOwner {
        _announce("expireGraceMinute", _values.expireGraceMinute, _expireGraceMinute, 15, 10080);
        _values.expireGraceMinute = uint16(_expireGraceMinute);
    }

    function minimumAmount() external view returns (uint256) {
        return _values.minimumAmount;
    }

    function minimumTopUp() external view returns (uint256) {
        return _topUpMinimum;
    }

    function deepsquareCut() external view returns (uint256) {
        return _values.deepsquareCut;
    }

    function billDurationDeltaMinute() external view returns (uint256) {
        return _values.billDurationDeltaMinute;
    }

    function cancellationFeeMinute() external view returns (uint256) {
        return _values.cancellationFeeMinute;
    }

    function topUpSliceDurationMin() external view returns (uint64) {
        return _values.topUpSliceDurationMin;
    }

    function claimJobTimeout() external view returns (uint64) {
        return _values.claimJobTimeout;
    }

    function startJobTimeout() external view returns (uint64) {
        return _values.startJobTimeout;
    }

    function expireGraceMinute() external view returns (uint64) {
        return _values.expireGraceMinute;
    }

    function terms() external view returns (Terms) {
        Values memory values = _values;
        bool hasOwnStart = values.startJobTimeout != 0;
        return
            TermsLibrary.pack(
                values.deepsquareCut,
                values.billDurationDeltaMinute,
                values.cancellationFeeMinute,
                values.topUpSliceDurationMin,
                values.claimJobTimeout,
                hasOwnStart ? values.startJobTimeout : values.claimJobTimeout,
                values.expireGraceMinute
            );
    }

    /// @dev Revert unless the new value is within its bounds, else tell of it.
    function _announce(
        string memory name,
        uint256 previous,
        uint256 current,
        uint256 min,
        uint256 max
    ) private {
        if (current < min || current > max) revert ConstantOutOfRange(current, min, max);
        emit ConstantChanged(name, previous, current);
    }
}
