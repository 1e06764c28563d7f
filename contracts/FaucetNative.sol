// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Faucet} from "./faucets/Faucet.sol";

/// @title Hands out native coin that somebody has sent here.
contract FaucetNative is Faucet {
    mapping(address => bool) private _isUser;

    /// @notice Everybody who has ever been credited, in order of their first time.
    address[] public users;

    /// @notice What all users have been credited in all.
    uint256 public totalCredited;

    /// @notice Somebody has sent coin.
    event Received(address, uint256);

    /// @notice The receiver did not take the payment.
    error TransferFailed();

    receive() external payable {
        emit Received(msg.sender, msg.value);
    }

    function creditUser(address userAddr, uint256 creditAmount) public override {
        super.creditUser(userAddr, creditAmount);
        totalCredited += creditAmount;
        if (!_isUser[userAddr]) {
            _isUser[userAddr] = true;
            users.push(userAddr);
        }
    }

    function _pay(address receiver, uint256 amount) internal override {
        // solhint-disable-next-line avoid-low-level-calls
        (bool isPaid, ) = receiver.call{value: amount}("");
        if (!isPaid) revert TransferFailed();
    }
}
