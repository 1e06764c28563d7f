// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title A token that serves one contract badly, when told to, and takes part in the grid itself.
/// @notice For tests only: what MetaScheduler would meet if Credit were not ours.
contract HostileCredit is ERC20 {
    enum Vice {
        NONE, // an ordinary token
        LIES, // does nothing and returns false
        REVERTS, // pretends that the payer has nothing
        SKIMS, // keeps a tenth, and a wei
        CALLS_BEFORE, // calls the victim, then pays
        CALLS_AFTER // pays, then calls the victim
    }

    Vice private _vice;
    uint256 private _patience;
    address private _victim;
    bytes private _call;

    /// @notice A call was made from inside a transfer.
    event CalledBack(bool succeeded, bytes result);

    constructor(uint256 amountWei) ERC20("Hostile Credit", "FOE") {
        _mint(msg.sender, amountWei);
    }

    /// @notice Serve the victim badly once, after so many of its transfers have gone well.
    function turn(Vice vice, uint256 patience, address victim, bytes calldata data) external {
        _vice = vice;
        _patience = patience;
        _victim = victim;
        _call = data;
    }

    /// @notice Call a contract as this token; its error bubbles up.
    function act(address target, bytes calldata data) external returns (bytes memory) {
        return Address.functionCall(target, data);
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        Vice vice = _nextVice();
        _before(vice, msg.sender, value);
        if (vice == Vice.LIES) return false;
        super.transfer(to, value);
        _afterwards(vice, to, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        Vice vice = _nextVice();
        _before(vice, from, value);
        if (vice == Vice.LIES) return false;
        super.transferFrom(from, to, value);
        _afterwards(vice, to, value);
        return true;
    }

    function _nextVice() private returns (Vice vice) {
        if (_vice == Vice.NONE || msg.sender != _victim) return Vice.NONE;
        if (_patience != 0) {
            --_patience;
            return Vice.NONE;
        }
        vice = _vice;
        _vice = Vice.NONE;
    }

    function _before(Vice vice, address from, uint256 value) private {
        if (vice == Vice.REVERTS) revert ERC20InsufficientBalance(from, 0, value);
        if (vice == Vice.CALLS_BEFORE) _callVictim();
    }

    function _afterwards(Vice vice, address to, uint256 value) private {
        if (vice == Vice.SKIMS) _transfer(to, address(this), value / 10 + 1);
        if (vice == Vice.CALLS_AFTER) _callVictim();
    }

    function _callVictim() private {
        // solhint-disable-next-line avoid-low-level-calls
        (bool succeeded, bytes memory result) = _victim.call(_call);
        emit CalledBack(succeeded, result);
    }
}
