// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Faucet} from "./faucets/Faucet.sol";

/// @title Hands out credits that somebody has sent here.
contract FaucetCredit is Faucet {
    using SafeERC20 for IERC20;

    IERC20 private immutable _credit;

    constructor(IERC20 credit_) {
        _credit = credit_;
    }

    /// @notice The token.
    function credit() external view returns (address) {
        return address(_credit);
    }

    function _pay(address receiver, uint256 amount) internal override {
        _credit.safeTransfer(receiver, amount);
    }
}
