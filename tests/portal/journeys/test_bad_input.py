"""Malformed requests to every operation of the portal: a problem that says what is wrong, and nothing is changed."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import trio

from portal.settings import PortalSettings
from portal.wire import deliveries, records, self_information, sign_in
from portal.wire.operation import JSON, AnyOperation, Method, WireRequest, WireResponse
from portal.wire.problems import Problem, ProblemCode
from portal.wire.systems import Party, System
from scenarios.actors.resident import Resident
from scenarios.stage import Stage
from sim.world.building import Description
from sim.world.determinism import run_deterministic
from sim.world.facts import WorldFacts
from sim.world.key_folder import key_folder
from sim.world.settings import WorldSettings
from sim.world.simulated import SimulatedWorld, simulated_world

OPERATIONS: list[AnyOperation] = [
    *sign_in.OPERATIONS, *records.OPERATIONS, *self_information.OPERATIONS, *deliveries.OPERATIONS,
]  # fmt: skip
WITH_BODY = [operation for operation in OPERATIONS if operation.body_fields]
QUERIES = [operation for operation in OPERATIONS if operation.query_fields]
BAD_BODIES: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"{",
    "trailing": b"{}{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "bytes that are no UTF-8": b'{"\xff\xfe":1}',
    "a lone surrogate": b'{"nickname":"\\ud800"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "nested beyond reason": b"[" * 30_000 + b"]" * 30_000,
    "nested objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "an array": b"[]",
    "a number": b"1e400",
    "null": b"null",
    "an unknown field": b'{"unknown_field":1}',
    "wrong types": b'{"nickname":1,"challenge":{},"start":"x","end":[],"selections":"y","request_id":7,"records":0}',
}


@pytest.fixture(scope="module")
def facts() -> WorldFacts:
    return WorldFacts(1, key_folder())


class Bench:
    """A portal with somebody signed in, reached below the link, where anything can be sent."""

    def __init__(self, world: SimulatedWorld, session: str) -> None:
        self._world = world
        self._session = session
        self.store = world.stores[System.PORTAL]

    def authorization(self, operation: AnyOperation) -> str:
        if Party.CITIZEN in operation.callers:
            return f"Bearer {self._session}"
        sender = next(iter(operation.callers))
        return self._world.link(sender, System.PORTAL)._authorization if isinstance(sender, System) else ""

    async def send(
        self, operation: AnyOperation, body: bytes, *, content_type: str = JSON, query: str = ""
    ) -> WireResponse:
        path = operation.path.replace("{request_id}", "a" * 24)
        request = WireRequest(
            operation.method, path, query, self.authorization(operation), content_type, body
        )
        answer = await self._world.slots[System.PORTAL].receive(request)
        assert isinstance(answer, WireResponse), answer
        return answer


def on_the_bench(facts: WorldFacts, play: Any) -> None:
    async def main() -> None:
        description = Description(facts, WorldSettings(), PortalSettings())
        async with simulated_world(description, 3) as world:
            stage = Stage(world, world.recorder, world.chance.fork("actors"), live=False)
            resident = Resident(stage, stage.person(0))
            await resident.enter()
            # What the portal does by itself in the first moment is done before anything is compared.
            await trio.sleep(1)
            assert resident.session is not None
            await play(Bench(world, resident.session))

    run_deterministic(3, main)


def _problem(answer: WireResponse) -> Problem:
    assert answer.content_type == "application/problem+json"
    problem = msgspec.json.decode(answer.body, type=Problem)
    assert problem.status == answer.status
    assert problem.detail
    return problem


BAD = {ProblemCode.MALFORMED, ProblemCode.UNPROCESSABLE}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_bad_body_is_refused_by_every_operation_and_changes_nothing(facts: WorldFacts, name: str) -> None:
    async def play(bench: Bench) -> None:
        for operation in WITH_BODY:
            before = bench.store.dump()
            problem = _problem(await bench.send(operation, BAD_BODIES[name]))
            assert problem.code in BAD, (operation.name, problem)
            assert bench.store.dump() == before, operation.name

    on_the_bench(facts, play)


def _filled(operation: AnyOperation) -> Iterator[tuple[str, bytes]]:
    """Bodies that would be right but for one thing."""
    for field in operation.body_fields:
        yield f"{field} is null", msgspec.json.encode({field: None})
        yield f"{field} is far too long", msgspec.json.encode({field: "x" * 60_000})


def test_each_field_by_itself(facts: WorldFacts) -> None:
    async def play(bench: Bench) -> None:
        for operation in WITH_BODY:
            for what, body in _filled(operation):
                answer = await bench.send(operation, body)
                assert answer.status in (400, 422), (operation.name, what, answer)

    on_the_bench(facts, play)


def test_an_oversized_body_is_413(facts: WorldFacts) -> None:
    async def play(bench: Bench) -> None:
        for operation in WITH_BODY:
            body = b'{"a":"' + b"x" * operation.body_bytes_max + b'"}'
            assert _problem(await bench.send(operation, body)).code is ProblemCode.TOO_LARGE, operation.name

    on_the_bench(facts, play)


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_another_media_type_is_415(facts: WorldFacts, content_type: str) -> None:
    async def play(bench: Bench) -> None:
        for operation in WITH_BODY:
            answer = await bench.send(operation, b"{}", content_type=content_type)
            assert _problem(answer).code is ProblemCode.UNSUPPORTED_MEDIA, operation.name

    on_the_bench(facts, play)


def test_an_unknown_field_is_named(facts: WorldFacts) -> None:
    async def play(bench: Bench) -> None:
        body = b'{"nickname":"a","is_admin":true}'
        problem = _problem(await bench.send(sign_in.CHANGE_ACCOUNT, body))
        assert problem.code is ProblemCode.UNPROCESSABLE
        assert "is_admin" in problem.detail

    on_the_bench(facts, play)


@pytest.mark.parametrize(
    "query",
    ["unknown=1", "name=a&name=b", "municipality=1", "name=" + "x" * 101, "%ff=1", "name=%ff", "a" * 3000],
)
def test_a_bad_query_is_refused(facts: WorldFacts, query: str) -> None:
    async def play(bench: Bench) -> None:
        for operation in QUERIES:
            problem = _problem(await bench.send(operation, b"", content_type="", query=query))
            assert problem.code in BAD, (operation.name, problem)

    on_the_bench(facts, play)


def test_the_operations_here_are_all_kinds() -> None:
    assert len(WITH_BODY) >= 7
    assert QUERIES
    assert {operation.method for operation in OPERATIONS} >= {Method.GET, Method.POST, Method.PUT}
