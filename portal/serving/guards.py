"""Who may call: a guard turns a request's credentials into what the handler needs to know of its caller."""

from typing import NamedTuple, Protocol, TypeVar

from portal.links.credentials import SystemKeys
from portal.wire.operation import AnyOperation, WireRequest
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import Caller, Party, System

C_co = TypeVar("C_co", covariant=True)


class Guard(Protocol[C_co]):
    """Admits a request, or answers with the problem."""

    @property
    def admits(self) -> frozenset[Caller]:
        """Which callers this guard can tell apart from strangers."""
        ...

    async def admit(self, operation: AnyOperation, request: WireRequest) -> C_co | Problem: ...


class Stranger(NamedTuple):
    """Somebody who proved nothing."""


STRANGER = Stranger()


class Open:
    """For operations that anyone may call."""

    admits: frozenset[Caller] = frozenset([Party.ANYONE])

    async def admit(self, operation: AnyOperation, request: WireRequest) -> Stranger:
        return STRANGER


class Peers(Guard[Caller]):
    """For operations that other systems, or the operator, call."""

    admits: frozenset[Caller] = frozenset([*System, Party.OPERATOR])

    def __init__(self, keys: SystemKeys) -> None:
        self._keys = keys

    async def admit(self, operation: AnyOperation, request: WireRequest) -> Caller | Problem:
        caller = self._keys.caller(request.authorization)
        if caller is None:
            return problem(ProblemCode.NOT_SIGNED_IN, "システムの鍵を Authorization に付けて送ってください。")
        if caller not in operation.callers:
            return problem(ProblemCode.FORBIDDEN, f"「{caller}」はこの操作を呼び出せません。")
        return caller
