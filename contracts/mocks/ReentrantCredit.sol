// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title A token that calls back while it pays, and is a customer itself.
/// @notice For tests only: what MetaScheduler would meet if Credit were not ours.
contract ReentrantCredit is ERC20 {
    address private _target;
    bytes private _call;

    /// @notice A call was made from inside a transfer.
    event Reentered(bool succeeded, bytes result);

    constructor(uint256 amountWei) ERC20("Reentrant Credit", "BACK") {
        _mint(msg.sender, amountWei);
    }

    /// @notice Make that call at the next transfer, once.
    function arm(address target, bytes calldata data) external {
        _target = target;
        _call = data;
    }

    /// @notice Call a contract as this token.
    function act(address target, bytes calldata data) external returns (bytes memory) {
        return Address.functionCall(target, data);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (_target != address(0)) {
            address target = _target;
            delete _target;
            // solhint-disable-next-line avoid-low-level-calls
            (bool succeeded, bytes memory result) = target.call(_call);
            emit Reentered(succeeded, result);
        }
        super._update(from, to, value);
    }
}
