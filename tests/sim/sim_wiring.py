"""A few systems joined in memory, each on a store that outlives it: what the tests of the simulators share."""

import html
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote, urlencode

import trio

from portal.links.credentials import SystemKeys, authorization_of
from portal.links.link import Link, Unreachable
from portal.links.memory import MemoryCarrier, Passage, Slot
from portal.seams.clock import Clock
from portal.serving.dispatcher import Dispatcher
from portal.serving.front import Front
from portal.serving.guards import Open, Peers
from portal.serving.system import BuiltSystem, Surroundings, no_workers
from portal.store.sqlite import SimulatedStore
from portal.store.store import Schema
from portal.wire.controls import Control, Controls, Mode, control
from portal.wire.operation import AnyOperation, Done, Operation
from portal.wire.problems import Problem, ProblemCode
from portal.wire.systems import Caller, Party, System

SECRET = b"the secret of an installation under test"
START_MS = 1_775_000_000_000
"""2026-03-31T23:33:20Z, which is 1 April 2026 in Japan: the nation's reference date."""

Req = TypeVar("Req")
Res = TypeVar("Res")


class TestClock(Clock):
    """Trio's time, from a named moment on."""

    __test__ = False

    def _unmoved_ms(self) -> int:
        return START_MS + round(trio.current_time() * 1000)


class CountingChance:
    """Different bytes each time, the same in each run."""

    def __init__(self) -> None:
        self._count = 0

    def random_bytes(self, count: int) -> bytes:
        self._count += 1
        return self._count.to_bytes(8, "big").rjust(count, b"\0")[-count:]

    def uniform(self) -> float:
        return 0.5


class TwistedWeather:
    """Fair, until a test says what shall happen to an operation."""

    def __init__(self) -> None:
        self.passages: dict[str, Passage] = {}

    def passage(self, sender: Caller, receiver: System, operation: AnyOperation) -> Passage:
        return self.passages.get(operation.name, Passage(request_delay_s=0.001))


class Wiring:
    """Slots and stores of all systems; a system is built anew each time it starts."""

    def __init__(self, schemas: dict[System, Sequence[Schema]]) -> None:
        self.clock = TestClock()
        self.weather = TwistedWeather()
        self.slots = {system: Slot(system) for system in System}
        self.stores = {system: SimulatedStore(kept) for system, kept in schemas.items()}
        self.keys = SystemKeys(SECRET)

    def link(self, sender: Caller, receiver: System) -> Link:
        return Link(
            sender,
            receiver,
            MemoryCarrier(sender, self.slots[receiver], self.weather),
            self.clock,
            authorization=authorization_of(SECRET, sender),
        )

    def surroundings(self, system: System) -> Surroundings:
        store = self.stores.get(system) or SimulatedStore([])
        return Surroundings(self.clock, CountingChance(), store, lambda to: self.link(system, to), self.keys)

    async def ask(
        self,
        operation: Operation[Req, Res],
        request: Req,
        sender: Caller = System.PORTAL,
        authorization: str | None = None,
    ) -> Res | Problem | Unreachable:
        return await self.link(sender, operation.system).call(operation, request, authorization=authorization)

    async def set(self, system: System, mode: Mode, **more: Any) -> Controls:
        answer = await self.ask(control(system), Control(mode, **more), Party.OPERATOR)
        assert isinstance(answer, Controls), answer
        return answer

    @asynccontextmanager
    async def running(self, built: BuiltSystem) -> AsyncIterator[BuiltSystem]:
        """Up, with its workers, until the block ends; then gone at once, as if its process was killed."""
        async with trio.open_nursery() as nursery:
            await nursery.start(built.run)
            self.slots[built.system].occupy(built.dispatcher.answer)
            try:
                yield built
            finally:
                self.slots[built.system].vacate()
                nursery.cancel_scope.cancel()


class Recipient:
    """Stands where the portal is: keeps what is delivered, or answers with a problem when told so."""

    def __init__(self, wiring: Wiring, operations: Sequence[Operation[Any, Any]]) -> None:
        self.got: list[Any] = []
        self.answer: Callable[[Any], Any] | None = None
        self.dispatcher = Dispatcher(System.PORTAL)
        for operation in operations:
            guard = Open() if Party.ANYONE in operation.callers else Peers(wiring.keys)
            self.dispatcher.add(operation, guard, self._take)

    async def _take(self, request: Any, _: Any) -> Any:
        if self.answer is not None:
            refused = self.answer(request)
            if refused is not None:
                return refused
        self.got.append(request)
        return Done()

    def built(self) -> BuiltSystem:
        return BuiltSystem(self.dispatcher, no_workers)


def code_of(answer: Any) -> ProblemCode | None:
    """Which problem this answer is, None when it is none."""
    return answer.code if isinstance(answer, Problem) else None


class Page(NamedTuple):
    """What a browser got."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


class Browser:
    """Asks a system for its pages as a browser does, through the same door as over sockets."""

    def __init__(self, built: BuiltSystem) -> None:
        self._front = Front(built.dispatcher, built.pages)

    async def get(self, path: str, query: Mapping[str, str] = {}, **headers: str) -> Page:
        return await self._ask("GET", path, urlencode(query), b"", headers)

    async def post(self, path: str, form: Mapping[str, str], **headers: str) -> Page:
        about = {"content-type": "application/x-www-form-urlencoded", **headers}
        return await self._ask("POST", path, "", urlencode(form).encode(), about)

    async def ask(
        self,
        method: str,
        path: str,
        query: str | Mapping[str, str],
        body: bytes,
        content_type: str,
        **headers: str,
    ) -> Page:
        """Any request, such as a form with files."""
        about = {"content-type": content_type, **headers} if content_type else headers
        return await self._ask(
            method, path, query if isinstance(query, str) else urlencode(query), body, about
        )

    async def _ask(self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]) -> Page:
        named = {"host": "127.0.0.1", "content-length": str(len(body)), **headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "extensions": {},
        }
        waiting = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[Any] = []

        async def receive() -> Any:
            if not waiting:
                await trio.sleep_forever()
            return waiting.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        await self._front(scope, receive, send)
        start, *parts = sent
        return Page(
            start["status"],
            {name.decode().lower(): value.decode() for name, value in start["headers"]},
            b"".join(part.get("body", b"") for part in parts).decode("utf-8", "replace"),
        )


def form_of(page: Page) -> dict[str, str]:
    """The hidden fields of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    return {name: html.unescape(value) for name, value in found}
