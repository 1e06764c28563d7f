// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The payment token: ERC-20 with permits, minted by its owner up to a fixed cap.
/// @notice It must never gain hooks, transfer fees, a pause or a block list: MetaScheduler pays out
///         inside the calls that settle, and relies on a transfer that cannot fail or call out.
contract Credit is ERC20Capped, ERC20Permit, Ownable2Step {
    uint256 private constant CAP = type(uint96).max;

    constructor(
        uint256 _amountWei
    )
        ERC20("DeepSquare Credit", "CREDIT")
        ERC20Permit("DeepSquare Credit")
        ERC20Capped(CAP)
        Ownable(msg.sender)
    {
        _mint(msg.sender, _amountWei);
    }

    /// @notice Make new credits for an account; reverts `ERC20ExceededCap` above the cap, also where
    ///         the new supply has no number: it is then told as the largest.
    function mint(address account, uint256 _amountWei) external onlyOwner {
        uint256 raised = Math.saturatingAdd(totalSupply(), _amountWei);
        if (raised == type(uint256).max) revert ERC20ExceededCap(raised, CAP);
        _mint(account, _amountWei);
    }

    // The published names of the parameters differ from those of the library.

    function approve(address spender, uint256 amount) public override returns (bool) {
        return super.approve(spender, amount);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return super.transfer(to, amount);
    }

    function transferFrom(
        address from,
        address to,
        uint256 amount
    ) public override returns (bool) {
        return super.transferFrom(from, to, amount);
    }

    function _update(
        address from,
        address to,
        uint256 value
    ) internal override(ERC20, ERC20Capped) {
        super._update(from, to, value);
    }
}
