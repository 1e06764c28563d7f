// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Hands out what its owner has credited to users.
interface IFaucet {
    /// @notice The caller has nothing to claim.
    error NothingToClaim();

    /// @notice Pay the caller everything credited and not yet claimed.
    function claim() external;

    /// @notice Add to what a user may claim.
    function creditUser(address userAddr, uint256 creditAmount) external;

    /// @notice What the user may claim now.
    function addressToUserCredit(address) external view returns (uint256);

    /// @notice What the user has claimed in all.
    function addressToAmountDistributed(address) external view returns (uint256);

    /// @notice What all users have claimed in all.
    function totalDistributed() external view returns (uint256);
}
