"""From the bytes of a request to the bytes of its answer, for the operations of one system.

The same dispatcher answers over sockets and in simulated time; Quart has no part in it.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import unquote

import msgspec
import structlog

from portal.serving.guards import Guard
from portal.store.store import StorageRefused, StoreOverloaded
from portal.wire.operation import AnyOperation, Operation, WireRequest, WireResponse, encode_problem
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System

log = structlog.get_logger(__name__)

Req = TypeVar("Req")
Res = TypeVar("Res")
C = TypeVar("C")

IN_PROGRESS_MAX = 2_000
"""Requests that one system works on at a time; one more is answered 503 before any work is begun."""


_NO_FIELDS: dict[str, str] = {}


class Limiter(Protocol):
    """Counts calls of operations that anybody may call, by where they come from."""

    operations: frozenset[AnyOperation]
    """Which are counted."""

    def arrives(self, operation: AnyOperation, address: str) -> Problem | None: ...
    def failed(self, operation: AnyOperation, address: str, said: Problem) -> None: ...


class Route(NamedTuple):
    operation: AnyOperation
    guard: Guard[Any]
    handler: Callable[[Any, Any], Awaitable[Any]]


class Found(NamedTuple):
    route: Route
    path_fields: dict[str, str]


class Dispatcher:
    """受付: routes, validates, guards, and turns every outcome into an answer."""

    def __init__(self, system: System, *, in_progress_max: int = IN_PROGRESS_MAX) -> None:
        self.system = system
        self.routes: list[Route] = []
        self.in_progress_max = in_progress_max
        self.in_progress = 0
        self._fixed: dict[str, dict[str, Route]] = {}
        self._with_fields: list[tuple[AnyOperation, Route]] = []
        self._folders: set[str] = set()
        self.gate: Callable[[AnyOperation], Problem | None] | None = None
        """Asked before every operation; a problem from it is the answer (a simulator that was told to stop)."""
        self.limiter: Limiter | None = None
        """Asked before operations that it counts, when it is known where they come from."""

    def __repr__(self) -> str:
        return f"<Dispatcher {self.system}: {len(self.routes)} operations>"

    def add(
        self,
        operation: Operation[Req, Res],
        guard: Guard[C],
        handler: Callable[[Req, C], Awaitable[Res | Problem]],
    ) -> None:
        """Answer this operation with *handler*, which gets the request and what the guard found out of its caller."""
        assert operation.system is self.system, f"{operation} is not of {self.system}"
        assert operation.callers <= guard.admits, f"{guard} can't admit all callers of {operation}"
        route = Route(operation, guard, handler)
        self.routes.append(route)
        folder, slash, _ = operation.path[1:].partition("/")
        if slash:
            self._folders.add(folder)
        if operation.has_path_fields:
            self._with_fields.append((operation, route))
        else:
            methods = self._fixed.setdefault(operation.path, {})
            assert operation.method not in methods, f"{operation} is there already"
            methods[operation.method] = route

    def find(self, method: str, path: str) -> Found | Problem:
        """The route of this method and path, or a 404 or 405."""
        fixed = self._fixed.get(path)
        if fixed is not None:
            route = fixed.get(method)
            if route is not None:
                return Found(route, {})
        for operation, route in self._with_fields:
            if operation.method == method and (match := operation.path_pattern.match(path)) is not None:
                return Found(route, {name: unquote(value) for name, value in match.groupdict().items()})
        if allowed := self._methods(path):
            return problem(ProblemCode.METHOD_NOT_ALLOWED, f"使えるのは {'、'.join(allowed)} です。")
        return problem(ProblemCode.NOT_FOUND, "このアドレスには何もありません。")

    def _methods(self, path: str) -> list[str]:
        """By which methods there is something at this path."""
        with_fields = (op.method for op, _ in self._with_fields if op.path_pattern.match(path))
        return sorted({*self._fixed.get(path, ()), *with_fields})

    def has_fixed(self, path: str) -> bool:
        """Whether an operation stands at this very path, without fields in it."""
        return path in self._fixed

    def knows(self, path: str) -> bool:
        """Whether any operation stands at this path, or it is in a folder of operations alone (``/api/…``)."""
        if path in self._fixed:
            return True
        folder, slash, _ = path[1:].partition("/")
        return bool(slash) and folder in self._folders

    async def answer(self, request: WireRequest, address: str = "") -> WireResponse:
        """The answer to this request, from this address; never raises, except when cancelled."""
        if self.in_progress >= self.in_progress_max:
            return encode_problem(
                problem(ProblemCode.OVERLOADED, "しばらく待ってから、もう一度お試しください。")
            )
        fixed = self._fixed.get(request.path)
        route = None if fixed is None else fixed.get(request.method)
        path_fields = _NO_FIELDS
        if route is None:
            found = self.find(request.method, request.path)
            if isinstance(found, Problem):
                return self._not_found(found, request)
            route, path_fields = found
        operation, guard, handler = route
        limiter = self.limiter
        if limiter is not None and (not address or operation not in limiter.operations):
            limiter = None
        if limiter is not None and (refused := limiter.arrives(operation, address)) is not None:
            return encode_problem(refused)
        self.in_progress += 1
        try:
            if self.gate is not None and (stopped := self.gate(operation)) is not None:
                return encode_problem(stopped)
            caller = await guard.admit(operation, request)
            if type(caller) is Problem:
                return encode_problem(caller)
            content = operation.decode_request(request, path_fields)
            if type(content) is Problem:
                return encode_problem(content)
            outcome = await handler(content, caller)
            if type(outcome) is Problem:
                if limiter is not None:
                    limiter.failed(operation, address, outcome)
                return encode_problem(outcome)
            return operation.encode_response(outcome)
        except StorageRefused as refusal:
            log.error("storage_refused", operation=operation.name, reason=str(refusal))
            return encode_problem(
                problem(
                    ProblemCode.STORAGE_REFUSED,
                    "保存先に書き込めないため、受け付けませんでした。空き容量と書き込みの権限を確かめて、もう一度お試しください。",
                )
            )
        except StoreOverloaded:
            return encode_problem(
                problem(ProblemCode.OVERLOADED, "しばらく待ってから、もう一度お試しください。")
            )
        except Exception:
            log.exception("operation_failed", operation=operation.name)
            return encode_problem(problem(ProblemCode.INTERNAL, "記録に残しました。もう一度お試しください。"))
        finally:
            self.in_progress -= 1

    def _not_found(self, found: Problem, request: WireRequest) -> WireResponse:
        response = encode_problem(found)
        if found.code is ProblemCode.METHOD_NOT_ALLOWED:
            allow = ("allow", ", ".join(self._methods(request.path)))
            return msgspec.structs.replace(response, headers=(*response.headers, allow))
        return response
