// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";

/// @notice The usual rules for one default admin, handed over in two steps a day apart. The day is
///         fixed: the protocol promises it, so no admin can shorten it.
abstract contract FixedDelayAdmin is AccessControlDefaultAdminRules {
    uint48 private constant TRANSFER_DELAY = 1 days;

    constructor() AccessControlDefaultAdminRules(TRANSFER_DELAY, msg.sender) {}

    /// @dev Always refused.
    function _changeDefaultAdminDelay(uint48) internal pure override {
        revert AccessControlEnforcedDefaultAdminRules();
    }
}
