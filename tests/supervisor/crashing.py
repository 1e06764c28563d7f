"""Kills the process at any boundary between the supervisor and the world."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from tests.supervisor.doubles import Killed

T = TypeVar("T")


class Crasher:
    """Counts boundaries: one before and one after each call to the outside; dies at one of them."""

    def __init__(self) -> None:
        self.die_at: int | None = None
        self.steps: list[str] = []

    def step(self, name: str) -> None:
        self.steps.append(name)
        if self.die_at is not None and len(self.steps) - 1 == self.die_at:
            raise Killed(name)


def deadly(target: T, crasher: Crasher) -> T:
    """Wrap a double so that each call of its methods is a boundary on both sides."""
    proxy: Any = _Proxy(target, crasher)
    return proxy  # type: ignore[no-any-return]


class _Proxy:
    def __init__(self, target: object, crasher: Crasher) -> None:
        self._target = target
        self._crasher = crasher

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return value
        return self._around(name, value)

    def _around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            self._crasher.step(f"before {name}")
            result = await call(*args, **kwargs)
            self._crasher.step(f"after {name}")
            return result

        def plain(*args: Any, **kwargs: Any) -> Any:
            self._crasher.step(f"before {name}")
            result = call(*args, **kwargs)
            self._crasher.step(f"after {name}")
            return result

        return awaited if inspect.iscoroutinefunction(call) else plain
