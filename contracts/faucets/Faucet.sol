// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IFaucet} from "../interfaces/IFaucet.sol";

/// @notice The accounts of a faucet, whatever it pays out.
abstract contract Faucet is IFaucet, Ownable2Step {
    mapping(address => uint256) public addressToUserCredit;
    mapping(address => uint256) public addressToAmountDistributed;
    uint256 public totalDistributed;

    constructor() Ownable(msg.sender) {}

    function claim() external {
        // Checks
        uint256 amount = addressToUserCredit[msg.sender];
        if (amount == 0) revert NothingToClaim();

        // Effects
        addressToUserCredit[msg.sender] = 0;
        addressToAmountDistributed[msg.sender] += amount;
        totalDistributed += amount;

        // Interactions
        _pay(msg.sender, amount);
    }

    function creditUser(address userAddr, uint256 creditAmount) public virtual onlyOwner {
        addressToUserCredit[userAddr] += creditAmount;
    }

    function _pay(address receiver, uint256 amount) internal virtual;
}
