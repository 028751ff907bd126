"""What every system is made from, and what it is once made: the same for the portal and for each simulator."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

import trio

from portal.links.credentials import SystemKeys
from portal.links.link import Link
from portal.seams.chance import Chance
from portal.seams.clock import Clock
from portal.serving.dispatcher import Dispatcher
from portal.serving.front import AsgiApp
from portal.store.store import Store
from portal.wire.systems import System


class Surroundings(NamedTuple):
    """環境: all that a system may reach beyond itself. The world hands it out, live or simulated."""

    clock: Clock
    chance: Chance
    store: Store
    link: Callable[[System], Link]
    """The line to another system, with this one's credentials."""
    keys: SystemKeys
    """By which callers prove who they are."""


class Run(Protocol):
    """A system's workers: started when it starts, cancelled when it stops; they may be killed at any point."""

    def __call__(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> Awaitable[None]: ...


class BuiltSystem(NamedTuple):
    """A system ready to be put behind a socket or into a slot."""

    dispatcher: Dispatcher
    run: Run
    pages: AsgiApp | None = None

    @property
    def system(self) -> System:
        return self.dispatcher.system


async def no_workers(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """For systems that do nothing of their own accord."""
    task_status.started()
