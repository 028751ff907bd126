"""A shield that is put up late: around what this task has begun already, but has not waited in yet.

A cancel scope costs as much as the rest of a simulated message's way, and means nothing until somebody waits. So a
coroutine is begun by hand; when it waits for the first time, the shield goes around it, outside of whatever scopes
and nurseries it has opened by then. Trio's public interface opens scopes on the inside only, hence its internals here.
"""

from collections.abc import Coroutine, Generator
from types import TracebackType, coroutine
from typing import Any, TypeVar

import trio
from trio._core._run import CancelStatus

T = TypeVar("T")


class Shield:
    """Goes around what this task has opened since *outside* was its innermost scope; gives the scope that cuts it off."""

    __slots__ = ("_outside", "_scope", "_task")

    def __init__(self, task: trio.lowlevel.Task, outside: CancelStatus) -> None:
        self._task = task
        self._outside = outside
        self._scope: trio.CancelScope | None = None

    def __repr__(self) -> str:
        return f"<Shield in {self._task!r}>"

    def __enter__(self) -> trio.CancelScope:
        self._scope = scope = trio.CancelScope(shield=True)
        inside = self._task._cancel_status
        if inside is self._outside:
            return scope.__enter__()
        while inside.parent is not self._outside:
            assert inside.parent is not None, "begun in another task"
            inside = inside.parent
        scope._has_been_entered = True
        scope._cancel_status = inside.parent = CancelStatus(scope=scope, parent=self._outside)
        return scope

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        assert self._scope is not None
        return self._scope.__exit__(kind, error, traceback)


@coroutine
def going_on(begun: Coroutine[Any, Any, T], wait: Any) -> Generator[Any, Any, T]:
    """The rest of a coroutine that was begun by hand and has asked for this wait."""
    try:
        while True:
            wait = begun.send((yield wait))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        begun.close()
