"""A journey as a dialogue: it yields what a resident's terminal does next and is sent what came of it.

Nothing here does I/O, so the same journey runs on Locust's gevent over sockets and on Trio in simulated time. A
driver carries out each step, measures it and records it; the journey only decides what comes next.
"""

from collections.abc import Generator
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from cards.terminal import Signed
from portal.wire.operation import AnyOperation, Operation
from portal.wire.problems import Problem
from portal.wire.systems import Caller, Party

Req = TypeVar("Req")
Res = TypeVar("Res")
T = TypeVar("T")


class NoAnswer(NamedTuple):
    """届かない: nothing came that is an answer of this operation."""

    reason: str
    """``refused``, ``reset``, ``timed_out`` or ``malformed``, as for links between systems."""
    detail: str = ""


class Ask(NamedTuple):
    """Send an operation to the portal; sent back: the answer, a problem, or :class:`NoAnswer`."""

    operation: AnyOperation
    request: Any
    session: str = ""
    """The bearer token of the session, if there is one."""
    caller: Caller = Party.CITIZEN
    """Who asks: an organisation's side proves itself by its key instead of a session."""


class Hand(Enum):
    """Who of those at the terminal holds out a card."""

    VISITOR = "visitor"
    COMPANION = "companion"
    """連れ: who came along, with a card of her own."""


class ReadyToSignIn(NamedTuple):
    """A challenge of the portal and the card's signature over it."""

    challenge: str
    signature: bytes
    certificate: bytes


class Prepared(NamedTuple):
    """Is there a challenge that was asked for and signed ahead? Sent back: :class:`ReadyToSignIn`, or None."""

    hand: Hand = Hand.VISITOR


class Sign(NamedTuple):
    """Hold the card to the reader and type the PIN; sent back: :class:`~cards.terminal.Signed`, or None if it refused."""

    digest_info: bytes
    hand: Hand = Hand.VISITOR


class Wait(NamedTuple):
    """Do nothing for so long; sent back: None."""

    seconds: float


class Now(NamedTuple):
    """Look at the watch; sent back: seconds since some fixed moment."""


class Measured(NamedTuple):
    """Record a time that is no single request's, such as how long a late answer took; sent back: None."""

    name: str
    seconds: float
    failure: str | None = None
    """Why it did not come, if it did not."""


Step = Ask | Prepared | Sign | Wait | Now | Measured
Steps = Generator[Step, Any, T]
"""A part of a journey that ends with a T."""


def ask(
    operation: Operation[Req, Res], request: Req, session: str = "", *, caller: Caller = Party.CITIZEN
) -> Steps[Res | None]:
    """The answer; None when the step failed, which the driver has recorded by then."""
    answer = yield Ask(operation, request, session, caller)
    if isinstance(answer, (Problem, NoAnswer)):
        return None
    result: Res = answer
    return result


def sign(digest_info: bytes, hand: Hand = Hand.VISITOR) -> Steps[Signed | None]:
    """The card's signature; None when it refused."""
    signed: Signed | None = yield Sign(digest_info, hand)
    return signed


def now() -> Steps[float]:
    moment: float = yield Now()
    return moment
