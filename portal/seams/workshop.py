"""Work that takes long without waiting for anything: live in threads, so that nobody else waits; this file owns them."""

from collections.abc import Callable
from typing import Protocol

import trio

from portal.wire.limits import DOCUMENT_SECONDS_MAX, DOCUMENTS_AT_ONCE_MAX, DOCUMENTS_WAITING_MAX


class Workshop(Protocol):
    """工房."""

    async def make(self, work: Callable[[], bytes]) -> bytes | None:
        """What *work*, a pure function, makes; None when it can't be had in time."""
        ...


class InPlace:
    """In the caller's own task: in simulated time there are no threads."""

    def __repr__(self) -> str:
        return "InPlace()"

    async def make(self, work: Callable[[], bytes]) -> bytes | None:
        await trio.lowlevel.checkpoint()
        return work()


class InThreads:
    """In a few threads; who would have to wait behind too many, or too long, is told so.

    A thread can't be stopped: one that takes too long is let go, and its place is free again when it has ended.
    """

    def __init__(self) -> None:
        self._limiter = trio.CapacityLimiter(DOCUMENTS_AT_ONCE_MAX)
        self._here = 0

    def __repr__(self) -> str:
        return f"<InThreads: {self._here} at work or waiting>"

    async def make(self, work: Callable[[], bytes]) -> bytes | None:
        if self._here >= DOCUMENTS_AT_ONCE_MAX + DOCUMENTS_WAITING_MAX:
            return None
        self._here += 1
        try:
            with trio.move_on_after(DOCUMENT_SECONDS_MAX):
                return await trio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter)
            return None
        finally:
            self._here -= 1
