// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice The seven tunable numbers a deal is made on, packed in 96 bits (protocol.md 2.4).
///         They are kept in one word of a job together with what changes while it runs.
type Terms is uint96;

using TermsLibrary for Terms global;

/// @notice Reads and writes `Terms`. Bits from the left: deepsquareCut 8, billDurationDeltaMinute 16,
///         cancellationFeeMinute 8, topUpSliceDurationMin 16, claimJobTimeout 16, startJobTimeout 16,
///         expireGraceMinute 16. The bounds of protocol.md 2.5 fit these widths.
library TermsLibrary {
    /// @notice Pack the numbers; each must be within its bound.
    function pack(
        uint8 deepsquareCut_,
        uint16 billDurationDeltaMinute_,
        uint8 cancellationFeeMinute_,
        uint16 topUpSliceDurationMin_,
        uint16 claimJobTimeout_,
        uint16 startJobTimeout_,
        uint16 expireGraceMinute_
    ) internal pure returns (Terms) {
        bytes12 packed = bytes12(
            bytes.concat(
                bytes1(deepsquareCut_),
                bytes2(billDurationDeltaMinute_),
                bytes1(cancellationFeeMinute_),
                bytes2(topUpSliceDurationMin_),
                bytes2(claimJobTimeout_),
                bytes2(startJobTimeout_),
                bytes2(expireGraceMinute_)
            )
        );
        return Terms.wrap(uint96(packed));
    }

    function deepsquareCut(Terms self) internal pure returns (uint64) {
        return uint8(Terms.unwrap(self) >> 88);
    }

    function billDurationDeltaMinute(Terms self) internal pure returns (uint64) {
        return uint16(Terms.unwrap(self) >> 72);
    }

    function cancellationFeeMinute(Terms self) internal pure returns (uint64) {
        return uint8(Terms.unwrap(self) >> 64);
    }

    function topUpSliceDurationMin(Terms self) internal pure returns (uint64) {
        return uint16(Terms.unwrap(self) >> 48);
    }

    function claimJobTimeout(Terms self) internal pure returns (uint64) {
        return uint16(Terms.unwrap(self) >> 32);
    }

    function startJobTimeout(Terms self) internal pure returns (uint64) {
        return uint16(Terms.unwrap(self) >> 16);
    }

    function expireGraceMinute(Terms self) internal pure returns (uint64) {
        return uint16(Terms.unwrap(self));
    }
}
