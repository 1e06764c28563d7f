"""Roles and ownership, as several contracts have them (protocol.md 1.3)."""

from deepsquare.chain.blocks import At
from deepsquare.chain.call import Call
from deepsquare.chain.contracts.deployed import DeployedContract
from deepsquare.identifiers import Address

DEFAULT_ADMIN_ROLE = bytes(32)
"""The role that grants and revokes the others."""


class RoleControlled(DeployedContract):
    """A contract with roles and a default admin that changes in two steps."""

    async def has_role(self, role: bytes, account: Address, *, at: At = "latest") -> bool:
        """Tell whether an account holds a role."""
        return await self._read(bool, "hasRole", role, account, at=at)

    async def default_admin(self, *, at: At = "latest") -> Address:
        """Return the holder of `DEFAULT_ADMIN_ROLE`."""
        return await self._read(Address, "defaultAdmin", at=at)

    def grant_role(self, role: bytes, account: Address) -> Call:
        """Give a role; default admin only, and not for `DEFAULT_ADMIN_ROLE`."""
        return self._call("grantRole", role, account)

    def revoke_role(self, role: bytes, account: Address) -> Call:
        """Take a role back; default admin only."""
        return self._call("revokeRole", role, account)

    def begin_default_admin_transfer(self, new_admin: Address) -> Call:
        """Start handing over the admin role; to be accepted no earlier than a day later."""
        return self._call("beginDefaultAdminTransfer", new_admin)

    def accept_default_admin_transfer(self) -> Call:
        """Take over the admin role; the announced account only."""
        return self._call("acceptDefaultAdminTransfer")


class Owned(DeployedContract):
    """A contract with an owner that changes in two steps."""

    async def owner(self, *, at: At = "latest") -> Address:
        """Return the owner."""
        return await self._read(Address, "owner", at=at)

    async def pending_owner(self, *, at: At = "latest") -> Address:
        """Return who may accept the ownership; the zero address if nobody."""
        return await self._read(Address, "pendingOwner", at=at)

    def transfer_ownership(self, new_owner: Address) -> Call:
        """Offer the ownership; owner only."""
        return self._call("transferOwnership", new_owner)

    def accept_ownership(self) -> Call:
        """Take over the ownership; the announced account only."""
        return self._call("acceptOwnership")
