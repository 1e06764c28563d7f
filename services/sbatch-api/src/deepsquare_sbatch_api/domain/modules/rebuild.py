"""Changing frozen models without losing where they stand."""

import dataclasses
from typing import Any, TypeVar

from deepsquare.workflow.document import Places

T = TypeVar("T")


def rebuilt(made: T, places: Places, **changes: Any) -> T:  # noqa: ANN401 - values of fields
    """Return the object with changes, at the same place; itself if nothing changes."""
    if all(_is_same(getattr(made, name), value) for name, value in changes.items()):
        return made
    changed: T = dataclasses.replace(made, **changes)  # type: ignore[type-var]
    places.move(made, changed)
    return changed


def _is_same(old: object, new: object) -> bool:
    """Tell whether two values are identical, tuples entry by entry."""
    if isinstance(old, tuple) and isinstance(new, tuple):
        return len(old) == len(new) and all(a is b for a, b in zip(old, new, strict=True))
    return old is new
