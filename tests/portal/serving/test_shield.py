"""quart-trio hangs requests when it meets hypercorn as it comes (STACK.md 1); behind the Shield it does not.

The same traffic goes to the shielded app, where all of it must be answered, and to the bare app, where it must
fail: else these tests show nothing.
"""

import pytest
import trio
from made_up import make
from quart import request
from quart_trio import QuartTrio
from raw_client import asking, running

from portal.seams.clock import LiveClock
from portal.serving.front import Front
from portal.serving.shield import Shield

LANE = pytest.mark.parametrize("lane", [True, False], ids=["lane", "hypercorn"])
PATIENCE_SECONDS = 10.0
BARE_PATIENCE_SECONDS = 0.5
"""A healthy answer takes a few milliseconds."""
REQUESTS = 1_000
CONNECTIONS = 16


def pages() -> QuartTrio:
    app = QuartTrio(__name__)

    @app.get("/page")
    async def page() -> str:
        return "page"

    @app.post("/reads")
    async def reads() -> str:
        return str(len(await request.get_data()))

    @app.post("/ignores")
    async def ignores() -> str:
        return "ignored"

    @app.get("/parts")
    async def parts():
        async def several():
            for _ in range(3):
                yield b"part"

        return several()

    return app


def shielded() -> Front:
    return Front(make(LiveClock()).dispatcher, pages())


def mixed(number: int) -> tuple[str, str, bytes | None, int]:
    kinds = [
        ("GET", "/page", None, 200),
        ("POST", "/reads", b"x" * 3_000, 200),
        ("POST", "/ignores", b"x" * 200, 200),
        ("POST", "/ignores", b"x" * 100_000, 200),
        ("GET", "/parts", None, 200),
        ("HEAD", "/page", None, 200),
        ("GET", "/nothing", None, 404),
        ("POST", "/page", b"x" * 5_000, 405),
    ]
    return kinds[number * 5 % len(kinds)]


async def traffic(server, patience_s: float) -> int:
    """1,000 mixed requests on 16 connections, every tenth with ``Connection: close``; how many were answered.

    Raises ``trio.TooSlowError`` as soon as one is not answered, or a connection not closed, in time.
    """
    answered = 0

    async def talk(which: int) -> None:
        nonlocal answered
        numbers = iter(range(which, REQUESTS, CONNECTIONS))
        closed = True
        while closed:
            closed = False
            async with server.client() as client:
                for number in numbers:
                    method, target, body, status = mixed(number)
                    headers = {"Connection": "close"} if number % 10 == 3 else {}
                    with trio.fail_after(patience_s):
                        answer = await client.ask(method, target, body, **headers)
                        assert answer.status == status
                        answered += 1
                        if headers:
                            assert await client.closed()
                            closed = True
                            break

    async with trio.open_nursery() as nursery:
        for which in range(CONNECTIONS):
            nursery.start_soon(talk, which)
    return answered


@LANE
async def test_every_one_of_1000_mixed_requests_is_answered_behind_the_shield(lane):
    async with running(shielded(), lane=lane) as server:
        assert await traffic(server, PATIENCE_SECONDS) == REQUESTS


async def test_the_same_traffic_fails_without_the_shield():
    async with running(pages(), lane=False) as server:
        with pytest.RaisesGroup(trio.TooSlowError, allow_unwrapped=True, flatten_subgroups=True):
            try:
                await traffic(server, BARE_PATIENCE_SECONDS)
            except* trio.TooSlowError:
                raise trio.TooSlowError from None


@LANE
@pytest.mark.parametrize(
    ("method", "target", "body"), [("GET", "/page", None), ("POST", "/ignores", b"x" * 70_000)]
)
async def test_connection_close_closes_behind_the_shield(lane, method, target, body):
    async with running(shielded(), lane=lane) as server, server.client() as client:
        answer = await client.ask(method, target, body, Connection="close")
        assert answer.status == 200
        assert await client.closed()


async def test_connection_close_does_not_close_without_the_shield():
    """The deterministic part of the fault: the task that would close is cancelled while it sends."""
    async with running(pages(), lane=False) as server, server.client() as client:
        assert (await client.ask("GET", "/page", Connection="close")).status == 200
        with pytest.raises(trio.TooSlowError):
            await client.closed(within_s=BARE_PATIENCE_SECONDS)


@LANE
async def test_a_body_that_nobody_reads_leaves_the_connection_usable(lane):
    async with running(shielded(), lane=lane) as server, server.client() as client:
        for _ in range(20):
            assert (await client.ask("POST", "/ignores", b"x" * 100_000)).body == b"ignored"


@LANE
async def test_pages_and_operations_share_a_connection(lane):
    async with running(shielded(), lane=lane) as server, server.client() as client:
        for _ in range(5):
            assert (await client.ask("GET", "/page")).body == b"page"
            assert (await client.ask("GET", "/health")).status == 200
            # More than the operation takes: refused before it has all come.
        answer = await client.ask("POST", "/kept", b"x" * 70_000, Content_Type="application/json")
        assert answer.status == 413


@LANE
async def test_a_page_that_streams_is_cancelled_when_its_reader_goes(lane):
    ended = trio.Event()
    app = pages()

    @app.get("/events")
    async def events():
        async def endless():
            try:
                while True:
                    yield b"data: x\n\n"
                    await trio.sleep(0.005)
            finally:
                ended.set()

        return endless(), 200, {"content-type": "text/event-stream"}

    async with running(Front(make(LiveClock()).dispatcher, app), lane=lane) as server:
        async with server.client() as client:
            await client.send(asking("GET", "/events"))
            assert (await client.stream.receive_some())[:12] == b"HTTP/1.1 200"
        with trio.fail_after(5):
            await ended.wait()


async def test_a_response_waits_for_the_rest_of_the_request_but_not_for_ever(autojump_clock):
    """Without a socket: an app that answers before it was sent all, and a client that never sends the rest."""
    sent: list[tuple[str, float]] = []

    async def app(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})

    async def receive():
        return {"type": "http.request", "body": b"some", "more_body": True}

    async def send(message):
        sent.append((message["type"], trio.current_time()))

    await Shield(app)({"type": "http"}, receive, send)

    assert sent == [("http.response.start", 5.0), ("http.response.body", 5.0)]


async def test_the_last_part_gets_through_a_cancellation(autojump_clock):
    sent: list[bytes] = []

    async def app(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        scope_of_app.cancel()
        await send({"type": "http.response.body", "body": b"last"})

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        await trio.sleep(1)
        if "body" in message:
            sent.append(message["body"])

    with trio.CancelScope() as scope_of_app:
        await Shield(app)({"type": "http"}, receive, send)

    assert sent == [b"first", b"last"]


async def test_what_is_not_http_passes_unchanged():
    seen = []

    async def app(*arguments):
        seen.append(arguments)

    arguments = ({"type": "lifespan"}, object(), object())
    await Shield(app)(*arguments)
    assert seen == [arguments]
