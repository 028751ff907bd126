"""A link joins two systems: it sends a declared operation and returns one of a closed set of outcomes.

What travels is a :class:`Carrier`'s business (sockets, or memory under simulated time); encoding, deadlines,
retries and the recorder are the same for both.
"""

from collections.abc import Callable
from enum import StrEnum
from math import inf
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from portal.links import spent
from portal.seams.clock import Clock, stopwatch_ns
from portal.wire.limits import CORE_DEADLINE_SECONDS
from portal.wire.operation import AnyOperation, Operation, WireRequest, WireResponse
from portal.wire.problems import Problem
from portal.wire.systems import Caller, System

Req = TypeVar("Req")
Res = TypeVar("Res")

TRIES_MAX = 2
"""How often a repeatable operation is sent within one deadline."""


class Reason(StrEnum):
    """Why no answer came."""

    REFUSED = "refused"
    """Nobody listens there: the request was not sent."""
    RESET = "reset"
    """The connection broke: the request may or may not have been carried out."""
    TIMED_OUT = "timed_out"
    """No answer within the deadline: the same."""
    OVERLOADED = "overloaded"
    """No connection was free: the request was not sent."""
    MALFORMED = "malformed"
    """What came back is no answer of this operation."""


class Unreachable(NamedTuple):
    """届かない: no answer. An outcome, not an exception."""

    reason: Reason
    detail: str = ""

    @property
    def sent(self) -> bool:
        """Whether the request may have been carried out."""
        return self.reason not in (Reason.REFUSED, Reason.OVERLOADED)


class Carrier(Protocol):
    """Moves one request to one system and brings the answer, or tells why there is none within *within_s*."""

    async def carry(
        self, operation: AnyOperation, request: WireRequest, within_s: float = inf
    ) -> WireResponse | Unreachable: ...


class Sighting(NamedTuple):
    """One message as the recorder sees it."""

    sent_ms: int
    took_ms: int
    sender: Caller
    receiver: System
    operation: str
    outcome: str
    """``ok``, a problem's code, or the reason of :class:`Unreachable`."""
    bytes_out: int
    bytes_in: int


Recorder = Callable[[Sighting], None]


def unrecorded(_: Sighting) -> None:
    """A recorder for those who don't look."""


class Link:
    """回線: from one caller to one system."""

    __slots__ = ("_authorization", "_carrier", "_clock", "_deadline_s", "_record", "receiver", "sender")

    def __init__(
        self,
        sender: Caller,
        receiver: System,
        carrier: Carrier,
        clock: Clock,
        *,
        authorization: str = "",
        record: Recorder = unrecorded,
        deadline_s: float = CORE_DEADLINE_SECONDS,
    ) -> None:
        self.sender = sender
        self.receiver = receiver
        self._carrier = carrier
        self._clock = clock
        self._authorization = authorization
        self._record = record
        self._deadline_s = deadline_s

    def __repr__(self) -> str:
        return f"<Link {self.sender} -> {self.receiver}>"

    async def call(
        self,
        operation: Operation[Req, Res],
        request: Req,
        *,
        authorization: str | None = None,
        deadline_s: float | None = None,
    ) -> Res | Problem | Unreachable:
        """Ask, and wait for the answer at most so long. A repeatable operation whose connection broke is sent again."""
        assert operation.system is self.receiver, f"{operation} is not for {self.receiver}"
        wire = operation.encode_request(
            request, self._authorization if authorization is None else authorization
        )
        within_s = self._deadline_s if deadline_s is None else deadline_s
        tries = TRIES_MAX if operation.repeatable else 1
        ends = self._clock.steady_seconds() + within_s
        account = spent.account()
        while True:
            started = self._clock.now_ms()
            if account is None:
                outcome = await self._carrier.carry(operation, wire, within_s)
            else:
                began = stopwatch_ns()
                outcome = await self._carrier.carry(operation, wire, within_s)
                answered = outcome if isinstance(outcome, WireResponse) else None
                account.waited(str(self.receiver), stopwatch_ns() - began, answered)
            if not isinstance(outcome, Unreachable):
                break
            tries -= 1
            within_s = ends - self._clock.steady_seconds()
            if outcome.reason is not Reason.RESET or not tries or within_s <= 0:
                break
            self._saw(operation, started, wire, outcome, str(outcome.reason))
        if isinstance(outcome, Unreachable):
            self._saw(operation, started, wire, outcome, str(outcome.reason))
            return outcome
        try:
            answer = operation.decode_response(outcome)
        except msgspec.MsgspecError as error:
            unreadable = Unreachable(Reason.MALFORMED, str(error))
            self._saw(operation, started, wire, outcome, unreadable.reason)
            return unreadable
        self._saw(operation, started, wire, outcome, answer.code if isinstance(answer, Problem) else "ok")
        return answer

    def _saw(
        self,
        operation: AnyOperation,
        started: int,
        request: WireRequest,
        outcome: WireResponse | Unreachable,
        name: str,
    ) -> None:
        self._record(
            Sighting(
                started,
                self._clock.now_ms() - started,
                self.sender,
                self.receiver,
                operation.name,
                name,
                len(request.body),
                len(outcome.body) if isinstance(outcome, WireResponse) else 0,
            )
        )
