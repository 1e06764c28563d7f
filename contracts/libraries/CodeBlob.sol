// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";

/// @notice Keeps bytes that never change as the code of an account: a ninth of the price of storage.
/// @dev The address follows from the content, so that equal content is kept once and equality of
///      addresses is equality of content. The code begins with STOP, so that nobody can run it.
library CodeBlob {
    // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN:
    // return all that stands behind these ten bytes.
    bytes1 private constant PUSH2 = 0x61;
    bytes7 private constant RETURN_REST = 0x80600a3d393df3;
    bytes1 private constant STOP = 0x00;

    /// @notice Where in the code the content begins.
    uint256 internal constant START = 1;

    /// @notice Keep the content, unless it is kept already. At most 24,575 bytes.
    function store(bytes memory content) internal returns (address blob) {
        bytes2 length = bytes2(uint16(content.length + 1));
        bytes memory creation = bytes.concat(PUSH2, length, RETURN_REST, STOP, content);
        blob = Create2.computeAddress(0, keccak256(creation));
        if (blob.code.length == 0) Create2.deploy(0, 0, creation);
    }

    /// @notice The content kept at that address.
    function load(address blob) internal view returns (bytes memory) {
        return Bytes.slice(blob.code, START);
    }
}
