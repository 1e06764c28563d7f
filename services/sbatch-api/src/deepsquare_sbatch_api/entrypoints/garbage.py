"""Garbage collection of a process that serves requests."""

import gc

OBJECTS_BETWEEN_COLLECTIONS = 5_000
"""A large workflow has some 3,000 objects while it is rendered, and hardly any after that: with
Python's 700, each rendering is interrupted several times for nothing.
"""


def spare_what_is_loaded() -> None:
    """Take all that lives as long as the process out of garbage collection: to go through it again
    and again would hold up requests for tens of milliseconds. From then on, collect less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
