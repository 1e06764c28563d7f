"""Letting callers that come together share one call."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class SharedCalls:
    """Callers of the same key share a call that has not begun; later ones start another.

    So nobody gets an answer that was read before they asked, and a thousand followers of one log
    that are woken together read it once.
    """

    def __init__(self) -> None:
        self._waiting: dict[Hashable, asyncio.Task[Any]] = {}

    async def share(self, key: Hashable, call: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `call`, or of an equal one that is about to begin."""
        task = self._waiting.get(key)
        if task is None:
            task = asyncio.create_task(self._begin(key, call))
            self._waiting[key] = task
        result: T = await asyncio.shield(task)
        return result

    async def _begin(self, key: Hashable, call: Callable[[], Awaitable[T]]) -> T:
        del self._waiting[key]
        return await call()
