// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice The yes-or-no facts of a job, one bit each in `JobHead.flags`.
library JobFlags {
    uint8 internal constant DELEGATED = 1; // the customer allows delegated top-ups
    uint8 internal constant TOP_UP_QUEUED = 2; // a live entry waits in the top-up queue
    uint8 internal constant CANCEL_REQUESTED = 4;
    uint8 internal constant REPORTED = 8; // cold by the provider's own report
    uint8 internal constant EXPIRED = 16; // ended by expireJob, which is its last error
    uint8 internal constant LABELLED = 32; // the definition has labels

    function has(uint8 flags, uint8 flag) internal pure returns (bool) {
        return flags & flag != 0;
    }

    function set(uint8 flags, uint8 flag, bool isOn) internal pure returns (uint8) {
        return isOn ? flags | flag : flags & ~flag;
    }
}
