"""Names that stand for a customer at the site."""

from deepsquare.identifiers import Address

_DIGITS = 31
"""Of the address's 40 hex digits; a Unix name has at most 32 characters."""


def unix_name(customer: Address) -> str:
    """Return the name of a customer's Unix account: ``w`` and 31 lower-case hex digits.

    Nine digits are left out, so two addresses may meet; the account's comment holds the whole
    address and tells them apart.
    """
    return "w" + customer[2 : 2 + _DIGITS].lower()
