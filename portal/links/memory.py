"""The simulated carrier: a call in memory that takes simulated time and can go wrong like one over a wire.

The message is serialised by the link as it is for HTTP; here its bytes are handed to the receiver's dispatcher in
the caller's own task, so one message costs one timer and no task of its own.
"""

from collections.abc import Awaitable, Callable, Coroutine
from math import inf
from typing import Any, NamedTuple, Protocol

import trio

from portal.links.link import Reason, Unreachable
from portal.links.shield import Shield, going_on
from portal.wire.operation import AnyOperation, WireRequest, WireResponse
from portal.wire.systems import Caller, System

Sleep = Callable[[float], Awaitable[None]]
Seconds = Callable[[], float]
Answer = Callable[[WireRequest], Coroutine[Any, Any, WireResponse]]
Spawn = Callable[[Callable[[], Awaitable[None]]], None]
"""Runs something beside everything else, for as long as the world lasts."""


class Passage(NamedTuple):
    """What happens to one message on its way."""

    request_delay_s: float = 0.0
    reply_delay_s: float = 0.0
    lose_request: bool = False
    lose_reply: bool = False
    duplicate: bool = False
    """The receiver gets the request twice; the caller sees the second answer."""
    refuse: bool = False
    """No way there: as if nobody listened."""
    reset: bool = False
    """The connection breaks after the request was carried out."""
    again_after_s: float | None = None
    """A copy of the request arrives so much later, when nobody waits for its answer any more."""
    alter_request: Callable[[WireRequest], WireRequest | None] | None = None
    """What the receiver gets in place of the request; None: it is lost."""
    alter_reply: Callable[[WireResponse], WireResponse] | None = None
    """What the caller gets in place of the answer."""


class Weather(Protocol):
    """天候: decides for each message what happens to it."""

    def passage(self, sender: Caller, receiver: System, operation: AnyOperation) -> Passage: ...


class Slot:
    """A system's place in the simulated world; the system in it can stop, crash and come back."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._answer: Answer | None = None
        self._busy: set[trio.CancelScope] = set()
        self._vacated = 0
        self.busy = 0
        """How many requests are being answered."""

    def __repr__(self) -> str:
        return f"<Slot {self.system} {'up' if self.up else 'down'}>"

    @property
    def up(self) -> bool:
        return self._answer is not None

    def occupy(self, answer: Answer) -> None:
        """The system listens from now on."""
        self._answer = answer

    def vacate(self) -> None:
        """Nobody listens any more; what was being answered is cut off wherever it was."""
        self._answer = None
        self._vacated += 1
        for scope in tuple(self._busy):
            scope.cancel()

    async def receive(self, request: WireRequest) -> WireResponse | Unreachable:
        answer = self._answer
        if answer is None:
            return Unreachable(Reason.REFUSED)
        vacated = self._vacated
        response: WireResponse | None = None
        # Shielded: a caller that gives up does not stop the one who answers, as over a wire. Every wait of an
        # answering system has a deadline of its own, and vacate() gets through. Most answers wait for nothing, and
        # meanwhile nobody can give up: so the shield is put up at the first wait.
        task = trio.lowlevel.current_task()
        outside = task._cancel_status
        answering = answer(request)
        self.busy += 1
        try:
            # Who has been cancelled already would be told so even by a checkpoint without a wait.
            wait = None if outside.effectively_cancelled else answering.send(None)
        except StopIteration as end:
            response = end.value
        else:
            with Shield(task, outside) as scope:
                self._busy.add(scope)
                if vacated != self._vacated:
                    scope.cancel()
                try:
                    response = await (answering if wait is None else going_on(answering, wait))
                finally:
                    self._busy.discard(scope)
            # A caller that was cancelled meanwhile must not see the answer, as over a wire.
            await trio.lowlevel.checkpoint_if_cancelled()
        finally:
            self.busy -= 1
        if response is None or vacated != self._vacated:
            return Unreachable(Reason.RESET, "the system went down while it answered")
        return response


class MemoryCarrier:
    """Carries requests from one caller to one slot, through the weather."""

    __slots__ = ("_seconds", "_sender", "_sleep", "_slot", "_spawn", "_weather")

    def __init__(
        self,
        sender: Caller,
        slot: Slot,
        weather: Weather,
        sleep: Sleep = trio.sleep,
        spawn: Spawn | None = None,
        seconds: Seconds = trio.current_time,
    ) -> None:
        """Without *spawn* no late copies arrive. *sleep* and *seconds* are Trio's, or its clock's own, which cost less."""
        self._sender = sender
        self._slot = slot
        self._weather = weather
        self._sleep = sleep
        self._spawn = spawn
        self._seconds = seconds

    def __repr__(self) -> str:
        return f"<MemoryCarrier {self._sender} -> {self._slot.system}>"

    async def carry(
        self, operation: AnyOperation, request: WireRequest, within_s: float = inf
    ) -> WireResponse | Unreachable:
        """The answer, as far as the weather lets it through.

        The deadline needs no cancel scope: what lasts is known beforehand, or is the receiver's own work, which
        goes on whether or not its caller has given up.
        """
        passage = self._weather.passage(self._sender, self._slot.system, operation)
        ends = self._seconds() + within_s
        delay_s = passage.request_delay_s
        if delay_s:
            await self._sleep(delay_s if delay_s <= within_s else max(0.0, within_s))
            if delay_s > within_s:
                return Unreachable(Reason.TIMED_OUT)
        if passage.refuse:
            return Unreachable(Reason.REFUSED)
        if passage.alter_request is not None:
            altered = passage.alter_request(request)
            if altered is None:
                return await self._silence(ends)
            request = altered
        if passage.again_after_s is not None:
            self._send_again(request, passage.again_after_s)
        if passage.lose_request:
            return await self._silence(ends)
        if passage.duplicate:
            await self._slot.receive(request)
        response = await self._slot.receive(request)
        if passage.lose_reply:
            return await self._silence(ends)
        if passage.reply_delay_s:
            left_s = ends - self._seconds()
            await self._sleep(max(0.0, min(passage.reply_delay_s, left_s)))
            if passage.reply_delay_s > left_s:
                return Unreachable(Reason.TIMED_OUT)
        if self._seconds() > ends:
            return Unreachable(Reason.TIMED_OUT)
        if passage.reset:
            return Unreachable(Reason.RESET)
        if passage.alter_reply is not None and not isinstance(response, Unreachable):
            return passage.alter_reply(response)
        return response

    def _send_again(self, request: WireRequest, after_s: float) -> None:
        async def arrive() -> None:
            await self._sleep(after_s)
            await self._slot.receive(request)

        if self._spawn is not None:
            self._spawn(arrive)

    async def _silence(self, ends: float) -> Unreachable:
        """Nothing comes until the caller gives up."""
        if ends == inf:
            await trio.sleep_forever()
        await self._sleep(max(0.0, ends - self._seconds()))
        return Unreachable(Reason.TIMED_OUT)
