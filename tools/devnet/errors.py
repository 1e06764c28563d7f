"""What can go wrong on the way to a running grid."""


class DevnetError(Exception):
    """The grid cannot start or go on; the message says what to do about it."""
