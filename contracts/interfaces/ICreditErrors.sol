// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The errors of Credit that reach a caller of MetaScheduler.
/// @dev Same signatures as in the token library; declared again so that they are in that ABI.
interface ICreditErrors {
    /// @notice The account owns less than the transfer needs.
    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
    /// @notice The account has allowed the spender less than the transfer needs.
    error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
    /// @notice Credits cannot go to that address.
    error ERC20InvalidReceiver(address receiver);
    /// @notice The permit's deadline has passed.
    error ERC2612ExpiredSignature(uint256 deadline);
    /// @notice The permit was signed by somebody else, or for other values.
    error ERC2612InvalidSigner(address signer, address owner);
    /// @notice The permit's signature has no valid form.
    error ECDSAInvalidSignature();
    /// @notice The permit's signature is not in its canonical form.
    error ECDSAInvalidSignatureS(bytes32 s);
}
