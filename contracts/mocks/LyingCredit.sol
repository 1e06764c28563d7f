// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token that can say a transfer failed instead of reverting.
/// @notice For tests only.
contract LyingCredit is ERC20 {
    bool private _isLying;

    constructor(uint256 amountWei) ERC20("Lying Credit", "LIE") {
        _mint(msg.sender, amountWei);
    }

    /// @notice From now on do nothing and return false.
    function lie() external {
        _isLying = true;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return !_isLying && super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return !_isLying && super.transferFrom(from, to, value);
    }
}
